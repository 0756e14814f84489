//! Records of DataFusion's files that ask for something else than SQL on tables: they are counted apart.

use std::collections::BTreeMap;

/// What of a file is left out, and what must be left out because of it.
#[derive(Debug, Default)]
pub struct Scope {
    everything: bool,
    /// Lower-case names of tables that were not made, and why.
    missing: BTreeMap<String, &'static str>,
}

const EXTERNAL: &str = "an external table, whose data is mostly not in the package";
const PLAN: &str =
    "a plan, which has other operators over tables on disk than over tables in memory";
const SPARK: &str = "functions of another package (datafusion-spark)";

impl Scope {
    /// Leaves nothing out.
    pub fn everything() -> Self {
        Scope {
            everything: true,
            ..Scope::default()
        }
    }

    /// Leaves out what is not about tables of ours.
    pub fn of_tables_here() -> Self {
        Scope::default()
    }

    /// Why a record is not run; `None` if it is.
    pub fn leaves_out(&mut self, file: &str, sql: &str) -> Option<&'static str> {
        if self.everything {
            return None;
        }
        if file.starts_with("spark/") {
            return Some(SPARK);
        }
        let words: Vec<String> = sql
            .to_lowercase()
            .split(|char: char| !(char.is_alphanumeric() || char == '_' || char == '.'))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let starts = |start: &[&str]| {
            words
                .iter()
                .map(String::as_str)
                .take(start.len())
                .eq(start.iter().copied())
        };
        if starts(&["explain"]) {
            return Some(PLAN);
        }
        let external = words.iter().position(|word| word == "external");
        if let Some(at) = external.filter(|at| starts(&["create"]) && *at < 4) {
            let name = words[at..].iter().find(|word| {
                !["external", "table", "if", "not", "exists"].contains(&word.as_str())
            });
            self.missing
                .extend(name.map(|name| (name.clone(), EXTERNAL)));
            return Some(EXTERNAL);
        }
        if starts(&["copy"]) {
            return Some(EXTERNAL);
        }
        let why = words.iter().find_map(|word| {
            let table = word
                .split('.')
                .find(|part| self.missing.contains_key(*part));
            self.missing.get(table?).copied()
        })?;
        // What is made of such a table is missing, too.
        if starts(&["create"])
            && let Some(at) = words
                .iter()
                .position(|word| word == "table" || word == "view")
            && let Some(made) = words[at + 1..]
                .iter()
                .find(|word| !["if", "not", "exists"].contains(&word.as_str()))
        {
            self.missing.insert(made.clone(), why);
        }
        Some(why)
    }
}
