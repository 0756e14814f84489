//! `kmeans`: clusters four features of the admissions; all begin with the same centroids and take the
//! same number of steps.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{Suite, hospital};
use crate::clock::Clock;
use crate::contest::{Contest, Contestant, Pass, Ran};
use crate::equality::{checked_by, one_file};
use crate::error::{Error, Result};
use crate::limits;
use crate::linfa;
use crate::measure::measure;
use crate::name::Name;
use crate::peers::{OUTPUT, Peers, java};
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "kmeans",
    rows: Some(5_000_000),
    runs: 5,
    contests,
};

const K: usize = 9;
const ITERATIONS: usize = 20;
const FEATURES: [&str; 4] = ["age", "billing_amount", "room_number", "stay_days"];
/// Of the inertia, relative.
const TOLERANCE: f64 = 1e-9;
/// Of the rows: those that lie between two centroids to the last digit.
const SHARE: f64 = 1e-6;

/// linfa counts the old centroid as one more row of its cluster, so it never gets there quite.
const LINFA_TOLERANCE: f64 = 1e-6;
const LINFA_SHARE: f64 = 1e-4;

const PREPARATION: &str = "
    CREATE TABLE curated.features AS
    SELECT CAST(age AS DOUBLE) AS age, billing_amount, CAST(room_number AS DOUBLE) AS room_number,
      CAST(discharge_date - date_of_admission AS DOUBLE) AS stay_days
    FROM raw.admissions";

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let warehouse = hospital::warehouse(workshop, rows, PREPARATION)?;
    let mut task = json!({
        "folder": warehouse.join("curated/features"),
        "features": FEATURES,
        "k": K,
        "iterations": ITERATIONS,
    });
    let start = start(workshop, &task)?;
    task["centroids"] = json!(start);
    let check = json!({
        "kind": "clusters",
        "features": FEATURES,
        "rank_by": "billing_amount",
        "tolerance": TOLERANCE,
        "share": SHARE,
    });
    let numbers = flattened(workshop, &task)?;
    let mut contest = Contest {
        title: format!("k = {K}, {} features, {ITERATIONS} iterations", FEATURES.len()),
        timed: "from Parquet files with nothing but the features (linfa: from a flat file of numbers) to the cluster \
                of every row; unscaled, tolerance 0, the same first centroids"
            .to_owned(),
        contestants: vec![ours(workshop, warehouse.clone(), &start)],
        absent: Vec::new(),
        check: checked_by(&workshop.peers, check, result(&workshop.peers, &warehouse, &numbers)),
        volume: None,
        limits: vec![limits::copying(
            "copying the features in memory once per iteration",
            rows * (FEATURES.len() * size_of::<f64>() * ITERATIONS) as u64,
            workshop.threads,
        )],
    };
    let peers = [
        (Name::ScikitLearn, "kmeans_scikit_learn.py", "lloyd"),
        (Name::ScikitLearnElkan, "kmeans_scikit_learn.py", "elkan"),
        (Name::Spark, "kmeans_spark.py", "lloyd"),
    ];
    for (name, script, algorithm) in peers {
        let mut task = task.clone();
        task["algorithm"] = json!(algorithm);
        contest.join(name, workshop.peers.driver(name, script, task));
    }
    contest
        .contestants
        .push(linfa_contestant(workshop, &numbers, start)?);
    Ok(vec![contest])
}

/// The first centroids. Spark takes none from outside: where it takes part, all begin with its own.
fn start(workshop: &Workshop, task: &Value) -> Result<Vec<Vec<f64>>> {
    let path = workshop.folder.join("kmeans-start.json");
    let mut task = task.clone();
    task["output"] = json!(path);
    let by_spark = workshop.takes_part(Name::Spark) && java().is_ok();
    let script = match by_spark {
        true => {
            task["start"] = json!(true);
            task["keep"] = json!(true);
            task["iterations"] = json!(0);
            task["spill"] = json!(workshop.folder.join("runs/spill"));
            "kmeans_spark.py"
        }
        false => {
            task["what"] = json!("start");
            "kmeans_flat.py"
        }
    };
    run_helper(&workshop.peers, script, task)?;
    let text = std::fs::read_to_string(&path).map_err(|error| Error::file("read", &path, error))?;
    let centroids: Vec<Vec<f64>> =
        serde_json::from_str(&text).map_err(|error| Error::file("read", &path, error))?;
    match centroids.len() {
        K => Ok(centroids),
        found => Err(Error::new(format!(
            "{found} different centroids to begin with, not {K}"
        ))
        .hint("take more --rows")),
    }
}

