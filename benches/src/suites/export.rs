//! `export`: a table of the warehouse into a new table of Postgres.

use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use serde_json::json;

use super::{Suite, hospital};
use crate::clock::Clock;
use crate::contest::{Contest, Contestant, Limit, LimitSource, Ran, Volume};
use crate::error::{Error, Result};
use crate::measure::measure;
use crate::name::Name;
use crate::peers::{Absence, on_path};
use crate::postgres::{Database, URL_VARIABLE};
use crate::report::grouped;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "export",
    rows: Some(2_000_000),
    runs: 5,
    contests,
};

/// Two texts, a date, an integer, a double, a decimal and a timestamp.
const PREPARATION: &str = "
    CREATE TABLE curated.bills AS
    SELECT hospital, medical_condition, discharge_date, room_number, billing_amount,
      CAST(round(billing_amount, 2) AS DECIMAL(12,2)) AS amount,
      CAST(discharge_date AS TIMESTAMP) + CAST(room_number || ' seconds' AS INTERVAL) AS billed_at
    FROM raw.admissions";
const SHOWN_ROWS: usize = 5;

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let database = Rc::new(Database::create()?);
    let warehouse = hospital::warehouse(workshop, rows, PREPARATION)?;
    let task = json!({ "folder": warehouse.join("curated/bills"), "table": table(Name::Adbc) });
    let adbc = workshop.peers.driver(Name::Adbc, "export_adbc.py", task);
    let (checked, weighed) = (Rc::clone(&database), Rc::clone(&database));
    let mut contest = Contest {
        title: "2 texts, a date, a bigint, a double, a decimal and a timestamp to Postgres".to_owned(),
        timed: "from Parquet files to the committed rows of a new table, over TCP without TLS, on a server without fsync"
            .to_owned(),
        contestants: vec![ours(workshop, warehouse, &database)],
        absent: Vec::new(),
        check: Box::new(move |all| check(&checked, all)),
        volume: Some(Box::new(move |ran| volume(&weighed, ran.name))),
        limits: Vec::new(),
    };
    contest.join(Name::Adbc, adbc.map(|adbc| into_new_table(adbc, &database)));
    match ready_file(workshop, &database) {
        Ok(limit) => contest.limits.push(limit),
        Err(reason) => contest.absent.push((Name::Psql, reason)),
    }
    Ok(vec![contest])
}

fn table(name: Name) -> String {
    format!("bills_{}", name.key())
}

fn ours(workshop: &Workshop, warehouse: PathBuf, database: &Rc<Database>) -> Contestant {
    let tidemill = workshop.tidemill.clone();
    let table = table(Name::Tidemill);
    let database = Rc::clone(database);
    Contestant {
        name: Name::Tidemill,
        clock: Clock::Tidemill,
        command: Box::new(move |folder, _| {
            // With its table gone, the ledger must not know the batch either.
            database.run(&format!("DROP TABLE IF EXISTS {table}, tidemill_exports"))?;
            let path = folder.join("tidemill.toml");
            let configuration = format!("[connections.serving]\nurl = \"${{{URL_VARIABLE}}}\"\n");
            std::fs::write(&path, configuration)
                .map_err(|error| Error::file("write", &path, error))?;
            let copy = format!("COPY INTO serving.public.{table} FROM curated.bills");
            let mut command = tidemill.script(folder, &warehouse, &copy);
            database.for_tidemill(&mut command);
            Ok(command)
        }),
    }
}

fn into_new_table(contestant: Contestant, database: &Rc<Database>) -> Contestant {
    let database = Rc::clone(database);
    let start = contestant.command;
    Contestant {
        command: Box::new(move |folder, pass| {
            database.run(&format!("DROP TABLE IF EXISTS {}", table(contestant.name)))?;
            let mut command = start(folder, pass)?;
            database.for_libpq(&mut command);
            Ok(command)
        }),
        ..contestant
    }
}

/// The limit: rows that are encoded already, sent by the shell of Postgres.
fn ready_file(workshop: &Workshop, database: &Rc<Database>) -> Result<Limit, Absence> {
    let psql = on_path("psql")?;
    let file = workshop.folder.join("bills.binary");
    let database = Rc::clone(database);
    let (ours, theirs) = (table(Name::Tidemill), table(Name::Psql));
    Ok(Limit {
        name: "\\copy of a ready binary file (psql)".to_owned(),
        source: LimitSource::Process(Contestant {
            name: Name::Psql,
            clock: Clock::Psql,
            command: Box::new(move |folder, _| {
                database.run(&format!(
                    "DROP TABLE IF EXISTS {theirs}; CREATE TABLE {theirs} (LIKE {ours})"
                ))?;
                let copy = |direction: &str| {
                    let mut command = Command::new(&psql);
                    command.current_dir(folder).args([
                        "-X",
                        "-v",
                        "ON_ERROR_STOP=1",
                        "-c",
                        "\\timing on",
                        "-c",
                    ]);
                    command.arg(format!(
                        "\\copy {direction} '{}' (format binary)",
                        file.display()
                    ));
                    database.for_libpq(&mut command);
                    command
                };
                measure(&mut copy(&format!("{ours} to")))?;
                Ok(copy(&format!("{theirs} from")))
            }),
        }),
    })
}

