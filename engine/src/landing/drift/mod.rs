//! Drift: the columns of a file are no longer those of the table.
//!
//! Names are compared before anything is written, from the header or the schema of each file.
//! Types are looked at when something must be decided by them: when the table is to evolve, or
//! when there is a difference to report. A file with the right names and a value that does not
//! fit is no drift yet: the strict reader names that value better than any comparison of types.

mod fit;
mod nulls;
mod report;

use arrow::datatypes::{DataType, Field};
use datafusion::execution::SessionState;

pub(super) use nulls::{NullCounts, shifted_null_shares};
pub(super) use report::with_retyped_columns;

use super::columns::{
    Named, column_field, declared_types, found_columns, named_columns, types_differ,
};
use super::discover::SourceFile;
use super::formats::{Found, ReadOptions};
use crate::sql::OnDrift;
use crate::values::sql_name;
use crate::warehouse::{TableDefinition, TableId};
use crate::{Error, Place, Result};

/// How alike two names must be to look like one column renamed, from 0 to 1.
const ALIKE: f64 = 0.6;

/// What is to be done about the columns of some files.
pub(super) struct Drift {
    /// What the table becomes; `None` if it stays as it is.
    pub(super) evolved: Option<TableDefinition>,
    /// For each file what there is to say.
    pub(super) notes: Vec<Vec<String>>,
}

/// The differences between one file and the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Differences {
    /// Columns of the file that the table does not have.
    new: Vec<String>,
    /// Columns of the table that the file does not have.
    missing: Vec<String>,
    /// A column of the table and the one of the file that looks like it.
    renamed: Vec<(String, String)>,
    /// Columns of the file that the table computes.
    derived: Vec<String>,
    /// Whether the columns that both have stand in another order.
    reordered: bool,
}

/// Compares files with the table `id` that they are to land in, and decides.
///
/// # Errors
/// Differences, with all of them in one error, unless `on_drift` allows them; a column that
/// cannot be NULL and is missing; a file that cannot be read.
pub(super) fn examine(
    files: &[SourceFile],
    options: &ReadOptions,
    table: &TableDefinition,
    id: &TableId,
    on_drift: OnDrift,
    state: &SessionState,
) -> Result<Drift> {
    let mut differences = Vec::with_capacity(files.len());
    for file in files {
        differences.push(Differences::of(&named_columns(file, options)?, table));
    }
    check_not_null(files, &differences, table)?;
    if on_drift == OnDrift::Fail && differences.iter().any(Differences::is_serious) {
        return Err(report::refusal(files, &differences, options, table, id));
    }
    let mut notes: Vec<_> = differences
        .iter()
        .map(|found| report::notes(found, on_drift))
        .collect();
    let evolved = match on_drift {
        OnDrift::Evolve => evolve(files, &differences, options, table, state, &mut notes)?,
        OnDrift::Fail | OnDrift::Ignore => None,
    };
    Ok(Drift { evolved, notes })
}

impl Differences {
    fn of(columns: &[Named], table: &TableDefinition) -> Self {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let wanted: Vec<&str> = table
            .given_columns()
            .map(|field| field.name().as_str())
            .collect();
        let (derived, new): (Vec<&str>, Vec<&str>) = names
            .iter()
            .filter(|name| !wanted.contains(name))
            .partition(|name| table.derived(name).is_some());
        let missing: Vec<&str> = wanted
            .iter()
            .filter(|name| !names.contains(name))
            .copied()
            .collect();
        let common = |of: &[&str], other: &[&str]| -> Vec<String> {
            let both = of.iter().filter(|name| other.contains(name));
            both.map(|name| (*name).to_owned()).collect()
        };
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Differences {
            renamed: renamed(&names, &new, &wanted, &missing),
            reordered: common(&names, &wanted) != common(&wanted, &names),
            new: owned(&new),
            missing: owned(&missing),
            derived: owned(&derived),
        }
    }

    /// Whether values would be lost, or come out as NULL, if nobody said anything.
    fn is_serious(&self) -> bool {
        !(self.new.is_empty() && self.missing.is_empty() && self.derived.is_empty())
    }
}

/// Pairs of a missing and a new column that are probably one: alike in name, or, if there is but
/// one of each, in the same place.
fn renamed(
    names: &[&str],
    new: &[&str],
    wanted: &[&str],
    missing: &[&str],
) -> Vec<(String, String)> {
    let mut pairs: Vec<(f64, &str, &str)> = missing
        .iter()
        .flat_map(|missing| {
            new.iter().map(|new| {
                let alike = strsim::normalized_damerau_levenshtein(missing, new);
                (alike, *missing, *new)
            })
        })
        .filter(|(alike, missing, new)| {
            let same_place = names.iter().position(|name| name == new)
                == wanted.iter().position(|name| name == missing);
            *alike >= ALIKE || (new_and_missing_alone(names, wanted) && same_place)
        })
        .collect();
    pairs.sort_by(|left, right| right.0.total_cmp(&left.0));
    let mut found: Vec<(String, String)> = Vec::new();
    for (_, missing, new) in pairs {
        if !found
            .iter()
            .any(|(before, after)| before == missing || after == new)
        {
            found.push((missing.to_owned(), new.to_owned()));
        }
    }
    found
}

