//! DEDUPLICATE: which rows of a load are there already, in the load or in the table.
//!
//! The files are read twice. The first time every row leaves a fingerprint and its place, and so
//! do the rows of the table that could be the same: for exact duplicates those in the partitions
//! that the load touches, for a key all of them. Then it is known which rows stay, also where the
//! last one of a key does, and the second reading writes just those. So rows keep their order,
//! nothing that was written has to be taken back, and memory is bounded: fingerprints that the
//! memory pool has no room for go to disk.

mod fingerprint;
mod places;
mod table_rows;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use datafusion::execution::runtime_env::RuntimeEnv;

use fingerprint::Fingerprints;
use places::Places;
use table_rows::{PartitionsSeen, could_be_same};

use super::blocking;
use super::discover::SourceFile;
use super::read::Reading;
use crate::sql::{Deduplicate, closest};
use crate::warehouse::{TableDefinition, TableTransaction};
use crate::{Error, Place, Result};

/// The rows that a load leaves out.
pub(super) struct Duplicates {
    dropped: BooleanBuffer,
    /// Where the rows of each file begin, and where those of the last one end.
    starts: Vec<u64>,
    /// For each file how many rows of the table its rows take the place of.
    replaced: Vec<u64>,
}

/// The rows of one file that are left out.
pub(super) struct DuplicatesOfFile {
    dropped: BooleanBuffer,
    next: usize,
    name: String,
}

/// Finds the rows of files to leave out. Rows of the table that are to make place are removed in
/// the transaction.
///
/// # Errors
/// A key that is no column, a file or table that cannot be read, a full disk.
pub(super) async fn find_duplicates(
    files: Vec<Reading>,
    deduplicate: &Deduplicate,
    transaction: &mut TableTransaction,
    runtime: &Arc<RuntimeEnv>,
) -> Result<Duplicates> {
    let table = transaction
        .definition()
        .ok_or_else(|| Error::internal("rows are compared before their columns are chosen"))?;
    let columns = compared_columns(table, deduplicate)?;
    let shaper = transaction.shaper(&table.given_schema())?;
    let mut seen = Seen {
        fingerprints: Fingerprints::new(&table.schema, &columns)?,
        partitions: PartitionsSeen::new(table)?,
        places: Places::new(runtime)?,
        starts: vec![0],
    };
    let mut seen = blocking(move || {
        for file in &files {
            let (pieces, mut faults) = file.pieces()?;
            for piece in pieces {
                let piece = faults.take_out(piece?)?;
                seen.note(&shaper.shape(&piece.rows)?)?;
            }
            seen.starts.push(seen.places.loaded_rows());
        }
        Ok(seen)
    })
    .await?;
    let present: Vec<_> = transaction.data_files().await?;
    let compared = match deduplicate.key.is_empty() {
        true => seen.partitions.of_files(present)?,
        false => present,
    };
    could_be_same(transaction, &compared, &seen.fingerprints, &mut seen.places).await?;
    let starts = seen.starts;
    let (keep, file_starts) = (deduplicate.keep, starts.clone());
    let places = seen.places;
    let decided = blocking(move || places.decide(keep, &file_starts)).await?;
    if !decided.replaced.is_empty() {
        let affected = compared.into_iter().enumerate();
        let affected = affected
            .filter(|(index, _)| decided.files_affected.contains(&(*index as u64)))
            .map(|(_, file)| file)
            .collect();
        remove_replaced(transaction, affected, &columns, decided.replaced).await?;
    }
    Ok(Duplicates {
        dropped: decided.dropped,
        starts,
        replaced: decided.replaced_by_file,
    })
}

/// What the first reading leaves.
struct Seen {
    fingerprints: Fingerprints,
    partitions: PartitionsSeen,
    places: Places,
    starts: Vec<u64>,
}

impl Seen {
    fn note(&mut self, rows: &RecordBatch) -> Result<()> {
        self.partitions.note(rows)?;
        let fingerprints = self.fingerprints.of(rows)?;
        self.places.add_loaded(&fingerprints)
    }
}

impl Duplicates {
    /// The rows that the file at `index` of the load leaves out.
    pub(super) fn of_file(&self, index: usize, file: &SourceFile) -> DuplicatesOfFile {
        let (start, end) = (self.starts[index] as usize, self.starts[index + 1] as usize);
        DuplicatesOfFile {
            dropped: self.dropped.slice(start, end - start),
            next: 0,
            name: file.name.clone(),
        }
    }

    /// How many rows of the table make place for rows of that file.
    pub(super) fn replaced_by(&self, index: usize) -> u64 {
        self.replaced[index]
    }
}

impl DuplicatesOfFile {
    /// The rows that stay of the next rows of the file.
    ///
    /// # Errors
    /// A file that has other rows than when it was read first.
    pub(super) fn leave_out(&mut self, rows: &RecordBatch) -> Result<RecordBatch> {
        let end = self.next + rows.num_rows();
        if end > self.dropped.len() {
            return Err(Error::input("the file was changed while it was read")
                .place(Place::file(&self.name))
                .hint("load it again when nobody writes to it"));
        }
        let dropped = self.dropped.slice(self.next, rows.num_rows());
        self.next = end;
        Ok(filter_record_batch(
            rows,
            &BooleanArray::new(!&dropped, None),
        )?)
    }
}

/// The columns that tell whether two rows are the same.
fn compared_columns(table: &TableDefinition, deduplicate: &Deduplicate) -> Result<Vec<String>> {
    let given = || table.given_columns().map(|field| field.name().as_str());
    if deduplicate.key.is_empty() {
        return Ok(given().map(str::to_owned).collect());
    }
    for column in &deduplicate.key {
        if !given().any(|name| name == column) {
            let error = Error::input(format!(
                "DEDUPLICATE names `{column}`, which is no column of the files"
            ));
            return Err(match closest(column, given()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "the columns are {}",
                    given().collect::<Vec<_>>().join(", ")
                )),
            });
        }
    }
    Ok(deduplicate.key.clone())
}

async fn remove_replaced(
    transaction: &mut TableTransaction,
    files: Vec<crate::warehouse::DataFile>,
    columns: &[String],
    replaced: HashSet<u128>,
) -> Result<()> {
    let table = transaction
        .definition()
        .ok_or_else(|| Error::internal("rows are compared before their columns are chosen"))?;
    let fingerprints = Fingerprints::new(&table.schema, columns)?;
    let replaced = Arc::new(replaced);
    transaction
        .rewrite_rows(files, move |rows| {
            let of_rows = fingerprints.of(&rows)?;
            let stay = of_rows.iter().map(|row| Some(!replaced.contains(row)));
            Ok(filter_record_batch(&rows, &stay.collect::<BooleanArray>())?)
        })
        .await
}