fn check(database: &Database, all: &[Ran]) -> Result<String> {
    let Some((first, others)) = all.split_first() else {
        return Err(Error::new("nobody exported anything"));
    };
    let ours = table(first.name);
    for other in others {
        let theirs = table(other.name);
        same_types(database, &ours, &theirs)?;
        same_rows(database, &ours, &theirs)?;
    }
    let (rows, columns) = (count(database, &ours)?, types(database, &ours)?.len());
    Ok(format!(
        "{} rows x {columns} columns in type and value",
        grouped(rows)
    ))
}

fn same_types(database: &Database, ours: &str, theirs: &str) -> Result<()> {
    let (left, right) = (types(database, ours)?, types(database, theirs)?);
    match left == right {
        true => Ok(()),
        false => Err(Error::new(format!(
            "types differ: {ours} {left:?}, {theirs} {right:?}"
        ))),
    }
}

/// Names and types; of a decimal without its precision, which only some declare.
fn types(database: &Database, table: &str) -> Result<Vec<(String, String)>> {
    let rows = database.rows(&format!(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_name = '{table}' ORDER BY 1"
    ))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Equal as multisets, in both directions.
fn same_rows(database: &Database, ours: &str, theirs: &str) -> Result<()> {
    let missing = |left: &str, right: &str| {
        database.rows(&format!(
            "SELECT rows::text FROM (SELECT * FROM {left} EXCEPT ALL SELECT * FROM {right}) AS rows"
        ))
    };
    let mut differences = Vec::new();
    for (sign, left, right) in [("-", ours, theirs), ("+", theirs, ours)] {
        let rows = missing(left, right)?;
        if !rows.is_empty() {
            differences.push(format!("{sign} {} rows of {left}, such as", rows.len()));
        }
        let shown = rows.iter().take(SHOWN_ROWS);
        differences.extend(shown.map(|row| format!("{sign} {}", row.get::<_, String>(0))));
    }
    match differences.is_empty() {
        true => Ok(()),
        false => Err(Error::new(format!(
            "rows differ:\n{}",
            differences.join("\n")
        ))),
    }
}

fn count(database: &Database, table: &str) -> Result<u64> {
    number(database, &format!("SELECT count(*) FROM {table}"))
}

fn volume(database: &Database, name: Name) -> Result<Volume> {
    let bytes = number(
        database,
        &format!("SELECT pg_table_size('{}')", table(name)),
    )?;
    Ok(Volume { bytes, files: None })
}

fn number(database: &Database, query: &str) -> Result<u64> {
    let rows = database.rows(query)?;
    let number = rows.first().map_or(0, |row| row.get::<_, i64>(0));
    u64::try_from(number).map_err(|error| Error::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_other_value_and_one_other_type_are_found() {
        let database = Database::create().unwrap();
        database
            .run(
                "CREATE TABLE ours AS SELECT n AS id, n / 7.0::float8 AS amount FROM generate_series(1, 1000) AS n;
                 CREATE TABLE same AS SELECT * FROM ours ORDER BY amount DESC;
                 CREATE TABLE other AS SELECT id, CASE id WHEN 77 THEN amount + 1e-13 ELSE amount END AS amount FROM ours;
                 CREATE TABLE twice AS SELECT * FROM ours UNION ALL SELECT * FROM ours WHERE id = 5;
                 CREATE TABLE typed AS SELECT id::bigint AS id, amount FROM ours;",
            )
            .unwrap();
        same_rows(&database, "ours", "same").unwrap();
        same_types(&database, "ours", "same").unwrap();
        let other = same_rows(&database, "ours", "other")
            .unwrap_err()
            .to_string();
        assert!(other.contains("- (77,11)\n+ 1 rows of other"), "{other}");
        let twice = same_rows(&database, "ours", "twice")
            .unwrap_err()
            .to_string();
        assert!(
            twice.contains("+ 1 rows of twice, such as\n+ (5,"),
            "{twice}"
        );
        let typed = same_types(&database, "ours", "typed")
            .unwrap_err()
            .to_string();
        assert!(
            typed.contains("\"integer\"") && typed.contains("\"bigint\""),
            "{typed}"
        );
    }
}
