//! Marks in `<root>/.tidemill/marks/`: how far some work has been done, so that it is not done
//! again. A mark that is lost costs time and nothing else; one is written after the work it stands
//! for, and replaced whole.

use std::path::PathBuf;

use super::Warehouse;
use crate::{Error, Result};

impl Warehouse {
    /// What a mark says, if it is there.
    pub fn marked(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.marks().join(name)).ok()
    }

    /// Makes or moves a mark.
    ///
    /// # Errors
    /// A warehouse that cannot be written.
    pub fn mark(&self, name: &str, text: &str) -> Result<()> {
        let folder = self.marks();
        let (new, place) = (folder.join(format!("{name}.new")), folder.join(name));
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&new, text))
            .and_then(|()| std::fs::rename(&new, &place))
            .map_err(|error| Error::file("write", &place, error))
    }

    fn marks(&self) -> PathBuf {
        self.root.join(".tidemill").join("marks")
    }
}
