//! The suites: one file each, one line each in [`ALL`].

mod aggregate;
mod append;
mod bills;
mod export;
mod hospital;
mod kmeans;
mod kmeans_groups;
mod kmeans_large;
mod land;
mod read;
mod startup;
mod upsert;

use crate::contest::Contest;
use crate::error::Result;
use crate::workshop::Workshop;

/// A suite, declared once.
pub struct Suite {
    /// Its name on the command line and in the results.
    pub name: &'static str,
    /// Usual size; `None` for a suite without data.
    pub rows: Option<u64>,
    /// How often each contestant usually runs.
    pub runs: usize,
    /// Prepares the data of this many rows, and says who does what with it.
    pub contests: fn(&Workshop, u64) -> Result<Vec<Contest>>,
}

/// All suites, in the order of the results.
pub const ALL: [Suite; 10] = [
    land::SUITE,
    append::SUITE,
    aggregate::SUITE,
    kmeans::SUITE,
    kmeans_groups::SUITE,
    kmeans_large::SUITE,
    export::SUITE,
    upsert::SUITE,
    read::SUITE,
    startup::SUITE,
];

/// The names of all suites.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|suite| suite.name)
}
