//! `land`: a CSV file into Parquet, in folders per year and month of a date.

use serde_json::{Value, json};

use super::{Suite, hospital};
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
    let statement = hospital::landing(&file);
    let ours = workshop.tidemill.contestant(move |tidemill, folder, _| {
        tidemill.script(folder, &folder.join(OUTPUT), &statement)
    });
    let check = json!({ "kind": "rows", "proof": "billing_amount" });
    let task = json!({ "input": file });
    let mut contest = Contest {
        title: format!(
            "A CSV file of {} to Parquet by month",
            megabytes(volume::of_file(&file)?)
        ),
        timed:
            "COPY INTO a new table, zstd level 1; peers are given the types that Tidemill infers"
                .to_owned(),
        contestants: vec![ours],
        absent: Vec::new(),
        check: checked_by(&workshop.peers, check, landed),
        volume: Some(Box::new(|ran| {
            volume::of_folder(&ran.folder.join(OUTPUT), ".parquet")
        })),
        limits: Vec::new(),
    };
    let peers = [
        (Name::DuckDb, "land_duckdb.py"),
        (Name::Polars, "land_polars.py"),
        (Name::Spark, "land_spark.py"),
    ];
    for (name, script) in peers {
        contest.join(name, workshop.peers.driver(name, script, task.clone()));
    }
    let parse = workshop.peers.driver(Name::DuckDb, "parse_duckdb.py", task);
    contest.limits.extend(parse.ok().map(|contestant| Limit {
        name: "parsing without writing (DuckDB)".to_owned(),
        source: LimitSource::Process(contestant),
    }));
    contest.limits.push(limits::reading(file, workshop.threads));
    contest
        .limits
        .push(limits::writing(workshop.folder.join("runs/limits")));
    Ok(vec![contest])
}

fn landed(ran: &Ran) -> Result<Value> {
    let (folder, parts) = match ran.name {
        Name::Tidemill => ("output/raw/admissions", hospital::PARTS),
        _ => (OUTPUT, "**/*.parquet"),
    };
    Ok(json!({ "files": ran.folder.join(folder).join(parts) }))
}
