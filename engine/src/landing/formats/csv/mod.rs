//! CSV without loss: a strict reader of our own.
//!
//! The stock reader cuts digits, swallows rows after an unclosed quote and cannot tell an empty
//! field from a missing one, all without a word. Here a file is read twice: [`infer`] looks at
//! every value to find the types, [`CsvReader`] builds the columns. Both stand on
//! [`RecordReader`], which cuts the bytes into records and refuses what is not CSV.
//!
//! The dialect is RFC 4180 in UTF-8: quotes are doubled inside quotes, lines end in LF or CRLF, a
//! byte order mark may stand in front. An unquoted empty field is NULL, a quoted one empty text.

mod check;
mod fault;
mod header;
mod infer;
mod kind;
mod options;
mod origins;
mod read;
mod record;
mod records;
mod scan;

#[cfg(test)]
mod tests;

pub use fault::Failure;
pub use header::open;
pub use infer::{Evidence, Inference, InferredColumn, infer};
pub use kind::Kinds;
pub use options::{CsvOptions, Delimiter};
pub use read::CsvReader;
pub use record::{Cell, Record};
pub use records::RecordReader;
