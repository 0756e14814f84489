//! Where the rows of a data file came from, kept as tags of the file in the log.
//!
//! A data file never mixes origins. So the rows of a source can be taken out again by taking out
//! its files, and a row tells its origin by the file that it lies in: that is what the columns
//! `_source` and `_load_id` are made of, where a statement names them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, UInt16Type};
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlanBuilder, ScalarUDF, Volatility, create_udf,
};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use percent_encoding::percent_decode_str;

use super::changes::data_files;
use crate::sql::{LOAD_COLUMN, SOURCE_COLUMN};
use crate::{Error, Result};

/// The tag with the source of a file's rows; empty for rows that no load brought. A file without
/// it was written by another tool.
const SOURCE_TAG: &str = "tidemill.source";
/// The tag with the load that brought a file's rows; empty for rows that no load brought.
const LOAD_TAG: &str = "tidemill.load";

/// The load that rows came with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The file that was loaded, as the ledger knows it.
    pub source: String,
    /// The id of the load, as `system.loads` knows it.
    pub load_id: String,
}

/// What the log says about a file beyond its place and size.
pub(super) type Tags = HashMap<String, Option<String>>;

/// Whether the file tells the origin of its rows.
pub(super) fn is_ours(file: &Add) -> bool {
    file.tags
        .as_ref()
        .is_some_and(|tags| tags.contains_key(SOURCE_TAG))
}

/// The source of a file's rows; `None` if no load brought them.
pub(super) fn source_of(file: &Add) -> Option<&str> {
    tag(file, SOURCE_TAG)
}

/// The origin of a file's rows; `None` if no load brought them.
pub(super) fn origin_of(file: &Add) -> Option<Origin> {
    Some(Origin {
        source: source_of(file)?.to_owned(),
        load_id: tag(file, LOAD_TAG)?.to_owned(),
    })
}

/// The name of a data file, which no other file of the table has; from a path or URL.
pub(super) fn file_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    percent_decode_str(name).decode_utf8_lossy().into_owned()
}

fn tag<'a>(file: &'a Add, name: &str) -> Option<&'a str> {
    let value = file.tags.as_ref()?.get(name)?.as_deref()?;
    (!value.is_empty()).then_some(value)
}

/// The tags of files whose rows have this origin.
pub(super) fn tags_of(origin: Option<&Origin>) -> Tags {
    let text = |value: fn(&Origin) -> &String| Some(origin.map(value).cloned().unwrap_or_default());
    HashMap::from([
        (SOURCE_TAG.to_owned(), text(|origin| &origin.source)),
        (LOAD_TAG.to_owned(), text(|origin| &origin.load_id)),
    ])
}

/// Something about an origin that a column shows.
type ValueOfOrigin = fn(&Origin) -> &String;

/// The column that tells the file of a row while a table is read.
const FILE_COLUMN: &str = "__tidemill_file";

/// A table with the columns of origin behind its own; one that has a column of such a name keeps
/// that one.
///
/// # Errors
/// A table that cannot be read.
pub(super) async fn with_origin_columns(
    table: &DeltaTable,
    state: &SessionState,
) -> Result<Arc<dyn TableProvider>> {
    let provider = table
        .table_provider()
        .with_session(Arc::new(state.clone()))
        .with_file_column(FILE_COLUMN)
        .await?;
    let own: Vec<String> = provider
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .filter(|name| name != FILE_COLUMN)
        .collect();
    let origins = origins(table).await?;
    let file = || Expr::Column(Column::from_name(FILE_COLUMN));
    let mut columns: Vec<Expr> = own
        .iter()
        .map(|name| Expr::Column(Column::from_name(name)))
        .collect();
    let added: [(&str, ValueOfOrigin); 2] = [
        (SOURCE_COLUMN, |origin| &origin.source),
        (LOAD_COLUMN, |origin| &origin.load_id),
    ];
    for (name, value) in added {
        if !own.iter().any(|own| own == name) {
            let of_file = by_file(name, &origins, value);
            columns.push(of_file.call(vec![file()]).alias(name));
        }
    }
    let plan = LogicalPlanBuilder::scan("files", provider_as_source(provider), None)?
        .project(columns)?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// The origin of the rows of each data file, by its name.
async fn origins(table: &DeltaTable) -> Result<HashMap<String, Origin>> {
    let files = data_files(table).await?;
    let known = files.iter();
    Ok(known
        .filter_map(|file| Some((file_name(&file.path), origin_of(file)?)))
        .collect())
}

/// A function from the file of a row to something about its origin.
fn by_file(name: &str, origins: &HashMap<String, Origin>, value: ValueOfOrigin) -> ScalarUDF {
    let values: HashMap<String, String> = origins
        .iter()
        .map(|(file, origin)| (file.clone(), value(origin).clone()))
        .collect();
    let file_type = DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8));
    create_udf(
        name,
        vec![file_type],
        DataType::Utf8View,
        Volatility::Immutable,
        Arc::new(move |arguments| {
            let [files] = arguments else {
                return Err(Error::internal("one file per row, and nothing else").into_datafusion());
            };
            let rows = match files {
                ColumnarValue::Array(files) => files.len(),
                ColumnarValue::Scalar(_) => 1,
            };
            let files = files.to_array(rows)?;
            let found = values_of_files(&files, &values).map_err(Error::into_datafusion)?;
            Ok(ColumnarValue::Array(found))
        }),
    )
}

fn values_of_files(files: &ArrayRef, values: &HashMap<String, String>) -> Result<ArrayRef> {
    let value = |path: Option<&str>| values.get(&file_name(path?)).cloned();
    let Some(files) = files.as_dictionary_opt::<UInt16Type>() else {
        return Err(Error::internal("the files of rows are not in a dictionary"));
    };
    let paths = cast(files.values(), &DataType::Utf8)?;
    let found: StringViewArray = paths.as_string::<i32>().iter().map(value).collect();
    Ok(take(&found, files.keys(), None)?)
}
