//! The last result, kept so that it can be seen again without running its statement.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::{Error, Result};

/// What is kept at most.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The last result, or why there is none.
#[derive(Debug, Default)]
pub enum Last {
    /// Nothing ran.
    #[default]
    Nothing,
    /// It grew beyond what is kept.
    TooLarge,
    /// It was not read to its end.
    Cut,
    /// All of it.
    Rows(SchemaRef, Vec<RecordBatch>),
}

/// A result on its way.
pub struct Keeping {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    bytes: usize,
}

impl Last {
    /// The result.
    ///
    /// # Errors
    /// There is none.
    pub fn rows(&self) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let why = match self {
            Last::Rows(schema, batches) => return Ok((SchemaRef::clone(schema), batches.clone())),
            Last::Nothing => Error::input("there is no last result").hint("run a query first"),
            Last::TooLarge => Error::input(format!(
                "the last result was larger than {} MiB and is not kept",
                MAX_BYTES >> 20
            ))
            .hint("run it again with LIMIT, or keep it: CREATE TABLE t AS SELECT .."),
            Last::Cut => Error::input("the last result was not read to its end")
                .hint("run its statement again"),
        };
        Err(why)
    }
}

impl Keeping {
    /// Nothing yet.
    pub fn new(schema: &SchemaRef) -> Self {
        Keeping {
            schema: SchemaRef::clone(schema),
            batches: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes the next batch, for as long as there is room.
    pub fn add(&mut self, batch: &RecordBatch) {
        self.bytes = self.bytes.saturating_add(batch.get_array_memory_size());
        match self.bytes > MAX_BYTES {
            true => self.batches = Vec::new(),
            false => self.batches.push(batch.clone()),
        }
    }

    /// All of it, if `complete`.
    pub fn finish(self, complete: bool) -> Last {
        match (complete, self.bytes > MAX_BYTES) {
            (_, true) => Last::TooLarge,
            (false, false) => Last::Cut,
            (true, false) => Last::Rows(self.schema, self.batches),
        }
    }
}
