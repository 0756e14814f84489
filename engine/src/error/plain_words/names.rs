//! Names that stand for nothing, or for two things: columns, tables, functions, settings, types.

use datafusion::common::{Column, Diagnostic, SchemaError};

use super::{Said, quoted, said};
use crate::error::Subject;
use crate::sql::{closest, quote};

/// Keywords that, when misspelt, stand where a column may.
const WORDS_LIKE_COLUMNS: [&str; 4] = ["DISTINCT", "CASE", "FALSE", "NULL"];
/// How many columns a hint lists.
const LISTED: usize = 12;

pub(super) fn schema_error(error: &SchemaError, diagnostic: Option<&Diagnostic>) -> Said {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => unknown_column(field, valid_fields),
        SchemaError::AmbiguousReference { field } => said(format!(
            "column `{}` is ambiguous: several of the tables have one",
            field.name()
        ))
        .hint(match possible_columns(diagnostic) {
            Some(possible) => format!("write {possible}"),
            None => format!("name the table too, such as t.{}", quote(field.name())),
        })
        .about(Subject::word(field.name())),
        SchemaError::DuplicateQualifiedField { qualifier, name } => said(format!(
            "the name `{}` stands for two tables",
            qualifier.table()
        ))
        .hint("give one of them another name with AS")
        .about(Subject::Repeated(qualifier.table().to_owned()))
        .about(Subject::Repeated(name.clone())),
        SchemaError::DuplicateUnqualifiedField { name } => two_columns(name),
    }
}

/// `a.id or b.id`, as the notes of the planner have them.
fn possible_columns(diagnostic: Option<&Diagnostic>) -> Option<String> {
    let notes = diagnostic?.notes.iter();
    let columns: Vec<_> = notes
        .filter_map(|note| note.message.strip_prefix("possible column "))
        .collect();
    (columns.len() > 1).then(|| columns.join(" or "))
}

fn unknown_column(field: &Column, valid: &[Column]) -> Said {
    let table = |column: &Column| column.relation.as_ref().map(|name| name.table().to_owned());
    let same_table: Vec<&Column> = valid
        .iter()
        .filter(|column| field.relation.is_none() || table(column) == table(field))
        .collect();
    if let Some(name) = table(field).filter(|_| same_table.is_empty() && !valid.is_empty()) {
        let tables: Vec<String> = valid.iter().filter_map(table).collect();
        let unknown = said(format!("there is no table `{name}` in this query"))
            .about(Subject::word(name.clone()));
        let near = closest(&name, tables.iter().map(String::as_str)).or(tables
            .first()
            .map(String::as_str)
            .filter(|first| tables.iter().all(|table| table == first)));
        return match near {
            Some(near) => unknown.hint(format!("did you mean `{near}.{}`?", field.name())),
            None => unknown.hint(format!("its tables are {}", listed(tables))),
        };
    }
    let shown = match table(field) {
        Some(table) => format!("{table}.{}", field.name()),
        None => field.name().to_owned(),
    };
    let unknown = said(format!("there is no column `{shown}`")).about(Subject::word(field.name()));
    match closest(field.name(), same_table.iter().map(|column| column.name())) {
        Some(near) => {
            let table = table(field).map_or_else(String::new, |table| format!("{}.", quote(&table)));
            unknown.hint(format!("did you mean `{table}{}`?", quote(near)))
        }
        None if same_table.is_empty() => unknown.hint(
            "the query has no columns: FROM is missing, or a text stands in double quotes instead of single ones",
        ),
        None => match closest(field.name(), WORDS_LIKE_COLUMNS) {
            Some(near) => unknown.hint(format!("did you mean {near}?")),
            None => unknown.hint(format!(
                "the columns are {}",
                listed(same_table.iter().map(|column| quote(column.name())))
            )),
        },
    }
}

