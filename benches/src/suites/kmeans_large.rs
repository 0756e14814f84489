//! `kmeans-large`: more rows than others like to cluster in one machine, and the prediction of as many.

use serde_json::json;

use super::{Suite, hospital};
use crate::contest::Contest;
use crate::equality::{checked_by, printed};
use crate::error::Result;
use crate::limits;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "kmeans-large",
    rows: Some(25_000_000),
    runs: 2,
    contests,
};

const K: usize = 16;
const ITERATIONS: usize = 20;
/// What does not fit goes to disk meanwhile.
const MEMORY: &str = "4GB";
const FEATURES: [&str; 8] = [
    "age",
    "billing_amount",
    "room_number",
    "stay_days",
    "discharge_month",
    "admission_day",
    "cost_per_day",
    "name_length",
];

const PREPARATION: &str = "
    CREATE TABLE curated.features AS
    SELECT CAST(age AS DOUBLE) AS age, billing_amount, CAST(room_number AS DOUBLE) AS room_number,
      CAST(discharge_date - date_of_admission AS DOUBLE) AS stay_days,
      CAST(date_part('month', discharge_date) AS DOUBLE) AS discharge_month,
      CAST(date_part('doy', date_of_admission) AS DOUBLE) AS admission_day,
      billing_amount / (1 + (discharge_date - date_of_admission)) AS cost_per_day,
      CAST(length(hospital) AS DOUBLE) AS name_length
    FROM raw.admissions";

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let warehouse = hospital::warehouse(workshop, rows, PREPARATION)?;
    let features = FEATURES.map(|name| format!("'{name}'")).join(", ");
    let train = format!(
        "SELECT count(*) AS rows FROM kmeans('curated.features', k => {K}, features => [{features}], \
         max_iterations => {ITERATIONS}, tolerance => 0, n_runs => 1, model => 'large')"
    );
    workshop.tidemill.prepare(&warehouse, &train)?;
    let cluster = format!(
        "SET memory_limit = '{MEMORY}'; SELECT cluster, count(*) AS rows, sum(distance * distance) AS inertia \
         FROM kmeans('curated.features', k => {K}, features => [{features}], \
           max_iterations => {ITERATIONS}, tolerance => 0, n_runs => 1) GROUP BY cluster"
    );
    let predict = "SELECT cluster, count(*) AS rows, sum(distance * distance) AS inertia \
                   FROM kmeans_predict('large', 'curated.features') GROUP BY cluster"
        .to_owned();
    let bytes = rows * (FEATURES.len() * size_of::<f64>()) as u64;
    let contest = |title: String, timed: &str, query: String, passes: usize| {
        let warehouse = warehouse.clone();
        let check = json!({
            "kind": "groups",
            "keys": ["cluster"],
            "proof": "inertia",
            "columns": { "cluster": "BIGINT", "rows": "BIGINT", "inertia": "DOUBLE" },
            "tolerance": 1e-9,
        });
        Contest {
            title,
            timed: timed.to_owned(),
            contestants: vec![
                workshop
                    .tidemill
                    .contestant(move |tidemill, folder, _pass| {
                        tidemill.script(folder, &warehouse, &query)
                    }),
            ],
            absent: Vec::new(),
            check: checked_by(&workshop.peers, check, printed),
            volume: None,
            limits: vec![limits::copying(
                "copying the features in memory once per pass",
                bytes * passes as u64,
                workshop.threads,
            )],
        }
    };
    Ok(vec![
        contest(
            format!(
                "k = {K}, {} features, {ITERATIONS} iterations",
                FEATURES.len()
            ),
            "from Parquet files to rows and inertia of each cluster, in 4 GB; scaled, seeded by k-means++",
            cluster,
            ITERATIONS,
        ),
        contest(
            format!("prediction, k = {K}, {} features", FEATURES.len()),
            "from Parquet files to rows and inertia of each cluster, by a model that was kept",
            predict,
            1,
        ),
    ])
}
