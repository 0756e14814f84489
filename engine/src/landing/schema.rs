//! The columns that a load writes with.

use std::sync::Arc;

use datafusion::execution::SessionState;

use super::blocking;
use super::columns::infer_schema;
use super::discover::SourceFile;
use super::drift::{Drift, examine};
use super::options::LandingOptions;
use crate::warehouse::{TableDefinition, TableId};
use crate::{Error, Result};

/// The columns that some files are written to.
pub(super) struct Columns {
    pub(super) table: TableDefinition,
    /// For each file what there is to say about its columns.
    pub(super) notes: Vec<Vec<String>>,
}

/// Those of a table made for the files.
///
/// # Errors
/// A file that cannot be read, columns that cannot be stored.
pub(super) async fn make_columns(
    files: &[SourceFile],
    options: &LandingOptions,
    state: Arc<SessionState>,
) -> Result<Columns> {
    let (files, for_files) = (files.to_vec(), options.read.clone());
    let planning = Arc::clone(&state);
    let inference = blocking(move || infer_schema(&files, &for_files, &planning)).await?;
    let layout = options.layout.clone();
    Ok(Columns {
        table: TableDefinition::for_rows(&inference.schema, layout, &state)?,
        notes: inference.notes,
    })
}

/// Compares the columns of the files with those of the table `id`, and decides what to do about
/// differences.
///
/// # Errors
/// Differences that ON_DRIFT does not allow, a layout other than the table's, a file that cannot
/// be read.
pub(super) async fn compare_columns(
    table: &TableDefinition,
    id: &TableId,
    files: &[SourceFile],
    options: &LandingOptions,
    state: Arc<SessionState>,
) -> Result<Drift> {
    check_layout(table, options)?;
    let (table, id, files) = (table.clone(), id.clone(), files.to_vec());
    let (read, on_drift) = (
        options.read.clone(),
        options.reload.on_drift.unwrap_or_default(),
    );
    blocking(move || examine(&files, &read, &table, &id, on_drift, &state)).await
}

fn check_layout(table: &TableDefinition, options: &LandingOptions) -> Result<()> {
    let present = table.layout.given();
    for (option, asked) in options.layout.given() {
        let mut same = present.iter().filter(|(name, _)| *name == option);
        match same.next() {
            Some((_, present)) if *present == asked => {}
            Some((_, present)) => {
                return Err(
                    Error::input(format!("the table has {option} {present}, not {asked}"))
                        .hint(format!("leave {option} out, or make the table anew")),
                );
            }
            None => {
                return Err(Error::input(format!("the table has no {option}"))
                    .hint(format!("leave {option} out, or make the table anew")));
            }
        }
    }
    Ok(())
}
