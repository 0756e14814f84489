//! `upsert`: one row into a table of Postgres that holds many, by its primary key.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Suite;
use crate::clock::Clock;
use crate::contest::{Contest, Contestant, Limit, LimitSource};
use crate::error::{Error, Result};
use crate::measure::measure;
use crate::name::Name;
use crate::peers;
use crate::postgres::{CONNECTION, Database};
use crate::report::grouped;
use crate::tables;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "upsert",
    rows: Some(1_000_000),
    runs: 30,
    contests,
};

/// What all tables hold before each run.
const FORMER: &str = "former_visits";
/// What they hold after it.
const EXPECTED: &str = "expected_visits";
/// The row, as its values.
const VISIT: &str = "'visitor', DATE '2024-02-29', CAST(12.25 AS DECIMAL(12,2))";

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let key = rows.div_ceil(2);
    let database = Rc::new(database(rows, key)?);
    let checked = Rc::clone(&database);
    let mut contest = Contest {
        title: format!(
            "One row into a table of {} rows with a primary key",
            grouped(rows)
        ),
        timed: "the whole process, with its connection, over TCP without TLS, on a server without fsync"
            .to_owned(),
        contestants: vec![ours(workshop, &database, key)?],
        absent: Vec::new(),
        check: Box::new(move |all| {
            tables::all_hold(&checked, EXPECTED, all.iter().map(|ran| table(ran.name)))
        }),
        volume: None,
        limits: Vec::new(),
    };
    match peers::psql() {
        Ok(psql) => {
            let nothing = by_hand(&psql, &database, key, |_| "SELECT 1".to_owned());
            contest.limits.push(Limit {
                name: "a connection and `SELECT 1` (psql)".to_owned(),
                source: LimitSource::Process(nothing),
            });
            let upsert = move |table: &str| {
                format!(
                    "INSERT INTO {table} (id, name, visited_on, amount) VALUES ({key}, {VISIT}) \
                     ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
                     visited_on = excluded.visited_on, amount = excluded.amount"
                )
            };
            let upsert = by_hand(&psql, &database, key, upsert);
            contest.contestants.push(upsert);
        }
        Err(reason) => contest.absent.push((Name::Psql, reason)),
    }
    Ok(vec![contest])
}

fn table(name: Name) -> String {
    format!("visits_{}", name.key())
}

/// A table for each contestant, and what it should hold in the end.
fn database(rows: u64, key: u64) -> Result<Database> {
    let database = Database::create()?;
    database.run(&format!(
        "CREATE TABLE {FORMER} AS SELECT n AS id, 'visitor ' || n AS name, \
           DATE '2024-01-01' + (n % 366)::int AS visited_on, (n / 4.0)::numeric(12,2) AS amount \
           FROM generate_series(1, {rows}::bigint) AS n;
         CREATE TABLE {EXPECTED} AS SELECT * FROM {FORMER} WHERE id <> {key} UNION ALL SELECT {key}, {VISIT}"
    ))?;
    for name in [Name::Tidemill, Name::Psql] {
        let table = table(name);
        database.run(&format!(
            "CREATE TABLE {table} (LIKE {FORMER}, PRIMARY KEY (id)) WITH (autovacuum_enabled = false);
             INSERT INTO {table} SELECT * FROM {FORMER}"
        ))?;
        database.run(&format!("VACUUM ANALYZE {table}"))?;
    }
    Ok(database)
}

/// Takes the row back.
fn reset(database: &Database, name: Name, key: u64) -> Result<()> {
    let table = table(name);
    database.run(&format!(
        "DELETE FROM {table} WHERE id = {key}; INSERT INTO {table} SELECT * FROM {FORMER} WHERE id = {key}"
    ))
}

fn ours(workshop: &Workshop, database: &Rc<Database>, key: u64) -> Result<Contestant> {
    let name = Name::Tidemill;
    let (tidemill, database) = (workshop.tidemill.clone(), Rc::clone(database));
    let merge = format!(
        "COPY INTO {CONNECTION}.public.{} FROM curated.visit (MODE merge)",
        table(name)
    );
    let warehouse = warehouse(workshop, key)?;
    // The first export of all makes the ledger, which only then can forget an export.
    measure(&mut database.tidemill(&tidemill, &warehouse, &warehouse, &merge)?)?;
    Ok(Contestant {
        name,
        clock: Clock::Process,
        command: Box::new(move |folder, _| {
            reset(&database, name, key)?;
            database.run("DELETE FROM tidemill_exports")?;
            database.tidemill(&tidemill, folder, &warehouse, &merge)
        }),
    })
}

/// A warehouse with a table of the one row.
fn warehouse(workshop: &Workshop, key: u64) -> Result<PathBuf> {
    let warehouse = workshop.folder.join("upsert");
    if warehouse.exists() {
        std::fs::remove_dir_all(&warehouse)
            .map_err(|error| Error::file("remove", &warehouse, error))?;
    }
    let visit = format!(
        "CREATE TABLE curated.visit AS SELECT * FROM (VALUES (CAST({key} AS BIGINT), {VISIT})) \
         AS v(id, name, visited_on, amount)"
    );
    workshop.tidemill.prepare(&warehouse, &visit)?;
    Ok(warehouse)
}

/// A run of psql with a statement on its table.
fn by_hand(
    psql: &Path,
    database: &Rc<Database>,
    key: u64,
    statement: impl Fn(&str) -> String + 'static,
) -> Contestant {
    let (psql, database, name) = (psql.to_owned(), Rc::clone(database), Name::Psql);
    Contestant {
        name,
        clock: Clock::Process,
        command: Box::new(move |_, _| {
            reset(&database, name, key)?;
            Ok(database.psql(&psql, &[statement(&table(name))]))
        }),
    }
}
