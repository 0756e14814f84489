//! What a table function over a relation is: declared once, checked once, run by one operator.
//!
//! A [`RelationFunction`] is what a user finds in the list of functions. Called with arguments that it
//! takes, it gives a [`Call`], which stands in the plans and knows which columns it reads and gives.
//! An execution of a call is a [`Run`], which takes the batches of the input as they come and gives its
//! results when there are no more, or is [`RowWise`].

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{FieldRef, Schema};
use datafusion::common::{DFSchema, Result, exec_err};
use datafusion::logical_expr::Documentation;
use datafusion::logical_expr_common::dyn_eq::{DynEq, DynHash};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;

use super::arguments::Given;
use super::memory::Memory;
use super::models::Models;

/// A function that takes a relation in FROM.
pub trait RelationFunction: fmt::Debug + Send + Sync {
    /// The name in SQL.
    fn name(&self) -> &'static str;

    /// What stands in front of the named arguments.
    fn signature(&self) -> Signature;

    /// The named arguments, and what each means.
    fn arguments(&self) -> &[ArgumentDescription];

    /// Description, arguments and an example with its output, which a test runs.
    fn documentation(&self) -> &Documentation;

    /// Checks the arguments, each by itself and against the columns of the input.
    ///
    /// # Errors
    /// An argument that is missing, or that is none for this input.
    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>>;
}

/// An argument and what it means, in a sentence with its default.
pub type ArgumentDescription = (&'static str, &'static str);

/// What stands in front of the named arguments of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// `f(relation, ..)`; what follows without a name has these.
    Relation(&'static [&'static str]),
    /// `f('model', relation, ..)`.
    ModelAndRelation,
    /// `f('model')`, or `f(relation, ..)` with named arguments.
    ModelOrRelation,
}

/// A call as it was written.
#[derive(Debug)]
pub struct Request<'a> {
    /// The arguments with a name.
    pub arguments: Given<'a>,
    /// The columns of the relation; `None` where a model was given in its place.
    pub input: Option<&'a DFSchema>,
    /// The text of the relation, for the record of a model.
    pub query: Option<String>,
    /// Where models are kept.
    pub models: &'a Arc<dyn Models>,
}

/// A checked call.
pub trait Call: fmt::Debug + fmt::Display + DynEq + DynHash + Any + Send + Sync {
    /// The name of the function.
    fn function(&self) -> &'static str;

    /// What it gives.
    ///
    /// # Errors
    /// Two columns of one name.
    fn output(&self, input: &Schema) -> Result<Output>;

    /// Whether it reads a column of the input.
    fn reads(&self, column: &str) -> bool;

    /// Whether a filter on a column of the output may move to the input: it keeps or drops whole groups
    /// there.
    fn splits_by(&self, column: &str) -> bool;

    /// Starts an execution.
    ///
    /// # Errors
    /// Columns that are not there any more.
    fn begin(&self, input: &Schema, context: RunContext) -> Result<Execution>;

    /// Whether each row is taken by itself, so that rows stream, and on all cores.
    fn is_row_wise(&self) -> bool {
        false
    }
}

/// How a call is executed.
pub enum Execution {
    /// All rows are read before the first result.
    Collected(Box<dyn Run>),
    /// Each batch gives its results at once; only for a call that [is row-wise](Call::is_row_wise).
    RowWise(Box<dyn RowWise>),
}

/// The columns that a call gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// All columns of the input, row by row, and these.
    Added(Vec<FieldRef>),
    /// These alone.
    Table(Vec<FieldRef>),
}

/// What an execution may use.
#[derive(Debug, Clone)]
pub struct RunContext {
    /// Asked for before anything large is made.
    pub memory: Memory,
    /// Raised when nobody waits for the result any more.
    pub cancelled: Cancelled,
    /// Where it counts what it did.
    pub metrics: ExecutionPlanMetricsSet,
}

/// One execution. It holds of the input what it needs; the operator keeps the rest.
pub trait Run: Send {
    /// How many bytes it needs for so many more rows, all through the execution.
    fn bytes_of(&self, rows: usize) -> usize;

    /// Takes the next rows.
    ///
    /// # Errors
    /// Values that it cannot use.
    fn take(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Computes the results. Called beside the async threads.
    ///
    /// # Errors
    /// Rows that it cannot use; too little memory; cancellation.
    fn finish(self: Box<Self>) -> Result<Results>;
}

/// An execution that takes each row by itself.
pub trait RowWise: Send {
    /// The added columns of a batch.
    ///
    /// # Errors
    /// Values that it cannot use.
    fn columns(&mut self, batch: &RecordBatch) -> Result<Vec<ArrayRef>>;
}

/// What came out of a call, as its [`Output`] says.
pub enum Results {
    /// The added columns.
    Added(Box<dyn AddedColumns>),
    /// The table.
    Table(RecordBatch),
}

impl Results {
    /// Added columns with a value for each row of the input in their order.
    pub fn added(columns: Vec<ArrayRef>) -> Self {
        Results::Added(Box::new(columns))
    }
}

/// Columns that are made when they are asked for.
pub trait AddedColumns: Send {
    /// The columns of some rows of the input, counted over all batches.
    ///
    /// # Errors
    /// Too little memory.
    fn columns(&self, rows: Range<usize>) -> Result<Vec<ArrayRef>>;
}

impl AddedColumns for Vec<ArrayRef> {
    fn columns(&self, rows: Range<usize>) -> Result<Vec<ArrayRef>> {
        let slice = |column: &ArrayRef| column.slice(rows.start, rows.len());
        Ok(self.iter().map(slice).collect())
    }
}

/// A flag that ends an execution early.
#[derive(Debug, Clone, Default)]
pub struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    /// Raises the flag.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends the work of `function` if it is raised.
    ///
    /// # Errors
    /// That it was stopped.
    pub fn check(&self, function: &str) -> Result<()> {
        match self.is_raised() {
            true => exec_err!("{function} was stopped"),
            false => Ok(()),
        }
    }
}
