//! Whether a step must run: a hash over everything that its result depends on.
//!
//! It holds the text, the parameters, the state of every table and the text of every view that
//! the step reads (through views down to their tables), the versions of the models that it names, size and time of the files that it lands
//! and of those that it writes, and whether its own results are still there. It is taken after a step has succeeded; the step
//! is skipped for as long as taking it again gives the same. A step that reads a database is never
//! skipped: nobody says when rows change there.

use std::collections::BTreeSet;

use tidemill_udfs::table::NamedModels;

use super::{Pipeline, Step};
use crate::Result;
use crate::landing;
use crate::session::{Session, Target};
use crate::sql::{Name, Parameters, Script, Statement};
use crate::warehouse::{Entry, TableId};

/// The fingerprint of a step as things are now, in hexadecimal.
///
/// # Errors
/// A database that cannot be asked for its table.
pub(super) async fn fingerprint(
    session: &Session,
    pipeline: &Pipeline,
    step: &Step,
) -> Result<String> {
    let mut facts = vec![
        format!("tidemill {}", env!("CARGO_PKG_VERSION")),
        format!("text {}", step.script.text()),
        format!("parameters {:?}", pipeline.parameters),
    ];
    let mut seen = BTreeSet::new();
    for parsed in &step.statements {
        for name in parsed.statement.reads()? {
            facts.push(input(session, &name, &mut seen));
        }
        for paths in parsed.statement.files() {
            facts.push(files(session, &paths));
        }
        facts.extend(models(session, &parsed.statement));
        if let Some(name) = parsed.statement.writes() {
            facts.push(output(session, name).await?);
        }
        if let Some(path) = parsed.statement.writes_to() {
            facts.push(files(session, &[path.to_owned()]));
        }
    }
    Ok(blake3::hash(facts.join("\n").as_bytes())
        .to_hex()
        .to_string())
}

/// The versions of the models that the statement asks, and of those that it has kept.
fn models(session: &Session, statement: &Statement) -> Vec<String> {
    let NamedModels { read, kept } = statement.models();
    let version = |name: &String| match session.warehouse().newest_model(name) {
        Ok(version) => format!("model {name} at {version:?}"),
        Err(_) => format!("model {name}"),
    };
    read.iter().chain(&kept).map(version).collect()
}

fn files(session: &Session, paths: &[String]) -> String {
    format!("files {}", landing::fingerprint(paths, session.folder()))
}

fn input(session: &Session, name: &Name, seen: &mut BTreeSet<TableId>) -> String {
    match session.resolve(name) {
        Ok(Target::Warehouse(id)) => input_of_warehouse(session, &id, seen),
        Ok(Target::Database { .. }) => format!("reads {name} at {}", uuid::Uuid::now_v7()),
        Err(_) => format!("reads {name}"),
    }
}

fn input_of_warehouse(session: &Session, id: &TableId, seen: &mut BTreeSet<TableId>) -> String {
    if !seen.insert(id.clone()) {
        return String::new();
    }
    let warehouse = session.warehouse();
    match warehouse.entry(id) {
        None => format!("reads {id}, which is missing"),
        Some(Entry::Table) => format!("reads {id} at {:?}", warehouse.state(id)),
        Some(Entry::View) => {
            let text = warehouse.read_view(id).unwrap_or_default();
            let parsed = Script::inline(text.as_str()).parse(&Parameters::new());
            let (names, read, models) = match parsed.as_deref() {
                Ok([only]) => (
                    only.statement.reads().unwrap_or_default(),
                    only.statement.files(),
                    models(session, &only.statement),
                ),
                _ => Default::default(),
            };
            // A name without a zone in a view belongs to the view's zone.
            let inputs = names.iter().map(|name| match name.parts() {
                [table] => TableId::new(id.zone, table).map_or_else(
                    |_| name.to_string(),
                    |id| input_of_warehouse(session, &id, seen),
                ),
                _ => input(session, name, seen),
            });
            let inputs: Vec<_> = inputs.collect();
            let files: Vec<_> = read.iter().map(|paths| files(session, paths)).collect();
            format!(
                "reads {id} as {text}\n{}\n{}\n{}",
                inputs.join("\n"),
                files.join("\n"),
                models.join("\n")
            )
        }
    }
}

/// Results are made again when they are gone; what a view says is compared, too.
async fn output(session: &Session, name: &Name) -> Result<String> {
    Ok(match session.resolve(name)? {
        Target::Warehouse(id) => match session.warehouse().entry(&id) {
            None => format!("{id} is missing"),
            Some(Entry::Table) => format!("{id} is a table"),
            Some(Entry::View) => format!("{id} is {}", session.warehouse().read_view(&id)?),
        },
        Target::Database {
            connection,
            schema,
            table,
        } => {
            let exists = connection.table_exists(&schema, &table).await?;
            format!("{connection} {schema}.{table} exists: {exists}")
        }
    })
}
