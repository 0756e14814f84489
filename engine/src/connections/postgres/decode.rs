//! Rows in Postgres's binary COPY format become batches.
//!
//! The format (<https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format"): a header,
//! then for each row the number of its fields and for each field its length and its bytes, all
//! numbers in network order; a row of -1 fields ends it. The server puts whole rows into each message
//! of the protocol.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;

use super::kinds::Kind;
use super::values::{Cursor, Fault, Values};
use crate::error::{Error, Result};

/// Rows in a batch.
const BATCH_ROWS: usize = 8_192;
/// Bytes on the wire after which a batch is full before it has so many rows.
const BATCH_BYTES: usize = 16 << 20;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The bits of the flags in the header that an unknowing reader must not pass over.
const CRITICAL_FLAGS: u32 = 0xffff_0000;
const END: i16 = -1;

/// Turns messages into batches.
pub(super) struct Decoder {
    columns: Vec<(String, Values)>,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Rows,
    End,
}

impl Decoder {
    /// For rows of these columns, as batches of a schema.
    pub(super) fn new<'c>(
        columns: impl Iterator<Item = (&'c str, &'c Kind)>,
        schema: SchemaRef,
    ) -> Self {
        Decoder {
            columns: columns
                .map(|(name, kind)| (name.to_owned(), Values::new(kind, BATCH_ROWS)))
                .collect(),
            schema,
            rows: 0,
            bytes: 0,
            state: State::Header,
        }
    }

    /// Takes the rows of a message in.
    ///
    /// # Errors
    /// A value that its type does not have here, with its column; bytes that are no such format.
    pub(super) fn add(&mut self, message: &[u8]) -> Result<()> {
        self.bytes += message.len();
        let mut message = Cursor::new(message);
        if self.state == State::Header {
            read_header(&mut message).ok_or_else(broken)?;
            self.state = State::Rows;
        }
        while !message.is_empty() {
            match message.i16().ok_or_else(broken)? {
                END => self.state = State::End,
                fields if usize::try_from(fields) == Ok(self.columns.len()) => {
                    self.add_row(&mut message)?;
                }
                _ => return Err(broken()),
            }
        }
        Ok(())
    }

    /// Whether it is time for [`Decoder::finish`].
    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// The rows that were taken in since the last time.
    ///
    /// # Errors
    /// None in practice: the columns are those of the schema.
    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let arrays = self.columns.iter_mut().map(|(_, values)| values.finish());
        let arrays = arrays.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            arrays,
            &options,
        )?)
    }

    /// Makes sure that nothing is missing.
    ///
    /// # Errors
    /// Rows without an end.
    pub(super) fn check_end(&self) -> Result<()> {
        match self.state {
            State::End => Ok(()),
            State::Header | State::Rows => Err(broken()),
        }
    }

    fn add_row(&mut self, message: &mut Cursor<'_>) -> Result<()> {
        for (name, values) in &mut self.columns {
            let field = message.field().ok_or_else(broken)?;
            values.add(field).map_err(|fault| explain(fault, name))?;
        }
        self.rows += 1;
        Ok(())
    }
}

fn read_header(message: &mut Cursor<'_>) -> Option<()> {
    let signature = message.take(SIGNATURE.len())?;
    let flags = message.u32()?;
    let extension = message.u32()?;
    message.take(usize::try_from(extension).ok()?)?;
    (signature == SIGNATURE && flags & CRITICAL_FLAGS == 0).then_some(())
}

fn explain(fault: Fault, column: &str) -> Error {
    match fault {
        Fault::Broken => broken(),
        Fault::NoValue { what, hint } => {
            Error::input(format!("column \"{column}\" holds {what}")).hint(hint)
        }
    }
}

fn broken() -> Error {
    Error::internal("the server sent rows that are not in the binary format of COPY")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::AsArray;
    use arrow::datatypes::{Field, Int32Type, Schema};

    use super::*;

    fn decoder(kind: &Kind) -> Decoder {
        let schema = Schema::new(vec![Field::new("c", kind.arrow(), true)]);
        Decoder::new([("c", kind)].into_iter(), Arc::new(schema))
    }

    fn message(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x02xx";

    #[test]
    fn rows_come_with_the_header_or_after_it() {
        let mut decoder = decoder(&Kind::Int4);
        let row = |value: i32| message(&[&[0, 1, 0, 0, 0, 4], &value.to_be_bytes()]);
        decoder.add(&message(&[HEADER, &row(7)])).unwrap();
        decoder
            .add(&message(&[&[0, 1, 255, 255, 255, 255], &row(-1)]))
            .unwrap();
        assert!(decoder.check_end().is_err());
        decoder.add(&[255, 255]).unwrap();
        decoder.check_end().unwrap();
        let batch = decoder.finish().unwrap();
        let values: Vec<_> = batch.column(0).as_primitive::<Int32Type>().iter().collect();
        assert_eq!(values, [Some(7), None, Some(-1)]);
        assert_eq!(decoder.finish().unwrap().num_rows(), 0);
    }

    #[test]
    fn broken_messages_are_errors() {
        let no_signature = [0_u8; 19];
        let half_a_row = message(&[HEADER, &[0, 1, 0, 0, 0, 4, 1]]);
        let two_fields = message(&[HEADER, &[0, 2, 0, 0, 0, 0]]);
        let wrong_length = message(&[HEADER, &[0, 1, 0, 0, 0, 2, 1, 1]]);
        for bytes in [
            no_signature.as_slice(),
            &half_a_row,
            &two_fields,
            &wrong_length,
        ] {
            assert!(decoder(&Kind::Int4).add(bytes).is_err(), "{bytes:?}");
        }
    }
}
