//! `ntile_label(x, labels) OVER (.. ORDER BY x)`: names the part of the ordered rows that a value lies in, such as
//! 'Low', 'Mid' and 'High'.
//!
//! NTILE deals rows out and so tells equal values apart; here the part is that of the first of all equal
//! values, which all share it.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Diagnostic, Result, exec_datafusion_err, plan_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::window_doc_sections::DOC_SECTION_RANKING;
use datafusion::logical_expr::{
    Documentation, PartitionEvaluator, Signature, Volatility, WindowUDFImpl,
};
use datafusion::scalar::ScalarValue;

const NAME: &str = "ntile_label";

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct NtileLabel {
    signature: Signature,
}

impl NtileLabel {
    pub(super) fn new() -> Self {
        NtileLabel {
            signature: Signature::any(2, Volatility::Immutable),
        }
    }
}

impl WindowUDFImpl for NtileLabel {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn field(&self, arguments: WindowUDFFieldArgs) -> Result<FieldRef> {
        let labels = arguments.get_input_field(1);
        let is_list = labels.is_some_and(|labels| match labels.data_type() {
            DataType::List(entry) | DataType::LargeList(entry) => entry.data_type().is_string(),
            DataType::FixedSizeList(entry, _) => entry.data_type().is_string(),
            _ => false,
        });
        match is_list {
            true => Ok(Arc::new(Field::new(arguments.name(), DataType::Utf8, true))),
            false => {
                let message = format!("{NAME}: the labels must be a list of texts");
                Err(plan_datafusion_err!("{message}").with_diagnostic(hinted(
                    message,
                    "write ntile_label(amount, ['Low', 'Mid', 'High']) OVER (ORDER BY amount)",
                )))
            }
        }
    }

    fn partition_evaluator(
        &self,
        _arguments: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Labelling))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(documentation())
    }
}

fn documentation() -> &'static Documentation {
    static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
        Documentation::builder(
            DOC_SECTION_RANKING,
            "Cuts the rows of a window into as many parts of about the same size as there are labels, \
             and returns the label of the part that x lies in (TEXT). Equal values have the same label, \
             unlike with NTILE; NULL has NULL and does not count. The window must be ordered by x; with \
             DESC the first label is that of the largest values.",
            "ntile_label(x, labels) OVER (ORDER BY x)",
        )
        .with_sql_example(
            r"```sql
> SELECT amount, ntile_label(amount, ['Low', 'Mid', 'High']) OVER (ORDER BY amount) AS size
  FROM (VALUES (10), (20), (20), (30), (70), (90), (NULL)) AS bills(amount) ORDER BY amount;
+--------+------+
| amount | size |
+--------+------+
| 10     | Low  |
| 20     | Low  |
| 20     | Low  |
| 30     | Mid  |
| 70     | High |
| 90     | High |
|        |      |
+--------+------+
```",
        )
        .with_argument("x", "What the window is ordered by.")
        .with_argument("labels", "A list of texts, for the first part to the last.")
        .build()
    });
    &DOCUMENTATION
}

/// Labels the rows of a partition.
#[derive(Debug)]
struct Labelling;

impl PartitionEvaluator for Labelling {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let [x, labels] = values else {
            return Err(exec_datafusion_err!("{NAME} takes two arguments"));
        };
        let labels = read_labels(labels)?;
        let there: Vec<usize> = (0..rows).filter(|row| x.is_valid(*row)).collect();
        let values = there
            .iter()
            .map(|row| ScalarValue::try_from_array(x, *row))
            .collect::<Result<Vec<_>>>()?;
        check_order(&values)?;
        let mut found: Vec<Option<&str>> = vec![None; rows];
        let mut first = 0;
        for (place, row) in there.iter().enumerate() {
            if values[place] != values[first] {
                first = place;
            }
            found[*row] = Some(&labels[first * labels.len() / there.len()]);
        }
        Ok(Arc::new(StringArray::from(found)))
    }
}

/// The labels, which are the same in all rows.
fn read_labels(lists: &ArrayRef) -> Result<Vec<String>> {
    let entry = ScalarValue::try_from_array(lists, 0)?;
    let list = match &entry {
        ScalarValue::List(list) if list.is_valid(0) => list.value(0),
        ScalarValue::LargeList(list) if list.is_valid(0) => list.value(0),
        ScalarValue::FixedSizeList(list) if list.is_valid(0) => list.value(0),
        _ => return Err(refuse("the labels are NULL")),
    };
    let texts = cast(&list, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    if texts.is_empty() {
        return Err(refuse("there is no label"));
    }
    texts
        .iter()
        .map(|text| {
            text.map(str::to_owned)
                .ok_or_else(|| refuse("a label is NULL"))
        })
        .collect()
}

/// In a window of another order, equal values would lie apart.
fn check_order(values: &[ScalarValue]) -> Result<()> {
    let mut rises = true;
    let mut falls = true;
    for pair in values.windows(2) {
        let order = pair[0].partial_cmp(&pair[1]);
        rises &= order.is_some_and(|order| order.is_le());
        falls &= order.is_some_and(|order| order.is_ge());
    }
    match rises || falls {
        true => Ok(()),
        false => {
            let message = format!("{NAME}: the window is not ordered by the values to label");
            Err(exec_datafusion_err!("{message}").with_diagnostic(hinted(
                message,
                "write ntile_label(x, ..) OVER (ORDER BY x) with the same x",
            )))
        }
    }
}

fn refuse(problem: &str) -> DataFusionError {
    let message = format!("{NAME}: {problem}");
    exec_datafusion_err!("{message}")
        .with_diagnostic(hinted(message, "write for example ['Low', 'Mid', 'High']"))
}

fn hinted(message: String, hint: &str) -> Diagnostic {
    Diagnostic::new_error(message, None).with_help(hint, None)
}
