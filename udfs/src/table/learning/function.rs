//! The SQL functions of a family.

use std::marker::PhantomData;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::logical_expr::Documentation;

use super::call::LearningCall;
use super::family::Family;
use super::model;
use super::parameters::{MODEL_TO_READ, Parameters, refuse_beside_model};
use super::predict::{KeptCall, PredictCall};
use crate::table::function::{ArgumentDescription, Call, RelationFunction, Request, Signature};

/// What a function of a family gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::table) enum Asked {
    /// The rows with their predictions.
    Rows,
    /// How good the predictions are.
    Measures,
    /// What was learnt.
    Coefficients,
    /// The rows with predictions by a kept model.
    Predictions,
}

/// A function of a family.
#[derive(Debug)]
pub(in crate::table) struct Learner<F> {
    asked: Asked,
    family: PhantomData<fn() -> F>,
}

impl<F> Learner<F> {
    pub(in crate::table) const fn new(asked: Asked) -> Self {
        Learner {
            asked,
            family: PhantomData,
        }
    }
}

impl<F: Family> RelationFunction for Learner<F> {
    fn name(&self) -> &'static str {
        F::name(self.asked)
    }

    fn signature(&self) -> Signature {
        match self.asked {
            Asked::Rows | Asked::Measures => Signature::Relation(&[]),
            Asked::Coefficients => Signature::ModelOrRelation,
            Asked::Predictions => Signature::ModelAndRelation,
        }
    }

    fn arguments(&self) -> &[ArgumentDescription] {
        match self.asked {
            Asked::Rows | Asked::Measures | Asked::Coefficients => F::ARGUMENTS,
            Asked::Predictions => &[MODEL_TO_READ],
        }
    }

    fn documentation(&self) -> &Documentation {
        F::documentation(self.asked)
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        match (self.asked, request.input) {
            (Asked::Predictions, Some(input)) => {
                let kept = model::read::<F>(request)?;
                Ok(Arc::new(PredictCall::<F>::try_new(kept, request, input)?))
            }
            (Asked::Coefficients, None) => {
                refuse_beside_model(&request.arguments, F::ARGUMENTS)?;
                Ok(Arc::new(KeptCall::<F>::new(model::read::<F>(request)?)))
            }
            (asked, _) => {
                let parameters = Parameters::<F>::try_new(request)?;
                Ok(Arc::new(LearningCall::new(asked, parameters)))
            }
        }
    }
}
