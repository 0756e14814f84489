//! Writing files of the table anew: with wider types, or without some of their rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{LogicalPlanBuilder, col};
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake_core::kernel::Add;
use futures::StreamExt;

use super::TableTransaction;
use crate::warehouse::TableDefinition;
use crate::warehouse::origin::Tags;
use crate::{Error, Result};

impl TableTransaction {
    /// Puts the rows of some files of the table, changed by `change`, in place of these files.
    /// What came from different loads stays apart. Files that are to go anyway are left out.
    ///
    /// # Errors
    /// Files that cannot be read or written, and those of `change`.
    pub(super) async fn rewrite(
        &mut self,
        files: Vec<Add>,
        change: impl Fn(RecordBatch) -> Result<RecordBatch> + Clone + Send + 'static,
    ) -> Result<()> {
        let going: Vec<String> = self.removes.iter().map(|file| file.path.clone()).collect();
        let mut by_tags: BTreeMap<Option<BTreeMap<String, Option<String>>>, Vec<Add>> =
            BTreeMap::new();
        for file in files {
            if !going.contains(&file.path) {
                let tags = file.tags.clone().map(BTreeMap::from_iter);
                by_tags.entry(tags).or_default().push(file);
            }
        }
        for (tags, files) in by_tags {
            self.remove(&files);
            let rows = self.scan(files).await?;
            let schema = rows.schema();
            let change = change.clone();
            let rows = rows.map(move |batch| change(batch?).map_err(Error::into_datafusion));
            let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
            self.write_files(rows, tags.map(Tags::from_iter)).await?;
        }
        self.depends_on_rows = true;
        Ok(())
    }

    /// The given columns of some files, as the table was when the transaction began.
    pub(super) async fn scan(&self, files: Vec<Add>) -> Result<SendableRecordBatchStream> {
        let table = self.table.as_ref().ok_or_else(|| self.undefined())?;
        let before = TableDefinition::of(table)?;
        let provider = table
            .table_provider()
            .with_session(Arc::clone(&self.state))
            .with_adds(files)
            .await?;
        let columns = before
            .given_columns()
            .map(|field| col(datafusion::common::Column::from_name(field.name())));
        let plan = LogicalPlanBuilder::scan("rewritten", provider_as_source(provider), None)?
            .project(columns)?
            .build()?;
        let plan = self.state.create_physical_plan(&plan).await?;
        Ok(execute_stream(plan, self.state.task_ctx())?)
    }
}
