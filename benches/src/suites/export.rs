//! `export`: a table of the warehouse into tables of Postgres, by each of the modes.

use std::rc::Rc;

use serde_json::json;

use super::Suite;
use super::bills::{self, Bills, COLUMNS, ReadyFile, SOURCE, TYPES};
use crate::clock::Clock;
use crate::contest::{Contest, Contestant, Ran};
use crate::error::Result;
use crate::name::Name;
use crate::peers::Absence;
use crate::postgres::CONNECTION;
use crate::report::grouped;
use crate::tables;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "export",
    rows: Some(2_000_000),
    runs: 5,
    contests,
};

/// As many rows as the bills, half of whose keys are theirs; no row is.
const FORMER: &str = "former_bills";
/// What a table should hold when all is done.
const EXPECTED: &str = "expected_bills";

/// One way of exporting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    NewTable,
    Append,
    Replace,
    Merge,
}

impl Delivery {
    const ALL: [Delivery; 4] = [
        Delivery::NewTable,
        Delivery::Append,
        Delivery::Replace,
        Delivery::Merge,
    ];

    fn title(self, rows: u64) -> String {
        let rows = grouped(rows);
        match self {
            Delivery::NewTable => format!("Into a new table of Postgres: {TYPES}"),
            Delivery::Append => "Into an empty table of Postgres that is there".to_owned(),
            Delivery::Replace => format!("Replacing the {rows} rows of a table of Postgres"),
            Delivery::Merge => {
                format!(
                    "Merging into {rows} rows of a table of Postgres, half of them by their key"
                )
            }
        }
    }

    /// What the server does before each run: the table as it is found.
    fn found(self, table: &str) -> String {
        let empty = format!(
            "CREATE TABLE {table} (LIKE {}) WITH (autovacuum_enabled = false)",
            bills::TABLE
        );
        let former = format!("{empty}; INSERT INTO {table} SELECT * FROM {FORMER}");
        match self {
            Delivery::NewTable => String::new(),
            Delivery::Append => empty,
            Delivery::Replace => former,
            Delivery::Merge => format!("{former}; ALTER TABLE {table} ADD PRIMARY KEY (bill)"),
        }
    }

    /// The query of what the table holds in the end.
    fn left(self) -> String {
        let bills = format!("SELECT * FROM {}", bills::TABLE);
        match self {
            Delivery::NewTable | Delivery::Append | Delivery::Replace => bills,
            Delivery::Merge => format!(
                "{bills} UNION ALL SELECT * FROM {FORMER} AS former \
                 WHERE NOT EXISTS (SELECT FROM {} AS bills WHERE bills.bill = former.bill)",
                bills::TABLE
            ),
        }
    }

    /// The statement of Tidemill.
    fn statement(self, table: &str) -> String {
        let options = match self {
            Delivery::NewTable | Delivery::Append => "",
            Delivery::Replace => " (MODE replace)",
            Delivery::Merge => " (MODE merge)",
        };
        format!("COPY INTO {CONNECTION}.public.{table} FROM {SOURCE}{options}")
    }

    /// What a person types who has the rows ready in a file.
    fn by_hand(self, table: &str, file: &ReadyFile) -> Vec<String> {
        let source = bills::TABLE;
        let staged = |change: &[String]| {
            let begin = [
                "BEGIN".to_owned(),
                format!("CREATE TEMP TABLE staged (LIKE {source}) ON COMMIT DROP"),
                file.copy_into("staged"),
            ];
            [&begin, change, &["COMMIT".to_owned()]].concat()
        };
        let insert = format!("INSERT INTO {table} SELECT * FROM staged");
        match self {
            Delivery::NewTable => vec![
                "BEGIN".to_owned(),
                format!("CREATE TABLE {table} (LIKE {source})"),
                file.copy_into(table),
                "COMMIT".to_owned(),
            ],
            Delivery::Append => vec![file.copy_into(table)],
            Delivery::Replace => staged(&[format!("DELETE FROM {table}"), insert]),
            Delivery::Merge => {
                let [key, others @ ..] = COLUMNS;
                let set = others.map(|column| format!("{column} = excluded.{column}"));
                let update = format!("ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", "));
                staged(&[format!("{insert} {update}")])
            }
        }
    }

    /// What ADBC calls it; it can neither replace in place nor merge.
    fn of_adbc(self) -> Option<&'static str> {
        match self {
            Delivery::NewTable => Some("create"),
            Delivery::Append => Some("append"),
            Delivery::Replace | Delivery::Merge => None,
        }
    }
}

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let bills = Bills::create(workshop, rows)?;
    create_former(&bills, rows)?;
    let file = bills.ready_file(&workshop.folder).map(Rc::new);
    let contest = |delivery| contest(workshop, &bills, &file, rows, delivery);
    Ok(Delivery::ALL.map(contest).into())
}

fn create_former(bills: &Bills, rows: u64) -> Result<()> {
    bills.database.run(&format!(
        "CREATE TABLE {FORMER} AS SELECT bill + {} AS bill, hospital, medical_condition, discharge_date, \
         billing_amount, amount + 1 AS amount, billed_at FROM {}",
        rows / 2,
        bills::TABLE
    ))?;
    bills.settle(FORMER)
}

