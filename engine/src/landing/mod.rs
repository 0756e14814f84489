//! Landing: files become rows of a table, every one of them accounted for.

pub mod csv;
pub mod names;
