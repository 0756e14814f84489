//! `kmeans-groups`: a model for each of many small groups.

use serde_json::json;

use super::{Suite, hospital};
use crate::contest::{Contest, Ran};
use crate::equality::{checked_by, one_file, printed};
use crate::error::Result;
use crate::name::Name;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "kmeans-groups",
    rows: Some(5_000_000),
    runs: 3,
    contests,
};

const GROUP_ROWS: u64 = 500;
const ITERATIONS: usize = 300;
const FEATURES: [&str; 4] = ["age", "billing_amount", "room_number", "stay_days"];
/// Of the inertia of each group, relative.
const TOLERANCE: f64 = 1e-9;

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let groups = (rows / GROUP_ROWS).max(1);
    let preparation = format!(
        "CREATE TABLE curated.parts AS
         SELECT (row_number() OVER () - 1) % {groups} AS part, CAST(age AS DOUBLE) AS age, billing_amount,
           CAST(room_number AS DOUBLE) AS room_number,
           CAST(discharge_date - date_of_admission AS DOUBLE) AS stay_days
         FROM raw.admissions"
    );
    let warehouse = hospital::warehouse(workshop, rows, &preparation)?;
    let centroids = [
        [30.0, 8000.0, 200.0, 5.0],
        [50.0, 25000.0, 300.0, 15.0],
        [70.0, 42000.0, 400.0, 25.0],
    ];
    let task = json!({
        "folder": warehouse.join("curated/parts"),
        "features": FEATURES,
        "centroids": centroids,
        "iterations": ITERATIONS,
    });
    let features = FEATURES.map(|name| format!("'{name}'")).join(", ");
    let query = format!(
        "SELECT part, count(*) AS rows, sum(distance * distance) AS inertia
         FROM kmeans('curated.parts', k => {}, features => [{features}], partition_by => ['part'], init => {},
           max_iterations => {ITERATIONS}, tolerance => 0, scale => 'none')
         GROUP BY part",
        centroids.len(),
        json!(centroids)
    );
    let ours = workshop
        .tidemill
        .contestant(move |tidemill, folder, _pass| tidemill.script(folder, &warehouse, &query));
    let check = json!({
        "kind": "groups",
        "keys": ["part"],
        "proof": "inertia",
        "columns": { "part": "BIGINT", "rows": "BIGINT", "inertia": "DOUBLE" },
        "tolerance": TOLERANCE,
    });
    let result = |ran: &Ran| match ran.name {
        Name::Tidemill => printed(ran),
        _ => Ok(one_file(ran)),
    };
    let mut contest = Contest {
        title: format!(
            "{groups} groups of {GROUP_ROWS} rows, k = {}, {} features",
            centroids.len(),
            FEATURES.len()
        ),
        timed: "from Parquet files to rows and inertia of each group; unscaled, tolerance 0, the same first \
                centroids in each group"
            .to_owned(),
        contestants: vec![ours],
        absent: Vec::new(),
        check: checked_by(&workshop.peers, check, result),
        volume: None,
        limits: Vec::new(),
    };
    let name = Name::ScikitLearn;
    let driver = workshop
        .peers
        .driver(name, "kmeans_groups_scikit_learn.py", task);
    contest.join(name, driver);
    Ok(vec![contest])
}
