//! `year_quarter(x)`: the quarter with its year, such as `2024-Q1`.

use std::fmt::Write;
use std::sync::LazyLock;

use arrow::array::{Array, ArrayRef};
use arrow::compute::DatePart;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use datafusion::logical_expr::scalar_doc_sections::DOC_SECTION_DATETIME;

use super::{Period, year_and};

pub(super) struct YearQuarter;

impl Period for YearQuarter {
    const NAME: &'static str = "year_quarter";
    const RETURN_TYPE: DataType = DataType::Utf8;

    fn documentation() -> &'static Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                DOC_SECTION_DATETIME,
                "Returns the year and quarter of a date as TEXT, such as 2024-Q1. The text sorts in \
                 time order for the years 0 to 9999; other years carry a sign.",
                "year_quarter(x)",
            )
            .with_sql_example(
                r"```sql
> SELECT year_quarter(DATE '2023-12-31') AS last, year_quarter(DATE '2024-01-01') AS next;
+---------+---------+
| last    | next    |
+---------+---------+
| 2023-Q4 | 2024-Q1 |
+---------+---------+
```",
            )
            .with_argument("x", "DATE, TIMESTAMP, or text that is an ISO date.")
            .with_related_udf("year_month")
            .build()
        });
        &DOCUMENTATION
    }

    fn compute(dates: &dyn Array) -> Result<ArrayRef> {
        year_and(dates, DatePart::Quarter, |text, quarter| {
            write!(text, "-Q{quarter}")
        })
    }
}
