//! The table that files are to the planner, and the streams of its rows.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result as PlannerResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use super::parquet::ParquetFiles;
use crate::landing::columns::places_of;
use crate::landing::discover::SourceFile;
use crate::landing::formats::{self, ReadOptions};
use crate::{Error, Result};

/// Batches that may wait between the reader of a file and the query.
const BATCHES_IN_FLIGHT: usize = 2;

/// Files as a table.
#[derive(Debug)]
pub(super) struct FileTable {
    files: Vec<OpenFile>,
    options: ReadOptions,
    schema: SchemaRef,
    parquet: Option<ParquetFiles>,
}

/// A file, and for each column of the table its place in it.
#[derive(Debug, Clone)]
pub(super) struct OpenFile {
    pub(super) file: SourceFile,
    pub(super) places: Vec<Option<usize>>,
}

impl FileTable {
    /// The files as a table of `schema`; a column that a file does not have is NULL in it.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn new(
        files: Vec<SourceFile>,
        options: ReadOptions,
        schema: SchemaRef,
    ) -> Result<Self> {
        let files: Vec<OpenFile> = files
            .into_iter()
            .map(|file| {
                let places = places_of(&file, &options, &schema)?;
                Ok(OpenFile { file, places })
            })
            .collect::<Result<_>>()?;
        Ok(FileTable {
            parquet: ParquetFiles::of(&files, &options, &schema)?,
            files,
            options,
            schema,
        })
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> PlannerResult<Arc<dyn ExecutionPlan>> {
        if let Some(parquet) = &self.parquet {
            return parquet.scan(state, projection, limit);
        }
        let wanted: Vec<usize> = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let schema = Arc::new(self.schema.project(&wanted)?);
        let streams = self
            .files
            .len()
            .min(state.config().target_partitions())
            .max(1);
        let mut parts: Vec<Vec<OpenFile>> = vec![Vec::new(); streams];
        for (index, open) in self.files.iter().enumerate() {
            parts[index % streams].push(OpenFile {
                file: open.file.clone(),
                places: wanted.iter().map(|column| open.places[*column]).collect(),
            });
        }
        let parts = parts.into_iter().map(|files| {
            Arc::new(Files {
                files,
                options: self.options.clone(),
                schema: Arc::clone(&schema),
            }) as Arc<dyn PartitionStream>
        });
        Ok(Arc::new(StreamingTableExec::try_new(
            Arc::clone(&schema),
            parts.collect(),
            None,
            None,
            false,
            limit,
        )?))
    }
}

/// Files that are read one after the other.
#[derive(Debug)]
struct Files {
    files: Vec<OpenFile>,
    options: ReadOptions,
    schema: Arc<Schema>,
}

impl PartitionStream for Files {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let (files, options) = (self.files.clone(), self.options.clone());
        let mut stream = RecordBatchReceiverStreamBuilder::new(schema, BATCHES_IN_FLIGHT);
        let (sender, schema) = (stream.tx(), Arc::clone(&self.schema));
        stream.spawn_blocking(move || {
            let read_all = || -> Result<()> {
                for OpenFile { file, places } in &files {
                    for piece in formats::read(file, &options, Arc::clone(&schema), places)? {
                        let piece = piece?;
                        if let Some(first) = piece.rejects.into_iter().next() {
                            return Err(first.into_error(&file.name));
                        }
                        // The receiver is gone when the query has all that it wants.
                        if sender.blocking_send(Ok(piece.rows)).is_err() {
                            return Ok(());
                        }
                    }
                }
                Ok(())
            };
            read_all().map_err(Error::into_datafusion)
        });
        stream.build()
    }
}