/// Names without repetition, cut where they are too many to read.
fn listed(names: impl IntoIterator<Item = String>) -> String {
    let mut known: Vec<String> = Vec::new();
    for name in names {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let more = known.len().saturating_sub(LISTED);
    known.truncate(LISTED);
    match more {
        0 => known.join(", "),
        more => format!("{} and {more} more", known.join(", ")),
    }
}

pub(super) fn unknown_function(line: &str, text: &str) -> Option<Said> {
    let name = quoted(line.strip_prefix("Invalid function ")?)?;
    let suggested = text
        .split_once("Did you mean '")
        .and_then(|(_, rest)| rest.split('\'').next());
    let unknown = said(format!("there is no function `{name}`")).about(Subject::word(name));
    Some(match closest(name, suggested) {
        Some(near) => unknown.hint(format!("did you mean `{near}`?")),
        None => unknown.hint("SHOW FUNCTIONS lists those there are"),
    })
}

pub(super) fn unknown_table_function(line: &str, _: &str) -> Option<Said> {
    let name = quoted(
        line.strip_prefix("table function ")
            .or(line.strip_prefix("Table function "))?,
    )?;
    Some(
        said(format!("there is no table function `{name}`"))
            .hint("SHOW FUNCTIONS lists those there are")
            .about(Subject::word(name)),
    )
}

pub(super) fn unknown_variable(line: &str, _: &str) -> Option<Said> {
    let name = quoted(line)?;
    line.ends_with("is not a variable which can be viewed with 'SHOW'")
        .then(|| {
            said(format!("SHOW knows no setting `{name}`"))
                .hint("SHOW ALL lists the settings, SHOW TABLES the tables")
                .about(Subject::word(name))
        })
}

pub(super) fn unknown_position(line: &str, _: &str) -> Option<Said> {
    let (clause, numbers) = match line.strip_prefix("Order by column out of bounds") {
        Some(rest) => ("ORDER", rest),
        None => {
            let rest = line.strip_prefix("Cannot find column with position ")?;
            ("GROUP", rest)
        }
    };
    let mut numbers = numbers
        .split(|char: char| !char.is_ascii_digit())
        .filter(|number| !number.is_empty());
    let (asked, last) = (numbers.next()?, numbers.next_back()?);
    Some(
        said(format!("there is no column number {asked} behind SELECT"))
            .hint(format!("the last one is number {last}"))
            .about(Subject::word(clause)),
    )
}

pub(super) fn unknown_type(line: &str, _: &str) -> Option<Said> {
    const TYPES: [&str; 22] = [
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INT",
        "INTEGER",
        "BIGINT",
        "REAL",
        "FLOAT",
        "DOUBLE",
        "DECIMAL",
        "NUMERIC",
        "TEXT",
        "VARCHAR",
        "CHAR",
        "STRING",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "INTERVAL",
        "BYTEA",
        "UUID",
    ];
    let name = line.strip_prefix("Unsupported SQL type ")?;
    let unknown = said(format!("there is no type `{name}`")).about(Subject::word(name));
    Some(match closest(name, TYPES) {
        Some(near) => unknown.hint(format!("did you mean `{near}`?")),
        None => unknown.hint(format!("the types are {}", TYPES.join(", "))),
    })
}

pub(super) fn duplicate_name(line: &str, _: &str) -> Option<Said> {
    let named = line
        .split_once(" require unique expression names but the expression \"")?
        .1;
    let (_, second) = named.split_once("\" at position ")?;
    let (_, second) = second.split_once(" and \"")?;
    let (expression, _) = second.rsplit_once("\" at position ")?;
    let name = match expression.rsplit_once(" AS ") {
        Some((_, alias)) => alias,
        None => expression.rsplit('.').next()?,
    };
    Some(two_columns(name))
}

fn two_columns(name: &str) -> Said {
    said(format!("two columns are called `{name}`"))
        .hint("give one of them another name with AS")
        .about(Subject::Repeated(name.to_owned()))
}
