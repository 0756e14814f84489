//! Values and types that do not go together.

use arrow::datatypes::DataType;

use super::{Said, quoted, said};
use crate::error::Subject;
use crate::values::sql_name;

pub(super) fn failed_cast(line: &str, _: &str) -> Option<Said> {
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

pub(super) fn number_too_large(line: &str, _: &str) -> Option<Said> {
    let rest = line.split_once("an't cast value ")?.1;
    let (value, data_type) = rest.split_once(" to type ")?;
    Some(
        said(format!("{value} does not fit {}", plain_type(data_type)))
            .hint("cast to a wider type; TRY_CAST(value AS type) gives NULL for what does not fit")
            .about(Subject::word("CAST"))
            .about(Subject::Sign("::".to_owned())),
    )
}

pub(super) fn unfit_like(line: &str, _: &str) -> Option<Said> {
    let types = line.strip_prefix("There isn't a common type to coerce ")?;
    let (types, _) = types.split_once(" in LIKE expression")?;
    let (left, right) = types.split_once(" and ")?;
    Some(
        said(format!(
            "LIKE compares texts, not {} and {}",
            plain_type(left),
            plain_type(right)
        ))
        .hint("write CAST(value AS TEXT) LIKE 'pattern'")
        .about(Subject::word("LIKE"))
        .about(Subject::word("ILIKE")),
    )
}

pub(super) fn unfit_condition(line: &str, _: &str) -> Option<Said> {
    let rest = line.strip_prefix("Cannot create filter with non-boolean predicate ")?;
    let name = quoted(rest)?;
    let (_, data_type) = rest.rsplit_once(" returning ")?;
    let column = name.rsplit('.').next()?;
    Some(
        said(format!(
            "`{column}` is {}, and no condition",
            plain_type(data_type)
        ))
        .hint("compare it with something")
        .about(Subject::Repeated(column.to_owned()))
        .about(Subject::word("WHERE")),
    )
}

pub(super) fn unfit_pattern(line: &str, text: &str) -> Option<Said> {
    line.contains("egular expression did not compile").then(|| {
        let why = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("error: "));
        let why = why.map_or_else(String::new, |why| {
            format!(": {}", why.trim_end_matches(')'))
        });
        said(format!("the regular expression cannot be read{why}"))
            .hint("a sign with a meaning of its own, such as ( or *, is written \\( or \\*")
    })
}

pub(super) fn division_by_zero(line: &str, _: &str) -> Option<Said> {
    line.eq_ignore_ascii_case("divide by zero error").then(|| {
        said("divide by zero".to_owned())
            .hint("write value / nullif(divisor, 0) to get NULL there")
            .about(Subject::Sign("/".to_owned()))
            .about(Subject::Sign("%".to_owned()))
    })
}

pub(super) fn incomparable(line: &str, _: &str) -> Option<Said> {
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

pub(super) fn uncomputable(line: &str, _: &str) -> Option<Said> {
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

pub(super) fn wrong_count_of_arguments(line: &str, _: &str) -> Option<Said> {
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
        .hint("SHOW FUNCTIONS says what a function takes")
        .about(Subject::word(name)),
    )
}

pub(super) fn wrong_arguments(line: &str, _: &str) -> Option<Said> {
    if let Some(rest) = line.split_once("Function '").map(|(_, rest)| rest)
        && let Some((name, rest)) = rest.split_once("' failed to match any signature")
        && let Some((_, rest)) = rest.split_once("(DataType: ")
    {
        let data_type = plain_type(rest.split(")").next()?);
        return Some(unfit_arguments(name, &[data_type]));
    }
    let call = quoted(
        line.split_once("No function matches the given name and argument types ")?
            .1,
    )?;
    let (name, types) = call.strip_suffix(')')?.split_once('(')?;
    let given: Vec<_> = split_types(types).into_iter().map(plain_type).collect();
    Some(unfit_arguments(name, &given))
}

fn unfit_arguments(name: &str, given: &[String]) -> Said {
    let unfit = match given {
        [] => said(format!("the function {name} needs arguments")),
        given => said(format!(
            "the function {name} cannot take {}",
            given.join(", ")
        )),
    };
    unfit
        .hint("cast the argument to what the function takes; SHOW FUNCTIONS says what that is")
        .about(Subject::word(name))
}

pub(super) fn wrong_limit(line: &str, _: &str) -> Option<Said> {
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
