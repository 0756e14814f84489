//! What the query engine says, in the words of SQL.
//!
//! The engine speaks of fields, schemas and the types of its columns in memory; a user wrote columns
//! and types of SQL. Its errors are mostly texts, so most rules here read a text: one function per
//! mistake, tried in turn. What no rule knows comes out as the engine says it, in lower case.

mod grouping;
mod names;
mod values;

use datafusion::common::Diagnostic;
use datafusion::error::DataFusionError;

use super::Subject;
use super::conversions::first_line_lowered;

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
        return names::schema_error(error, diagnostic);
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
const RULES: [Rule; 21] = [
    names::unknown_function,
    names::unknown_table_function,
    names::unknown_variable,
    names::unknown_type,
    names::unknown_position,
    values::failed_cast,
    values::number_too_large,
    values::unfit_like,
    values::unfit_condition,
    values::unfit_pattern,
    values::division_by_zero,
    values::incomparable,
    values::uncomputable,
    grouping::outside_of_group,
    names::duplicate_name,
    values::wrong_count_of_arguments,
    values::wrong_arguments,
    values::wrong_limit,
    grouping::aggregate_in_where,
    grouping::wide_subquery,
    grouping::tall_subquery,
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
        Some((line, suggested)) => (
            line,
            Some(format!("did you mean {}", suggested.replace('\'', "`"))),
        ),
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
    let advice = advice.map(|advice| advice.replace(" fields", " columns"));
    // Who found it is no news.
    let line = ["Parser error: ", "Compute error: ", "Cast error: "]
        .into_iter()
        .find_map(|finder| line.strip_prefix(finder))
        .unwrap_or(line);
    Said {
        hint: suggested.or(advice).map(|hint| plain_literals(&hint)),
        is_whole: false,
        ..said(plain_literals(&first_line_lowered(line)))
    }
}

/// `count(Int64(1))` is how the engine shows `count(1)`.
fn plain_literals(text: &str) -> String {
    const TYPES: [&str; 6] = [
        "Int64(",
        "UInt64(",
        "Float64(",
        "Utf8(",
        "Utf8View(",
        "Boolean(",
    ];
    let mut plain = text.to_owned();
    for data_type in TYPES {
        while let Some(start) = plain.find(data_type) {
            let Some(length) = plain[start..].find(')') else {
                break;
            };
            let inside = plain[start + data_type.len()..start + length].to_owned();
            plain.replace_range(start..=start + length, &inside);
        }
    }
    plain
}

/// What stands in the first pair of single quotes.
fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('\'')?;
    rest.split_once('\'').map(|(quoted, _)| quoted)
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
    fn literals_are_shown_as_they_are_written() {
        let said = plan("Nested: 'sum(count(Int64(1)), Utf8(\"a\"))'");
        assert_eq!(said.message, "nested: 'sum(count(1), \"a\")'");
    }

    #[test]
    fn what_no_rule_knows_is_said_in_lower_case() {
        let said = plan("Something odd. Did you mean 'this'?");
        assert_eq!(said.message, "something odd");
        assert_eq!(said.hint.as_deref(), Some("did you mean `this`?"));
    }
}
