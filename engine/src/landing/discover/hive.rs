//! Columns that stand in the path: `state=AR/part-0.parquet` has a column `state`.

use std::path::{Component, Path};

use percent_encoding::percent_decode_str;

use crate::warehouse::HIVE_NULL;

/// A column that all rows of a file have the same value of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathColumn {
    /// Its name.
    pub name: String,
    /// Its value as text; `None` for NULL.
    pub value: Option<String>,
}

/// The columns in the folders right above a file, outermost first: all of the form `name=value`
/// up to the first that is not.
pub(super) fn path_columns(path: &Path) -> Vec<PathColumn> {
    let mut columns: Vec<PathColumn> = path
        .parent()
        .into_iter()
        .flat_map(|parent| parent.components().rev())
        .map_while(|component| match component {
            Component::Normal(name) => parse(name.to_str()?),
            _ => None,
        })
        .collect();
    columns.reverse();
    columns
}

fn parse(folder: &str) -> Option<PathColumn> {
    let (name, value) = folder.split_once('=')?;
    if name.is_empty() {
        return None;
    }
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map_or_else(|_| text.to_owned(), |decoded| decoded.into_owned())
    };
    let value = (!value.is_empty() && value != HIVE_NULL).then(|| decode(value));
    Some(PathColumn {
        name: decode(name),
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above_the_file_are_columns() {
        let columns = |path: &str| {
            path_columns(Path::new(path))
                .into_iter()
                .map(|column| (column.name, column.value))
                .collect::<Vec<_>>()
        };
        let some = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        assert_eq!(columns("data/x.csv"), []);
        assert_eq!(
            columns("a=1/data/year=2024/state=New%20York/x.csv"),
            [some("year", "2024"), some("state", "New York")]
        );
        assert_eq!(
            columns("state=__HIVE_DEFAULT_PARTITION__/x.csv"),
            [("state".to_owned(), None)]
        );
        assert_eq!(columns("=1/x.csv"), []);
    }
}
