//! What may be done in a SQLite file: what the file system allows.

use rusqlite::OpenFlags;
use rustix::fs::Access;

use super::{blocking, connect, count};
use crate::connections::rights::Rights;
use crate::connections::url::SqliteUrl;
use crate::error::{Error, Result};

const TABLES: &str = "SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Opens the file for reading, and asks the file system whether it may be written.
///
/// # Errors
/// A file that is missing or is no SQLite file.
pub(crate) async fn rights(url: &SqliteUrl) -> Result<Rights> {
    let url = url.clone();
    blocking(move || {
        if !url.path.exists() {
            return Err(Error::input(format!(
                "the SQLite file {} is not there",
                url.path.display()
            ))
            .hint("the first export makes it; correct the path if it should be there already"));
        }
        let connection = connect(&url.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let tables = count(&connection, "ask for tables", TABLES)?;
        let may_write = rustix::fs::access(&url.path, Access::WRITE_OK).is_ok();
        Ok(Rights {
            server: format!("SQLite {}", rusqlite::version()),
            user: None,
            tables,
            readable: tables,
            writable: if may_write { tables } else { 0 },
            creatable: if may_write {
                vec!["main".to_owned()]
            } else {
                Vec::new()
            },
        })
    })
    .await
}
