//! Files that stand where a table may: `FROM 'data/*.csv'` and `FROM read_csv('data/*.csv', ..)`.
//!
//! ```sql
//! SELECT * FROM 'data/*.csv';
//! SELECT * FROM read_csv('data/*.txt', delimiter => ';', columns => 'bill DECIMAL(12,2)');
//! SELECT * FROM read_parquet(('january.parquet', 'february.parquet'));
//! ```
//!
//! The functions are `read_csv`, `read_json`, `read_parquet`, `read_avro`, `read_orc`,
//! `read_arrow`, `read_excel`, and `read_files`, which tells the format from each file as a path
//! alone does. Their named arguments are the options of [`FileOptions`].

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, ObjectName, Spanned, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::name::fold;
use super::{FileFormat, FileOptions, place_of, replace_factor};
use crate::{Error, Place, Result};

/// The schema in which the relations of a statement are found by the planner.
pub const FILES: &str = "files";

/// The functions, with the format that each stands for.
const FUNCTIONS: [(&str, Option<FileFormat>); 8] = [
    ("read_csv", Some(FileFormat::Csv)),
    ("read_json", Some(FileFormat::Json)),
    ("read_parquet", Some(FileFormat::Parquet)),
    ("read_avro", Some(FileFormat::Avro)),
    ("read_orc", Some(FileFormat::Orc)),
    ("read_arrow", Some(FileFormat::Arrow)),
    ("read_excel", Some(FileFormat::Excel)),
    ("read_files", None),
];

/// Files read as one relation.
#[derive(Debug, Clone)]
pub struct FileRelation {
    /// The table in [`FILES`] that stands for it in the rewritten query.
    pub table: String,
    /// Files, folders and globs.
    pub paths: Vec<String>,
    /// How to read them.
    pub options: FileOptions,
    /// Where it stands in the script.
    pub place: Place,
}

/// Replaces files in FROM by tables of [`FILES`], which the caller then provides.
///
/// # Errors
/// A function without a path, an unknown option; with its place.
pub(super) fn take_files<Node: VisitMut>(node: &mut Node) -> Result<Vec<FileRelation>> {
    let mut taker = Taker::default();
    match node.visit(&mut taker) {
        ControlFlow::Continue(()) => Ok(taker.relations),
        ControlFlow::Break(error) => Err(error),
    }
}

/// The path that a relation without arguments is, if it is one: a name in single quotes.
pub(super) fn path_of(name: &ObjectName) -> Option<&str> {
    match name.0.as_slice() {
        [part] => {
            let ident = part.as_ident()?;
            (ident.quote_style == Some('\'')).then_some(ident.value.as_str())
        }
        _ => None,
    }
}

#[derive(Default)]
struct Taker {
    relations: Vec<FileRelation>,
}

impl VisitorMut for Taker {
    type Break = Error;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        let place = place_of(factor.span());
        let TableFactor::Table { name, args, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let (paths, options, default_alias) = match args {
            None => match path_of(name) {
                Some(path) => (vec![path.to_owned()], FileOptions::default(), stem(path)),
                None => return ControlFlow::Continue(()),
            },
            Some(arguments) => {
                let Some((function, format)) = function_of(name) else {
                    return ControlFlow::Continue(());
                };
                match read_call(function, format, &arguments.args) {
                    Ok((paths, options)) => (paths, options, function.to_owned()),
                    Err(error) => {
                        return ControlFlow::Break(
                            error.map_place(|found| found.or(Some(place.clone()))),
                        );
                    }
                }
            }
        };
        // The same files read in the same way are one table, wherever they are named.
        let table = format!("{paths:?} {:?}", options.given());
        replace_factor(factor, &[FILES, &table], &default_alias);
        self.relations.push(FileRelation {
            table,
            paths,
            options,
            place,
        });
        ControlFlow::Continue(())
    }
}

fn function_of(name: &ObjectName) -> Option<(&'static str, Option<FileFormat>)> {
    let [part] = name.0.as_slice() else {
        return None;
    };
    let name = fold(part.as_ident()?);
    FUNCTIONS
        .into_iter()
        .find(|(function, _)| *function == name)
}

fn read_call(
    function: &str,
    format: Option<FileFormat>,
    arguments: &[FunctionArg],
) -> Result<(Vec<String>, FileOptions)> {
    let paths = match arguments.first() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) => texts(first),
        _ => None,
    };
    let Some(paths) = paths.filter(|paths| !paths.is_empty()) else {
        return Err(
            Error::input(format!("{function} takes a path first")).hint(format!(
                "write {function}('data/*.csv'), or {function}(('a.csv', 'b.csv'))"
            )),
        );
    };
    let mut options = FileOptions::from_arguments(function, &arguments[1..])?;
    match (format, options.format) {
        (Some(is), Some(said)) if is != said => {
            let csv = is == FileFormat::Csv && said == FileFormat::Tsv;
            if !csv {
                return Err(
                    Error::input(format!("{function} does not read {said} files"))
                        .hint("leave `format` out, or use read_files"),
                );
            }
        }
        (Some(is), None) => options.format = Some(is),
        _ => {}
    }
    Ok((paths, options))
}

/// One text, or several in parentheses or brackets.
fn texts(value: &Expr) -> Option<Vec<String>> {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(vec![text.clone()]),
            _ => None,
        },
        Expr::Nested(inner) => texts(inner),
        Expr::Tuple(values) => all_texts(values),
        Expr::Array(array) => all_texts(&array.elem),
        _ => None,
    }
}

fn all_texts(values: &[Expr]) -> Option<Vec<String>> {
    let texts: Option<Vec<Vec<String>>> = values.iter().map(texts).collect();
    Some(texts?.concat())
}

/// What columns of a file may be qualified with: its name without folder and extension.
fn stem(path: &str) -> String {
    let file = path
        .rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    match stem.contains(['*', '?', '[']) || stem.is_empty() {
        true => FILES.to_owned(),
        false => stem.to_lowercase(),
    }
}
