//! The admissions of a hospital network, which several suites work on: the file, and the landed table.

use std::fs::File;
use std::path::{Path, PathBuf};

use tidemill_benches::generate::{Dataset, generate};

use crate::error::{Error, Result};
use crate::report::note;
use crate::workshop::Workshop;

/// The pattern of a table's files beneath its folder, for readers that do not know the log.
pub const PARTS: &str = "**/part-*.parquet";

/// The same rows for every run and every machine.
const SEED: u64 = 42;

/// The statement that lands a file. Its inferred types are those that the peers are given.
pub fn landing(file: &Path) -> String {
    format!(
        "COPY INTO raw.admissions FROM '{}' (COLUMNS (billing_amount DOUBLE), \
         PARTITION_BY (year(discharge_date), month(discharge_date)))",
        file.display()
    )
}

/// The file with so many rows; it is generated once and stays.
///
/// # Errors
/// A disk that is full.
pub fn file(workshop: &Workshop, rows: u64) -> Result<PathBuf> {
    let path = workshop.folder.join(format!("hospital-{rows}-{SEED}.csv"));
    if path.exists() {
        return Ok(path);
    }
    note(&format!("generating {}", path.display()));
    // A file has its name only once it is whole.
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = File::create(&partial)?;
        generate(Dataset::Hospital, rows, SEED, &mut file)?;
        std::fs::rename(&partial, &path)
    };
    write().map_err(|error| Error::file("write", &path, error))?;
    Ok(path)
}

/// A warehouse with the landed table and what `script` makes of it, by the binary that is measured.
///
/// # Errors
/// A statement that fails.
pub fn warehouse(workshop: &Workshop, rows: u64, script: &str) -> Result<PathBuf> {
    let warehouse = workshop.folder.join("warehouse");
    if warehouse.exists() {
        std::fs::remove_dir_all(&warehouse)
            .map_err(|error| Error::file("remove", &warehouse, error))?;
    }
    let landing = landing(&file(workshop, rows)?);
    workshop
        .tidemill
        .prepare(&warehouse, &format!("{landing}; {script}"))?;
    Ok(warehouse)
}
