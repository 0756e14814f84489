//! `kmeans` in the logical plan: what it reads, what it adds, and what may move past it.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, DFSchemaRef, Result, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use super::parameters::KMeansParameters;
use super::{NAME, OUTPUT_COLUMNS, refusal};

/// A call of `kmeans` over a planned input.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct KMeansNode {
    input: Arc<LogicalPlan>,
    parameters: Arc<KMeansParameters>,
    schema: DFSchemaRef,
}

impl KMeansNode {
    /// Fails when two columns of the input share a name, or one has the name of a new column.
    pub fn try_new(input: Arc<LogicalPlan>, parameters: Arc<KMeansParameters>) -> Result<Self> {
        let schema = output_schema(input.schema())?;
        Ok(KMeansNode {
            input,
            parameters,
            schema: Arc::new(schema),
        })
    }

    /// The checked arguments.
    pub fn parameters(&self) -> &Arc<KMeansParameters> {
        &self.parameters
    }
}

/// The three columns that the function adds; rows that take no part have NULL in all of them.
pub(super) fn added_fields() -> [FieldRef; 3] {
    let [cluster, label, distance] = OUTPUT_COLUMNS;
    [
        Arc::new(Field::new(cluster, DataType::Int64, true)),
        Arc::new(Field::new(label, DataType::Utf8, true)),
        Arc::new(Field::new(distance, DataType::Float64, true)),
    ]
}

fn output_schema(input: &DFSchema) -> Result<DFSchema> {
    let mut seen = HashSet::new();
    for field in input.fields() {
        let name = field.name().as_str();
        if OUTPUT_COLUMNS.contains(&name) {
            return Err(refusal(
                format!("{NAME} adds a column `{name}`, and the input has one already"),
                format!("rename it in the input: (SELECT {name} AS previous_{name}, .. FROM ..)"),
            ));
        }
        if !seen.insert(name) {
            return Err(refusal(
                format!("{NAME}: the input has two columns `{name}`"),
                "list the columns of the input and give each its own name with AS",
            ));
        }
    }
    let fields = input
        .fields()
        .iter()
        .cloned()
        .chain(added_fields())
        .map(|field| (None, field));
    DFSchema::new_with_metadata(fields.collect(), input.metadata().clone())
}

impl PartialOrd for KMeansNode {
    /// Plans have no order; only equal ones compare.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for KMeansNode {
    fn name(&self) -> &str {
        "KMeans"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![]
    }

    /// A filter on the grouping columns keeps or drops whole groups, so it may go first.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .filter(|name| !self.parameters.partition_by.contains(name))
            .collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KMeans: {}", self.parameters)
    }

    fn with_exprs_and_inputs(
        &self,
        _expressions: Vec<Expr>,
        inputs: Vec<LogicalPlan>,
    ) -> Result<Self> {
        let Ok([input]) = <[LogicalPlan; 1]>::try_from(inputs) else {
            return internal_err!("KMeans has exactly one input");
        };
        KMeansNode::try_new(Arc::new(input), Arc::clone(&self.parameters))
    }

    /// Columns that neither the query nor the clustering names are not read.
    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let parameters = &self.parameters;
        let named = |name: &String| {
            parameters.features.contains(name)
                || parameters.partition_by.contains(name)
                || parameters.label_by == *name
        };
        let needed = self
            .input
            .schema()
            .fields()
            .iter()
            .enumerate()
            .filter(|(index, field)| output_columns.contains(index) || named(field.name()))
            .map(|(index, _)| index)
            .collect();
        Some(vec![needed])
    }
}
