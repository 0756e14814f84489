//! CSV without loss: a strict reader of our own.
//!
//! The stock reader cuts digits, swallows rows after an unclosed quote and cannot tell an empty
//! field from a missing one, all without a word. Here a [`CsvFile`] is read twice: once to find
//! the types, from every value, once to build the columns. Bytes pass through it like this:
//!
//! ```text
//! chunks ──> text ──> tokens, scan ──> records ──> block ──┬─> infer, dates
//!        in_order: on all threads, in the order of the file └─> read
//! ```
//!
//! Unless the options say otherwise the dialect is RFC 4180 in UTF-8: quotes are doubled inside
//! quotes, lines end in LF or CRLF, a byte order mark may stand in front. An unquoted empty field
//! is NULL, a quoted one empty text.

mod block;
mod check;
mod chunks;
mod dates;
mod fault;
mod file;
mod header;
mod in_order;
mod infer;
mod kind;
mod options;
mod origins;
mod read;
mod record;
mod records;
mod scan;
mod text;
mod tokens;

#[cfg(test)]
mod tests;

pub use dates::DATE_FORMAT;
pub use file::CsvFile;
pub(in crate::landing) use infer::remark_on_dates;
pub use infer::{Evidence, Inference, InferredColumn};
pub use kind::Kinds;
pub use options::{CsvOptions, Dialect};
pub use read::CsvReader;
