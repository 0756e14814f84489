//! The password file, `~/.pgpass`: `host:port:database:user:password`, the first line that fits.
//!
//! As libpq reads it (<https://www.postgresql.org/docs/current/libpq-pgpass.html>): `*` stands for
//! anything, `\` takes `:` and `\` their meaning, a file that others may read is passed over.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::connections::url::Secret;

/// Who else may do anything with the file.
#[cfg(unix)]
const GROUP_AND_OTHERS: u32 = 0o077;

/// A password file that was looked at.
#[derive(Debug)]
pub(in super::super) struct PasswordFile {
    path: PathBuf,
    lines: Secret<String>,
    /// Why the file does not count.
    passed_over: Option<&'static str>,
}

/// What a password is wanted for.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Wanted<'w> {
    /// The host as given; `localhost` for the usual unix socket.
    pub(in super::super) host: &'w str,
    pub(in super::super) port: u16,
    pub(in super::super) database: &'w str,
    pub(in super::super) user: &'w str,
}

impl PasswordFile {
    /// Reads the file; `None` if there is none.
    pub(in super::super) fn open(path: &Path) -> Option<Self> {
        let of = |lines, passed_over| {
            Some(PasswordFile {
                path: path.to_owned(),
                lines: Secret::new(lines),
                passed_over,
            })
        };
        let Ok(mut file) = File::open(path) else {
            return match path.exists() {
                true => of(String::new(), Some("this user may not read it")),
                false => None,
            };
        };
        let Ok(metadata) = file.metadata() else {
            return None;
        };
        if !metadata.is_file() {
            return of(String::new(), Some("it is not a plain file"));
        }
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&metadata) & GROUP_AND_OTHERS != 0 {
            return of(
                String::new(),
                Some("others may read it: chmod 0600 makes it count"),
            );
        }
        let mut text = String::new();
        match file.read_to_string(&mut text) {
            Ok(_) => of(text, None),
            Err(_) => of(String::new(), Some("it is not UTF-8 text")),
        }
    }

    /// The password of the first line that fits.
    pub(in super::super) fn password(&self, wanted: Wanted<'_>) -> Option<String> {
        let lines = self.lines.expose().lines();
        let mut lines = lines.filter(|line| !line.starts_with('#'));
        lines.find_map(|line| password(line, wanted))
    }

    /// The path, and why the file was passed over if it was.
    pub(in super::super) fn note(&self) -> Option<String> {
        let why = self.passed_over?;
        Some(format!(
            "the password file {} was passed over: {why}",
            self.path.display()
        ))
    }
}

fn password(line: &str, wanted: Wanted<'_>) -> Option<String> {
    let port = wanted.port.to_string();
    let rest = after_field(line, wanted.host)?;
    let rest = after_field(rest, &port)?;
    let rest = after_field(rest, wanted.database)?;
    let rest = after_field(rest, wanted.user)?;
    Some(field(rest).0)
}

/// What follows a field that is `*` or has this value.
fn after_field<'l>(line: &'l str, value: &str) -> Option<&'l str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let (found, rest) = field(line);
    rest.filter(|_| found == value)
}

/// The first field without its escapes, and what follows its `:`.
fn field(line: &str) -> (String, Option<&str>) {
    let mut value = String::new();
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            ':' => return (value, Some(&line[at + 1..])),
            '\\' => value.push(characters.next().map_or('\\', |(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn of(lines: &str) -> PasswordFile {
        PasswordFile {
            path: PathBuf::new(),
            lines: Secret::new(lines.to_owned()),
            passed_over: None,
        }
    }

    const WANTED: Wanted<'_> = Wanted {
        host: "h",
        port: 5432,
        database: "d",
        user: "u",
    };

    #[test]
    fn the_first_line_that_fits_counts() {
        for (lines, expected) in [
            ("h:5432:d:u:secret", Some("secret")),
            (
                "#h:5432:d:u:no\r\nh:5433:d:u:no\r\nh:*:d:u:yes\r\nh:5432:d:u:late",
                Some("yes"),
            ),
            ("*:*:*:*:any", Some("any")),
            ("h*:5432:d:u:no\n*h:5432:d:u:no", None),
            ("h:5432:d:u:a\\:b\\\\c\\d:rest", Some("a:b\\cd")),
            ("h:5432:d:u", None),
            ("h:5432:d:u:", Some("")),
            ("", None),
        ] {
            assert_eq!(of(lines).password(WANTED).as_deref(), expected, "{lines}");
        }
        let ipv6 = Wanted {
            host: "::1",
            ..WANTED
        };
        assert_eq!(
            of("\\:\\:1:*:*:*:six").password(ipv6).as_deref(),
            Some("six")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".pgpass");
        assert!(PasswordFile::open(&path).is_none());
        std::fs::write(&path, "*:*:*:*:geheim\n").unwrap();
        let open = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            PasswordFile::open(&path).unwrap()
        };
        assert_eq!(open(0o600).password(WANTED).as_deref(), Some("geheim"));
        assert_eq!(open(0o640).password(WANTED), None);
        assert!(open(0o604).note().unwrap().contains("chmod 0600"));
        assert!(!format!("{:?}", open(0o600)).contains("geheim"));
    }

    proptest! {
        #[test]
        fn every_password_can_be_written(host in "[a-z:\\\\*]{1,8}", password in "[^\\n\\r]{0,12}") {
            let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
            let line = format!("{}:1:d:u:{}", escape(&host), escape(&password));
            let wanted = Wanted { host: &host, port: 1, ..WANTED };
            prop_assert_eq!(of(&line).password(wanted), Some(password));
        }
    }
}
