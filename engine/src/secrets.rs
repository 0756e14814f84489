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
    let urls: Vec<_> = urls(text).collect();
    // A reference to a variable is not what it refers to.
    let is_reference = |range: &Range<usize>| {
        let written = &text[range.clone()];
        written.starts_with("${") && written.find('}') == Some(written.len() - 1)
    };
    let of_urls = urls.iter().filter_map(|url| {
        // A password may hold anything, also a slash or another @.
        let login = text[url.clone()].rsplit_once('@')?.0;
        let user = login.find(':')?;
        Some(url.start + user + 1..url.start + login.len())
    });
    of_urls
        .chain(assigned(text, &urls))
        .filter(|range| !range.is_empty() && !is_reference(range))
        .collect()
}

/// What follows `://` in each URL. One that a literal begins with ends with the literal.
fn urls(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").map(|(at, mark)| {
        let start = at + mark.len();
        let is_scheme = |char: char| char.is_ascii_alphanumeric() || "+.-".contains(char);
        let before = text[..at].trim_end_matches(is_scheme);
        let end = match before.chars().next_back() {
            Some(quote @ ('\'' | '"')) => {
                let opening = before.len() - before.trim_end_matches(quote).len();
                literal_end(text, start, quote, opening)
            }
            _ => {
                let blank = text[start..].find(char::is_whitespace);
                let blank = blank.map_or(text.len(), |blank| start + blank);
                let ends = ['\'', '"'].map(|quote| literal_end(text, start, quote, 1));
                blank.min(ends[0]).min(ends[1])
            }
        };
        start..end
    })
}

/// `password=..`, `password = '..'`, `"password": ".."` and `PASSWORD '..'`, as the databases' own
/// tools and statements write it.
fn assigned(text: &str, urls: &[Range<usize>]) -> impl Iterator<Item = Range<usize>> {
    const WORD: &str = "password";
    let lower = text.to_ascii_lowercase();
    let places: Vec<usize> = lower.match_indices(WORD).map(|(at, _)| at).collect();
    places.into_iter().filter_map(move |at| {
        let end = at + WORD.len();
        let name_end = end + closing_quote(text, end);
        let is_between = |char: char| char.is_whitespace() || "=:>".contains(char);
        let value = text[name_end..].trim_start_matches(is_between);
        let start = text.len() - value.len();
        let between = &text[name_end..start];
        if (name_end == end || between.contains([':', '=']))
            && let Some(quoted) = quoted(text, start)
        {
            return Some(quoted);
        }
        if !between.contains('=') {
            return None;
        }
        let url = urls.iter().find(|url| url.contains(&at));
        let is_parameter = text[..at].ends_with(['?', '&']);
        let length = match url.filter(|_| is_parameter) {
            Some(url) => {
                let rest = &text[start..url.end.max(start)];
                rest.find('&').unwrap_or(rest.len())
            }
            None => word_length(value),
        };
        Some(start..start + length)
    })
}

/// The length of the quote at this place if it ends a name or text, as in `"password"`.
fn closing_quote(text: &str, at: usize) -> usize {
    let Some(quote @ ('\'' | '"')) = text[at..].chars().next() else {
        return 0;
    };
    let is_single = !text[at + 1..].starts_with(quote);
    let is_open = text[..at].matches(quote).count() % 2 == 1;
    usize::from(is_single && is_open)
}

/// What a literal at this place holds, if there is one: `'..'`, `E'..'`, `U&'..'`, `$..$`.
fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    if let Some((tag, _)) = rest.strip_prefix('$').and_then(|rest| rest.split_once('$'))
        && tag
            .chars()
            .all(|char| char.is_alphanumeric() || char == '_')
    {
        let start = at + tag.len() + 2;
        let end = text[start..].find(&text[at..start]);
        return Some(start..end.map_or(text.len(), |end| start + end));
    }
    let quotes = ['\'', '"'];
    let literal = ["E", "e", "U&", "u&"]
        .into_iter()
        .filter_map(|prefix| rest.strip_prefix(prefix))
        .find(|rest| rest.starts_with(quotes))
        .unwrap_or(rest);
    let quote = quotes
        .into_iter()
        .find(|quote| literal.starts_with(*quote))?;
    let inside = literal.trim_start_matches(quote);
    let (open, start) = (text.len() - literal.len(), text.len() - inside.len());
    let opening = start - open;
    Some(open + depth(opening)..literal_end(text, start, quote, opening))
}

/// How many of a run of quotes open or end a literal: one, and in a literal within a literal two.
/// Those beyond belong to what is quoted.
fn depth(run: usize) -> usize {
    1 << run.trailing_zeros()
}

