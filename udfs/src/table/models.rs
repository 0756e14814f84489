//! Where models are kept: a door that the engine puts its warehouse behind.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{Result, exec_datafusion_err};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arguments::{Argument, closest, text};
use super::function::Request;
use super::relation_arguments::MODEL;

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

/// Where a call keeps what it learns.
#[derive(Debug, Clone)]
pub struct KeepModel {
    /// The name of the model.
    pub name: String,
    /// The text of the relation.
    pub query: String,
    /// Where models are kept.
    pub models: Arc<dyn Models>,
}

impl KeepModel {
    /// Of a call with the argument `model`.
    ///
    /// # Errors
    /// A name that is no text.
    pub(super) fn of(request: &Request<'_>) -> Result<Option<Self>> {
        let name = request.arguments.map(MODEL, text)?;
        Ok(name.map(|name| KeepModel {
            name,
            query: request.query.clone().unwrap_or_default(),
            models: Arc::clone(request.models),
        }))
    }

    /// Keeps what was learnt as the next version.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn write(
        &self,
        function: &'static str,
        arguments: String,
        content: &impl Serialize,
    ) -> Result<u64> {
        let content = serde_json::to_value(content)
            .map_err(|error| exec_datafusion_err!("the model cannot be written: {error}"))?;
        self.models.write(NewModel {
            name: self.name.clone(),
            function,
            query: self.query.clone(),
            arguments,
            content,
        })
    }
}

impl PartialEq for KeepModel {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.query) == (&other.name, &other.query)
    }
}

impl Eq for KeepModel {}

impl Hash for KeepModel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, &self.query).hash(state);
    }
}

/// The model that a call names in its argument `model`.
///
/// # Errors
/// There is none; says which there are.
pub(super) fn named_model(request: &Request<'_>) -> Result<StoredModel> {
    let argument = request.arguments.required(MODEL, "the name of a model")?;
    find_model(argument, request.models)
}

/// The model that an argument names.
///
/// # Errors
/// There is none; says which there are.
pub(super) fn find_model(argument: &Argument, models: &Arc<dyn Models>) -> Result<StoredModel> {
    let name = text(argument)?;
    if let Some(model) = models.read(&name)? {
        return Ok(model);
    }
    let names = models.names()?;
    let hint = match closest(&name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean '{near}'?"),
        None if names.is_empty() => "train one: kmeans(.., model => 'name')".to_owned(),
        None => "SHOW MODELS lists what there is".to_owned(),
    };
    Err(argument.refuse(format!("there is no model '{name}'"), hint))
}

/// Numbers as texts that give the very same number back.
pub mod exact_number {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the shortest text that reads as this number.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    /// Reads a number.
    ///
    /// # Errors
    /// A text that is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Lists of such numbers.
pub mod exact_numbers {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the shortest texts that read as these numbers.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(numbers.iter().map(f64::to_string))
    }

    /// Reads numbers.
    ///
    /// # Errors
    /// A text that is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let numbers = texts
            .iter()
            .map(|text| text.parse().map_err(D::Error::custom));
        numbers.collect()
    }
}
