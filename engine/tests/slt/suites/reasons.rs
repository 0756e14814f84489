//! Why a record of another project's tests fails here.

/// Parts of messages, and what lies behind them; the first that fits counts.
const REASONS: [(&str, &str); 17] = [
    (
        "cannot have the type",
        "a type that no table can hold (INTERVAL, TIME, wide DECIMAL)",
    ),
    (
        "which a table cannot hold",
        "a type that no table can hold (maps, durations, times)",
    ),
    (
        "would be changed to the nearest",
        "a table refuses a value that would be changed",
    ),
    (
        "would lose digits",
        "a table refuses a value that would lose digits",
    ),
    (
        "' not found",
        "a table that an earlier record could not make",
    ),
    (
        "there is no table",
        "a table that an earlier record could not make",
    ),
    ("there is no zone", "schemas are zones, which are fixed"),
    (
        "there is no connection",
        "schemas are zones, which are fixed",
    ),
    ("found: PRIMARY", "tables have no keys"),
    ("found: primary", "tables have no keys"),
    (
        "expected: ), found: (",
        "types with parts, such as STRUCT(..), cannot be declared",
    ),
    (
        "is not supported",
        "a statement or clause that is not supported, which is said",
    ),
    (
        "datafusion.runtime",
        "settings of the runtime have names of their own",
    ),
    (
        "ConfigOptions",
        "settings of the runtime have names of their own",
    ),
    (
        "there is no setting",
        "settings of the runtime have names of their own",
    ),
    (
        "but actually succeed",
        "what is refused there is possible here",
    ),
    ("affect", "CREATE TABLE AS tells the number of rows"),
];

/// The reason, from what was said.
pub fn reason(sql: &str, what: &str) -> &'static str {
    let starts = |word: &str| {
        let start = sql.trim_start().get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let known = REASONS.iter().find(|(said, _)| what.contains(said));
    match known {
        _ if starts("DESCRIBE") => "DESCRIBE has columns of its own",
        _ if starts("SHOW") => "settings have other values",
        Some(&(_, reason)) => reason,
        None if what.contains("result mismatch") && sql.contains("arrow_typeof") => {
            "tables store some types as others (unsigned, dictionaries, views)"
        }
        None if what.contains("result mismatch") => {
            "another result: a former record was refused, or values are written otherwise"
        }
        None => "other",
    }
}
