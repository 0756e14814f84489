//! `aggregate`: groupings of the landed admissions, all from the Parquet files that Tidemill wrote.

use std::path::Path;

use serde_json::{Value, json};

use super::{Suite, hospital};
use crate::contest::{Contest, Ran};
use crate::equality::{checked_by, one_file, printed};
use crate::error::Result;
use crate::limits;
use crate::name::Name;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "aggregate",
    rows: Some(5_000_000),
    runs: 9,
    contests,
};

/// Sums of rows in another order differ in their last digits.
const TOLERANCE: f64 = 1e-9;
/// What stands for the admissions in a query, with the days of the stay as `stay_days`.
const SOURCE: &str = "{admissions}";

/// One grouping, which all but Polars are given as SQL.
struct Grouping {
    title: &'static str,
    /// Its name in `aggregate_polars.py`.
    name: &'static str,
    query: &'static str,
    keys: &'static [&'static str],
    /// The columns of the result, for reading it from CSV.
    columns: &'static [(&'static str, &'static str)],
    /// Bytes per row of the columns that it reads, once decoded; texts as a number each.
    row_bytes: u64,
}

const GROUPINGS: [Grouping; 2] = [
    Grouping {
        title: "By month, condition and insurer: few groups",
        name: "by_month",
        query: "
            SELECT year, month, medical_condition, insurance_provider, count(*) AS bills,
              sum(billing_amount) AS total, avg(billing_amount) AS average,
              min(billing_amount) AS minimum, max(billing_amount) AS maximum,
              avg(stay_days) AS average_stay
            FROM {admissions}
            GROUP BY year, month, medical_condition, insurance_provider",
        keys: &["year", "month", "medical_condition", "insurance_provider"],
        columns: &[
            ("year", "INTEGER"),
            ("month", "INTEGER"),
            ("medical_condition", "VARCHAR"),
            ("insurance_provider", "VARCHAR"),
            ("bills", "BIGINT"),
            ("total", "DOUBLE"),
            ("average", "DOUBLE"),
            ("minimum", "DOUBLE"),
            ("maximum", "DOUBLE"),
            ("average_stay", "DOUBLE"),
        ],
        row_bytes: 8 + 4 + 4 + 4 + 4,
    },
    Grouping {
        title: "By month, condition and hospital: nearly as many groups as rows",
        name: "by_hospital",
        // Groups as of the hospital pipeline, reduced again, so that no one has to print millions of them.
        query: "
            SELECT medical_condition, count(*) AS groups, sum(bills) AS bills,
              sum(average) AS averages, min(minimum) AS minimum, max(maximum) AS maximum
            FROM (
              SELECT year, month, medical_condition, hospital, count(*) AS bills,
                avg(billing_amount) AS average, min(billing_amount) AS minimum,
                max(billing_amount) AS maximum
              FROM {admissions}
              GROUP BY year, month, medical_condition, hospital
            ) AS hospitals
            GROUP BY medical_condition",
        keys: &["medical_condition"],
        columns: &[
            ("medical_condition", "VARCHAR"),
            ("groups", "BIGINT"),
            ("bills", "BIGINT"),
            ("averages", "DOUBLE"),
            ("minimum", "DOUBLE"),
            ("maximum", "DOUBLE"),
        ],
        row_bytes: 8 + 4 + 16,
    },
];

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let warehouse = hospital::warehouse(workshop, rows, "")?;
    let contest = |grouping| contest(workshop, &warehouse, rows, grouping);
    Ok(GROUPINGS.iter().map(contest).collect())
}

fn contest(workshop: &Workshop, warehouse: &Path, rows: u64, grouping: &Grouping) -> Contest {
    let ours = our_query(grouping.query);
    let owned = warehouse.to_owned();
    let ours = workshop
        .tidemill
        .contestant(move |tidemill, folder, _| tidemill.script(folder, &owned, &ours));
    let folder = warehouse.join("raw/admissions");
    let task = json!({
        "folder": folder,
        "input": folder.join(hospital::PARTS),
        "query": grouping.query,
        "grouping": grouping.name,
    });
    let check = json!({
        "kind": "groups",
        "keys": grouping.keys,
        "columns": columns(grouping),
        "tolerance": TOLERANCE,
        "proof": "maximum",
    });
    let mut contest = Contest {
        title: grouping.title.to_owned(),
        timed: "the query, from Parquet files to rows in memory (Tidemill: printed); Spark's JVM has run it once before"
            .to_owned(),
        contestants: vec![ours],
        absent: Vec::new(),
        check: checked_by(&workshop.peers, check, result),
        volume: None,
        limits: vec![limits::copying(
            "copying the decoded columns in memory",
            rows * grouping.row_bytes,
            workshop.threads,
        )],
    };
    let peers = [
        (Name::DuckDb, "aggregate_duckdb.py"),
        (Name::Polars, "aggregate_polars.py"),
        (Name::Spark, "aggregate_spark.py"),
    ];
    for (name, script) in peers {
        contest.join(name, workshop.peers.driver(name, script, task.clone()));
    }
    contest
}

fn our_query(query: &str) -> String {
    let stay = "discharge_date - date_of_admission AS stay_days";
    query.replace(
        SOURCE,
        &format!("(SELECT *, {stay} FROM raw.admissions) AS admissions"),
    )
}

fn columns(grouping: &Grouping) -> Value {
    grouping
        .columns
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), json!(kind)))
        .collect()
}

fn result(ran: &Ran) -> Result<Value> {
    match ran.name {
        Name::Tidemill => printed(ran),
        _ => Ok(one_file(ran)),
    }
}
