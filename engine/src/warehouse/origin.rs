//! Where the rows of a data file came from, kept as tags of the file in the log.
//!
//! A data file never mixes origins. So the rows of a source can be taken out again by taking out
//! its files, and a row tells its origin by the file that it lies in.

use std::collections::HashMap;

use deltalake_core::kernel::Add;
use percent_encoding::percent_decode_str;

/// The tag with the source of a file's rows; empty for rows that no load brought. A file without
/// it was written by another tool.
const SOURCE_TAG: &str = "tidemill.source";
/// The tag with the load that brought a file's rows; empty for rows that no load brought.
const LOAD_TAG: &str = "tidemill.load";

/// The load that rows came with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The file that was loaded, as the ledger knows it.
    pub source: String,
    /// The id of the load, as `system.loads` knows it.
    pub load_id: String,
}

/// What the log says about a file beyond its place and size.
pub(super) type Tags = HashMap<String, Option<String>>;

/// Whether the file tells the origin of its rows.
pub(super) fn is_ours(file: &Add) -> bool {
    file.tags
        .as_ref()
        .is_some_and(|tags| tags.contains_key(SOURCE_TAG))
}

/// The source of a file's rows; `None` if no load brought them.
pub(super) fn source_of(file: &Add) -> Option<&str> {
    tag(file, SOURCE_TAG)
}

/// The origin of a file's rows; `None` if no load brought them.
pub(super) fn origin_of(file: &Add) -> Option<Origin> {
    Some(Origin {
        source: source_of(file)?.to_owned(),
        load_id: tag(file, LOAD_TAG)?.to_owned(),
    })
}

/// The name of a data file, which no other file of the table has; from a path or URL.
pub(super) fn file_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    percent_decode_str(name).decode_utf8_lossy().into_owned()
}

fn tag<'a>(file: &'a Add, name: &str) -> Option<&'a str> {
    let value = file.tags.as_ref()?.get(name)?.as_deref()?;
    (!value.is_empty()).then_some(value)
}

/// The tags of files whose rows have this origin.
pub(super) fn tags_of(origin: Option<&Origin>) -> Tags {
    let text = |value: fn(&Origin) -> &String| Some(origin.map(value).cloned().unwrap_or_default());
    HashMap::from([
        (SOURCE_TAG.to_owned(), text(|origin| &origin.source)),
        (LOAD_TAG.to_owned(), text(|origin| &origin.load_id)),
    ])
}
