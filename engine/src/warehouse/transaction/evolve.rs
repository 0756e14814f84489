//! Changing the columns of a table that has rows: further ones, and wider types.
//!
//! Files without a new column read as NULL in it, for us and for other readers. A wider type is
//! another matter: readers that open the files by themselves would meet two types. So the files
//! are written anew, in the commit that changes the type.

use arrow::datatypes::Field;
use delta_kernel::schema::StructType;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::{Action, EagerSnapshot, MetadataExt, Protocol, contains_timestampntz};
use serde_json::{Value, json};

use super::{Change, TableTransaction};
use crate::values::sql_name;
use crate::warehouse::TableDefinition;
use crate::warehouse::definition::expression_type;
use crate::{Error, Result};

/// The table feature without which no column may be a TIMESTAMP.
const TIMESTAMP_FEATURE: &str = "timestampNtz";
/// The features that a writer version means which is older than features, each from which on.
const FEATURES_OF_WRITER_VERSIONS: [(i64, &str); 6] = [
    (2, "appendOnly"),
    (2, "invariants"),
    (3, "checkConstraints"),
    (4, "changeDataFeed"),
    (4, "generatedColumns"),
    (5, "columnMapping"),
];

impl TableTransaction {
    /// Gives the table further columns, at its end, and wider types. Rows that the table has get
    /// NULL and, with the commit, the wider type; rows that are written from now on have the new
    /// definition.
    ///
    /// # Errors
    /// A partition column that would change its type; a table that cannot be read or written.
    pub fn evolve(&mut self, definition: TableDefinition) -> Result<()> {
        let Some(before) = self.definition.replace(definition) else {
            return Err(self.undefined());
        };
        if self.table.is_none() {
            return Ok(());
        }
        let after = self.definition.as_ref().ok_or_else(|| self.undefined())?;
        let retyped: Vec<&Field> = before
            .schema
            .fields()
            .iter()
            .map(AsRef::as_ref)
            .filter(|field| {
                after
                    .schema
                    .field_with_name(field.name())
                    .is_ok_and(|now| now.data_type() != field.data_type())
            })
            .collect();
        check_partition_columns(after, &retyped, &self.state)?;
        self.rewrites_all |= !retyped.is_empty();
        self.change = Change::Evolved;
        Ok(())
    }

    /// What the log must say about the definition before it says anything about rows.
    pub(super) fn definition_actions(
        &self,
        snapshot: &EagerSnapshot,
    ) -> Result<Vec<Action>, DeltaTableError> {
        let (Change::Evolved, Some(definition)) = (self.change, &self.definition) else {
            return Ok(Vec::new());
        };
        let schema = definition
            .to_delta()
            .map_err(|error| DeltaTableError::GenericError {
                source: error.into(),
            })?;
        let mut actions = Vec::new();
        actions.extend(protocol_for(&schema, snapshot.protocol())?.map(Action::Protocol));
        actions.push(Action::Metadata(
            snapshot.metadata().clone().with_schema(&schema)?,
        ));
        Ok(actions)
    }
}

/// The protocol that the columns need; `None` if the table has it.
fn protocol_for(
    schema: &StructType,
    present: &Protocol,
) -> Result<Option<Protocol>, DeltaTableError> {
    let mut protocol = serde_json::to_value(present)?;
    let has_feature = protocol["readerFeatures"]
        .as_array()
        .is_some_and(|features| features.iter().any(|name| name == TIMESTAMP_FEATURE));
    if has_feature || !contains_timestampntz(schema.fields()) {
        return Ok(None);
    }
    let (reader, writer) = (
        protocol["minReaderVersion"].as_i64().unwrap_or(1),
        protocol["minWriterVersion"].as_i64().unwrap_or(2),
    );
    let implied = FEATURES_OF_WRITER_VERSIONS
        .iter()
        .filter(|(since, _)| writer < 7 && writer >= *since)
        .map(|(_, feature)| *feature);
    add_features(
        &mut protocol["writerFeatures"],
        implied.chain([TIMESTAMP_FEATURE]),
    );
    let implied = (reader == 2).then_some("columnMapping");
    add_features(
        &mut protocol["readerFeatures"],
        implied.into_iter().chain([TIMESTAMP_FEATURE]),
    );
    protocol["minReaderVersion"] = json!(3);
    protocol["minWriterVersion"] = json!(7);
    Ok(Some(serde_json::from_value(protocol)?))
}

fn add_features<'a>(features: &mut Value, more: impl Iterator<Item = &'a str>) {
    let mut names: Vec<Value> = features.as_array().cloned().unwrap_or_default();
    for name in more {
        if !names.iter().any(|known| known == name) {
            names.push(json!(name));
        }
    }
    *features = Value::Array(names);
}

/// Partition values stand in folder names, which a rewrite would all change.
fn check_partition_columns(
    definition: &TableDefinition,
    retyped: &[&Field],
    state: &datafusion::execution::SessionState,
) -> Result<()> {
    let given =
        arrow::datatypes::Schema::new(definition.given_columns().cloned().collect::<Vec<_>>());
    for partition in &definition.layout.partition_by {
        let stored = definition.schema.field_with_name(&partition.name)?;
        let (changes, data_type) = match &partition.expression {
            None => (
                retyped.iter().any(|field| field.name() == stored.name()),
                stored.data_type().clone(),
            ),
            Some(expression) => {
                let data_type = expression_type(expression, &given, state)?;
                (data_type != *stored.data_type(), data_type)
            }
        };
        if changes {
            return Err(Error::input(format!(
                "the table is partitioned by `{}`, whose type would become {}",
                partition.name,
                sql_name(&data_type)
            ))
            .hint("make the table anew with CREATE TABLE .. AS SELECT"));
        }
    }
    Ok(())
}
