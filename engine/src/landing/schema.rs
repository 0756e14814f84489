//! The columns that a load writes with.

use std::sync::Arc;

use datafusion::execution::SessionState;

use super::blocking;
use super::columns::infer_schema;
use super::discover::SourceFile;
use super::options::LandingOptions;
use crate::sql::PartitionField;
use crate::warehouse::TableDefinition;
use crate::{Error, Result};

/// The definition of a table made for the files; `None` where the table is there already.
///
/// # Errors
/// A file that cannot be read, columns that cannot be stored, a layout other than the table's.
pub(super) async fn choose_columns(
    table: Option<&TableDefinition>,
    files: &[SourceFile],
    options: &LandingOptions,
    state: Arc<SessionState>,
) -> Result<Option<TableDefinition>> {
    if let Some(table) = table {
        check_layout(table, options)?;
        return Ok(None);
    }
    let (files, for_files) = (files.to_vec(), options.read.clone());
    let planning = Arc::clone(&state);
    let schema = blocking(move || infer_schema(&files, &for_files, &planning)).await?;
    TableDefinition::for_rows(&schema, options.partition_by.clone(), &state).map(Some)
}

fn check_layout(table: &TableDefinition, options: &LandingOptions) -> Result<()> {
    let text = |fields: &[PartitionField]| {
        fields
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (asked, present) = (text(&options.partition_by), text(&table.partition_by));
    if asked.is_empty() || asked == present {
        return Ok(());
    }
    let present = if present.is_empty() {
        "not partitioned".to_owned()
    } else {
        format!("partitioned by ({present})")
    };
    Err(
        Error::input(format!("the table is {present}, not by ({asked})"))
            .hint("leave PARTITION_BY out, or make the table anew"),
    )
}
