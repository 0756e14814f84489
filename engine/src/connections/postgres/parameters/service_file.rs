//! Service files: sections of parameters, so that a server is described once for all programs.
//!
//! ```text
//! # comment
//! [sales]
//! host=db.example.org
//! dbname=sales
//! ```
//!
//! As libpq reads them (<https://www.postgresql.org/docs/current/libpq-pgservice.html>): blanks around
//! a line do not count, those around `=` do; the first section of a name is the section. The crates
//! that read them keep no line numbers and know none of the parameters about TLS.

use std::path::{Path, PathBuf};

use super::{Lookup, known};
use crate::error::{Error, Place, Result};

/// Where the file of the whole system lies, if `PGSYSCONFDIR` does not say.
const SYSTEM_FOLDERS: [&str; 2] = ["/etc/postgresql-common", "/etc/postgresql"];
const SYSTEM_FILE: &str = "pg_service.conf";

/// The files that are looked into, in order.
pub(super) fn candidates(
    named: Option<String>,
    home: Option<&Path>,
    lookup: Lookup<'_>,
) -> Vec<PathBuf> {
    let own = || Some(home?.join(".pg_service.conf"));
    let mut files: Vec<PathBuf> = named.map(PathBuf::from).or_else(own).into_iter().collect();
    match lookup("PGSYSCONFDIR") {
        Some(folder) => files.push(Path::new(&folder).join(SYSTEM_FILE)),
        None => files.extend(SYSTEM_FOLDERS.map(|folder| Path::new(folder).join(SYSTEM_FILE))),
    }
    files
}

/// The parameters of a service, with the lines that they stand in.
///
/// # Errors
/// No file has the service, a line of it is none, a file cannot be read.
pub(super) fn find(service: &str, files: &[PathBuf]) -> Result<Vec<(&'static str, String, Place)>> {
    for file in files {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::file("read", file, error)),
        };
        if let Some(found) = section(&text, service, file)? {
            return Ok(found);
        }
    }
    let looked: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    Err(
        Error::input(format!("no service file has a section [{service}]")).hint(format!(
            "looked into {}; PGSERVICEFILE names another file",
            looked.join(", ")
        )),
    )
}

#[expect(
    clippy::type_complexity,
    reason = "name, value and place of each parameter"
)]
fn section(
    text: &str,
    service: &str,
    file: &Path,
) -> Result<Option<Vec<(&'static str, String, Place)>>> {
    let mut lines = text.lines().map(str::trim).enumerate();
    let header = format!("[{service}]");
    // What stands behind the bracket does not count.
    if !lines.any(|(_, line)| line.starts_with(&header)) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for (index, line) in lines.take_while(|(_, line)| !line.starts_with('[')) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = Place {
            line: index as u64 + 1,
            ..Place::file(file)
        };
        let fault = |what: &str, hint: &str| {
            let error = Error::input(format!("service {service}: {what}"));
            Err(error.hint(hint).place(place.clone()))
        };
        let Some((name, value)) = line.split_once('=') else {
            return fault(
                "the line is not name=value",
                "write a parameter a line, such as host=db.example.org",
            );
        };
        match known(name) {
            Some("service" | "servicefile") => {
                return fault(
                    "a service cannot refer to another one",
                    "repeat its parameters",
                );
            }
            Some(name) => found.push((name, value.to_owned(), place)),
            None => {
                let hint = match crate::sql::closest(
                    name,
                    super::PARAMETERS.iter().map(|known| known.name),
                ) {
                    Some(near) => {
                        format!("did you mean `{near}`? blanks around = are part of name and value")
                    }
                    None => "leave the line out, or connect without the service".to_owned(),
                };
                return fault("the line has a parameter that is not supported", &hint);
            }
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Result<Vec<(&'static str, String, Place)>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pg_service.conf");
        std::fs::write(&file, text).unwrap();
        find("a", &[folder.path().join("missing"), file])
    }

    #[test]
    fn a_section_ends_at_the_next_one() {
        let found =
            read("[ab]\nport=1\n  [a] \r\n\n# host=no\nhost= x\npassword=a=b\n[c]\nnonsense")
                .unwrap();
        let found: Vec<_> = found
            .into_iter()
            .map(|(name, value, place)| (name, value, place.line))
            .collect();
        assert_eq!(
            found,
            [
                ("host", " x".to_owned(), 6),
                ("password", "a=b".to_owned(), 7)
            ]
        );
    }

    #[test]
    fn faults_have_their_line() {
        for (text, line, message) in [
            (
                "[a]\nhost=x\ngeheim",
                3,
                "service a: the line is not name=value",
            ),
            (
                "[a]\nservice=b",
                2,
                "service a: a service cannot refer to another one",
            ),
            (
                "[a]\n\npasword=geheim",
                3,
                "service a: the line has a parameter that is not supported",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.message(), message);
            assert_eq!(error.get_place().unwrap().line, line);
            assert!(!format!("{error:?}").contains("geheim"));
        }
        let error = read("[b]\n").unwrap_err();
        assert_eq!(error.message(), "no service file has a section [a]");
        assert!(error.get_hint().unwrap().contains("pg_service.conf"));
    }
}
