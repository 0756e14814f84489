//! Values as the files of a suite write them.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Ends of lines are of no account.
#[expect(clippy::ptr_arg, reason = "the runner asks for this type")]
pub fn normalized(text: &String) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// SQLite writes numbers with a fraction with three digits of it.
pub fn for_sqlite(batch: &RecordBatch) -> Vec<Vec<String>> {
    rows(batch, |kind, text| match kind {
        kind if kind.is_floating() || kind.is_decimal() => text
            .parse()
            .map_or(text, |number: f64| format!("{number:.3}")),
        DataType::Boolean => u8::from(text == "true").to_string(),
        _ => text,
    })
}

/// DataFusion rounds to twelve digits, and writes a value of several lines as several rows.
pub fn for_datafusion(batch: &RecordBatch) -> Vec<Vec<String>> {
    let rows = rows(batch, |kind, text| match kind {
        kind if kind.is_floating() => match text.as_str() {
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            "NaN" => text,
            _ => plain(&text),
        },
        kind if kind.is_decimal() => without_zeros(&text),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            text.trim_end_matches('\n').replace('\0', "\\0")
        }
        _ => text,
    });
    rows.into_iter().flat_map(lines).collect()
}

fn lines(mut row: Vec<String>) -> Vec<Vec<String>> {
    match row.pop() {
        Some(last) if last.contains('\n') => {
            let lines = last.split('\n').enumerate().map(|(at, line)| {
                let text = line.trim_start();
                let indent = "-".repeat(line.len() - text.len());
                vec![format!("{:02}){indent}{text}", at + 1)]
            });
            [row].into_iter().chain(lines).collect()
        }
        Some(last) => {
            row.push(last);
            vec![row]
        }
        None => vec![row],
    }
}

/// A float without an exponent, with twelve digits behind the point at most.
fn plain(text: &str) -> String {
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    // As many digits as the shortest text that means this number.
    let exact = format!("{number}");
    let digits = exact.split_once('.').map_or(0, |(_, digits)| digits.len());
    match digits {
        0..=12 => match text.contains('e') {
            true => exact,
            false => without_zeros(text),
        },
        _ => without_zeros(&format!("{number:.12}")),
    }
}

fn without_zeros(text: &str) -> String {
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    };
    match text {
        "-0" | "" => "0".to_owned(),
        text => text.to_owned(),
    }
}

fn rows(batch: &RecordBatch, write: fn(&DataType, String) -> String) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| {
            let nulls = column.logical_nulls();
            (
                column,
                nulls,
                ArrayFormatter::try_new(column, &options).unwrap(),
            )
        })
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let values = columns.iter().map(|(column, nulls, formatter)| {
                if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                    return "NULL".to_owned();
                }
                let text = write(column.data_type(), formatter.value(row).to_string());
                match text.is_empty() {
                    true => "(empty)".to_owned(),
                    false => text,
                }
            });
            values.collect()
        })
        .collect()
}
