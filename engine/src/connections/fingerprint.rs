//! The fingerprint of an export: equal for equal rows in any order, and for nothing else.
//!
//! It is stored in the ledger of the target database and must mean the same in every later version,
//! so it hashes an encoding of its own rather than one of Arrow's. Per row: BLAKE3 over its values,
//! each as a byte 0 for NULL, or a byte 1 and then little-endian numbers, texts and bytes with their
//! length in front. The digests are added up as two numbers of 128 bits, which makes the order of
//! rows irrelevant but not how often each one occurs; a last hash adds columns, types and row count.
//!
//! Of floating point numbers all NaN are one; -0.0 and 0.0 are two.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::columns::Columns;
use super::values::{Typed, Values};

/// Adds up the rows of one export.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    columns: Arc<Columns>,
    sums: [u128; 2],
    rows: u64,
    row: Vec<u8>,
}

impl Fingerprint {
    /// No rows yet.
    pub(crate) fn new(columns: Arc<Columns>) -> Self {
        Fingerprint {
            columns,
            sums: [0; 2],
            rows: 0,
            row: Vec::new(),
        }
    }

    /// Adds the rows of a normalised batch.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let values: Vec<_> = self
            .columns
            .list()
            .iter()
            .zip(batch.columns())
            .map(|(column, array)| Values::of(column.kind, array))
            .collect();
        for row in 0..batch.num_rows() {
            self.row.clear();
            for column in &values {
                write(column, row, &mut self.row);
            }
            let digest = blake3::hash(&self.row);
            let (low, high) = digest.as_bytes().split_at(16);
            self.sums[0] = self.sums[0].wrapping_add(number(low));
            self.sums[1] = self.sums[1].wrapping_add(number(high));
        }
        self.rows += batch.num_rows() as u64;
    }

    /// The fingerprint so far, as 64 hexadecimal digits.
    pub(crate) fn finish(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for column in self.columns.list() {
            hasher.update(format!("{}\0{}\0", column.name, column.kind).as_bytes());
        }
        hasher.update(&self.rows.to_le_bytes());
        hasher.update(&self.sums[0].to_le_bytes());
        hasher.update(&self.sums[1].to_le_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

fn number(half: &[u8]) -> u128 {
    half.iter()
        .rev()
        .fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

fn write(column: &Values<'_>, row: usize, out: &mut Vec<u8>) {
    if column.is_null(row) {
        out.push(0);
        return;
    }
    out.push(1);
    match column.typed {
        Typed::Boolean(array) => out.push(u8::from(array.value(row))),
        Typed::SmallInt(array) => out.extend(array.value(row).to_le_bytes()),
        Typed::Integer(array) => out.extend(array.value(row).to_le_bytes()),
        Typed::BigInt(array) => out.extend(array.value(row).to_le_bytes()),
        Typed::Decimal(array) => out.extend(array.value(row).to_le_bytes()),
        Typed::Real(array) => {
            let value = array.value(row);
            out.extend(
                if value.is_nan() { f32::NAN } else { value }
                    .to_bits()
                    .to_le_bytes(),
            );
        }
        Typed::Double(array) => {
            let value = array.value(row);
            out.extend(
                if value.is_nan() { f64::NAN } else { value }
                    .to_bits()
                    .to_le_bytes(),
            );
        }
        Typed::Date(array) => out.extend(array.value(row).to_le_bytes()),
        Typed::Time(array) => out.extend(array.value(row).to_le_bytes()),
        Typed::Timestamp(array) | Typed::TimestampTz(array) => {
            out.extend(array.value(row).to_le_bytes())
        }
        Typed::Text(array) => write_sized(array.value(row).as_bytes(), out),
        Typed::Bytes(array) => write_sized(array.value(row), out),
    }
}

fn write_sized(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<String>, Option<i64>);

    fn fingerprint(rows: &[Row], batch_rows: usize) -> String {
        let empty = batch(&[]);
        let mut fingerprint = Fingerprint::new(Arc::new(Columns::of(&empty.schema()).unwrap()));
        for rows in rows.chunks(batch_rows) {
            fingerprint.add(&batch(rows));
        }
        fingerprint.finish()
    }

    fn batch(rows: &[Row]) -> RecordBatch {
        let texts: StringArray = rows.iter().map(|row| row.0.clone()).collect();
        let numbers: Int64Array = rows.iter().map(|row| row.1).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("name", Arc::new(texts) as ArrayRef, true),
            ("visits", Arc::new(numbers) as ArrayRef, true),
        ])
        .unwrap()
    }

    fn row(name: &str, visits: i64) -> Row {
        (Some(name.to_owned()), Some(visits))
    }

    #[test]
    fn stays_what_ledgers_already_hold() {
        assert_eq!(
            fingerprint(&[row("Ada", 3), (None, None)], 8),
            "5d45063a9ac3a760e438477c02b6a6a2db06ac07466c9298c454293459892441"
        );
    }

    #[test]
    fn repeated_rows_count() {
        let once = fingerprint(&[row("a", 1)], 8);
        assert_ne!(fingerprint(&[row("a", 1), row("a", 1)], 8), once);
        assert_ne!(fingerprint(&[], 8), once);
    }

    #[test]
    fn null_is_not_empty() {
        assert_ne!(
            fingerprint(&[(None, Some(0))], 8),
            fingerprint(&[row("", 0)], 8)
        );
    }

    proptest! {
        #[test]
        fn order_and_batches_do_not_matter(mut rows: Vec<Row>, batch_rows in 1..9usize) {
            let first = fingerprint(&rows, 1000);
            rows.reverse();
            prop_assert_eq!(fingerprint(&rows, batch_rows), first);
        }

        #[test]
        fn every_change_matters(mut rows in proptest::collection::vec(any::<Row>(), 1..5), new: Row) {
            let first = fingerprint(&rows, 8);
            let same = rows[0] == new;
            rows[0] = new;
            prop_assert_eq!(fingerprint(&rows, 8) == first, same);
        }
    }
}
