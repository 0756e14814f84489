//! Reading records once more that could not be read before.
//!
//! Many are put into one file and read together. A record with broken quotes could swallow the
//! ones after it; so whenever the records that come out are not those that went in, each half is
//! tried on its own, down to the single record.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::SessionState;
use tempfile::NamedTempFile;

use crate::landing::discover::{PathColumn, Purpose, SourceFile};
use crate::landing::formats::ReadOptions;
use crate::landing::read::Reading;
use crate::landing::rejects::ReadAgain;
use crate::sql::{Compression, FileFormat};
use crate::warehouse::TableDefinition;
use crate::{Error, Result};

/// How to read the records of one file again.
pub(super) struct Attempt {
    again: ReadAgain,
    options: ReadOptions,
    format: FileFormat,
    table: TableDefinition,
    state: Arc<SessionState>,
    /// Where the records are written to be read.
    spill_folder: PathBuf,
}

/// What came of some records.
#[derive(Debug, Default)]
pub(super) struct Attempted {
    /// Those that fit now.
    pub(super) rows: Vec<RecordBatch>,
    /// For each record whether it is among them.
    pub(super) fits: Vec<bool>,
    /// Values that were rounded.
    pub(super) rounded: u64,
}

impl Attempt {
    /// Reads into `table` what `again` describes.
    ///
    /// # Errors
    /// Options that are not understood, from another release.
    pub(super) fn new(
        again: ReadAgain,
        options: ReadOptions,
        table: TableDefinition,
        state: Arc<SessionState>,
        spill_folder: &Path,
    ) -> Result<Self> {
        let format = FileFormat::from_word(&again.format)
            .ok_or_else(|| Error::internal(format!("{} is not a format", again.format)))?;
        Ok(Attempt {
            options,
            format,
            table,
            state,
            again,
            spill_folder: spill_folder.to_owned(),
        })
    }

    /// Tries records; each is the text of one.
    ///
    /// # Errors
    /// A full disk.
    pub(super) fn try_records(&self, records: &[&str]) -> Result<Attempted> {
        if records.is_empty() {
            return Ok(Attempted::default());
        }
        let file = self.write(records)?;
        if let Ok(Some(attempted)) = self.read(file.path(), records) {
            return Ok(attempted);
        }
        let [_, _, ..] = records else {
            return Ok(Attempted {
                fits: vec![false],
                ..Attempted::default()
            });
        };
        let (left, right) = records.split_at(records.len() / 2);
        let mut attempted = self.try_records(left)?;
        let rest = self.try_records(right)?;
        attempted.rows.extend(rest.rows);
        attempted.fits.extend(rest.fits);
        attempted.rounded += rest.rounded;
        Ok(attempted)
    }

    fn has_header(&self) -> bool {
        matches!(self.format, FileFormat::Csv | FileFormat::Tsv)
    }

    fn write(&self, records: &[&str]) -> Result<NamedTempFile> {
        let cannot = |error| Error::file("write", &self.spill_folder, error);
        let mut file = NamedTempFile::new_in(&self.spill_folder).map_err(cannot)?;
        let mut text = String::new();
        if self.has_header() {
            // The names are known; only the width counts.
            let names: Vec<_> = (0..self.again.header.len())
                .map(|place| format!("c{place}"))
                .collect();
            text.push_str(&names.join(&self.again.delimiter));
            text.push('\n');
        }
        for record in records {
            text.push_str(record);
            text.push('\n');
        }
        file.write_all(text.as_bytes()).map_err(cannot)?;
        Ok(file)
    }

    /// What came of the records; `None` if others came out than went in.
    fn read(&self, path: &Path, records: &[&str]) -> Result<Option<Attempted>> {
        let reading = Reading {
            file: self.file(path)?,
            options: self.options.clone(),
            table: self.table.clone(),
            state: Arc::clone(&self.state),
        };
        let (pieces, mut faults) = reading.pieces()?;
        let (mut attempted, mut came, mut bad) = (Attempted::default(), 0, HashSet::new());
        for piece in pieces {
            let piece = faults.take_out(piece?)?;
            came += piece.records();
            bad.extend(piece.rejects.iter().map(|reject| reject.record_line));
            attempted.rounded += piece.rounded;
            attempted.rows.push(piece.rows);
        }
        let mut line = 1 + u64::from(self.has_header());
        for record in records {
            attempted.fits.push(!bad.remove(&line));
            line += 1 + record.matches('\n').count() as u64;
        }
        let fitting = attempted.fits.iter().filter(|fits| **fits).count();
        let rows: usize = attempted.rows.iter().map(RecordBatch::num_rows).sum();
        let same = came == records.len() as u64 && bad.is_empty() && fitting == rows;
        Ok(same.then_some(attempted))
    }

    fn file(&self, path: &Path) -> Result<SourceFile> {
        let name = "system.rejects".to_owned();
        let mut options = self.options.clone();
        options.format = Some(self.format);
        options.compression = Some(Compression::None);
        let mut file = SourceFile::examine(
            path.to_owned(),
            Path::new(&name),
            name.clone(),
            name.clone(),
            &options,
            Purpose::Query,
        )?;
        let in_path = self.again.in_path.iter();
        file.path_columns = in_path
            .map(|(name, value)| PathColumn {
                name: name.clone(),
                value: value.clone(),
            })
            .collect();
        if self.has_header() {
            file.remember_names(|| self.again.header.clone());
        }
        Ok(file)
    }
}