/// Where the literal ends that so many quotes opened. A doubled quote does not end it, nor does one
/// behind a backslash, which some take for an escape: better too much is hidden than too little.
fn literal_end(text: &str, from: usize, quote: char, opening: usize) -> usize {
    let doubled = 2 * depth(opening);
    let mut at = from;
    while let Some(next) = text[at..].find(quote) {
        let start = at + next;
        let run = text.len() - start - text[start..].trim_start_matches(quote).len();
        if !run.is_multiple_of(doubled) && !text[..start].ends_with('\\') {
            return start + run - run % doubled;
        }
        at = start + run;
    }
    text.len()
}

/// The length of a value without quotes: up to a blank, unless a backslash is before it, or up to
/// the quote that ends the text which it is in.
fn word_length(value: &str) -> usize {
    let mut escaped = false;
    let blank = value.find(|char: char| {
        let ends = char.is_whitespace() && !escaped;
        escaped = char == '\\' && !escaped;
        ends
    });
    let word = &value[..blank.unwrap_or(value.len())];
    match word.rsplit_once(['\'', '"']) {
        Some((inside, tail)) if tail.chars().all(|char| ");,]}".contains(char)) => inside.len(),
        _ => word.len(),
    }
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
                "ATTACH 'postgres://me:sec''ret@h/db' AS d; SELEC 1",
                "ATTACH 'postgres://me:********@h/db' AS d; SELEC 1",
            ),
            (
                "ATTACH 'postgres://me:ge heim@localhost:1/db' AS d",
                "ATTACH 'postgres://me:*******@localhost:1/db' AS d",
            ),
            (
                "ATTACH 'postgres://me:a\"b@h/db' AS d",
                "ATTACH 'postgres://me:***@h/db' AS d",
            ),
            (
                r"ATTACH 'host=h password=''ab\''geheim'' x' AS d",
                "ATTACH 'host=h password=''***********'' x' AS d",
            ),
            (
                r"ATTACH 'host=h password=ab\ c''d&e' AS d",
                "ATTACH 'host=h password=**********' AS d",
            ),
            (
                "CALL postgres_execute('pg', 'ALTER ROLE r PASSWORD ''sup3r''')",
                "CALL postgres_execute('pg', 'ALTER ROLE r PASSWORD ''*****''')",
            ),
            (
                r"ALTER ROLE r PASSWORD E'sup\'3r' VALID",
                "ALTER ROLE r PASSWORD E'*******' VALID",
            ),
            (
                "ALTER ROLE r PASSWORD $x$sup3r$x$ VALID",
                "ALTER ROLE r PASSWORD $x$*****$x$ VALID",
            ),
            (
                r#"{"password": "ab", "user": "me"}"#,
                r#"{"password": "**", "user": "me"}"#,
            ),
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
            "select \"password\" from users where n = 'a'",
            "select 'no password' from users where n = 'a'",
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
        fn no_password_of_a_url_is_left(password in PASSWORD) {
            let written = password.replace('\'', "''");
            let around = |password: &str| format!("ATTACH 'postgres://user:{password}@host/base' AS x");
            prop_assert_eq!(hide_passwords(&around(&written)), around(&stars(&written)));
        }

        #[test]
        fn no_password_of_libpq_is_left(password in PASSWORD) {
            let escaped = password.replace('\\', r"\\").replace('\'', r"\'");
            hides("password = '", &escaped, "' host = h")?;
            hides("ATTACH 'host=h password=''", &escaped.replace('\'', "''"), "'' x' AS x")?;
            hides("host=h password=", &format!("x{}", escaped.replace(' ', r"\ ")), "x y")?;
        }

        #[test]
        fn no_password_of_a_statement_is_left(password in PASSWORD) {
            let written = password.replace('\'', "''");
            hides("ALTER ROLE r PASSWORD '", &written, "' VALID UNTIL 'x'")?;
            let nested = written.replace('\'', "''");
            hides("CALL postgres_execute('pg', 'ALTER ROLE r PASSWORD ''", &nested, "''')")?;
        }
    }

    const PASSWORD: &str = r"[a-zA-Z0-9%!' \\-]{6,12}";

    fn stars(text: &str) -> String {
        text.chars().map(|_| '*').collect()
    }

    /// More may be hidden behind the password.
    fn hides(before: &str, password: &str, after: &str) -> Result<(), TestCaseError> {
        let hidden = hide_passwords(&format!("{before}{password}{after}"));
        let expected = format!("{before}{}", stars(password));
        prop_assert!(hidden.starts_with(&expected), "{hidden} of {password:?}");
        Ok(())
    }
}
