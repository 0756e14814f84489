//! Parquet files read by the engine itself: it leaves out columns, row groups and pages.

use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::catalog::Session;
use datafusion::common::ScalarValue;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result as PlannerResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;

use object_store::ObjectMeta;

use super::scan::OpenFile;
use crate::Result;
use crate::landing::formats::{self, ReadOptions};
use crate::sql::FileFormat;

/// Parquet files, and how their columns are called.
#[derive(Debug)]
pub(super) struct ParquetFiles {
    /// The columns of the files by the names that they have there, then those of the paths.
    table: TableSchema,
    /// For each column of the relation its place in `table`.
    places: Vec<usize>,
    names: Vec<String>,
    files: Vec<PartitionedFile>,
}

impl ParquetFiles {
    /// The files, if the engine reads them as faithfully as we do: no declared types, no old
    /// INT96 timestamps, and each column under one name in all files.
    pub(super) fn of(
        files: &[OpenFile],
        options: &ReadOptions,
        schema: &SchemaRef,
    ) -> Result<Option<Self>> {
        let all_parquet = files
            .iter()
            .all(|open| open.file.format == FileFormat::Parquet);
        if !all_parquet || !options.columns.is_empty() {
            return Ok(None);
        }
        for open in files {
            if formats::has_int96(&open.file)? {
                return Ok(None);
            }
        }
        let Some(originals) = original_names(files, options, schema)? else {
            return Ok(None);
        };
        let in_path = |name: &str| {
            let holds = |open: &OpenFile| {
                open.file
                    .path_columns
                    .iter()
                    .any(|column| column.name == name)
            };
            files.iter().any(holds)
        };
        let renamed = |at: usize| Arc::new(schema.field(at).clone().with_name(&originals[at]));
        let order = || 0..schema.fields().len();
        let own: Vec<usize> = order().filter(|at| !in_path(&originals[*at])).collect();
        let of_path: Vec<usize> = order().filter(|at| in_path(&originals[*at])).collect();
        let places = order().map(|at| {
            let place = own.iter().chain(&of_path).position(|known| *known == at);
            place.unwrap_or(at)
        });
        let places = places.collect();
        let of_path: Vec<FieldRef> = of_path.into_iter().map(renamed).collect();
        let own = Arc::new(Schema::new(
            own.into_iter().map(renamed).collect::<Vec<_>>(),
        ));
        let mut partitioned = Vec::with_capacity(files.len());
        for open in files {
            let Some(file) = with_path_values(open, &of_path)? else {
                return Ok(None);
            };
            partitioned.push(file);
        }
        Ok(Some(ParquetFiles {
            table: TableSchema::builder(own)
                .with_table_partition_cols(of_path)
                .build(),
            places,
            names: schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect(),
            files: partitioned,
        }))
    }

    pub(super) fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> PlannerResult<Arc<dyn ExecutionPlan>> {
        let wanted: Vec<usize> = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.places.len()).collect(),
        };
        let groups = self
            .files
            .len()
            .min(state.config().target_partitions())
            .max(1);
        let mut parts: Vec<Vec<PartitionedFile>> = vec![Vec::new(); groups];
        for (index, file) in self.files.iter().enumerate() {
            parts[index % groups].push(file.clone());
        }
        let source = ParquetSource::new(self.table.clone()).with_pushdown_filters(true);
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(parts.into_iter().map(FileGroup::new).collect())
            .with_projection_indices(Some(wanted.iter().map(|at| self.places[*at]).collect()))?
            .with_limit(limit)
            .build();
        let plan = DataSourceExec::from_data_source(scan);
        let found = plan.schema();
        let names = wanted.iter().map(|at| &self.names[*at]);
        if found
            .fields()
            .iter()
            .zip(names.clone())
            .all(|(field, name)| field.name() == name)
        {
            return Ok(plan);
        }
        let columns = found
            .fields()
            .iter()
            .zip(names)
            .enumerate()
            .map(|(at, (field, name))| {
                (Arc::new(Column::new(field.name(), at)) as _, name.clone())
            });
        Ok(Arc::new(ProjectionExec::try_new(
            columns.collect::<Vec<_>>(),
            plan,
        )?))
    }
}

/// For each column the name that it has in the files; `None` if that is not one name.
fn original_names(
    files: &[OpenFile],
    options: &ReadOptions,
    schema: &Schema,
) -> Result<Option<Vec<String>>> {
    let mut originals: Vec<Option<String>> = vec![None; schema.fields().len()];
    for open in files {
        let names = formats::column_names(&open.file, options)?;
        for (original, place) in originals.iter_mut().zip(&open.places) {
            let Some(name) = place.and_then(|place| names.get(place)) else {
                continue;
            };
            if original.get_or_insert_with(|| name.clone()) != name {
                return Ok(None);
            }
        }
    }
    Ok(originals.into_iter().collect())
}

/// A file with its values of the columns in the path; `None` if it has one of them itself.
fn with_path_values(open: &OpenFile, columns: &[Arc<Field>]) -> Result<Option<PartitionedFile>> {
    let mut values = Vec::with_capacity(columns.len());
    for field in columns {
        let column = open
            .file
            .path_columns
            .iter()
            .find(|column| column.name == *field.name());
        let array = match column {
            Some(column) => formats::path_value(column, field, &open.file)?,
            None => new_null_array(field.data_type(), 1),
        };
        values.push(ScalarValue::try_from_array(&array, 0)?);
    }
    let path = object_store::path::Path::from_absolute_path(&open.file.path);
    let file = path.map(|path| {
        // The path is spelled as the store spells it already.
        PartitionedFile::new_from_meta(ObjectMeta {
            location: path,
            last_modified: DateTime::<Utc>::UNIX_EPOCH,
            size: open.file.bytes,
            e_tag: None,
            version: None,
        })
        .with_partition_values(values)
    });
    // A path that the store cannot spell is read by our own reader.
    Ok(file.ok().filter(|_| {
        let own = open.file.remembered_names().unwrap_or_default();
        !columns.iter().any(|field| own.contains(field.name()))
    }))
}
