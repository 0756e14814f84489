//! `EXPLAIN COPY INTO` a table of a database: what would become of each column, and the statements
//! that would run. Nothing moves: the query is planned and not run, the database only looked at.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};

use super::column_type::ColumnType;
use super::columns::Columns;
use super::deliver::{checked_export, query_of};
use super::dialect::Dialect;
use super::export::{Export, Mode};
use super::follow::find_rows;
use super::plan::{Passage, PlannedColumn};
use super::remote_expression::{in_postgres, in_sqlite};
use super::target::Target;
use super::type_table::loss_of_arrow;
use super::{Connection, postgres, sqlite};
use crate::session::Session;
use crate::sql::{CopyInto, OnNul};
use crate::values::sql_name;
use crate::{Error, Result};

/// One row of the explanation.
#[derive(Debug, Default)]
struct Line {
    item: &'static str,
    value: String,
    source: Option<String>,
    target: Option<String>,
    loss: Option<String>,
}

impl Line {
    fn new(item: &'static str, value: impl Into<String>) -> Self {
        Line {
            item,
            value: value.into(),
            ..Line::default()
        }
    }
}

/// Says for each column its type here, its type there and what may be lost, then mode, key and the
/// statements.
///
/// # Errors
/// What would stop the export before its first row: a connection for reading only, columns that do not fit, a missing key, rights.
pub async fn explain_export(
    session: &Session,
    copy: &CopyInto,
    connection: &Connection,
    schema: String,
    table: String,
) -> Result<RecordBatch> {
    let writable = connection.check_writable();
    writable.map_err(|error| copy.target.locate(error))?;
    let mut export = checked_export(&copy.options, schema, table)?;
    let (query, _) = query_of(copy)?;
    // The types of the plan are not final before it is optimised; its rows are never asked for.
    let given = session.begin().query(query).await?.schema();
    let columns = Columns::of(&given)?;
    export.check(&columns)?;
    let target = connection.plan(&export, &columns).await?;
    let mut lines = column_lines(&given, &columns, &export, &target);
    lines.extend(mode_lines(&export, &target));
    let delivery = find_rows(session, copy, connection, &export).await?;
    export.followed = delivery.followed;
    lines.extend(delivery.note.map(|note| Line::new("note", note)));
    let statements = statements(&export, &target)?;
    lines.extend(statements.into_iter().map(|sql| Line::new("sql", sql)));
    to_batch(&lines)
}

fn column_lines(given: &Schema, columns: &Columns, export: &Export, target: &Target) -> Vec<Line> {
    let matched = &target.matched;
    let fields = given.fields().iter().zip(columns.list()).enumerate();
    fields
        .map(|(place, (field, column))| {
            let line = Line {
                source: Some(sql_name(field.data_type())),
                ..Line::new("column", &column.name)
            };
            match matched.places.iter().position(|kept| *kept == place) {
                Some(at) => {
                    let planned = &matched.planned[at];
                    Line {
                        target: Some(planned.target.clone()),
                        loss: loss(field.data_type(), planned, export.nul, target.dialect),
                        ..line
                    }
                }
                None => Line {
                    loss: Some("all of it: the table does not have it".to_owned()),
                    ..line
                },
            }
        })
        .collect()
}

fn loss(arrow: &DataType, planned: &PlannedColumn, nul: OnNul, dialect: Dialect) -> Option<String> {
    let passage = match planned.passage {
        Passage::Same => None,
        Passage::Exact => Some("other values than the column holds exactly refused"),
        Passage::Finite => {
            Some("NaN, infinity and other values than the column holds exactly refused")
        }
        Passage::Read => Some("kept as the database reads it, or refused"),
    };
    let kind = match (planned.kind, nul) {
        _ if planned.passage == Passage::Finite => None,
        (ColumnType::Text, OnNul::Strip) => Some("the character NUL taken out"),
        (kind, _) => kind.loss(dialect),
    };
    let losses: Vec<_> = [loss_of_arrow(arrow), kind, passage]
        .into_iter()
        .flatten()
        .collect();
    Some(match losses.is_empty() {
        true => "-".to_owned(),
        false => losses.join("; "),
    })
}

fn mode_lines(export: &Export, target: &Target) -> Vec<Line> {
    let mut lines = vec![
        Line::new(
            "target",
            if target.exists {
                "is there"
            } else {
                "is created"
            },
        ),
        Line::new("mode", export.mode.name()),
    ];
    let list = |names: &[String]| format!("({})", names.join(", "));
    if !target.key.is_empty() {
        lines.push(Line::new("key", list(&target.key)));
    }
    let notes = target.matched.notes().into_iter();
    lines.extend(notes.map(|note| Line::new("note", note)));
    let wishes = &export.finish;
    let indexes = wishes.indexes.iter();
    lines.extend(indexes.map(|columns| Line::new("index", list(columns))));
    let grants = wishes.grants.iter();
    lines.extend(grants.map(|grant| Line::new("grant", grant.to_string())));
    lines.extend(wishes.owner.iter().map(|role| Line::new("owner", role)));
    lines
}

/// The statements that write, in their order; checks and the ledger left out.
fn statements(export: &Export, target: &Target) -> Result<Vec<String>> {
    let statements = target.statements();
    let mut sql = vec![target.dialect.begin().to_owned()];
    if !target.exists {
        sql.push(statements.create_target(&target.key()));
    }
    sql.extend(
        target
            .matched
            .added
            .iter()
            .map(|new| statements.add_column(new)),
    );
    if target.takes_straight(export) {
        sql.extend([statements.fill_target(), "COMMIT".to_owned()]);
        return Ok(sql);
    }
    sql.push(statements.create_staging());
    sql.push(statements.fill_staging());
    match &export.mode {
        Mode::Append | Mode::Insert { .. } | Mode::Create => sql.push(statements.append()),
        Mode::Replace => sql.extend([statements.clear(), statements.append()]),
        Mode::ReplaceWhere { condition } => {
            let condition = match target.dialect {
                Dialect::Postgres => in_postgres(condition),
                Dialect::Sqlite => in_sqlite(condition)?,
            };
            sql.extend([statements.clear_where(&condition), statements.append()]);
        }
        Mode::Merge { .. } => sql.push(statements.merge(&target.key())),
    }
    sql.push("COMMIT".to_owned());
    Ok(sql)
}

impl Connection {
    /// Plans an export; changes nothing, and creates no SQLite file.
    async fn plan(&self, export: &Export, columns: &Columns) -> Result<Target> {
        match self.url() {
            super::ConnectionUrl::Sqlite(url) => sqlite::plan(url, export, columns).await,
            super::ConnectionUrl::Postgres(url) => postgres::plan(url, export, columns).await,
        }
    }
}

fn to_batch(lines: &[Line]) -> Result<RecordBatch> {
    let text = |value: fn(&Line) -> Option<&str>| {
        Arc::new(lines.iter().map(value).collect::<StringArray>()) as ArrayRef
    };
    RecordBatch::try_from_iter_with_nullable([
        ("item", text(|line| Some(line.item)), false),
        ("value", text(|line| Some(&line.value)), false),
        ("source_type", text(|line| line.source.as_deref()), true),
        ("target_type", text(|line| line.target.as_deref()), true),
        ("loss", text(|line| line.loss.as_deref()), true),
    ])
    .map_err(Error::from)
}
