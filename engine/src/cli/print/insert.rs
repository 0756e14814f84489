//! INSERT statements that give the rows again, each value as a literal of its own type.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};

use super::value::Values;
use super::{Printer, Style, unwritable};
use crate::sql::{literal, quote};
use crate::values::sql_name;
use crate::{Error, Result};

/// Each statement is a commit where it is run: not too few rows, and few enough for any parser.
const ROWS_PER_STATEMENT: usize = 1_000;

/// Writes a statement for every thousand rows.
pub struct InsertPrinter<'w> {
    output: &'w mut dyn Write,
    beginning: String,
    kinds: Vec<Kind>,
}

/// How a value is written.
enum Kind {
    /// As it is.
    Plain,
    /// As it is, unless it is no number.
    Float(String),
    /// As a text.
    Text,
    /// As a text behind the name of its type.
    Typed(String),
    /// As `X'..'`.
    Bytes,
}

impl<'w> InsertPrinter<'w> {
    /// Checks that there are literals for all columns.
    pub fn new(style: &Style, schema: &Schema, output: &'w mut dyn Write) -> Result<Self> {
        let kind = |field: &arrow::datatypes::FieldRef| {
            Kind::of(field.data_type()).ok_or_else(|| {
                Error::input(format!(
                    "column `{}` is {}, of which there are no literals",
                    field.name(),
                    sql_name(field.data_type())
                ))
                .hint("cast it to TEXT, or choose the format ndjson")
            })
        };
        let kinds = schema.fields().iter().map(kind).collect::<Result<_>>()?;
        let names = schema.fields().iter().map(|field| quote(field.name()));
        let names: Vec<_> = names.map(|name| name.to_string()).collect();
        Ok(InsertPrinter {
            output,
            beginning: format!(
                "INSERT INTO {} ({}) VALUES\n",
                style.target,
                names.join(", ")
            ),
            kinds,
        })
    }
}

impl Printer for InsertPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(batch)?;
        let last = batch.num_rows().saturating_sub(1);
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            let mut line = match row % ROWS_PER_STATEMENT {
                0 => self.beginning.clone(),
                _ => String::new(),
            };
            line.push_str("  (");
            for (index, (column, kind)) in columns.iter().zip(&self.kinds).enumerate() {
                if index > 0 {
                    line.push_str(", ");
                }
                match column.write(row, &mut text)? {
                    true => kind.push(&mut line, &text),
                    false => line.push_str("NULL"),
                }
            }
            let ends = row == last || (row + 1) % ROWS_PER_STATEMENT == 0;
            line.push_str(if ends { ");\n" } else { "),\n" });
            self.output.write_all(line.as_bytes()).map_err(unwritable)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

impl Kind {
    fn of(data_type: &DataType) -> Option<Kind> {
        Some(match data_type {
            DataType::Boolean | DataType::Null => Kind::Plain,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => {
                Kind::Float(sql_name(data_type))
            }
            number if number.is_numeric() => Kind::Plain,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Kind::Bytes,
            DataType::Date32 | DataType::Date64 => Kind::Typed("DATE".to_owned()),
            DataType::Time32(_) | DataType::Time64(_) => Kind::Typed("TIME".to_owned()),
            DataType::Timestamp(_, None) => Kind::Typed("TIMESTAMP".to_owned()),
            DataType::Timestamp(_, Some(_)) => Kind::Typed("TIMESTAMP WITH TIME ZONE".to_owned()),
            DataType::Dictionary(_, values) => return Kind::of(values),
            _ => return None,
        })
    }

    fn push(&self, line: &mut String, text: &str) {
        match self {
            Kind::Plain => line.push_str(text),
            Kind::Float(name) if !text.bytes().all(|byte| b"+-.0123456789eE".contains(&byte)) => {
                line.push_str(&format!("CAST({} AS {name})", literal(text)));
            }
            Kind::Float(_) => line.push_str(text),
            Kind::Text => line.push_str(&literal(text)),
            Kind::Typed(name) => line.push_str(&format!("{name} {}", literal(text))),
            Kind::Bytes => line.push_str(&format!("X'{text}'")),
        }
    }
}
