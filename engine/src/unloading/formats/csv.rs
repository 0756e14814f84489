//! CSV that any reader takes, and ours without loss: NULL is an unquoted nothing, empty text is
//! quoted, and a value is quoted only if it must be.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::Schema;

use super::csv_value::{Values, values_of};
use crate::landing::formats::csv::{CsvOptions, Dialect};
use crate::sql::{FileFormat, FileOptions, UnloadOptions, WrittenFormat};
use crate::{Error, Result};

const BYTE_ORDER_MARK: char = '\u{feff}';
/// What stands in values other than TEXT and can also structure a file.
const OF_VALUES: &[u8] = b"+-.: ";

/// How CSV is written.
#[derive(Debug, Clone)]
pub(in crate::unloading) struct CsvStyle {
    dialect: Dialect,
    header: bool,
    /// What NULL is written as.
    null: Option<String>,
    /// For every byte whether a text with it must be quoted.
    special: Box<[bool; 256]>,
    /// Whether numbers, dates and the like may need a quote, too.
    marks_values: bool,
}

impl CsvStyle {
    /// Checks what was typed, by the rules of reading.
    ///
    /// # Errors
    /// A character that cannot have its part, a text for NULL that would have to be quoted.
    pub(in crate::unloading) fn checked(
        typed: &UnloadOptions,
        format: WrittenFormat,
    ) -> Result<Self> {
        let read = FileOptions {
            format: (format == WrittenFormat::Tsv).then_some(FileFormat::Tsv),
            delimiter: typed.delimiter.clone(),
            quote: typed.quote.clone(),
            escape: typed.escape.clone(),
            ..FileOptions::default()
        };
        let dialect = CsvOptions::checked(&read, 1)?.dialect;
        let mut special = Box::new([false; 256]);
        let marks = [Some(dialect.delimiter), dialect.quote, dialect.escape];
        for byte in marks.into_iter().flatten().chain(*b"\r\n") {
            special[usize::from(byte)] = true;
        }
        let style = CsvStyle {
            dialect,
            header: typed.header.unwrap_or(true),
            null: None,
            special,
            marks_values: false,
        };
        match typed.null.clone().filter(|null| !null.is_empty()) {
            Some(null) if style.needs_quote(&null) => Err(Error::input(format!(
                "NULL {null:?} holds a character that structures the file"
            ))
            .hint("choose a plain word, such as 'NA' or '\\N'")),
            null => Ok(CsvStyle {
                marks_values: null.is_some()
                    || OF_VALUES
                        .iter()
                        .any(|byte| style.special[usize::from(*byte)]),
                null,
                ..style
            }),
        }
    }

    /// Whether values can be quoted.
    pub(in crate::unloading) fn has_quote(&self) -> bool {
        self.dialect.quote.is_some()
    }

    /// Whether the name of a column can stand in the first line.
    pub(in crate::unloading) fn can_name(&self, column: &str) -> bool {
        !self.header || self.has_quote() || !self.needs_quote(column)
    }

    /// The first value of a column that would have to be quoted.
    pub(in crate::unloading) fn first_to_quote(&self, column: &ArrayRef) -> Option<usize> {
        let values = values_of(column).ok()?;
        let mut rows = (0..column.len()).filter(|row| column.is_valid(*row));
        if let Values::Text(texts) = values {
            return rows.find(|row| self.needs_quote(texts.value(*row)));
        }
        if !self.marks_values {
            return None;
        }
        let mut text = Vec::new();
        rows.find(|row| {
            text.clear();
            values.write(*row, &mut text);
            self.needs_quote(&String::from_utf8_lossy(&text))
        })
    }

    /// Whether NULL is written as some text.
    pub(in crate::unloading) fn has_null(&self) -> bool {
        self.null.is_some()
    }

    /// Whether a text would be taken for something else if it were not quoted.
    pub(in crate::unloading) fn needs_quote(&self, text: &str) -> bool {
        text.is_empty()
            || text.bytes().any(|byte| self.special[usize::from(byte)])
            || self.null.as_deref() == Some(text)
            || text.starts_with(BYTE_ORDER_MARK)
    }

    /// The line with the names, if there is to be one.
    pub(super) fn header_of(&self, schema: &Schema) -> Vec<u8> {
        let mut line = Vec::new();
        if self.header {
            for (index, field) in schema.fields().iter().enumerate() {
                self.delimit(&mut line, index);
                self.write_text(&mut line, field.name());
            }
            line.push(b'\n');
        }
        line
    }

