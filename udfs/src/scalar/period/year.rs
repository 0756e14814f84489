//! `year(x)`: the calendar year, such as 2024.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef};
use arrow::compute::DatePart;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Documentation;
use datafusion::logical_expr::scalar_doc_sections::DOC_SECTION_DATETIME;

use super::{Period, part};

pub(super) struct Year;

impl Period for Year {
    const NAME: &'static str = "year";
    const RETURN_TYPE: DataType = DataType::Int32;

    fn documentation() -> &'static Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            Documentation::builder(
                DOC_SECTION_DATETIME,
                "Returns the calendar year of a date as INTEGER.",
                "year(x)",
            )
            .with_sql_example(
                r"```sql
> SELECT year(DATE '2024-03-15') AS year;
+------+
| year |
+------+
| 2024 |
+------+
```",
            )
            .with_argument("x", "DATE, TIMESTAMP, or text that is an ISO date.")
            .with_related_udf("year_month")
            .with_related_udf("year_quarter")
            .build()
        });
        &DOCUMENTATION
    }

    fn compute(dates: &dyn Array) -> Result<ArrayRef> {
        Ok(Arc::new(part(dates, DatePart::Year)?))
    }

    fn is_monotonic() -> bool {
        true
    }

    /// Turns `year(x) = 2024` into a range of `x`, by which files and row groups are passed over.
    fn preimage(date_type: &DataType, result: &ScalarValue) -> Option<(ScalarValue, ScalarValue)> {
        let ScalarValue::Int32(Some(year)) = result else {
            return None;
        };
        let new_year = |year: i32| {
            // Beyond four digits the text would need a sign; such years are not worth a range.
            (0..=9999).contains(&year).then_some(())?;
            let day = ScalarValue::from(format!("{year:04}-01-01"));
            day.cast_to(date_type).ok().filter(|day| !day.is_null())
        };
        Some((new_year(*year)?, new_year(year.checked_add(1)?)?))
    }
}
