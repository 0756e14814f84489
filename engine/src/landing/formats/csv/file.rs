//! A CSV file and what can be asked of it.

use std::io::Read;

use arrow::datatypes::SchemaRef;

use super::chunks::Chunks;
use super::header::{Header, read_header};
use super::infer::{Inference, infer};
use super::options::CsvOptions;
use super::read::CsvReader;
use crate::Result;
use crate::landing::formats::Remarks;

/// A file, decompressed, that can be read from its start more than once.
#[derive(Clone, Copy)]
pub struct CsvFile<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// How to read it.
    pub options: &'a CsvOptions,
    /// Where to say what a user should know besides.
    pub remarks: &'a Remarks,
    /// Opens it.
    pub open: &'a dyn Fn() -> Result<Box<dyn Read + Send>>,
}

impl CsvFile<'_> {
    /// The names of the columns as they stand in the file. A column without a name, or every
    /// column of a file without a header, is called by its place: `column_1`. A last column
    /// without a name and without any value is none.
    ///
    /// # Errors
    /// An empty file, two columns of one name, a first record that cannot be read.
    pub fn columns(&self) -> Result<Vec<String>> {
        let (_, header) = self.start()?;
        if !header.unnamed_end {
            return Ok(header.names);
        }
        let last = header.names.last().cloned();
        let inference = self.infer(|name| Some(name) != last.as_deref())?;
        let names = inference.columns.into_iter().map(|column| column.name);
        Ok(names.collect())
    }

    /// Reads everything and finds the type of every column that `is_declared` does not know by its
    /// name in the file; reads nothing where it knows all. The types depend neither on the order of the rows nor on the threads.
    /// Records that cannot be read say nothing about types; they are counted.
    ///
    /// # Errors
    /// A header that cannot be read, a file that cannot be read to its end.
    pub fn infer(&self, is_declared: impl Fn(&str) -> bool) -> Result<Inference> {
        let inference = infer(self, is_declared)?;
        self.remarks.add(inference.remarks());
        Ok(inference)
    }

    /// The rows, typed. For every field of `schema`, `sources` holds the place of its column in
    /// the file, from 0, or `None` for a column that the file does not have and that reads as
    /// NULL. Columns of the file that no field asks for are passed over, although their records
    /// must still be well-formed.
    ///
    /// # Errors
    /// A header that cannot be read, a place that the file does not have, a type that text cannot
    /// be read as, and a NOT NULL field without a column.
    pub fn read(&self, schema: SchemaRef, sources: &[Option<usize>]) -> Result<CsvReader> {
        CsvReader::new(self, schema, sources)
    }

    /// The file opened, and its header passed.
    pub(super) fn start(&self) -> Result<(Chunks<Box<dyn Read + Send>>, Header)> {
        let mut chunks = Chunks::new((self.open)()?, self.name, self.options);
        let header = read_header(&mut chunks, self.name, self.options)?;
        Ok((chunks, header))
    }
}
