//! What a table gained between two of its versions, by its files: an export that follows a table
//! reads those that came since the last one, and no others.

use std::collections::{HashMap, HashSet};

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use futures::TryStreamExt;

use super::origin::{Origin, origin_of};
use super::transaction::rows_of;
use super::{Snapshot, TableId, Warehouse};
use crate::{Error, Result};

/// One state of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableVersion {
    /// Unique: a table that was dropped and made anew is another one.
    pub table_id: String,
    /// Counted from 0.
    pub version: u64,
}

/// What became of a table since one of its versions.
#[derive(Debug)]
pub struct Changes {
    table: DeltaTable,
    added: Vec<Add>,
    /// How many data files are no longer part of it: rows of theirs were removed or changed.
    pub files_gone: usize,
    /// The columns that it had.
    pub columns_before: Vec<String>,
}

impl Snapshot {
    /// The version of a table that the statement sees; `None` when there is no such table.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub async fn version_of(&self, id: &TableId) -> Result<Option<TableVersion>> {
        let Some(table) = self.open(id).await? else {
            return Ok(None);
        };
        Ok(Some(TableVersion {
            table_id: table.snapshot()?.metadata().id().to_owned(),
            version: table.version().unwrap_or_default(),
        }))
    }

    /// What became of a table between one of its versions and the one that the statement sees.
    ///
    /// # Errors
    /// A version that the log does not reach back to, a table that cannot be read.
    pub async fn changes_since(&self, id: &TableId, version: u64) -> Result<Changes> {
        let table = self.open(id).await?;
        let table = table.ok_or_else(|| Error::input(format!("there is no table {id}")))?;
        if table.version() == Some(version) {
            return Ok(Changes {
                columns_before: columns_of(&table)?,
                table,
                added: Vec::new(),
                files_gone: 0,
            });
        }
        let former = self.warehouse().open_at(id, version).await?;
        let before = data_files(&former).await?;
        let now = data_files(&table).await?;
        let (stayed, stays) = (contents(&before), contents(&now));
        let is_new = |file: &Add| !stayed.contains(&content_of(file));
        let is_gone = |file: &Add| !stays.contains(&content_of(file));
        let added: Vec<Add> = now.iter().filter(|file| is_new(file)).cloned().collect();
        let gone: Vec<Add> = before
            .iter()
            .filter(|file| is_gone(file))
            .cloned()
            .collect();
        let rewritten = rewritten(&gone, &added)?;
        let other = |file: &Add| origin_of(file).is_none_or(|origin| !rewritten.contains(&origin));
        Ok(Changes {
            columns_before: columns_of(&former)?,
            files_gone: gone.iter().filter(|file| other(file)).count(),
            added: added.into_iter().filter(other).collect(),
            table,
        })
    }

    /// The rows that a table gained.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub async fn added_rows(&self, changes: Changes) -> Result<LogicalPlan> {
        let provider = changes
            .table
            .table_provider()
            .with_session(self.session())
            .with_adds(changes.added)
            .await?;
        let rows = LogicalPlanBuilder::scan("added", provider_as_source(provider), None)?;
        Ok(rows.build()?)
    }
}

impl Warehouse {
    /// A former version of a table.
    async fn open_at(&self, id: &TableId, version: u64) -> Result<DeltaTable> {
        let opened = self.builder(id)?.with_version(version).load().await;
        opened.map_err(|error| {
            Error::from(error).context(format!("cannot open version {version} of {id}"))
        })
    }
}

/// The data files of a table.
///
/// # Errors
/// A log that cannot be read.
pub(super) async fn data_files(table: &DeltaTable) -> Result<Vec<Add>> {
    let log_store = table.log_store();
    let files = table
        .snapshot()?
        .snapshot()
        .file_views(log_store.as_ref(), None);
    #[expect(deprecated, reason = "nothing else gives the tags of a file")]
    let files = files.map_ok(|file| file.add_action());
    Ok(files.try_collect().await?)
}

/// The loads whose rows lie in other files than before and are the same: a column that gets a wider
/// type has its files written anew. A load is never done twice, so as many rows are the same ones.
///
/// # Errors
/// A file that does not say how many rows it has.
fn rewritten(gone: &[Add], added: &[Add]) -> Result<HashSet<Origin>> {
    let rows_by_load = |files: &[Add]| -> Result<HashMap<Origin, u64>> {
        let mut rows = HashMap::new();
        for file in files {
            if let Some(origin) = origin_of(file) {
                *rows.entry(origin).or_default() += rows_of(file)?;
            }
        }
        Ok(rows)
    };
    let (gone, added) = (rows_by_load(gone)?, rows_by_load(added)?);
    let same = gone
        .into_iter()
        .filter(|(load, rows)| added.get(load) == Some(rows));
    Ok(same.map(|(load, _)| load).collect())
}

fn columns_of(table: &DeltaTable) -> Result<Vec<String>> {
    let schema = table.snapshot()?.snapshot().arrow_schema();
    let fields = schema.fields().iter();
    Ok(fields.map(|field| field.name().clone()).collect())
}

fn contents(files: &[Add]) -> HashSet<Content<'_>> {
    files.iter().map(content_of).collect()
}

/// Its path, and which of its rows were deleted.
type Content<'f> = (&'f str, Option<(&'f str, Option<i32>)>);

/// What tells the rows of a file from those of others: another tool may delete rows without writing
/// the file anew.
fn content_of(file: &Add) -> Content<'_> {
    let deleted = file.deletion_vector.as_ref();
    let deleted = deleted.map(|deleted| (deleted.path_or_inline_dv.as_str(), deleted.offset));
    (&file.path, deleted)
}
