//! Why a record of another project's tests fails here.

/// The reason, from what was said.
pub fn reason(sql: &str, expects_error: bool, what: &str) -> &'static str {
    let sql = sql.trim_start().to_uppercase();
    let starts = |words: &str| sql.starts_with(words);
    match what {
        _ if starts("EXPLAIN") => "a plan, which has other operators over tables on disk",
        _ if starts("CREATE EXTERNAL") => "no external tables: files are read where they are",
        _ if expects_error && what.contains("mismatch") => "another error message",
        _ if what.contains("is not supported") => "not supported, which is said",
        _ if what.contains("not found") => "a table that was not made",
        _ => "other",
    }
}
