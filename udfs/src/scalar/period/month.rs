//! `month(x)`: the month of the year, 1 to 12.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef};
use arrow::compute::DatePart;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use datafusion::logical_expr::scalar_doc_sections::DOC_SECTION_DATETIME;

use super::{Period, part};

pub(super) struct Month;

impl Period for Month {
    const NAME: &'static str = "month";
    const RETURN_TYPE: DataType = DataType::Int32;

    fn documentation() -> &'static Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                DOC_SECTION_DATETIME,
                "Returns the month of a date, 1 to 12, as INTEGER.",
                "month(x)",
            )
            .with_sql_example(
                r"```sql
> SELECT month(TIMESTAMP '2024-03-15 10:30:00') AS month;
+-------+
| month |
+-------+
| 3     |
+-------+
```",
            )
            .with_argument("x", "DATE, TIMESTAMP, or text that is an ISO date.")
            .with_related_udf("year_month")
            .build()
        });
        &DOCUMENTATION
    }

    fn compute(dates: &dyn Array) -> Result<ArrayRef> {
        Ok(Arc::new(part(dates, DatePart::Month)?))
    }
}
