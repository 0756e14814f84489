//! Models that functions such as `kmeans` have learnt: `<root>/models/<name>/<version>.json`.
//!
//! Readable and diffable, like views. A version is written once and never changed.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{SecondsFormat, Utc};
use datafusion::error::Result as PlannerResult;
use tempfile::NamedTempFile;
use tidemill_udfs::table::models::{Models, NewModel, StoredModel};

use super::{TableId, Warehouse, Zone};
use crate::{Error, Result};

impl Warehouse {
    /// Removes a model with all its versions.
    ///
    /// # Errors
    /// No such model; a folder that cannot be written.
    pub fn drop_model(&self, name: &str) -> Result<()> {
        let folder = self.model_folder(name)?;
        std::fs::remove_dir_all(&folder).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::input(format!("there is no model `{name}`"))
                .hint("SHOW MODELS lists what there is"),
            _ => Error::file("remove", &folder, error),
        })
    }

    fn models_folder(&self) -> PathBuf {
        self.root.join("models")
    }

    fn model_folder(&self, name: &str) -> Result<PathBuf> {
        // A model is named like a table: its name becomes a folder.
        TableId::new(Zone::System, name).map_err(|_| {
            Error::input(format!("`{name}` cannot be the name of a model"))
                .hint("use letters, digits and _; the name becomes a folder")
        })?;
        Ok(self.models_folder().join(name))
    }

    /// The version of a model; `None` if there is none of this name.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn newest_model(&self, name: &str) -> Result<Option<u64>> {
        let folder = self.model_folder(name)?;
        let items = match std::fs::read_dir(&folder) {
            Ok(items) => items,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file("read", &folder, error)),
        };
        let version = |name: &str| name.strip_suffix(".json")?.parse().ok();
        let names = items
            .flatten()
            .filter_map(|item| item.file_name().into_string().ok());
        Ok(names.filter_map(|name| version(&name)).max())
    }

    fn read_model(&self, name: &str) -> Result<Option<StoredModel>> {
        let Some(version) = self.newest_model(name)? else {
            return Ok(None);
        };
        let path = self.model_folder(name)?.join(format!("{version}.json"));
        let text =
            std::fs::read_to_string(&path).map_err(|error| Error::file("read", &path, error))?;
        let model = serde_json::from_str(&text).map_err(|error| damaged(&path, &error))?;
        Ok(Some(model))
    }

    fn write_model(&self, model: NewModel) -> Result<u64> {
        let folder = self.model_folder(&model.name)?;
        let fault = |error| Error::file("write", &folder, error);
        std::fs::create_dir_all(&folder).map_err(fault)?;
        let mut stored = StoredModel {
            version: 0,
            function: model.function.to_owned(),
            trained_at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            name: model.name,
            query: model.query,
            arguments: model.arguments,
            content: model.content,
        };
        loop {
            stored.version = self.newest_model(&stored.name)?.unwrap_or(0) + 1;
            let path = folder.join(format!("{}.json", stored.version));
            let text = serde_json::to_string_pretty(&stored)
                .map_err(|error| Error::internal("a model cannot be written").source(error))?;
            let mut draft = NamedTempFile::new_in(&folder).map_err(fault)?;
            draft.write_all(text.as_bytes()).map_err(fault)?;
            draft.as_file().sync_all().map_err(fault)?;
            match draft.persist_noclobber(&path) {
                Ok(_) => return Ok(stored.version),
                // Somebody else has just written this version: ours is the next.
                Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(fault(error.error)),
            }
        }
    }

    fn model_names(&self) -> Result<Vec<String>> {
        let folder = self.models_folder();
        let items = match std::fs::read_dir(&folder) {
            Ok(items) => items,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::file("read", &folder, error)),
        };
        let names = items
            .flatten()
            .filter_map(|item| item.file_name().into_string().ok());
        let mut names: Vec<_> = names
            .filter(|name| matches!(self.newest_model(name), Ok(Some(_))))
            .collect();
        names.sort();
        Ok(names)
    }
}

impl Models for Warehouse {
    fn read(&self, name: &str) -> PlannerResult<Option<StoredModel>> {
        self.read_model(name).map_err(Error::into_datafusion)
    }

    fn write(&self, model: NewModel) -> PlannerResult<u64> {
        self.write_model(model).map_err(Error::into_datafusion)
    }

    fn names(&self) -> PlannerResult<Vec<String>> {
        self.model_names().map_err(Error::into_datafusion)
    }
}

fn damaged(path: &Path, fault: &impl Display) -> Error {
    Error::input(format!("{} is no model: {fault}", path.display()))
        .hint("DROP MODEL removes it; train it again")
}
