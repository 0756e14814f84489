//! Rejects as rows of `system.rejects`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondArray,
    TimestampMicrosecondBuilder, new_null_array,
};
use arrow::datatypes::DataType;

use crate::Result;
use crate::landing::formats::RowError;
use crate::warehouse::system::{self, SystemTable};

/// The longest record or value that is kept whole, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// The file that rejects come from, in one load.
#[derive(Debug, Clone)]
pub(in crate::landing) struct RejectedFrom {
    /// The load.
    pub(in crate::landing) load_id: String,
    /// The table.
    pub(in crate::landing) target: String,
    /// The file, absolute.
    pub(in crate::landing) source: String,
    /// The file as messages call it.
    pub(in crate::landing) name: String,
    /// How to read a record of it again, as JSON.
    pub(in crate::landing) options: String,
}

/// Rows of `system.rejects` under construction.
#[derive(Debug, Default)]
pub(super) struct RejectRows {
    rows: usize,
    bytes: usize,
    reject: Int64Builder,
    line: Int64Builder,
    byte_offset: Int64Builder,
    column: StringBuilder,
    raw: StringBuilder,
    value: StringBuilder,
    reason: StringBuilder,
    hint: StringBuilder,
    cut: BooleanBuilder,
    rejected_at: TimestampMicrosecondBuilder,
}

impl RejectRows {
    /// Adds the reject that is number `number` of its load, from 1.
    pub(super) fn push(&mut self, number: u64, reject: &RowError, now: i64) {
        let raw = beginning(&reject.raw_record);
        let value = reject.value.as_deref().map(beginning);
        let cut = raw.len() < reject.raw_record.len()
            || value.is_some_and(|value| value.len() < reject.value.as_deref().map_or(0, str::len));
        self.rows += 1;
        self.bytes += raw.len() + value.map_or(0, str::len) + reject.reason.len();
        self.reject.append_value(number as i64);
        self.line.append_value(reject.line as i64);
        self.byte_offset.append_value(reject.byte_offset as i64);
        self.column
            .append_option(reject.column.as_ref().map(|column| &column.name));
        self.raw.append_value(raw);
        self.value.append_option(value);
        self.reason.append_value(match cut {
            true => format!(
                "{} (of this record of {} bytes only the beginning is kept)",
                reject.reason,
                reject.raw_record.len()
            ),
            false => reject.reason.clone(),
        });
        self.hint.append_option(reject.hint.as_deref());
        self.cut.append_value(cut);
        self.rejected_at.append_value(now);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The rows so far, and starts anew.
    ///
    /// # Errors
    /// None in practice: the columns are those of the table.
    pub(super) fn finish(&mut self, from: &RejectedFrom) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let same = |text: &str| {
            let mut column = StringBuilder::with_capacity(rows, rows * text.len());
            (0..rows).for_each(|_| column.append_value(text));
            Arc::new(column.finish()) as ArrayRef
        };
        let rejected_at: TimestampMicrosecondArray = self.rejected_at.finish();
        let never =
            DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        system::record(
            SystemTable::Rejects,
            vec![
                same(&from.load_id),
                Arc::new(self.reject.finish()),
                same(&from.target),
                same(&from.source),
                Arc::new(self.line.finish()),
                Arc::new(self.byte_offset.finish()),
                Arc::new(self.column.finish()),
                Arc::new(self.raw.finish()),
                Arc::new(self.value.finish()),
                Arc::new(self.reason.finish()),
                Arc::new(self.hint.finish()),
                Arc::new(self.cut.finish()),
                same(&from.options),
                Arc::new(rejected_at.with_timezone("UTC")),
                new_null_array(&never, rows),
                new_null_array(&DataType::Utf8, rows),
            ],
        )
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::AsArray;

    #[test]
    fn of_a_long_record_the_beginning_is_kept_and_that_is_said() {
        let reject = RowError {
            line: 2,
            character: 1,
            record_line: 2,
            byte_offset: 5,
            column: None,
            value: None,
            raw_record: "ä".repeat(MAX_TEXT_BYTES),
            reason: "too wide".to_owned(),
            hint: None,
        };
        let from = RejectedFrom {
            load_id: "l".to_owned(),
            target: "raw.t".to_owned(),
            source: "/f.csv".to_owned(),
            name: "f.csv".to_owned(),
            options: "{}".to_owned(),
        };
        let mut rows = RejectRows::default();
        rows.push(1, &reject, 0);
        assert_eq!((rows.len(), rows.bytes() > MAX_TEXT_BYTES), (1, true));
        let batch = rows.finish(&from).unwrap();
        let text = |name: &str| {
            let column = batch.column_by_name(name).unwrap().as_string::<i32>();
            column.value(0).to_owned()
        };
        assert_eq!(text("raw").len(), MAX_TEXT_BYTES);
        assert_eq!(
            text("reason"),
            "too wide (of this record of 2097152 bytes only the beginning is kept)"
        );
        assert!(batch.column_by_name("cut").unwrap().as_boolean().value(0));
        assert_eq!((rows.len(), rows.finish(&from).unwrap().num_rows()), (0, 0));
    }
}
