//! What the query engine says, in the words of SQL.
//!
//! The engine speaks of fields, schemas and the types of its columns in memory; a user wrote columns
//! and types of SQL. Its errors are mostly texts, so most rules here read a text: one function per
//! mistake, tried in turn. What no rule knows comes out as the engine says it, in lower case.

use arrow::datatypes::DataType;
use datafusion::common::{Column, Diagnostic, SchemaError};
use datafusion::error::DataFusionError;

use super::Subject;
use super::conversions::first_line_lowered;
use crate::sql::{closest, quote};
use crate::values::sql_name;

/// How many columns a hint lists.
const LISTED: usize = 12;

/// An error as a person would say it.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) subjects: Vec<Subject>,
    /// It says all that the engine said, so that nobody need read that too.
    pub(super) is_whole: bool,
}

/// The error at the root, said plainly.
pub(super) fn of(root: &DataFusionError, diagnostic: Option<&Diagnostic>) -> Said {
    if let DataFusionError::SchemaError(error, _) = root {
        return schema_error(error, diagnostic);
    }
    let text = root.message();
    let line = text.lines().next().unwrap_or_default();
    RULES
        .iter()
        .find_map(|rule| rule(line, &text))
        .unwrap_or_else(|| as_said(line, diagnostic))
}

type Rule = fn(&str, &str) -> Option<Said>;

/// Each gets the first line of what was said, and all of it.
const RULES: [Rule; 15] = [
    unknown_function,
    unknown_table_function,
    unknown_variable,
    unknown_type,
    failed_cast,
    division_by_zero,
    incomparable,
    uncomputable,
    outside_of_group,
    duplicate_name,
    wrong_count_of_arguments,
    wrong_arguments,
    wrong_limit,
    aggregate_in_where,
    wide_subquery,
];

fn said(message: String) -> Said {
    Said {
        message,
        is_whole: true,
        ..Said::default()
    }
}

impl Said {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn about(mut self, subject: Subject) -> Self {
        self.subjects.push(subject);
        self
    }
}

/// As the engine says it, with what it suggests.
fn as_said(line: &str, diagnostic: Option<&Diagnostic>) -> Said {
    let (line, suggested) = match line.split_once(". Did you mean ") {
        Some((line, suggested)) => (line, Some(format!("did you mean {suggested}"))),
        None => (line, None),
    };
    let advice = diagnostic.map(|diagnostic| {
        let helps = diagnostic.helps.iter().map(|help| &help.message);
        let notes = diagnostic.notes.iter().map(|note| &note.message);
        let advice: Vec<_> = helps
            .chain(notes)
            .map(|said| first_line_lowered(said))
            .collect();
        advice.join("; ")
    });
    let advice = advice.filter(|advice| !advice.is_empty());
    Said {
        hint: suggested
            .or(advice)
            .map(|hint| hint.replace('\'', "`").replace(" fields", " columns")),
        is_whole: false,
        ..said(first_line_lowered(line))
    }
}

