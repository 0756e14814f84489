//! Which files a table holds: the ledger, kept in the table's own log.
//!
//! Every loaded file leaves two application ids in the commit that carries its rows, so there is
//! no moment between the two: one with its path, size and hash, one with the hash alone. A load of
//! the same file by another process then conflicts instead of doubling the rows; loads of
//! different files do not. The epoch in front is raised when the table starts over.
//!
//! The watermark of a table of a database is an entry of its own, whose version is the value.
//!
//! Any other entry cannot be taken out of a log, only be given a higher version. So its version tells
//! whether it counts: it is odd while the table holds the file, and even after the rows of the
//! file were replaced.

mod read;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::discover::SourceFile;

const PREFIX: &str = "tidemill:";

/// What a table knows about the files that it holds.
#[derive(Debug, Default)]
pub struct Ledger {
    epoch: i64,
    /// The table and the version of it that it was read at.
    read_at: Option<(String, u64)>,
    versions: HashMap<String, i64>,
    /// The hashes that each path was loaded with and that are still there.
    loaded: BTreeMap<String, Vec<Content>>,
    /// The paths that each of these hashes was loaded from.
    paths: HashMap<String, BTreeSet<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    bytes: u64,
    hash: String,
}

/// An entry for the commit that brings, or takes away, the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The application id.
    pub application: String,
    /// Its version: odd if the file counts as loaded.
    pub version: i64,
}

/// How far a table of a database has been loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'k> {
    /// The column whose value it is.
    pub column: &'k str,
    /// The kind of values in it.
    pub kind: &'k str,
    /// The highest value that was loaded.
    pub value: i64,
}

/// What the ledger says about a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// Neither its path nor its content was ever loaded.
    New,
    /// It was loaded, and has not changed.
    Unchanged,
    /// Its content was loaded from another path.
    SameContent {
        /// That path.
        path: String,
    },
    /// Its path was loaded with other content.
    Changed,
}

impl Ledger {
    /// The ledger with these entries, the newest first.
    fn of(epoch: i64, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut ledger = Ledger {
            epoch,
            ..Ledger::default()
        };
        for entry in entries {
            if ledger.versions.contains_key(&entry.application) {
                continue;
            }
            if entry.version % 2 == 1
                && let Some((path, content)) = ledger.parse_file(&entry.application)
            {
                ledger.note(&path, content);
            }
            ledger.versions.insert(entry.application, entry.version);
        }
        ledger
    }

    /// What is known about a file.
    pub fn look_up(&self, file: &SourceFile) -> Known {
        let has_hash =
            |contents: &[Content]| contents.iter().any(|content| content.hash == file.hash);
        match self.loaded.get(&file.identity) {
            Some(contents) if has_hash(contents) => return Known::Unchanged,
            Some(_) => return Known::Changed,
            None => {}
        }
        match self.paths.get(&file.hash).and_then(BTreeSet::first) {
            Some(path) => Known::SameContent { path: path.clone() },
            None => Known::New,
        }
    }

    /// Notes a file as loaded and returns the entries for the commit.
    pub fn enter(&mut self, file: &SourceFile) -> Vec<Entry> {
        let content = Content {
            bytes: file.bytes,
            hash: file.hash.clone(),
        };
        let applications = [
            self.file_entry(&file.identity, &content),
            format!("{}hash:{}", prefix(self.epoch), file.hash),
        ];
        self.note(&file.identity, content);
        applications
            .map(|application| self.raise(application, 1))
            .into()
    }

    /// Notes a load that left something to be done after its commit, and returns the entry.
    pub fn enter_load(&mut self, load_id: &str) -> Entry {
        let application = self.load_entry(load_id);
        self.raise(application, 1)
    }

    /// Whether a load that was entered has committed.
    pub fn holds_load(&self, load_id: &str) -> bool {
        let version = self.versions.get(&self.load_entry(load_id));
        version.is_some_and(|version| version % 2 == 1)
    }

    /// Whether the table holds rows of a path.
    pub fn holds(&self, path: &str) -> bool {
        self.loaded
            .get(path)
            .is_some_and(|contents| !contents.is_empty())
    }

