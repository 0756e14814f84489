//! The result of EXPLAIN for people: a plan is many lines, which a table would put into one.

use std::io::Write;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Schema;

use super::{Printer, unwritable};
use crate::Result;

/// Writes the name of each plan, then its lines.
pub struct PlanPrinter<'w> {
    output: &'w mut dyn Write,
}

impl<'w> PlanPrinter<'w> {
    /// Whether this is what EXPLAIN gives.
    pub fn fits(schema: &Schema) -> bool {
        *schema == *datafusion::logical_expr::LogicalPlan::explain_schema()
    }

    /// Writes nothing yet.
    pub fn new(output: &'w mut dyn Write) -> Self {
        PlanPrinter { output }
    }
}

impl Printer for PlanPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let (names, plans) = (batch.column(0), batch.column(1));
        for (name, plan) in names
            .as_string::<i32>()
            .iter()
            .zip(plans.as_string::<i32>())
        {
            writeln!(self.output, "{}:", name.unwrap_or_default()).map_err(unwritable)?;
            for line in plan.unwrap_or_default().lines() {
                writeln!(self.output, "  {line}").map_err(unwritable)?;
            }
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}
