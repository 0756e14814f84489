//! A model as it is kept: what was learnt, and how to make a matrix of new rows.

use std::sync::Arc;

use datafusion::common::{Result, exec_datafusion_err};
use serde::{Deserialize, Serialize};

use super::encoder::Encoder;
use super::family::Family;
use super::parameters::{Keeping, Parameters};
use super::target::TargetKind;
use crate::table::arguments::{Argument, closest, text};
use crate::table::function::Request;
use crate::table::models::{Models, NewModel};
use crate::table::relation_arguments::MODEL;

/// What was learnt.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Learnt<M> {
    pub(super) encoder: Encoder,
    pub(super) kind: TargetKind,
    pub(super) classes: Vec<String>,
    pub(super) model: M,
}

/// A model that was kept, by name and version.
#[derive(Debug)]
pub(super) struct Kept<M> {
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) learnt: Learnt<M>,
}

impl<M: Serialize> Learnt<M> {
    /// Keeps it as the next version of its name.
    pub(super) fn keep<F: Family<Model = M>>(
        &self,
        keeping: &Keeping,
        parameters: &Parameters<F>,
    ) -> Result<()> {
        let content = serde_json::to_value(self)
            .map_err(|error| exec_datafusion_err!("{} cannot be kept: {error}", F::NAME))?;
        keeping.models.write(NewModel {
            name: keeping.name.clone(),
            function: F::NAME,
            query: keeping.query.clone(),
            arguments: parameters.to_string(),
            content,
        })?;
        Ok(())
    }
}

/// The model that `model` names.
pub(super) fn read<F: Family>(request: &Request<'_>) -> Result<Arc<Kept<F::Model>>> {
    let argument = request.arguments.required(MODEL, "'my_model' in front")?;
    let name = text(argument)?;
    let stored = match request.models.read(&name)? {
        Some(stored) => stored,
        None => return Err(unknown(argument, &name, request.models.as_ref())?),
    };
    if stored.function != F::NAME {
        return Err(argument.refuse(
            format!("the model '{name}' was made by {}", stored.function),
            format!("give a model that {} made", F::NAME),
        ));
    }
    let learnt = serde_json::from_value(stored.content).map_err(|error| {
        argument.refuse(
            format!("the model '{name}' cannot be read: {error}"),
            format!("make it anew: {}(.., model => '{name}')", F::NAME),
        )
    })?;
    Ok(Arc::new(Kept {
        name,
        version: stored.version,
        learnt,
    }))
}

fn unknown(
    argument: &Argument,
    name: &str,
    models: &dyn Models,
) -> Result<datafusion::error::DataFusionError> {
    let names = models.names()?;
    let hint = match closest(name, names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean '{name}'?"),
        None if names.is_empty() => {
            "none is kept yet: add model => 'name' to a call that learns".to_owned()
        }
        None => format!("there are {}", names.join(", ")),
    };
    Ok(argument.refuse(format!("there is no model '{name}'"), hint))
}
