//! `land`: a CSV file into Parquet, in folders per year and month of a date.

use std::path::Path;

use serde_json::{Value, json};

use super::Suite;
use super::hospital::{self, Types};
use crate::contest::{Contest, Limit, LimitSource, Ran};
use crate::equality::checked_by;
use crate::error::Result;
use crate::limits;
use crate::name::Name;
use crate::peers::OUTPUT;
use crate::report::megabytes;
use crate::volume;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "land",
    rows: Some(5_000_000),
    runs: 5,
    contests,
};

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let file = hospital::file(workshop, rows)?;
    let mut given = contest(workshop, &file, Types::Given)?;
    let task = json!({ "input": file, "types": Types::Given.name() });
    for (name, script) in [
        (Name::Polars, "land_polars.py"),
        (Name::Spark, "land_spark.py"),
    ] {
        given.join(name, workshop.peers.driver(name, script, task.clone()));
    }
    let parts = [
        ("parsing without writing (DuckDB)", "parse_duckdb.py"),
        ("writing without parsing (DuckDB)", "write_duckdb.py"),
    ];
    let with_duckdb = workshop.takes_part(Name::DuckDb);
    for (name, script) in parts.into_iter().filter(|_| with_duckdb) {
        let part = workshop.peers.driver(Name::DuckDb, script, task.clone());
        given.limits.extend(part.ok().map(|contestant| Limit {
            name: name.to_owned(),
            source: LimitSource::Process(contestant),
        }));
    }
    given
        .limits
        .push(limits::reading(file.clone(), workshop.threads));
    let written = workshop.folder.join("runs/limits");
    given.limits.push(limits::writing(written));
    Ok(vec![given, contest(workshop, &file, Types::Inferred)?])
}

/// Tidemill and DuckDB land the file; how far each knows its types beforehand is the same.
fn contest(workshop: &Workshop, file: &Path, types: Types) -> Result<Contest> {
    let statement = hospital::landing(file, types);
    let ours = workshop.tidemill.contestant(move |tidemill, folder, _| {
        tidemill.script(folder, &folder.join(OUTPUT), &statement)
    });
    let check = json!({ "kind": "rows", "proof": "billing_amount" });
    let size = megabytes(volume::of_file(file)?);
    let mut contest = Contest {
        title: match types {
            Types::Given => format!("A CSV file of {size} to Parquet by month, its types given"),
            Types::Inferred => {
                format!("A CSV file of {size} to Parquet by month, its types found in all of it")
            }
        },
        timed: "COPY INTO a new table, zstd level 1".to_owned(),
        contestants: vec![ours],
        absent: Vec::new(),
        check: checked_by(&workshop.peers, check, landed),
        volume: Some(Box::new(|ran| {
            volume::of_folder(&ran.folder.join(OUTPUT), ".parquet")
        })),
        limits: Vec::new(),
    };
    let task = json!({ "input": file, "types": types.name() });
    let duckdb = workshop.peers.driver(Name::DuckDb, "land_duckdb.py", task);
    contest.join(Name::DuckDb, duckdb);
    Ok(contest)
}

fn landed(ran: &Ran) -> Result<Value> {
    let (folder, parts) = match ran.name {
        Name::Tidemill => ("output/raw/admissions", hospital::PARTS),
        _ => (OUTPUT, "**/*.parquet"),
    };
    Ok(json!({ "files": ran.folder.join(folder).join(parts) }))
}
