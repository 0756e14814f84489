//! The result of EXPLAIN ANALYZE for people: a tree of operators, with what each did beside it.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::{Printer, Screen, unwritable};
use crate::explain::{Analysis, Operator, Skipped, analyze_schema, from_batch};
use crate::report::{bytes, duration, grouped};
use crate::{Error, Result};

const HEADER: &str = "     time  share              rows      bytes    spilled";

/// Writes the tree as soon as its rows are there.
pub struct AnalysisPrinter<'w> {
    output: &'w mut dyn Write,
    width: Option<usize>,
}

impl<'w> AnalysisPrinter<'w> {
    /// Whether this is what EXPLAIN ANALYZE gives.
    pub fn fits(schema: &Schema) -> bool {
        schema == analyze_schema().as_ref()
    }

    /// Writes nothing yet. Lines are cut at the width of a screen, and stay whole without one.
    pub fn new(screen: Option<Screen>, output: &'w mut dyn Write) -> Self {
        AnalysisPrinter {
            output,
            width: screen.map(|screen| screen.width),
        }
    }
}

impl Printer for AnalysisPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let analysis = from_batch(batch)
            .ok_or_else(|| Error::internal("the rows of EXPLAIN ANALYZE are no analysis"))?;
        for line in lines(&analysis) {
            let line = match self.width {
                Some(width) => line.chars().take(width).collect(),
                None => line,
            };
            writeln!(self.output, "{}", line.trim_end()).map_err(unwritable)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

fn lines(analysis: &Analysis) -> Vec<String> {
    let computed = analysis
        .operators
        .iter()
        .map(|operator| operator.time)
        .sum();
    let total = format!(
        "total {}, {} of computing on all threads; #1 to #3 mark the most expensive operators",
        duration(analysis.total),
        duration(computed)
    );
    let operators = analysis.operators.iter().enumerate().map(|(at, operator)| {
        let branches = branches(&analysis.operators, at);
        format!("{}  {branches}{}", numbers(operator), described(operator))
    });
    [total, HEADER.to_owned()]
        .into_iter()
        .chain(operators)
        .collect()
}

fn numbers(operator: &Operator) -> String {
    let rank = operator.rank.map(|rank| format!("#{rank}"));
    let spilled = match operator.spilled {
        0 => String::new(),
        spilled => bytes(spilled),
    };
    format!(
        "{:>9}  {:>3.0} % {:<2} {:>14} {:>10} {:>10}",
        short_duration(operator.time),
        operator.share * 100.0,
        rank.unwrap_or_default(),
        operator.rows.map(grouped).unwrap_or_default(),
        operator.bytes.map(bytes).unwrap_or_default(),
        spilled
    )
}

fn described(operator: &Operator) -> String {
    let mut parts = vec![operator.name.clone()];
    if !operator.detail.is_empty() {
        parts.push(operator.detail.clone());
    }
    let skipped = |skipped: Option<Skipped>, what: &str| {
        skipped.map(|skipped| {
            format!(
                "[{} of {} {what} skipped]",
                grouped(skipped.skipped),
                grouped(skipped.of)
            )
        })
    };
    parts.extend(skipped(operator.files, "files"));
    parts.extend(skipped(operator.row_groups, "row groups"));
    parts.join(" ")
}

/// The lines of the tree before an operator.
fn branches(operators: &[Operator], at: usize) -> String {
    let depth = operators[at].depth;
    let has_sibling_below = |level: usize| {
        operators[at + 1..]
            .iter()
            .take_while(|later| later.depth >= level)
            .any(|later| later.depth == level)
    };
    let trunks = (1..depth).map(|level| match has_sibling_below(level) {
        true => "│  ",
        false => "   ",
    });
    let branch = match (depth, has_sibling_below(depth)) {
        (0, _) => "",
        (_, true) => "├─ ",
        (_, false) => "└─ ",
    };
    trunks.chain([branch]).collect()
}

/// Operators often take less than a millisecond.
fn short_duration(time: std::time::Duration) -> String {
    match time.as_secs_f64() * 1e3 {
        milliseconds if milliseconds < 9.95 => format!("{milliseconds:.2} ms"),
        milliseconds if milliseconds < 999.5 => format!("{milliseconds:.0} ms"),
        _ => duration(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn operator(name: &str, depth: usize, milliseconds: u64) -> Operator {
        Operator {
            name: name.to_owned(),
            detail: String::new(),
            depth,
            time: Duration::from_millis(milliseconds),
            share: milliseconds as f64 / 100.0,
            rank: None,
            rows: Some(1234),
            bytes: Some(2_500_000),
            spilled: 0,
            files: None,
            row_groups: None,
        }
    }

    #[test]
    fn a_tree_with_its_numbers() {
        let mut operators = vec![
            operator("SortExec", 0, 20),
            operator("HashJoinExec", 1, 50),
            operator("DeltaScanExec", 2, 20),
            operator("DataSourceExec", 3, 5),
            operator("DataSourceExec", 2, 5),
        ];
        operators[1].rank = Some(1);
        operators[1].spilled = 4096;
        operators[1].detail = "on id".to_owned();
        operators[3].files = Some(Skipped { skipped: 3, of: 12 });
        operators[3].row_groups = Some(Skipped { skipped: 0, of: 9 });
        let analysis = Analysis {
            total: Duration::from_millis(60),
            operators,
        };
        assert_eq!(
            lines(&analysis).join("\n"),
            "\
total 60 ms, 100 ms of computing on all threads; #1 to #3 mark the most expensive operators
     time  share              rows      bytes    spilled
    20 ms   20 %             1,234     2.5 MB             SortExec
    50 ms   50 % #1          1,234     2.5 MB     4.1 kB  └─ HashJoinExec on id
    20 ms   20 %             1,234     2.5 MB                ├─ DeltaScanExec
  5.00 ms    5 %             1,234     2.5 MB                │  └─ DataSourceExec [3 of 12 files skipped] [0 of 9 row groups skipped]
  5.00 ms    5 %             1,234     2.5 MB                └─ DataSourceExec"
        );
    }
}
