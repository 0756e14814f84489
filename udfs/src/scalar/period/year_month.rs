//! `year_month(x)`: the month with its year, such as `2024-01`.

use std::fmt::Write;
use std::sync::LazyLock;

use arrow::array::{Array, ArrayRef};
use arrow::compute::DatePart;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use datafusion::logical_expr::scalar_doc_sections::DOC_SECTION_DATETIME;

use super::{Period, year_and};

pub(super) struct YearMonth;

impl Period for YearMonth {
    const NAME: &'static str = "year_month";
    const RETURN_TYPE: DataType = DataType::Utf8;

    fn documentation() -> &'static Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                DOC_SECTION_DATETIME,
                "Returns the year and month of a date as TEXT, such as 2024-01. The text sorts in \
                 time order for the years 0 to 9999; other years carry a sign.",
                "year_month(x)",
            )
            .with_sql_example(
                r"```sql
> SELECT year_month(x) AS month, count(*) AS bills
  FROM (VALUES ('2024-01-31'), ('2024-02-01'), ('2024-02-29')) AS bills(x)
  GROUP BY month ORDER BY month;
+---------+-------+
| month   | bills |
+---------+-------+
| 2024-01 | 1     |
| 2024-02 | 2     |
+---------+-------+
```",
            )
            .with_argument("x", "DATE, TIMESTAMP, or text that is an ISO date.")
            .with_related_udf("year_quarter")
            .build()
        });
        &DOCUMENTATION
    }

    fn compute(dates: &dyn Array) -> Result<ArrayRef> {
        year_and(dates, DatePart::Month, |text, month| {
            write!(text, "-{month:02}")
        })
    }
}
