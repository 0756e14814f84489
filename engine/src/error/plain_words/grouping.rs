//! Aggregates, and columns beside them.

use super::{Said, said};
use crate::error::Subject;

pub(super) fn outside_of_group(line: &str, _: &str) -> Option<Said> {
    let (before, _) = line.split_once(" must appear in the GROUP BY clause")?;
    let column = before
        .rsplit_once("column ")
        .map_or(before, |(_, column)| column);
    if before.starts_with("HAVING clause references") {
        return Some(
            said("HAVING can use aggregates and the columns of GROUP BY only".to_owned())
                .hint("a condition on single rows stands in WHERE")
                .about(Subject::word("HAVING")),
        );
    }
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

pub(super) fn aggregate_in_where(line: &str, _: &str) -> Option<Said> {
    line.starts_with("Aggregate functions are not allowed in the WHERE clause")
        .then(|| {
            said("aggregate functions cannot stand in WHERE".to_owned())
                .hint("put the condition behind GROUP BY, into HAVING")
                .about(Subject::word("WHERE"))
        })
}

pub(super) fn tall_subquery(line: &str, _: &str) -> Option<Said> {
    line.contains("ubquery returned more than one row")
        .then(|| {
            said("a sub-query that stands for a value gave more than one row".to_owned())
                .hint("add a condition or an aggregate, or write IN (SELECT ..)")
        })
}

pub(super) fn wide_subquery(line: &str, _: &str) -> Option<Said> {
    line.contains("ubquery should only return one column")
        .then(|| {
            said("a sub-query that stands for a value must have one column".to_owned())
                .hint("name one column behind its SELECT")
        })
}
