//! Which rows an export delivers: all of them, or of a table of the warehouse those that it gained
//! since it was last exported to the same target. So a monthly export costs a month.

use std::mem;

use datafusion::execution::SendableRecordBatchStream;

use super::deliver::{keep, query_of};
use super::ledger::{Followed, LastExport};
use super::{Connection, Export};
use crate::session::{Planner, Session, Target};
use crate::sql::{CopyInto, CopySource};
use crate::warehouse::TableId;
use crate::{Error, Kind, Result};

/// What there is to export. A table that the target has already gives no rows, which go the same
/// way: what else was asked of the export is checked and done.
pub(super) struct Delivery {
    /// They come one after the other.
    pub(super) rows: SendableRecordBatchStream,
    /// The table that they are of, if the ledger is to follow it.
    pub(super) followed: Option<Followed>,
    /// Which rows these are, if not all.
    pub(super) note: Option<String>,
}

/// Finds the rows of an export.
///
/// # Errors
/// An error of the query, a target that cannot be asked, an append of a table that lost rows.
pub(super) async fn find_rows(
    session: &Session,
    copy: &CopyInto,
    connection: &Connection,
    export: &Export,
) -> Result<Delivery> {
    let planner = session.begin();
    let followed = followed(session, copy, &planner, export).await?;
    let last = match &followed {
        Some((_, followed)) if !export.force => {
            connection.last_export(export, &followed.table_id).await?
        }
        _ => None,
    };
    if let (Some((id, followed)), Some(last)) = (&followed, &last)
        && export.adds_once()
    {
        return rows_since(planner, export, id, followed.clone(), last).await;
    }
    let (query, _) = query_of(copy)?;
    let rows = planner.query(query).await?;
    let again = |(id, followed): &(TableId, Followed)| {
        let last = last.filter(|last| last.version == followed.version)?;
        Some(format!(
            "version {} of {id} was exported before, {}",
            last.version, last.by
        ))
    };
    Ok(Delivery {
        rows: keep(planner, rows),
        note: followed.as_ref().and_then(again),
        followed: followed.map(|(_, followed)| followed),
    })
}

/// The table of the warehouse that is exported as it is.
async fn followed(
    session: &Session,
    copy: &CopyInto,
    planner: &Planner,
    export: &Export,
) -> Result<Option<(TableId, Followed)>> {
    let CopySource::Relation(name) = &copy.source else {
        return Ok(None);
    };
    let Target::Warehouse(id) = session.resolve(name)? else {
        return Ok(None);
    };
    if !export.can_follow() {
        return Ok(None);
    }
    let version = planner.snapshot().version_of(&id).await?;
    Ok(version.map(|now| {
        let followed = Followed {
            name: id.to_string(),
            table_id: now.table_id,
            version: now.version,
            since: None,
            columns_then: Vec::new(),
        };
        (id, followed)
    }))
}

/// The rows that the table gained since an export.
async fn rows_since(
    planner: Planner,
    export: &Export,
    id: &TableId,
    followed: Followed,
    last: &LastExport,
) -> Result<Delivery> {
    if last.version > followed.version {
        return Err(Error::new(
            Kind::Locked,
            format!(
                "version {} of {id} was exported meanwhile, {}",
                last.version, last.by
            ),
        )
        .hint("nothing was written: run the statement again"));
    }
    let mut changes = planner.snapshot().changes_since(id, last.version).await?;
    if changes.files_gone > 0 && export.mode.only_adds() {
        return Err(Error::input(format!(
            "{id} lost or changed rows since its version {}, which was exported {}: an append cannot follow that",
            last.version, last.by
        ))
        .hint("use MODE replace, or MODE merge with a key; FORCE appends all rows once more"));
    }
    let (version, by) = (last.version, &last.by);
    let mut note = match version == followed.version {
        true => format!("version {version} of {id} was exported before, {by}; no rows are new"),
        false => {
            format!("the rows that {id} gained since version {version}, which was exported {by}")
        }
    };
    if changes.files_gone > 0 {
        note += "; rows that it lost since stay in the target";
    }
    let columns_then = mem::take(&mut changes.columns_before);
    let plan = planner.snapshot().added_rows(changes).await?;
    let rows = planner.run(&plan).await?;
    Ok(Delivery {
        rows: keep(planner, rows),
        followed: Some(Followed {
            since: Some(last.version),
            columns_then,
            ..followed
        }),
        note: Some(note),
    })
}
