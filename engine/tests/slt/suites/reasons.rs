//! Why a record of another project's tests fails here.

/// The reason, from what was said.
pub fn reason(sql: &str, what: &str) -> &'static str {
    let sql = sql.trim_start().to_uppercase();
    let starts = |words: &str| sql.starts_with(words);
    match what {
        _ if starts("DESCRIBE") => "DESCRIBE has columns of its own",
        _ if what.contains("is not supported") => "not supported, which is said",
        _ if what.contains("not found") => "a table that was not made",
        _ => "other",
    }
}
