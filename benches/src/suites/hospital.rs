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

/// Whether a contestant is told the types of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Types {
    /// All of them.
    Given,
    /// None but that of the bills, which would be an exact number.
    Inferred,
}

impl Types {
    /// What the drivers of the peers call it.
    pub fn name(self) -> &'static str {
        match self {
            Types::Given => "given",
            Types::Inferred => "inferred",
        }
    }

    fn columns(self) -> &'static str {
        match self {
            Types::Given => {
                "name TEXT, age BIGINT, gender TEXT, blood_type TEXT, medical_condition TEXT, \
                 date_of_admission DATE, doctor TEXT, hospital TEXT, insurance_provider TEXT, \
                 billing_amount DOUBLE, room_number BIGINT, admission_type TEXT, \
                 discharge_date DATE, medication TEXT, test_results TEXT"
            }
            Types::Inferred => "billing_amount DOUBLE",
        }
    }
}

/// The statement that lands a file.
pub fn landing(file: &Path, types: Types) -> String {
    format!(
        "COPY INTO raw.admissions FROM '{}' (COLUMNS ({}), \
         PARTITION_BY (year(discharge_date), month(discharge_date)))",
        file.display(),
        types.columns()
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
    let landing = landing(&file(workshop, rows)?, Types::Given);
    workshop
        .tidemill
        .prepare(&warehouse, &format!("{landing}; {script}"))?;
    Ok(warehouse)
}
