//! Where models are kept: a door that the engine puts its warehouse behind.

use std::fmt;

use datafusion::common::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A model as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredModel {
    /// The name that it was given.
    pub name: String,
    /// 1 for the first model of this name, then one more each time.
    pub version: u64,
    /// The function that made it, such as `kmeans`.
    pub function: String,
    /// The query that it learnt from.
    pub query: String,
    /// The arguments, as EXPLAIN shows them.
    pub arguments: String,
    /// When it was made, RFC 3339 in UTC.
    pub trained_at: String,
    /// What it learnt; the function alone knows its form.
    pub content: Value,
}

/// A model that is to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModel {
    /// The name; a model of this name gets a next version.
    pub name: String,
    /// The function that made it.
    pub function: &'static str,
    /// The query that it learnt from.
    pub query: String,
    /// The arguments, as EXPLAIN shows them.
    pub arguments: String,
    /// What it learnt.
    pub content: Value,
}

/// Keeps models by name and version.
pub trait Models: fmt::Debug + Send + Sync {
    /// The newest version of a model; `None` if there is none of this name.
    ///
    /// # Errors
    /// One that cannot be read.
    fn read(&self, name: &str) -> Result<Option<StoredModel>>;

    /// Keeps a model as the next version of its name, and says which one that is.
    ///
    /// # Errors
    /// A name that is none, a folder that cannot be written.
    fn write(&self, model: NewModel) -> Result<u64>;

    /// The names of all models, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read.
    fn names(&self) -> Result<Vec<String>>;
}
