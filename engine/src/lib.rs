//! Tidemill: a SQL lakehouse engine.
//!
//! The modules stand in the order in which a statement passes through them.

pub mod error;

pub use error::{Error, Kind, Place, Result};