    /// Appends a text, quoted if it must be.
    pub(super) fn write_text(&self, line: &mut Vec<u8>, text: &str) {
        let Some(quote) = self.dialect.quote.filter(|_| self.needs_quote(text)) else {
            line.extend_from_slice(text.as_bytes());
            return;
        };
        let escape = self.dialect.escape;
        line.push(quote);
        for byte in text.bytes() {
            if byte == quote || Some(byte) == escape {
                line.push(escape.unwrap_or(quote));
            }
            line.push(byte);
        }
        line.push(quote);
    }

    fn delimit(&self, line: &mut Vec<u8>, index: usize) {
        if index > 0 {
            line.push(self.dialect.delimiter);
        }
    }
}

/// The rows as lines.
pub(super) fn encode(batches: &[RecordBatch], style: &CsvStyle) -> Result<Vec<u8>> {
    let sizes = batches.iter().map(RecordBatch::get_array_memory_size);
    let mut text = Vec::with_capacity(sizes.sum());
    let mut value = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| Ok((column, values_of(column)?)))
            .collect::<Result<_>>()?;
        for row in 0..batch.num_rows() {
            for (index, (column, values)) in columns.iter().enumerate() {
                style.delimit(&mut text, index);
                match values {
                    _ if column.is_null(row) => {
                        let null = style.null.as_deref().unwrap_or_default();
                        text.extend_from_slice(null.as_bytes());
                    }
                    Values::Text(texts) => style.write_text(&mut text, texts.value(row)),
                    values if style.marks_values => {
                        value.clear();
                        values.write(row, &mut value);
                        style.write_text(&mut text, &String::from_utf8_lossy(&value));
                    }
                    values => values.write(row, &mut text),
                }
            }
            text.push(b'\n');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    fn style(set: impl Fn(&mut UnloadOptions)) -> Result<CsvStyle> {
        let mut typed = UnloadOptions::default();
        set(&mut typed);
        CsvStyle::checked(&typed, WrittenFormat::Csv)
    }

    fn written(texts: &[Option<&str>], style: &CsvStyle) -> String {
        let texts: StringArray = texts.iter().copied().collect();
        let numbers = Int64Array::from_iter_values(0..texts.len() as i64);
        let batch = RecordBatch::try_from_iter([
            ("t", Arc::new(texts) as ArrayRef),
            ("n", Arc::new(numbers) as ArrayRef),
        ]);
        let batch = batch.unwrap();
        let mut text = style.header_of(&batch.schema());
        text.extend(encode(&[batch], style).unwrap());
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn only_what_must_be_is_quoted() {
        let style = style(|options| options.null = Some("NA".to_owned())).unwrap();
        let texts = [Some("a b"), Some(""), None, Some("NA"), Some("x,\"y\"\r")];
        assert_eq!(
            written(&texts, &style),
            "t,n\na b,0\n\"\",1\nNA,2\n\"NA\",3\n\"x,\"\"y\"\"\r\",4\n"
        );
    }

    #[test]
    fn numbers_are_quoted_if_they_must_be() {
        let options = |options: &mut UnloadOptions| options.null = Some("1".to_owned());
        assert_eq!(
            written(&[None, Some("a")], &style(options).unwrap()),
            "t,n\n1,0\na,\"1\"\n"
        );
        let minus = style(|options| options.delimiter = Some("-".to_owned())).unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(-1)]));
        assert_eq!(minus.first_to_quote(&numbers), Some(2));
        let batch = RecordBatch::try_from_iter([("a", Arc::clone(&numbers)), ("b", numbers)]);
        let text = encode(&[batch.unwrap()], &minus).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "1-1\n-\n\"-1\"-\"-1\"\n");
    }

    #[test]
    fn an_escape_stands_before_quotes_and_itself() {
        let style = style(|options| {
            options.escape = Some("\\".to_owned());
            options.header = Some(false);
        });
        let texts = [Some("a\\\"b"), None];
        assert_eq!(written(&texts, &style.unwrap()), "\"a\\\\\\\"b\",0\n,1\n");
    }

    #[test]
    fn null_is_a_plain_word() {
        assert!(style(|options| options.null = Some("a,b".to_owned())).is_err());
        assert!(
            !style(|options| options.null = Some(String::new()))
                .unwrap()
                .has_null()
        );
    }
}
