//! A view: the text of a query in `<root>/<zone>/<view>.sql`, readable and diffable.

use std::io::Write;

use super::{Entry, TableId, Warehouse};
use crate::{Error, Result};

impl Warehouse {
    /// Writes a view, whole or not at all.
    ///
    /// # Errors
    /// A name that is taken (unless it is a view and may be replaced), or a folder that cannot be
    /// written.
    pub fn write_view(&self, id: &TableId, text: &str, or_replace: bool) -> Result<()> {
        match self.entry(id) {
            Some(Entry::Table) => {
                return Err(Error::input(format!("{id} is a table"))
                    .hint("choose another name, or DROP TABLE first"));
            }
            Some(Entry::View) if !or_replace => {
                return Err(
                    Error::input(format!("view {id} exists")).hint("use CREATE OR REPLACE VIEW")
                );
            }
            Some(Entry::View) | None => {}
        }
        let path = self.view_file(id);
        let text = format!("{}\n", text.trim_end());
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            return Ok(());
        }
        let write = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(&self.root);
            std::fs::create_dir_all(folder)?;
            let draft = folder.join(format!(".{}.sql.{}", id.name, std::process::id()));
            let mut file = std::fs::File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&draft, &path)
        };
        write().map_err(|error| Error::file("write view", &path, error))
    }

    /// The text of a view.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read_view(&self, id: &TableId) -> Result<String> {
        let path = self.view_file(id);
        std::fs::read_to_string(&path).map_err(|error| Error::file("read view", &path, error))
    }
}