fn schema_error(error: &SchemaError, diagnostic: Option<&Diagnostic>) -> Said {
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
        None => unknown.hint(format!(
            "the columns are {}",
            listed(same_table.iter().map(|column| quote(column.name())))
        )),
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

fn unknown_function(line: &str, text: &str) -> Option<Said> {
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

fn unknown_table_function(line: &str, _: &str) -> Option<Said> {
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

fn unknown_variable(line: &str, _: &str) -> Option<Said> {
    let name = quoted(line)?;
    line.ends_with("is not a variable which can be viewed with 'SHOW'")
        .then(|| {
            said(format!("SHOW knows no setting `{name}`"))
                .hint("SHOW ALL lists the settings, SHOW TABLES the tables")
                .about(Subject::word(name))
        })
}

fn unknown_type(line: &str, _: &str) -> Option<Said> {
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

fn failed_cast(line: &str, _: &str) -> Option<Said> {
    let rest = line.split_once("annot cast string '")?.1;
    let (value, rest) = rest.rsplit_once("' to value of ")?;
    let data_type = rest.strip_suffix(" type")?;
    Some(
        said(format!("'{value}' is no {}", plain_type(data_type)))
            .hint("TRY_CAST(value AS type) gives NULL for what does not fit")
            .about(Subject::Text(value.to_owned()))
            .about(Subject::word("CAST"))
            .about(Subject::Sign("::".to_owned())),
    )
}

fn division_by_zero(line: &str, _: &str) -> Option<Said> {
    line.eq_ignore_ascii_case("divide by zero error").then(|| {
        said("divide by zero: a divisor is 0".to_owned())
            .hint("write value / nullif(divisor, 0) to get NULL there")
            .about(Subject::Sign("/".to_owned()))
            .about(Subject::Sign("%".to_owned()))
    })
}

fn incomparable(line: &str, _: &str) -> Option<Said> {
    let types = line.strip_prefix("Cannot infer common argument type for ")?;
    let types = types.split_once("operation ")?.1;
    let (left, operator, right) = sides(types)?;
    Some(
        said(format!("cannot compare {left} {operator} {right}"))
            .hint(format!(
                "bring both sides to one type, such as CAST(value AS {left})"
            ))
            .about(Subject::Sign(operator.to_owned())),
    )
}

fn uncomputable(line: &str, _: &str) -> Option<Said> {
    let types = line.strip_prefix("Cannot coerce arithmetic expression ")?;
    let (left, operator, right) = sides(types.strip_suffix(" to valid types")?)?;
    let number = if left == "TEXT" { &right } else { &left };
    Some(
        said(format!("cannot compute {left} {operator} {right}")).hint(match number.as_str() {
            "TEXT" => "texts are joined with ||".to_owned(),
            number => format!(
                "if the text holds numbers, write CAST(text AS {number}); texts are joined with ||"
            ),
        }),
    )
}

fn outside_of_group(line: &str, _: &str) -> Option<Said> {
    let (before, _) = line.split_once(" must appear in the GROUP BY clause")?;
    let column = before
        .rsplit_once("column ")
        .map_or(before, |(_, column)| column);
    let column = column
        .strip_prefix("HAVING clause references: ")
        .unwrap_or(column);
    let name = column.trim_matches('"').rsplit('.').next()?;
    Some(
        said(format!(
            "column `{name}` is neither in GROUP BY nor inside of an aggregate"
        ))
        .hint(format!(
            "add it to GROUP BY, or write an aggregate of it, such as any_value({name})"
        ))
        .about(Subject::word(name)),
    )
}

fn duplicate_name(line: &str, _: &str) -> Option<Said> {
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

fn wrong_count_of_arguments(line: &str, _: &str) -> Option<Said> {
    let (name, counts) = match line.strip_prefix("Function ") {
        Some(rest) => (quoted(rest)?, rest.split_once(" expects ")?.1),
        None => line
            .strip_prefix("The function ")?
            .split_once(" expects ")?,
    };
    let mut numbers = counts
        .split(|char: char| !char.is_ascii_digit())
        .filter(|number| !number.is_empty());
    let (wanted, given) = (numbers.next()?, numbers.next()?);
    let arguments = if wanted == "1" {
        "argument"
    } else {
        "arguments"
    };
    Some(
        said(format!(
            "the function {name} takes {wanted} {arguments}, and {given} were given"
        ))
        .about(Subject::word(name)),
    )
}

fn wrong_arguments(line: &str, _: &str) -> Option<Said> {
    let call = quoted(
        line.split_once("No function matches the given name and argument types ")?
            .1,
    )?;
    let (name, types) = call.strip_suffix(')')?.split_once('(')?;
    let given: Vec<_> = split_types(types).into_iter().map(plain_type).collect();
    let unfit = match given.as_slice() {
        [] => said(format!("the function {name} needs arguments")),
        given => said(format!(
            "the function {name} cannot take {}",
            given.join(", ")
        )),
    };
    Some(
        unfit
            .hint("cast the argument to what the function takes; SHOW FUNCTIONS says what that is")
            .about(Subject::word(name)),
    )
}

fn wrong_limit(line: &str, _: &str) -> Option<Said> {
    let rest = line.strip_prefix("Expected ")?;
    let (clause, given) = rest.split_once(" to be an integer or null, but got ")?;
    Some(
        said(format!(
            "{clause} takes a whole number, not {}",
            plain_type(given)
        ))
        .about(Subject::word(clause)),
    )
}

fn aggregate_in_where(line: &str, _: &str) -> Option<Said> {
    line.starts_with("Aggregate functions are not allowed in the WHERE clause")
        .then(|| {
            said("aggregate functions cannot stand in WHERE".to_owned())
                .hint("put the condition behind GROUP BY, into HAVING")
                .about(Subject::word("WHERE"))
        })
}

fn wide_subquery(line: &str, _: &str) -> Option<Said> {
    line.contains("ubquery should only return one column")
        .then(|| {
            said("a sub-query that stands for a value must have one column".to_owned())
                .hint("name one column behind its SELECT")
        })
}

/// What stands in the first pair of single quotes.
fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('\'')?;
    rest.split_once('\'').map(|(quoted, _)| quoted)
}

/// `Utf8View + Decimal128(3, 1)`.
fn sides(text: &str) -> Option<(String, &str, String)> {
    let split = [" IS DISTINCT FROM ", " IS NOT DISTINCT FROM "]
        .into_iter()
        .find_map(|operator| {
            text.split_once(operator)
                .map(|(left, right)| (left, operator.trim(), right))
        });
    let (left, operator, right) = match split {
        Some(sides) => sides,
        None => {
            let types = split_at_blanks(text);
            let [left, operator, right] = types.as_slice() else {
                return None;
            };
            (*left, *operator, *right)
        }
    };
    Some((plain_type(left), operator, plain_type(right)))
}

/// Splits at blanks outside of brackets.
fn split_at_blanks(text: &str) -> Vec<&str> {
    split_outside(text, ' ')
}

/// Splits at commas outside of brackets.
fn split_types(text: &str) -> Vec<&str> {
    split_outside(text, ',')
}

fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|char| {
        match char {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        char == separator && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

/// The type of a column in memory by its name in SQL.
fn plain_type(text: &str) -> String {
    match text.parse::<DataType>() {
        Ok(data_type) => sql_name(&data_type),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan(text: &str) -> Said {
        of(&DataFusionError::Plan(text.to_owned()), None)
    }

    #[test]
    fn types_have_their_names_in_sql() {
        for (said, plain) in [
            (
                "Cannot coerce arithmetic expression Utf8View + Int64 to valid types",
                "cannot compute TEXT + BIGINT",
            ),
            (
                "Cannot infer common argument type for comparison operation Date32 = Decimal128(3, 1)",
                "cannot compare DATE = DECIMAL(3,1)",
            ),
            (
                "Cannot infer common argument type for comparison operation Int64 IS DISTINCT FROM Boolean",
                "cannot compare BIGINT IS DISTINCT FROM BOOLEAN",
            ),
            (
                "Cannot cast string 'it's' to value of Decimal128(38, 10) type",
                "'it's' is no DECIMAL(38,10)",
            ),
            (
                "No function matches the given name and argument types 'sum(Utf8, Decimal128(3, 1))'. You might",
                "the function sum cannot take TEXT, DECIMAL(3,1)",
            ),
        ] {
            assert_eq!(plan(said).message, plain);
        }
    }

    #[test]
    fn a_function_is_suggested_only_if_it_is_near() {
        let near = plan("Invalid function 'upperr'.\nDid you mean 'upper'?");
        assert_eq!(near.hint.as_deref(), Some("did you mean `upper`?"));
        let far = plan("Invalid function 'foobarbaz'.\nDid you mean 'overlay'?");
        assert_eq!(
            far.hint.as_deref(),
            Some("SHOW FUNCTIONS lists those there are")
        );
    }

    #[test]
    fn a_name_given_twice_is_the_one_meant() {
        let text = "Projections require unique expression names but the expression \"Int64(1) AS a\" at position 0 and \"Int64(2) AS a\" at position 1 have the same name. Consider aliasing (\"AS\") one of them.";
        let said = plan(text);
        assert_eq!(said.message, "two columns are called `a`");
        assert_eq!(said.subjects, [Subject::Repeated("a".to_owned())]);
    }

    #[test]
    fn what_no_rule_knows_is_said_in_lower_case() {
        let said = plan("Something odd. Did you mean 'this'?");
        assert_eq!(said.message, "something odd");
        assert_eq!(said.hint.as_deref(), Some("did you mean `this`?"));
    }
}
