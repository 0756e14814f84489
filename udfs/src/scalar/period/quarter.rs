//! `quarter(x)`: the quarter of the year, 1 to 4.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef};
use arrow::compute::DatePart;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use datafusion::logical_expr::scalar_doc_sections::DOC_SECTION_DATETIME;

use super::{Period, part};

pub(super) struct Quarter;

impl Period for Quarter {
    const NAME: &'static str = "quarter";
    const RETURN_TYPE: DataType = DataType::Int32;

    fn documentation() -> &'static Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                DOC_SECTION_DATETIME,
                "Returns the quarter of a date, 1 to 4, as INTEGER. It does not tell one year from \
                 the next: group by year_quarter instead.",
                "quarter(x)",
            )
            .with_sql_example(
                r"```sql
> SELECT quarter('2024-03-15') AS quarter;
+---------+
| quarter |
+---------+
| 1       |
+---------+
```",
            )
            .with_argument("x", "DATE, TIMESTAMP, or text that is an ISO date.")
            .with_related_udf("year_quarter")
            .build()
        });
        &DOCUMENTATION
    }

    fn compute(dates: &dyn Array) -> Result<ArrayRef> {
        Ok(Arc::new(part(dates, DatePart::Quarter)?))
    }
}
