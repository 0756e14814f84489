//! Whether results are equal: `peers/check.py` reads them all with one reader and compares.

use serde_json::{Value, json};

use crate::contest::{Check, Ran};
use crate::error::{Error, Result};
use crate::measure::measure;
use crate::peers::{OUTPUT, Peers};

/// A check over what the contestants left. `task` is its kind and what that needs; `result` tells
/// the files of one contestant.
pub fn checked_by(
    peers: &Peers,
    task: Value,
    result: impl Fn(&Ran) -> Result<Value> + 'static,
) -> Check {
    let peers = peers.clone();
    Box::new(move |all| {
        let mut task = task.clone();
        let results = all.iter().map(|ran| Ok(named(ran, result(ran)?)));
        task["results"] = results.collect::<Result<_>>()?;
        let command = peers.helper("check.py", task);
        let mut command = command.map_err(|reason| {
            Error::new(format!("results cannot be compared: {reason}"))
                .hint("install Python 3 with venv")
        })?;
        Ok(measure(&mut command)?.stdout.trim().to_owned())
    })
}

/// The result of a contestant that wrote one Parquet file.
pub fn one_file(ran: &Ran) -> Value {
    json!({ "files": ran.folder.join(OUTPUT) })
}

/// The result of a contestant that printed CSV.
///
/// # Errors
/// A disk that is full.
pub fn printed(ran: &Ran) -> Result<Value> {
    let path = ran.folder.join("printed.csv");
    std::fs::write(&path, &ran.stdout).map_err(|error| Error::file("write", &path, error))?;
    Ok(json!({ "files": path }))
}

fn named(ran: &Ran, mut result: Value) -> Value {
    result["name"] = json!(ran.name.to_string());
    result
}
