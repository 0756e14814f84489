//! Reading the files of the table that a transaction began with, and writing some of them anew:
//! with wider types, or without some of their rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, UInt16Type};
use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake_core::kernel::Add;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::TableTransaction;
use crate::warehouse::TableDefinition;
use crate::warehouse::origin::{Tags, file_name};
use crate::warehouse::partitions::RowShaper;
use crate::{Error, Result};

/// The column that tells the file of a row while files are read.
const FILE_COLUMN: &str = "__tidemill_file";

/// A data file of the table.
#[derive(Debug, Clone)]
pub struct DataFile(Add);

impl DataFile {
    /// The value of a partition column in all rows of the file, as text.
    pub fn partition_value(&self, column: &str) -> Option<&str> {
        let value = self.0.partition_values.get(column)?.as_deref()?;
        // The protocol writes NULL as nothing at all, too.
        (!value.is_empty()).then_some(value)
    }
}

impl TableTransaction {
    /// Brings rows with the columns of `input` into the shape of the table.
    ///
    /// # Errors
    /// A column that the table does not have, or a NOT NULL column that is not given.
    pub(crate) fn shaper(&self, input: &arrow::datatypes::Schema) -> Result<RowShaper> {
        let definition = self.definition.as_ref().ok_or_else(|| self.undefined())?;
        RowShaper::new(definition, input, &self.state)
    }

    /// The data files of the table as it was when the transaction began, but for those that are
    /// to go.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub async fn data_files(&self) -> Result<Vec<DataFile>> {
        let going: HashSet<&str> = self.removes.iter().map(|file| file.path.as_str()).collect();
        let files = self.files().await?.iter();
        let staying = files.filter(|file| !going.contains(file.path.as_str()));
        Ok(staying.cloned().map(DataFile).collect())
    }

    /// The rows of some files, in the columns of these names that the table had, and for each row
    /// the number of its file in the list. What is written then depends on them.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub async fn read_rows(
        &mut self,
        files: &[DataFile],
        columns: &[&str],
    ) -> Result<BoxStream<'static, Result<(RecordBatch, Vec<u64>)>>> {
        self.depends_on_rows = true;
        let numbers: HashMap<String, u64> = files
            .iter()
            .zip(0..)
            .map(|(file, number)| (file_name(&file.0.path), number))
            .collect();
        let adds = files.iter().map(|file| file.0.clone()).collect();
        let columns = columns.iter().copied().chain([FILE_COLUMN]);
        let rows = self.scan(adds, &columns.collect::<Vec<_>>()).await?;
        let numbered = rows.map(move |batch| {
            let mut batch = batch?;
            let paths = batch.remove_column(batch.num_columns() - 1);
            Ok((batch, numbers_of(&paths, &numbers)?))
        });
        Ok(numbered.boxed())
    }

    /// Puts the rows of some files, changed by `change`, in place of these files. What came from
    /// different loads stays apart.
    ///
    /// # Errors
    /// Files that cannot be read or written, and those of `change`.
    pub async fn rewrite_rows(
        &mut self,
        files: Vec<DataFile>,
        change: impl Fn(RecordBatch) -> Result<RecordBatch> + Clone + Send + 'static,
    ) -> Result<()> {
        let mut by_tags: BTreeMap<Option<BTreeMap<String, Option<String>>>, Vec<Add>> =
            BTreeMap::new();
        for DataFile(file) in files {
            let tags = file.tags.clone().map(BTreeMap::from_iter);
            by_tags.entry(tags).or_default().push(file);
        }
        let table = self.table.as_ref().ok_or_else(|| self.undefined())?;
        let before = TableDefinition::of(table)?;
        let columns: Vec<&str> = before
            .given_columns()
            .map(|field| field.name().as_str())
            .collect();
        for (tags, files) in by_tags {
            self.remove(&files);
            let rows = self.scan(files, &columns).await?;
            let schema = rows.schema();
            let change = change.clone();
            let rows = rows.map(move |batch| change(batch?).map_err(Error::into_datafusion));
            let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
            self.write_files(rows, tags.map(Tags::from_iter)).await?;
        }
        self.depends_on_rows = true;
        Ok(())
    }

    /// Writes all files anew that are to stay, with the types that the table has now.
    pub(super) async fn rewrite_all(&mut self) -> Result<()> {
        let files = self.data_files().await?;
        self.rewrite_rows(files, Ok).await
    }

    /// Those of the columns that the table had when the transaction began.
    async fn scan(&self, files: Vec<Add>, columns: &[&str]) -> Result<SendableRecordBatchStream> {
        let table = self.table.as_ref().ok_or_else(|| self.undefined())?;
        let provider = table
            .table_provider()
            .with_session(Arc::clone(&self.state))
            .with_file_column(FILE_COLUMN)
            .with_adds(files)
            .await?;
        let plan = LogicalPlanBuilder::scan("rewritten", provider_as_source(provider), None)?;
        let has = |name: &str| plan.schema().has_column_with_unqualified_name(name);
        let columns: Vec<Expr> = columns
            .iter()
            .filter(|name| has(name))
            .map(|name| Expr::Column(Column::from_name(*name)))
            .collect();
        let plan = plan.project(columns)?.build()?;
        let plan = self.state.create_physical_plan(&plan).await?;
        Ok(execute_stream(plan, self.state.task_ctx())?)
    }
}

/// The numbers of the files with these paths.
fn numbers_of(paths: &dyn Array, numbers: &HashMap<String, u64>) -> Result<Vec<u64>> {
    let number = |path: &str| {
        let name = file_name(path);
        numbers.get(&name).copied().ok_or_else(|| {
            Error::internal(format!("rows came from {name}, which was not asked for"))
        })
    };
    if let Some(paths) = paths.as_dictionary_opt::<UInt16Type>() {
        let of_values: Vec<u64> = cast(paths.values(), &DataType::Utf8)?
            .as_string::<i32>()
            .iter()
            .map(|path| number(path.unwrap_or_default()))
            .collect::<Result<_>>()?;
        let keys = paths.keys().values().iter();
        return Ok(keys.map(|key| of_values[usize::from(*key)]).collect());
    }
    let paths = cast(paths, &DataType::Utf8)?;
    let paths = paths.as_string::<i32>().iter();
    paths.map(|path| number(path.unwrap_or_default())).collect()
}
