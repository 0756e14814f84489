//! ALTER TABLE .. SET TAG: tags of columns, kept as metadata of the columns in the log of the table.

use super::create::check_writable;
use super::{Entry, TableDefinition, TableTransaction};
use crate::execute::Done;
use crate::pii::{is_tagged, set_tag};
use crate::session::Session;
use crate::sql::{AlterTable, closest};
use crate::{Error, Result};

/// Tags a column of a table, or takes the tag away. The rows stay as they are.
///
/// # Errors
/// No such table or column; a view, whose columns have the tags of what they derive from.
pub async fn alter_table(session: &Session, alter: &AlterTable) -> Result<Done> {
    let id = session.resolve_in_warehouse(&alter.name)?;
    check_writable(&id).map_err(|error| alter.name.locate(error))?;
    if session.warehouse().entry(&id) == Some(Entry::View) {
        return Err(alter
            .name
            .locate(Error::input(format!("{id} is a view")).hint(
                "tag the column of the table that it reads: what derives from it is tagged, too",
            )));
    }
    let planner = session.begin();
    let mut transaction = TableTransaction::begin(session.warehouse(), &id, planner.state())
        .await
        .map_err(|error| alter.name.locate(error))?;
    let Some(definition) = transaction.definition() else {
        let error =
            Error::input(format!("there is no table {id}")).hint("SHOW TABLES lists what there is");
        return Err(alter.name.locate(error));
    };
    let fields = definition.schema.fields();
    let Some(found) = fields
        .iter()
        .position(|field| *field.name() == alter.column)
    else {
        let names = fields.iter().map(|field| field.name().as_str());
        let error = Error::input(format!("{id} has no column `{}`", alter.column));
        return Err(alter.locate_column(match closest(&alter.column, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("DESCRIBE {id} lists its columns")),
        }));
    };
    let done = |message: String| Done {
        message,
        rows: None,
    };
    if is_tagged(fields[found].metadata()) == alter.tagged {
        let state = if alter.tagged { "is" } else { "is not" };
        return Ok(done(format!("{id}.{} {state} tagged pii", alter.column)));
    }
    let mut fields: Vec<_> = fields.iter().map(|field| field.as_ref().clone()).collect();
    set_tag(fields[found].metadata_mut(), alter.tagged);
    let definition = TableDefinition::with_fields(definition, fields)?;
    transaction.evolve(definition)?;
    transaction.commit(None).await?;
    let verb = if alter.tagged { "set" } else { "unset" };
    Ok(done(format!("{verb} tag pii of {id}.{}", alter.column)))
}
