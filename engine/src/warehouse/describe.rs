//! DESCRIBE: the columns of a table, a view, a query or files in the types of SQL.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use super::SERVER_TYPE;
use crate::Result;
use crate::pii::{PII, tagged_columns};
use crate::session::{Session, Target};
use crate::sql::{Describe, Described, Name, PartitionField, Query};
use crate::values::sql_name;

/// The metadata of a column that holds its comment, and the column that shows it.
const COMMENT: &str = "comment";

/// One row per column: name, type, nullable, partition, comment, and tags, those that it has from what
/// it derives from included. Of a column of a database whose
/// type is unknown here, the comment is that type.
///
/// # Errors
/// No such table or view.
pub async fn describe(session: &Session, describe: &Describe) -> Result<RecordBatch> {
    let (plan, partition_by) = match &describe.subject {
        Described::Query(query) => {
            let plan = session.begin().plan(query.as_ref().clone()).await?;
            (plan, Vec::new())
        }
        Described::Table(name) => {
            let plan = session.begin().plan(Query::select_all(name)?).await;
            let plan = plan.map_err(|error| name.locate(error))?;
            (plan, partition_fields(session, name).await?)
        }
    };
    let fields = plan.schema().fields();
    let tags = tagged_columns(&plan).into_iter();
    let tags = tags.map(|tagged| tagged.then(|| PII.to_owned())).collect();
    let text = |values: Vec<Option<String>>| Arc::new(StringArray::from(values)) as ArrayRef;
    let partition = |name: &str| {
        partition_by
            .iter()
            .find(|field| field.name == name)
            .map(ToString::to_string)
    };
    let comment = |metadata: &HashMap<String, String>| {
        let known = metadata.get(COMMENT).or_else(|| metadata.get(SERVER_TYPE));
        known.cloned()
    };
    let yes_no = |yes: bool| Some(if yes { "yes" } else { "no" }.to_owned());
    Ok(RecordBatch::try_from_iter_with_nullable([
        (
            "column",
            text(
                fields
                    .iter()
                    .map(|field| Some(field.name().clone()))
                    .collect(),
            ),
            false,
        ),
        (
            "type",
            text(
                fields
                    .iter()
                    .map(|field| Some(sql_name(field.data_type())))
                    .collect(),
            ),
            false,
        ),
        (
            "nullable",
            text(
                fields
                    .iter()
                    .map(|field| yes_no(field.is_nullable()))
                    .collect(),
            ),
            false,
        ),
        (
            "partition",
            text(fields.iter().map(|field| partition(field.name())).collect()),
            true,
        ),
        (
            COMMENT,
            text(
                fields
                    .iter()
                    .map(|field| comment(field.metadata()))
                    .collect(),
            ),
            true,
        ),
        ("tags", text(tags), true),
    ])?)
}

async fn partition_fields(session: &Session, name: &Name) -> Result<Vec<PartitionField>> {
    let Ok(Target::Warehouse(id)) = session.resolve(name) else {
        return Ok(Vec::new());
    };
    match session.warehouse().open(&id).await? {
        Some(table) => Ok(super::TableDefinition::of(&table)?.layout.partition_by),
        None => Ok(Vec::new()),
    }
}
