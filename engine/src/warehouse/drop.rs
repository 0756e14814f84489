//! DROP TABLE and DROP VIEW.

use super::create::check_writable;
use super::{Entry, TableId, Warehouse};
use crate::execute::Done;
use crate::session::Session;
use crate::sql::{Drop, DropKind, closest};
use crate::{Error, Result};

/// Removes a table or view.
///
/// # Errors
/// There is none, or it is of the other kind; a table that is being read.
pub async fn drop_entry(session: &Session, drop: Drop) -> Result<Done> {
    let id = session.resolve_in_warehouse(&drop.name)?;
    check_writable(&id).map_err(|error| drop.name.locate(error))?;
    let warehouse = session.warehouse();
    match (warehouse.entry(&id), drop.kind) {
        (Some(Entry::Table), DropKind::Table) => warehouse.drop_table(&id).await?,
        (Some(Entry::View), DropKind::View) => warehouse.drop_view(&id)?,
        (Some(Entry::Table), DropKind::View) => {
            return Err(drop
                .name
                .locate(Error::input(format!("{id} is a table")).hint("use DROP TABLE")));
        }
        (Some(Entry::View), DropKind::Table) => {
            return Err(drop
                .name
                .locate(Error::input(format!("{id} is a view")).hint("use DROP VIEW")));
        }
        (None, _) if drop.if_exists => {
            return Ok(Done {
                message: format!("there is no {id}"),
                rows: None,
            });
        }
        (None, _) => {
            let error = Error::input(format!(
                "there is no {} {id}",
                drop.kind.to_string().to_lowercase()
            ));
            let known = warehouse.entries(id.zone);
            let near = closest(&id.name, known.iter().map(|(name, _)| name.as_str()));
            return Err(drop.name.locate(error.hint(match near {
                Some(near) => format!("did you mean `{}.{near}`?", id.zone.name()),
                None => "SHOW TABLES lists what there is, IF EXISTS accepts nothing".to_owned(),
            })));
        }
    }
    Ok(Done {
        message: format!("dropped {id}"),
        rows: None,
    })
}

impl Warehouse {
    /// Removes a view.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn drop_view(&self, id: &TableId) -> Result<()> {
        let path = self.view_file(id);
        std::fs::remove_file(&path).map_err(|error| Error::file("remove view", &path, error))
    }

    /// Removes a table with all its rows: out of the catalog at once, then off the disk.
    ///
    /// # Errors
    /// [`crate::Kind::Locked`] while a query reads it; a folder that cannot be moved.
    pub async fn drop_table(&self, id: &TableId) -> Result<()> {
        let _writer = self.lock_for_write(id).await?;
        let Some(_no_readers) = self.try_exclude_readers(id) else {
            return Err(
                Error::new(crate::Kind::Locked, format!("a query is reading {id}"))
                    .hint("wait for it to end and run again"),
            );
        };
        let folder = self.folder(id);
        self.empty_trash();
        let trash = self
            .root
            .join(".tidemill")
            .join(format!("dropped-{}", uuid::Uuid::now_v7()));
        std::fs::rename(&folder, &trash)
            .map_err(|error| Error::file("drop table", &folder, error))?;
        std::fs::remove_dir_all(&trash).map_err(|error| Error::file("remove", &trash, error))
    }

    /// What a process that was killed while it dropped a table has left.
    fn empty_trash(&self) {
        let items = std::fs::read_dir(self.root.join(".tidemill"))
            .into_iter()
            .flatten()
            .flatten();
        for item in items.filter(|item| item.file_name().to_string_lossy().starts_with("dropped-"))
        {
            // Another process may be removing it right now.
            let _ = std::fs::remove_dir_all(item.path());
        }
    }
}
