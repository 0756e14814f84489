//! The bills of the hospital network, as a table of the warehouse and as one of Postgres: suites move
//! them from the one to the other.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::hospital;
use crate::contest::Contestant;
use crate::error::Result;
use crate::measure::measure;
use crate::peers::{self, Absence};
use crate::postgres::{CONNECTION, Database};
use crate::report::note;
use crate::workshop::Workshop;

/// The table of the warehouse.
pub const SOURCE: &str = "curated.bills";
/// The same rows in Postgres, written once and then left alone.
pub const TABLE: &str = "bills";
/// Its columns, in order; the first is unique.
pub const COLUMNS: [&str; 7] = [
    "bill",
    "hospital",
    "medical_condition",
    "discharge_date",
    "billing_amount",
    "amount",
    "billed_at",
];
/// What the columns are.
pub const TYPES: &str = "a bigint, 2 texts, a date, a double, a decimal and a timestamp";

const PREPARATION: &str = "
    CREATE TABLE curated.bills AS
    SELECT CAST(row_number() OVER () AS BIGINT) AS bill, hospital, medical_condition, discharge_date, billing_amount,
      CAST(round(billing_amount, 2) AS DECIMAL(12,2)) AS amount,
      CAST(discharge_date AS TIMESTAMP) + CAST(room_number || ' seconds' AS INTERVAL) AS billed_at
    FROM raw.admissions";

/// Both tables.
pub struct Bills {
    /// Where the one lies.
    pub warehouse: PathBuf,
    /// Where the other one lies.
    pub database: Database,
}

impl Bills {
    /// Makes both, by the binary that is measured.
    ///
    /// # Errors
    /// A machine without Postgres, or a statement that fails.
    pub fn create(workshop: &Workshop, rows: u64) -> Result<Rc<Self>> {
        let database = Database::create()?;
        let warehouse = hospital::warehouse(workshop, rows, PREPARATION)?;
        let bills = Bills {
            warehouse,
            database,
        };
        note("preparing the same table in Postgres");
        let copy = format!("COPY INTO {CONNECTION}.public.{TABLE} FROM {SOURCE}");
        let (folder, database) = (&bills.warehouse, &bills.database);
        let mut command = database.tidemill(&workshop.tidemill, folder, folder, &copy)?;
        measure(&mut command)?;
        bills.settle(TABLE)?;
        Ok(Rc::new(bills))
    }

    /// Does for a table now what the server would do at a time of its own, such as during a run.
    ///
    /// # Errors
    /// What the server says.
    pub fn settle(&self, table: &str) -> Result<()> {
        self.database.run(&format!("VACUUM ANALYZE {table}"))
    }

    /// A contestant that finds the database by the variables of libpq; `before` is done untimed.
    pub fn with_libpq(
        self: &Rc<Self>,
        contestant: Contestant,
        before: impl Fn(&Bills) -> Result<()> + 'static,
    ) -> Contestant {
        let bills = Rc::clone(self);
        let start = contestant.command;
        Contestant {
            command: Box::new(move |folder, pass| {
                before(&bills)?;
                let mut command = start(folder, pass)?;
                bills.database.for_libpq(&mut command);
                Ok(command)
            }),
            ..contestant
        }
    }

    /// The rows as psql sends them: a file in the binary format of COPY.
    ///
    /// # Errors
    /// A machine without psql.
    pub fn ready_file(&self, folder: &Path) -> Result<ReadyFile, Absence> {
        let psql = peers::psql()?;
        let path = folder.join("bills.binary");
        let copy = format!("\\copy {TABLE} to '{}' (format binary)", path.display());
        measure(&mut self.database.psql(&psql, &[copy])).map_err(|error| {
            note(&error.to_string());
            "no binary file: see what was said".to_owned()
        })?;
        Ok(ReadyFile { psql, path })
    }
}

/// Rows that are encoded already, and who sends them.
pub struct ReadyFile {
    /// The program.
    pub psql: PathBuf,
    path: PathBuf,
}

impl ReadyFile {
    /// The command of psql that sends the rows into a table.
    pub fn copy_into(&self, table: &str) -> String {
        format!(
            "\\copy {table} from '{}' (format binary)",
            self.path.display()
        )
    }
}
