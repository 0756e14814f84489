//! Values: from text to typed columns, and from one type to another, without loss.
//!
//! Everything that enters a table passes through here: the text of a CSV file through a
//! [`ColumnBuilder`], the result of a query through [`assign`]. The stock casts cut digits and
//! time parts without a word; these keep the whole value or refuse it with a [`Refusal`] that
//! says which part would be lost.

mod assign;
mod boolean;
mod column;
mod date;
mod date_format;
mod decimal;
mod digits;
mod float;
mod integer;
mod number;
mod refusal;
mod rounding;
mod sql_name;
mod timestamp;

pub use assign::{assign, assign_rounded};
pub use boolean::parse_boolean;
pub use column::ColumnBuilder;
pub use date::parse_date;
pub use date_format::{DateFormat, DateFormats};
pub use decimal::parse_decimal;
pub use float::{parse_double, parse_real};
pub use integer::parse_integer;
pub use number::Number;
pub use refusal::Refusal;
pub use sql_name::sql_name;
pub use timestamp::{parse_timestamp, parse_timestamp_with_zone};
