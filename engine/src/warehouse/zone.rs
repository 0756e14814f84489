//! Zones and the identity of what lies in them.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A schema of the warehouse; a folder of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// Rows as they came.
    Raw,
    /// Rows made right.
    Cleansed,
    /// Rows made useful.
    Curated,
    /// What Tidemill did: loads, runs, steps.
    System,
}

impl Zone {
    /// All zones, in the order in which data flows.
    pub const ALL: [Zone; 4] = [Zone::Raw, Zone::Cleansed, Zone::Curated, Zone::System];

    /// The name in SQL and on disk.
    pub fn name(self) -> &'static str {
        match self {
            Zone::Raw => "raw",
            Zone::Cleansed => "cleansed",
            Zone::Curated => "curated",
            Zone::System => "system",
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Zone::ALL
            .into_iter()
            .find(|zone| zone.name() == name)
            .ok_or_else(|| {
                let known = Zone::ALL.map(Zone::name).join(", ");
                let hint = match crate::sql::closest(name, Zone::ALL.map(Zone::name)) {
                    Some(near) => format!("did you mean `{near}`? The zones are {known}"),
                    None => format!("the zones are {known}"),
                };
                Error::input(format!("there is no zone `{name}`")).hint(hint)
            })
    }
}

/// A table or view of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId {
    /// The zone that it lies in.
    pub zone: Zone,
    /// Its name there; also the name of its folder or file.
    pub name: String,
}

impl TableId {
    /// A name that can be a folder on every system.
    ///
    /// # Errors
    /// An empty name, one that starts with `.` or `_` (readers pass over those), or one with a
    /// separator or control character in it.
    pub fn new(zone: Zone, name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let refused = |char: char| {
            matches!(
                char,
                '/' | '\\' | ':' | '@' | '*' | '?' | '"' | '<' | '>' | '|'
            ) || char.is_control()
        };
        if name.is_empty()
            || name.starts_with(['.', '_'])
            || name.contains(refused)
            || name.len() > 200
        {
            return Err(
                Error::input(format!("`{name}` cannot be the name of a table or view"))
                    .hint("use letters, digits and _; the name becomes a folder"),
            );
        }
        Ok(TableId { zone, name })
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.zone, crate::sql::quote(&self.name))
    }
}
