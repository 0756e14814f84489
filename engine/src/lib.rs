//! Tidemill: a SQL lakehouse engine.
//!
//! The modules stand in the order in which data flows through them: text becomes a statement, a
//! statement is executed in a session, files land in the warehouse, results leave as files or
//! through connections, and a pipeline does all of it in order.

pub mod cli;
pub mod config;
pub mod connections;
pub mod dry_run;
pub mod error;
pub mod execute;
mod explain;
pub mod landing;
mod models;
pub mod pii;
pub mod pipelines;
pub mod progress;
pub mod reconciliation;
pub mod report;
mod scans;
mod secrets;
pub mod session;
pub mod sql;
mod summarize;
mod unloading;
pub mod values;
pub mod warehouse;

pub use error::{Error, Kind, Place, Result, Subject};
