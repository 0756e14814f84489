//! Runs every SQL example of the documentation and compares what comes out with what it says.

use datafusion::logical_expr::Documentation;

use super::{answer, session};
use crate::table::FUNCTIONS;

#[tokio::test]
async fn every_example_gives_its_output() {
    let functions = crate::all_scalar();
    let mut documented: Vec<(&str, &Documentation)> = functions
        .iter()
        .map(|function| (function.name(), function.documentation().unwrap()))
        .collect();
    let windows = crate::all_window();
    documented.extend(
        windows
            .iter()
            .map(|function| (function.name(), function.documentation().unwrap())),
    );
    let tables = FUNCTIONS.iter();
    documented.extend(tables.map(|function| (function.name(), function.documentation())));
    let session = session();
    for (name, documentation) in documented {
        let example = documentation.sql_example.as_deref().expect(name);
        let examples = examples(example);
        assert!(!examples.is_empty(), "{name} has no example");
        for (sql, output) in examples {
            assert_eq!(answer(&session, &sql).await, output, "{sql}");
        }
    }
}

#[test]
fn every_function_is_described() {
    for function in crate::all_scalar() {
        let documentation = function.documentation().unwrap();
        assert!(documentation.syntax_example.starts_with(function.name()));
        assert!(documentation.arguments.is_some(), "{}", function.name());
    }
    for function in FUNCTIONS {
        let documentation = function.documentation();
        assert!(documentation.syntax_example.starts_with(function.name()));
        let described = documentation.arguments.as_ref().unwrap();
        for (argument, _) in function.arguments() {
            let is_it = |(name, _): &(String, String)| name == argument;
            assert!(
                described.iter().any(is_it),
                "{}: {argument}",
                function.name()
            );
        }
    }
}

/// Statements open with `> ` and end with `;`; what follows up to the next one is their output.
fn examples(text: &str) -> Vec<(String, String)> {
    let text = text
        .trim()
        .trim_start_matches("```sql")
        .trim_end_matches("```");
    text.split("\n> ")
        .filter(|example| !example.trim().is_empty())
        .map(|example| {
            let (sql, output) = example
                .split_once(";\n")
                .expect("a statement and its output");
            (
                sql.trim_start_matches("> ").to_owned(),
                output.trim_end().to_owned(),
            )
        })
        .collect()
}
