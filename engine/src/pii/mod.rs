//! Columns that hold personal data: which columns of a result derive from one, and what a terminal
//! shows instead.
//!
//! ```sql
//! ALTER TABLE raw.admissions ALTER COLUMN name SET TAG pii;
//! ```
//!
//! The tag lies in the table's own metadata. On a terminal, whatever derives from a tagged column is
//! shown as `•••`, in every output mode, unless the user asked for the values (`.unmask`, `--unmask`),
//! which is recorded in `system.audit`. What goes into a file or another program holds the values as
//! they are, since jobs need them. A statement that holds values of a tagged column is not kept in the
//! history of the prompt.

mod audit;
mod lineage;
mod mask;
mod values;

use std::collections::HashMap;

pub use audit::record_unmasked;
pub use lineage::tagged_columns;
pub use mask::Mask;
pub use values::holds_values;

/// The metadata of a column that holds its tags.
pub const TAGS: &str = "tidemill.tags";
/// The tag of personal data.
pub const PII: &str = "pii";

/// Whether the metadata of a column says that it holds personal data.
pub fn is_tagged(metadata: &HashMap<String, String>) -> bool {
    metadata.get(TAGS).is_some_and(|tags| tags == PII)
}

/// Writes into the metadata of a column whether it holds personal data.
pub fn set_tag(metadata: &mut HashMap<String, String>, tagged: bool) {
    match tagged {
        true => metadata.insert(TAGS.to_owned(), PII.to_owned()),
        false => metadata.remove(TAGS),
    };
}