fn contest(
    workshop: &Workshop,
    bills: &Rc<Bills>,
    file: &Result<Rc<ReadyFile>, Absence>,
    rows: u64,
    delivery: Delivery,
) -> Contest {
    let checked = Rc::clone(bills);
    let mut contest = Contest {
        title: delivery.title(rows),
        timed: "from Parquet files (psql: a ready binary file) to the committed rows, over TCP without TLS, \
                on a server without fsync"
            .to_owned(),
        contestants: vec![ours(workshop, bills, delivery)],
        absent: Vec::new(),
        check: Box::new(move |all| check(&checked, delivery, all)),
        volume: None,
        limits: Vec::new(),
    };
    if let Some(mode) = delivery.of_adbc() {
        let folder = bills.warehouse.join(SOURCE.replace('.', "/"));
        let task = json!({ "folder": folder, "table": table(Name::Adbc), "mode": mode });
        let adbc = workshop.peers.driver(Name::Adbc, "export_adbc.py", task);
        let before = move |bills: &Bills| find(bills, delivery, Name::Adbc);
        contest.join(Name::Adbc, adbc.map(|adbc| bills.with_libpq(adbc, before)));
    }
    let psql = file.as_ref().map_err(Clone::clone);
    contest.join(Name::Psql, psql.map(|file| by_hand(file, bills, delivery)));
    contest
}

/// Whether each table holds what the delivery should leave.
fn check(bills: &Bills, delivery: Delivery, all: &[Ran]) -> Result<String> {
    let left = delivery.left();
    bills.database.run(&format!(
        "DROP TABLE IF EXISTS {EXPECTED}; CREATE TABLE {EXPECTED} AS {left}"
    ))?;
    let tables = all.iter().map(|ran| table(ran.name));
    tables::all_hold(&bills.database, EXPECTED, tables)
}

fn table(name: Name) -> String {
    format!("bills_{}", name.key())
}

/// Makes the table as the delivery finds it.
fn find(bills: &Bills, delivery: Delivery, name: Name) -> Result<()> {
    let table = table(name);
    // With its table gone, the ledger must not know the export either.
    let gone = format!("DROP TABLE IF EXISTS {table}, tidemill_exports");
    let found = delivery.found(&table);
    bills.database.run(&format!("{gone}; {found}"))?;
    match delivery {
        Delivery::NewTable => Ok(()),
        Delivery::Append | Delivery::Replace | Delivery::Merge => bills.settle(&table),
    }
}

fn ours(workshop: &Workshop, bills: &Rc<Bills>, delivery: Delivery) -> Contestant {
    let (tidemill, bills) = (workshop.tidemill.clone(), Rc::clone(bills));
    let name = Name::Tidemill;
    Contestant {
        name,
        clock: Clock::Tidemill,
        command: Box::new(move |folder, _| {
            find(&bills, delivery, name)?;
            let statement = delivery.statement(&table(name));
            let (database, warehouse) = (&bills.database, &bills.warehouse);
            database.tidemill(&tidemill, folder, warehouse, &statement)
        }),
    }
}

fn by_hand(file: &Rc<ReadyFile>, bills: &Rc<Bills>, delivery: Delivery) -> Contestant {
    let (file, bills) = (Rc::clone(file), Rc::clone(bills));
    let name = Name::Psql;
    Contestant {
        name,
        clock: Clock::Psql,
        command: Box::new(move |_, _| {
            find(&bills, delivery, name)?;
            let statements = delivery.by_hand(&table(name), &file);
            Ok(bills.database.psql(&file.psql, &statements))
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::PathBuf;

    use super::*;
    use crate::contest::Pass;
    use crate::measure::measure;
    use crate::postgres::Database;

    fn bills(rows: u64) -> Rc<Bills> {
        let database = Database::create().unwrap();
        database
            .run(&format!(
                "CREATE TABLE bills AS SELECT n AS bill, 'hospital ' || n % 7 AS hospital, NULL AS medical_condition, \
                 DATE '2024-01-01' AS discharge_date, n / 7.0::float8 AS billing_amount, n::numeric(12,2) AS amount, \
                 now()::timestamp AS billed_at FROM generate_series(1, {rows}::bigint) AS n"
            ))
            .unwrap();
        let bills = Bills {
            warehouse: PathBuf::new(),
            database,
        };
        create_former(&bills, rows).unwrap();
        Rc::new(bills)
    }

    #[test]
    fn a_delivery_by_hand_leaves_what_it_should_and_the_rows_before_it_are_not_that() {
        let bills = bills(1_000);
        let folder = tempfile::tempdir().unwrap();
        let file = Rc::new(bills.ready_file(folder.path()).unwrap());
        for delivery in Delivery::ALL {
            let psql = by_hand(&file, &bills, delivery);
            let mut command = (psql.command)(folder.path(), Pass::Checked).unwrap();
            let measured = measure(&mut command).unwrap();
            assert!(psql.clock.read(&measured).unwrap().work_seconds > 0.0);
            let ran = [Ran {
                name: Name::Psql,
                folder: folder.path().to_owned(),
                stdout: measured.stdout,
            }];
            let rows = match delivery {
                Delivery::Merge => "1,500",
                Delivery::NewTable | Delivery::Append | Delivery::Replace => "1,000",
            };
            let equal = format!("{rows} rows x 7 columns in type and value");
            assert_eq!(check(&bills, delivery, &ran).unwrap(), equal);

            find(&bills, Delivery::Replace, Name::Psql).unwrap();
            let untouched = check(&bills, delivery, &ran).unwrap_err().to_string();
            assert!(untouched.contains("rows differ"), "{untouched}");
        }
    }
}
