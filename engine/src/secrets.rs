//! Passwords in texts that people write: found, so that they are neither kept nor shown.
//!
//! An address may be written with its password, as `postgres://user:password@host` or as
//! `password=..`. Whatever repeats what was written (errors with the line they are about, the
//! prompt's history) asks here first.

use std::ops::Range;

/// Whether a text holds a password.
pub(crate) fn holds_password(text: &str) -> bool {
    !passwords(text).is_empty()
}

/// The text with every character of a password replaced by `*`, so that columns stay.
pub(crate) fn hide_passwords(text: &str) -> String {
    let hidden = passwords(text);
    let hide = |(at, char): (usize, char)| match hidden.iter().any(|range| range.contains(&at)) {
        true => '*',
        false => char,
    };
    text.char_indices().map(hide).collect()
}

fn passwords(text: &str) -> Vec<Range<usize>> {
    let urls = text.match_indices("://").filter_map(|(at, mark)| {
        let start = at + mark.len();
        let is_end = |char: char| char.is_whitespace() || matches!(char, '\'' | '"');
        let end = text[start..]
            .find(is_end)
            .map_or(text.len(), |end| start + end);
        // A password may hold anything, also a slash or another @.
        let login = text[start..end].rsplit_once('@')?.0;
        let user = login.find(':')?;
        Some(start + user + 1..start + login.len())
    });
    // A reference to a variable is not what it refers to.
    let is_reference = |range: &Range<usize>| {
        let written = &text[range.clone()];
        written.starts_with("${") && written.find('}') == Some(written.len() - 1)
    };
    urls.chain(assigned(text))
        .filter(|range| !range.is_empty() && !is_reference(range))
        .collect()
}

/// `password=..` and `password = '..'`, as the databases' own tools write it.
fn assigned(text: &str) -> impl Iterator<Item = Range<usize>> {
    const WORD: &str = "password";
    let lower = text.to_ascii_lowercase();
    let ends: Vec<usize> = lower
        .match_indices(WORD)
        .map(|(at, word)| at + word.len())
        .collect();
    ends.into_iter().filter_map(|end| {
        let rest = text[end..].trim_start().strip_prefix('=')?.trim_start();
        let start = text.len() - rest.len();
        let quotes: String = rest
            .chars()
            .take_while(|char| matches!(char, '\'' | '"'))
            .collect();
        let inside = start + quotes.len();
        let length = match quotes.is_empty() {
            true => {
                text[inside..].find(|char: char| char.is_whitespace() || "&'\";".contains(char))
            }
            false => text[inside..].find(&quotes),
        };
        Some(inside..length.map_or(text.len(), |length| inside + length))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn passwords_are_hidden_and_nothing_else() {
        for (text, hidden) in [
            (
                "ATTACH 'postgres://me:secret@host/db' AS d;",
                "ATTACH 'postgres://me:******@host/db' AS d;",
            ),
            (
                "attach 'postgres://me:se/cr@et@host/db' as d",
                "attach 'postgres://me:********@host/db' as d",
            ),
            (
                "x 'host=h PASSWORD=secret' y",
                "x 'host=h PASSWORD=******' y",
            ),
            ("x 'password=''a b'' host=h'", "x 'password=''***'' host=h'"),
            (
                "'postgres://h/d?password=secret&sslmode=x'",
                "'postgres://h/d?password=******&sslmode=x'",
            ),
            ("password = \"ge", "password = \"**"),
            (
                "a FROM 's3://ok/'; \"mysql://u:p@h\"",
                "a FROM 's3://ok/'; \"mysql://u:*@h\"",
            ),
        ] {
            assert_eq!(hide_passwords(text), hidden);
            assert!(holds_password(text), "{text}");
        }
        for text in [
            "ATTACH 'postgres://me@host:5432/db' AS d",
            "SELECT 'https://example.org/a:b'",
            "SELECT '://' , 'a:b@c'",
            "select password from users",
            "ATTACH 'postgres://me:${SECRET}@host/db' AS d",
        ] {
            assert_eq!(hide_passwords(text), text);
            assert!(!holds_password(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn columns_stay(text in "\\PC{0,40}") {
            prop_assert_eq!(hide_passwords(&text).chars().count(), text.chars().count());
        }

        #[test]
        fn no_password_of_a_url_is_left(password in "[a-zA-Z0-9%!-]{6,12}") {
            let hidden = hide_passwords(&format!("ATTACH 'postgres://user:{password}@host/base' AS x"));
            prop_assert!(!hidden.contains(&password));
        }
    }
}
