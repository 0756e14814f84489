//! What a user should know about a file besides its rows: a column that was left out, lines that
//! were passed over, how its dates were understood.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Remarks about one file, made by whoever looks at it; shared by all clones. What several
/// readings find is said once.
#[derive(Debug, Clone, Default)]
pub struct Remarks(Arc<Mutex<BTreeSet<String>>>);

impl Remarks {
    /// Adds remarks, a clause each.
    pub fn add(&self, remarks: impl IntoIterator<Item = String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(remarks);
    }

    /// All remarks so far.
    pub fn all(&self) -> Vec<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().cloned().collect()
    }
}