/// Whether the file has one column that the table lacks, and the other way round.
fn new_and_missing_alone(names: &[&str], wanted: &[&str]) -> bool {
    names.len() == wanted.len() && names.iter().filter(|name| !wanted.contains(name)).count() == 1
}

fn check_not_null(
    files: &[SourceFile],
    differences: &[Differences],
    table: &TableDefinition,
) -> Result<()> {
    for (file, found) in files.iter().zip(differences) {
        for name in &found.missing {
            if !table.schema.field_with_name(name)?.is_nullable() {
                return Err(Error::input(format!(
                    "the file lacks the column `{name}`, which is NOT NULL in the table"
                ))
                .place(Place {
                    line: 1,
                    ..Place::file(&file.name)
                })
                .hint("add the column to the file"));
            }
        }
    }
    Ok(())
}

/// The table with the columns that files have beyond it, and with types wide enough for them.
fn evolve(
    files: &[SourceFile],
    differences: &[Differences],
    options: &ReadOptions,
    table: &TableDefinition,
    state: &SessionState,
    notes: &mut [Vec<String>],
) -> Result<Option<TableDefinition>> {
    let declared = declared_types(options, state)?;
    let mut fields: Vec<Field> = table
        .schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    let mut added: Vec<(String, String, Found)> = Vec::new();
    for ((file, found), notes) in files.iter().zip(differences).zip(notes) {
        for column in found_columns(file, options, &declared)? {
            let name = column.name;
            if let Some(field) = fields.iter_mut().find(|field| *field.name() == name) {
                if table.derived(&name).is_none()
                    && let Some(wider) = fit::widened(field.data_type(), &column.found.found)
                {
                    notes.push(format!(
                        "`{name}` widened from {} to {}",
                        sql_name(field.data_type()),
                        sql_name(&wider)
                    ));
                    field.set_data_type(wider);
                }
            } else if let Some((_, _, before)) = added.iter_mut().find(|added| added.0 == name) {
                let (one, other) = (before.data_type(), column.found.found.data_type());
                *before = before
                    .clone()
                    .and(column.found.found)
                    .ok_or_else(|| types_differ(file, &name, &one, &other))?;
            } else if found.new.contains(&name) {
                added.push((name, column.found.name, column.found.found));
            }
        }
    }
    for (name, original, found) in &added {
        let data_type = declared
            .get(name.as_str())
            .cloned()
            .unwrap_or_else(|| found.data_type());
        fields.push(column_field(name, original, storable(name, &data_type)?));
    }
    let evolved = TableDefinition::with_fields(table, fields)?;
    Ok((evolved.schema != table.schema).then_some(evolved))
}

fn storable(name: &str, data_type: &DataType) -> Result<DataType> {
    crate::warehouse::storable_type(data_type).ok_or_else(|| {
        Error::input(format!(
            "column `{name}` has the type {}, which a table cannot hold",
            sql_name(data_type)
        ))
        .hint(format!("declare another one: COLUMNS ({name} TEXT)"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow::datatypes::Schema;

    use super::*;
    use crate::sql::Layout;

    fn differences(table: &[&str], file: &[&str]) -> Differences {
        let fields = table
            .iter()
            .map(|name| Field::new(*name, DataType::Utf8, true));
        let table = TableDefinition {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            layout: Layout::default(),
        };
        let columns: Vec<_> = file
            .iter()
            .map(|name| Named {
                name: (*name).to_owned(),
                original: (*name).to_owned(),
            })
            .collect();
        Differences::of(&columns, &table)
    }

    fn pairs(found: &Differences) -> Vec<(&str, &str)> {
        let pairs = found.renamed.iter();
        pairs
            .map(|(one, other)| (one.as_str(), other.as_str()))
            .collect()
    }

    #[test]
    fn the_same_columns_in_another_order_are_not_serious() {
        let found = differences(&["a", "b"], &["b", "a"]);
        assert!(found.reordered && !found.is_serious());
        assert_eq!(
            differences(&["a", "b"], &["a", "b"]),
            Differences::default()
        );
    }

    #[test]
    fn a_missing_column_does_not_reorder_the_others() {
        let found = differences(&["a", "b", "c"], &["a", "c"]);
        assert_eq!(found.missing, ["b"]);
        assert!(!found.reordered);
    }

    #[test]
    fn similar_names_look_renamed() {
        let found = differences(
            &["npi", "years_of_exp", "city"],
            &["npi", "year_exp", "state"],
        );
        assert_eq!(pairs(&found), [("years_of_exp", "year_exp")]);
    }

    #[test]
    fn one_new_column_in_the_place_of_one_missing_looks_renamed() {
        let found = differences(&["id", "amount"], &["id", "bill"]);
        assert_eq!(pairs(&found), [("amount", "bill")]);
        let found = differences(&["id", "amount", "x"], &["bill", "id", "x"]);
        assert!(pairs(&found).is_empty());
    }
}
