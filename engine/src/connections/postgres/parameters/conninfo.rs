//! Parameters in one text, `host=db.example.org dbname=sales`, as `psql` and DuckDB take them.
//!
//! As libpq reads it: blanks around `=` do not count, a value with blanks stands in single quotes, a
//! backslash takes the next character as it is.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use super::{PARAMETERS, known};
use crate::error::{Error, Result};
use crate::sql::closest;

/// The parameters of a text.
///
/// # Errors
/// A text that is not made of `name=value`, a parameter that is not known; no value is repeated.
pub(in crate::connections) fn parse(text: &str) -> Result<BTreeMap<&'static str, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = text.chars().peekable();
    while skip_blanks(&mut rest) {
        let mut name = String::new();
        while let Some(char) = rest.next_if(|char| *char != '=' && !char.is_whitespace()) {
            name.push(char);
        }
        skip_blanks(&mut rest);
        if rest.next() != Some('=') {
            return Err(broken("a parameter has no `=`"));
        }
        skip_blanks(&mut rest);
        let value = value(&mut rest)?;
        let Some(known) = known(&name) else {
            let names = PARAMETERS.iter().map(|parameter| parameter.name);
            let error = broken("a parameter is not known");
            return Err(match closest(&name, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        parameters.insert(known, value);
    }
    Ok(parameters)
}

/// Whether anything follows.
fn skip_blanks(rest: &mut Peekable<Chars<'_>>) -> bool {
    while rest.next_if(|char| char.is_whitespace()).is_some() {}
    rest.peek().is_some()
}

fn value(rest: &mut Peekable<Chars<'_>>) -> Result<String> {
    let mut value = String::new();
    let quoted = rest.next_if_eq(&'\'').is_some();
    loop {
        match rest.next() {
            Some('\\') => value.extend(rest.next()),
            Some('\'') if quoted => return Ok(value),
            Some(char) if !quoted && char.is_whitespace() => return Ok(value),
            Some(char) => value.push(char),
            None if quoted => return Err(broken("a quote has no end")),
            None => return Ok(value),
        }
    }
}

fn broken(what: &str) -> Error {
    Error::input(format!("the parameters of Postgres cannot be read: {what}"))
        .hint("write host=db.example.org dbname=sales user=me, values with blanks in single quotes")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_plain_quoted_or_escaped() {
        let parsed = parse("host = h dbname='a b' user=a\\ b password=''\tport=1").unwrap();
        let values =
            ["host", "dbname", "user", "password", "port"].map(|name| parsed[name].as_str());
        assert_eq!(values, ["h", "a b", "a b", "", "1"]);
        assert!(parse("  ").unwrap().is_empty());
        for text in [
            "geheim",
            "host=h password='geheim",
            "pasword=geheim",
            "=geheim",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn every_value_can_be_written(value in "\\PC{0,12}") {
            let escaped = value.replace('\\', "\\\\").replace('\'', "\\'");
            prop_assert_eq!(&parse(&format!("user='{escaped}'")).unwrap()["user"], &value);
        }
    }
}