/// The features as a flat file of numbers, row by row.
fn flattened(workshop: &Workshop, task: &Value) -> Result<PathBuf> {
    let path = workshop.folder.join("features.f64");
    let mut task = task.clone();
    task["what"] = json!("flatten");
    task["output"] = json!(path);
    run_helper(&workshop.peers, "kmeans_flat.py", task)?;
    Ok(path)
}

fn run_helper(peers: &Peers, script: &str, task: Value) -> Result<()> {
    let absent = |reason| Error::new(reason).hint("this suite needs Python 3 with venv");
    let mut command = peers.helper(script, task).map_err(absent)?;
    measure(&mut command).map(drop)
}

fn ours(workshop: &Workshop, warehouse: PathBuf, start: &[Vec<f64>]) -> Contestant {
    let start = json!(start);
    let features = FEATURES.map(|name| format!("'{name}'")).join(", ");
    let relation = format!(
        "kmeans((SELECT * FROM curated.features), k => {K}, features => [{features}], init => {start}, \
         max_iterations => {ITERATIONS}, tolerance => 0, scale => 'none', n_runs => 1)"
    );
    let summary = "cluster, count(*) AS rows, sum(distance * distance) AS inertia";
    workshop
        .tidemill
        .contestant(move |tidemill, folder, pass| match pass {
            Pass::Timed => {
                let query = format!("SELECT {summary} FROM {relation} GROUP BY cluster");
                tidemill.script(folder, &warehouse, &query)
            }
            // The rows themselves, for the check; the table must be new.
            Pass::Checked => {
                let create =
                    format!("CREATE OR REPLACE TABLE curated.clusters AS SELECT * FROM {relation}");
                tidemill.script(folder, &warehouse, &create)
            }
        })
}

fn linfa_contestant(
    workshop: &Workshop,
    numbers: &Path,
    centroids: Vec<Vec<f64>>,
) -> Result<Contestant> {
    let program = std::env::current_exe().map_err(|error| Error::new(error.to_string()))?;
    let threads = workshop.threads.to_string();
    let task = linfa::Task {
        numbers: numbers.to_owned(),
        centroids,
        iterations: ITERATIONS as u64,
        output: None,
    };
    Ok(Contestant {
        name: Name::Linfa,
        clock: Clock::Driver,
        command: Box::new(move |folder, pass| {
            let task = linfa::Task {
                output: (pass == Pass::Checked).then(|| folder.to_owned()),
                ..task.clone()
            };
            let mut command = Command::new(&program);
            command.args(["linfa", &json!(task).to_string()]);
            command.env("RAYON_NUM_THREADS", &threads);
            Ok(command)
        }),
    })
}

/// Where the rows of a contestant are with their clusters.
fn result(
    peers: &Peers,
    warehouse: &Path,
    numbers: &Path,
) -> impl Fn(&Ran) -> Result<Value> + 'static {
    let (peers, numbers) = (peers.clone(), numbers.to_owned());
    let ours = warehouse.join("curated/clusters").join(hospital::PARTS);
    move |ran| match ran.name {
        Name::Tidemill => Ok(json!({ "files": ours })),
        Name::Linfa => {
            let task = json!({
                "what": "raise",
                "features": FEATURES,
                "numbers": numbers,
                "clusters": ran.folder.join("clusters.u32"),
                "centroids": ran.folder.join("centroids.f64"),
                "output": ran.folder.join(OUTPUT),
            });
            run_helper(&peers, "kmeans_flat.py", task)?;
            let mut result = one_file(ran);
            result["tolerance"] = json!(LINFA_TOLERANCE);
            result["share"] = json!(LINFA_SHARE);
            Ok(result)
        }
        _ => Ok(one_file(ran)),
    }
}
