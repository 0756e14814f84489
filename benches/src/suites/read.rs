//! `read`: all rows of a table of Postgres, decoded into columns in memory.

use std::rc::Rc;

use serde_json::json;

use super::Suite;
use super::bills::{Bills, COLUMNS, TABLE, TYPES};
use crate::clock::Clock;
use crate::contest::{Contest, Contestant, Limit, LimitSource, Pass, Ran};
use crate::equality::{checked_by, one_file};
use crate::error::{Error, Result};
use crate::name::Name;
use crate::peers::{self, Absence, OUTPUT};
use crate::postgres::CONNECTION;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "read",
    rows: Some(2_000_000),
    runs: 5,
    contests,
};

/// What is in a plan that does not leave an aggregate to the database.
const AGGREGATED_HERE: &str = "AggregateExec";

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let bills = Bills::create(workshop, rows)?;
    let task = json!({ "table": TABLE });
    let adbc = workshop.peers.driver(Name::Adbc, "read_adbc.py", task);
    let same_rows = checked_by(
        &workshop.peers,
        json!({ "kind": "rows", "proof": "billing_amount" }),
        |ran| Ok(one_file(ran)),
    );
    let mut contest = Contest {
        title: format!("All columns of a table of Postgres: {TYPES}"),
        timed: "from the query to the last row in Arrow's columns (Tidemill: and the largest value of each column), \
                over TCP without TLS"
            .to_owned(),
        contestants: vec![ours(workshop, &bills)],
        absent: Vec::new(),
        check: Box::new(move |all| {
            all.iter().try_for_each(|ran| fetched(ran, rows))?;
            same_rows(all)
        }),
        volume: None,
        limits: Vec::new(),
    };
    contest.join(
        Name::Adbc,
        adbc.map(|adbc| bills.with_libpq(adbc, |_| Ok(()))),
    );
    match to_nowhere(&bills) {
        Ok(limit) => contest.limits.push(limit),
        Err(reason) => contest.absent.push((Name::Psql, reason)),
    }
    Ok(vec![contest])
}

/// The largest of a text or a double is nothing that Tidemill leaves to the database, so every value
/// is fetched and decoded.
fn largest() -> String {
    let largest = COLUMNS.map(|column| format!("max({column})"));
    format!(
        "SELECT count(*), {} FROM {CONNECTION}.public.{TABLE}",
        largest.join(", ")
    )
}

fn ours(workshop: &Workshop, bills: &Rc<Bills>) -> Contestant {
    let (tidemill, bills) = (workshop.tidemill.clone(), Rc::clone(bills));
    Contestant {
        name: Name::Tidemill,
        clock: Clock::Tidemill,
        command: Box::new(move |folder, pass| {
            let query = largest();
            let script = match pass {
                Pass::Checked => {
                    let file = folder.join(OUTPUT);
                    let keep = format!(
                        "COPY INTO '{}' FROM {CONNECTION}.public.{TABLE} (FORMAT parquet)",
                        file.display()
                    );
                    format!("{keep}; EXPLAIN {query}; {query}")
                }
                Pass::Timed => query,
            };
            let (database, warehouse) = (&bills.database, &bills.warehouse);
            database.tidemill(&tidemill, folder, warehouse, &script)
        }),
    }
}

/// The limit: rows that nobody decodes.
fn to_nowhere(bills: &Rc<Bills>) -> Result<Limit, Absence> {
    let (psql, bills) = (peers::psql()?, Rc::clone(bills));
    let copy = format!("\\copy {TABLE} to '/dev/null' (format binary)");
    Ok(Limit {
        name: "\\copy of the binary rows to nowhere, by one connection (psql)".to_owned(),
        source: LimitSource::Process(Contestant {
            name: Name::Psql,
            clock: Clock::Psql,
            command: Box::new(move |_, _| {
                Ok(bills.database.psql(&psql, std::slice::from_ref(&copy)))
            }),
        }),
    })
}

/// Whether the work that is timed saw all rows, and not only what the database made of them: the plan
/// and the first number of what Tidemill printed last.
fn fetched(ran: &Ran, rows: u64) -> Result<()> {
    if ran.name != Name::Tidemill {
        return Ok(());
    }
    let last = ran.stdout.trim_end().lines().last().unwrap_or_default();
    let counted = last.split(',').next() == Some(&rows.to_string());
    match counted && ran.stdout.contains(AGGREGATED_HERE) {
        true => Ok(()),
        false => Err(Error::new(format!(
            "{} did not fetch {rows} rows:\n{}",
            ran.name, ran.stdout
        ))),
    }
}