    /// How far a table of a database has been loaded, if it was loaded so.
    pub fn mark(&self, source: &str) -> Option<Mark<'_>> {
        let prefix = self.mark_prefix(source);
        self.versions.iter().find_map(|(application, value)| {
            // A column may hold the separator, a kind cannot.
            let (column, kind) = application.strip_prefix(&prefix)?.rsplit_once('|')?;
            Some(Mark {
                column,
                kind,
                value: *value,
            })
        })
    }

    /// Notes how far a table of a database is loaded and returns the entry for the commit.
    pub fn enter_mark(&mut self, source: &str, mark: Mark<'_>) -> Entry {
        let Mark {
            column,
            kind,
            value,
        } = mark;
        let application = format!("{}{column}|{kind}", self.mark_prefix(source));
        self.versions.insert(application.clone(), value);
        Entry {
            application,
            version: value,
        }
    }

    /// Whether the table holds rows of a path with this content.
    pub fn holds_content(&self, path: &str, hash: &str) -> bool {
        let contents = self.loaded.get(path).into_iter().flatten();
        contents.into_iter().any(|content| content.hash == hash)
    }

    /// Notes that what a path was loaded with is gone and returns the entries for the commit.
    pub fn withdraw(&mut self, path: &str) -> Vec<Entry> {
        let contents = self.loaded.remove(path).unwrap_or_default();
        for content in &contents {
            if let Some(paths) = self.paths.get_mut(&content.hash) {
                paths.remove(path);
            }
        }
        let applications: Vec<_> = contents
            .iter()
            .map(|content| self.file_entry(path, content))
            .collect();
        applications
            .into_iter()
            .map(|application| self.raise(application, 0))
            .collect()
    }

    fn note(&mut self, path: &str, content: Content) {
        let paths = self.paths.entry(content.hash.clone()).or_default();
        paths.insert(path.to_owned());
        let contents = self.loaded.entry(path.to_owned()).or_default();
        if !contents.contains(&content) {
            contents.push(content);
        }
    }

    /// The entry with the next version that is odd (1) or even (0).
    fn raise(&mut self, application: String, parity: i64) -> Entry {
        let last = self.versions.entry(application.clone()).or_default();
        *last += if (*last + 1) % 2 == parity { 1 } else { 2 };
        Entry {
            application,
            version: *last,
        }
    }

    fn mark_prefix(&self, source: &str) -> String {
        format!("{}mark:{source}|", prefix(self.epoch))
    }

    fn load_entry(&self, load_id: &str) -> String {
        format!("{}load:{load_id}", prefix(self.epoch))
    }

    fn file_entry(&self, path: &str, content: &Content) -> String {
        format!(
            "{}file:{path}|{}|{}",
            prefix(self.epoch),
            content.bytes,
            content.hash
        )
    }

    fn parse_file(&self, application: &str) -> Option<(String, Content)> {
        let entry = application
            .strip_prefix(&prefix(self.epoch))?
            .strip_prefix("file:")?;
        // A path may hold the separator, size and hash cannot.
        let (path_and_size, hash) = entry.rsplit_once('|')?;
        let (path, bytes) = path_and_size.rsplit_once('|')?;
        let content = Content {
            bytes: bytes.parse().ok()?,
            hash: hash.to_owned(),
        };
        Some((path.to_owned(), content))
    }
}

fn prefix(epoch: i64) -> String {
    format!("{PREFIX}{epoch}:")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn file(path: &str, hash: &str) -> SourceFile {
        SourceFile::known_by(path, hash)
    }

    /// The ledger as the next load reads it from the log.
    fn read_again(commits: &[Vec<Entry>]) -> Ledger {
        Ledger::of(3, commits.iter().rev().flatten().cloned())
    }

    #[test]
    fn the_newest_mark_counts_whatever_its_parity() {
        let mark = |value| Mark {
            column: "a|b",
            kind: "integer",
            value,
        };
        let mut ledger = Ledger::of(3, []);
        assert_eq!(ledger.mark("database:db.public.t"), None);
        let commits: Vec<_> = [-4, 8]
            .map(|value| vec![ledger.enter_mark("database:db.public.t", mark(value))])
            .into();
        let ledger = read_again(&commits);
        assert_eq!(ledger.mark("database:db.public.t"), Some(mark(8)));
        assert_eq!(ledger.mark("database:db.public.t2"), None);
        assert!(!ledger.holds("database:db.public.t"));
    }

    #[test]
    fn a_replaced_content_counts_no_more_and_may_come_back() {
        let (old, new) = (file("a|b.csv", "1"), file("a|b.csv", "2"));
        let mut ledger = Ledger::of(3, []);
        let mut commits = vec![ledger.enter(&old)];
        assert_eq!(read_again(&commits).look_up(&new), Known::Changed);

        let mut ledger = read_again(&commits);
        let replaced = [ledger.withdraw("a|b.csv"), ledger.enter(&new)].concat();
        commits.push(replaced);
        let ledger = read_again(&commits);
        assert_eq!(ledger.look_up(&new), Known::Unchanged);
        assert_eq!(ledger.look_up(&old), Known::Changed);
        assert_eq!(ledger.look_up(&file("c.csv", "1")), Known::New);

        let mut ledger = read_again(&commits);
        let back = [ledger.withdraw("a|b.csv"), ledger.enter(&old)].concat();
        assert!(back.iter().any(|entry| entry.version == 3));
        commits.push(back);
        assert_eq!(read_again(&commits).look_up(&old), Known::Unchanged);
        assert_eq!(read_again(&commits).look_up(&new), Known::Changed);
    }

    #[test]
    fn an_appended_content_counts_beside_the_first() {
        let mut ledger = Ledger::of(3, []);
        let commits = [
            ledger.enter(&file("a.csv", "1")),
            ledger.enter(&file("a.csv", "2")),
        ];
        let mut ledger = read_again(&commits);
        for hash in ["1", "2"] {
            assert_eq!(ledger.look_up(&file("a.csv", hash)), Known::Unchanged);
        }
        let copy = Known::SameContent {
            path: "a.csv".to_owned(),
        };
        assert_eq!(ledger.look_up(&file("b.csv", "1")), copy);
        assert_eq!(ledger.withdraw("a.csv").len(), 2);
        assert_eq!(ledger.look_up(&file("b.csv", "1")), Known::New);
    }

    #[test]
    fn entries_of_another_epoch_do_not_count() {
        let mut ledger = Ledger::of(2, []);
        let entries = ledger.enter(&file("a.csv", "1"));
        let ledger = Ledger::of(3, entries);
        assert_eq!(ledger.look_up(&file("a.csv", "1")), Known::New);
    }
}
