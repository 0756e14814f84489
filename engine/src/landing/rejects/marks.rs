//! Marking rejects that a retry has loaded.
//!
//! The rows and the marks are in two tables. So the marks are written to a file before the commit
//! of the rows and applied after it; after a kill in between, the next load of the table finds the
//! file, and the ledger says whether the retry committed. No reject is loaded twice for want of
//! its mark.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use serde::{Deserialize, Serialize};

use super::spool::Spool;
use crate::session::Session;
use crate::warehouse::system::{SystemTable, SystemWrite};
use crate::warehouse::{TableId, Warehouse};
use crate::{Error, Result};

const EXTENSION: &str = "retried";

/// The rejects of one load that one retry has loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::landing) struct Marks {
    /// The load that set them aside.
    pub(in crate::landing) load_id: String,
    /// The load that brought them in.
    pub(in crate::landing) retried_by: String,
    /// When, in microseconds since 1970 UTC.
    pub(in crate::landing) retried_at: i64,
    /// Their numbers in the load, as ranges with both ends, ascending.
    numbers: Vec<(i64, i64)>,
}

impl Marks {
    /// None yet.
    pub(in crate::landing) fn new(load_id: String, retried_by: String, retried_at: i64) -> Self {
        Marks {
            load_id,
            retried_by,
            retried_at,
            numbers: Vec::new(),
        }
    }

    /// Adds the reject with the next greater number.
    pub(in crate::landing) fn push(&mut self, number: i64) {
        match self.numbers.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => self.numbers.push((number, number)),
        }
    }

    /// How many there are.
    pub(in crate::landing) fn count(&self) -> u64 {
        let lengths = self.numbers.iter().map(|(first, last)| last - first + 1);
        lengths.sum::<i64>().unsigned_abs()
    }

    fn contains(&self, number: i64) -> bool {
        let after = self.numbers.partition_point(|(first, _)| *first <= number);
        after > 0 && self.numbers[after - 1].1 >= number
    }

    /// Writes them to a file of the table, which is on disk when this returns.
    ///
    /// # Errors
    /// A full disk.
    pub(in crate::landing) fn write(
        &self,
        warehouse: &Warehouse,
        id: &TableId,
    ) -> Result<MarksFile> {
        let folder = Spool::folder(warehouse, id);
        std::fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
        let path = folder.join(&self.retried_by).with_extension(EXTENSION);
        let json = serde_json::to_vec(self)
            .map_err(|error| Error::internal("marks are not JSON").source(error))?;
        File::create(&path)
            .and_then(|mut file| file.write_all(&json).and_then(|()| file.sync_all()))
            .map_err(|error| Error::file("write", &path, error))?;
        Ok(MarksFile {
            retried_by: self.retried_by.clone(),
            path,
        })
    }
}

/// Marks on disk.
#[derive(Debug)]
pub(in crate::landing) struct MarksFile {
    /// The load that they belong to.
    pub(super) retried_by: String,
    path: PathBuf,
}

impl MarksFile {
    /// Files that a process left that did not come to apply them.
    pub(super) fn left(warehouse: &Warehouse, id: &TableId) -> Vec<MarksFile> {
        let Ok(files) = std::fs::read_dir(Spool::folder(warehouse, id)) else {
            return Vec::new();
        };
        let paths = files.flatten().map(|file| file.path());
        let marks = paths.filter(|path| path.extension().is_some_and(|end| end == EXTENSION));
        marks
            .filter_map(|path| {
                let retried_by = path.file_stem()?.to_str()?.to_owned();
                Some(MarksFile { retried_by, path })
            })
            .collect()
    }

    /// A file that cannot be deleted is found again by the next load of the table.
    pub(super) fn delete(&self) {
        let _ = std::fs::remove_file(&self.path);
        if let Some(folder) = self.path.parent() {
            // It refuses while others are in it.
            let _ = std::fs::remove_dir(folder);
        }
    }

    fn read(path: &Path) -> Result<Marks> {
        let json = std::fs::read(path).map_err(|error| Error::file("read", path, error))?;
        serde_json::from_slice(&json).map_err(|error| {
            Error::internal(format!("{} is not what it was written as", path.display()))
                .source(error)
        })
    }
}

/// Marks the rejects in `system.rejects`. Doing it twice changes nothing.
///
/// # Errors
/// A warehouse that cannot be written; the files stay for the next load of the table then.
pub(in crate::landing) async fn apply(session: &Session, files: Vec<MarksFile>) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let mut write = SystemWrite::begin(session, SystemTable::Rejects).await?;
    let there: Vec<_> = files.iter().filter(|file| file.path.exists()).collect();
    let mut marks: HashMap<String, Vec<Marks>> = HashMap::new();
    for file in &there {
        let of_file = MarksFile::read(&file.path)?;
        marks
            .entry(of_file.load_id.clone())
            .or_default()
            .push(of_file);
    }
    if !marks.is_empty() {
        write
            .rewrite("TRUE", move |rejects| marked(&rejects, &marks))
            .await?;
        write.commit().await?;
    }
    there.iter().for_each(|file| file.delete());
    Ok(())
}

fn marked(rejects: &RecordBatch, marks: &HashMap<String, Vec<Marks>>) -> Result<RecordBatch> {
    let column = |name: &str| {
        rejects
            .column_by_name(name)
            .ok_or_else(|| Error::internal(format!("system.rejects lost its column {name}")))
    };
    let loads = column("load_id")?.as_string::<i32>();
    let numbers = column("reject")?.as_primitive::<Int64Type>();
    let was_at = column("retried_at")?.as_primitive::<TimestampMicrosecondType>();
    let was_by = column("retried_by")?.as_string::<i32>();
    let mut at = TimestampMicrosecondBuilder::with_capacity(rejects.num_rows());
    let mut by = StringBuilder::new();
    for row in 0..rejects.num_rows() {
        let of_load = match was_by.is_valid(row) {
            true => None,
            false => marks.get(loads.value(row)),
        };
        let mark = of_load
            .into_iter()
            .flatten()
            .find(|mark| mark.contains(numbers.value(row)));
        match mark {
            Some(mark) => {
                at.append_value(mark.retried_at);
                by.append_value(&mark.retried_by);
            }
            None => {
                at.append_option(was_at.is_valid(row).then(|| was_at.value(row)));
                by.append_option(was_by.is_valid(row).then(|| was_by.value(row)));
            }
        }
    }
    let schema = rejects.schema();
    let columns = schema.fields().iter().zip(rejects.columns());
    let columns = columns.map(|(field, column)| match field.name().as_str() {
        "retried_at" => Arc::new(at.finish().with_timezone("UTC")) as ArrayRef,
        "retried_by" => Arc::new(by.finish()),
        _ => Arc::clone(column),
    });
    let columns = columns.collect();
    Ok(RecordBatch::try_new(schema, columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_ranges() {
        let mut marks = Marks::new("l".to_owned(), "r".to_owned(), 0);
        for number in [2, 3, 4, 7, 9, 10] {
            marks.push(number);
        }
        assert_eq!(marks.numbers, [(2, 4), (7, 7), (9, 10)]);
        assert_eq!(marks.count(), 6);
        let held: Vec<_> = (0..12).filter(|number| marks.contains(*number)).collect();
        assert_eq!(held, [2, 3, 4, 7, 9, 10]);
    }
}
