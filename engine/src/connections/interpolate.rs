//! `${NAME}` references in configuration texts, so that secrets never stand in a file.
//!
//! | written | means |
//! |---|---|
//! | `${NAME}` | the variable; an error when it is not set |
//! | `${NAME:-default}` | the variable, or `default` when it is not set or empty, as in a shell |
//! | `$${` | the two characters `${` |
//!
//! Every other `$` stands for itself, values are not looked through again, and a default ends at
//! the first `}`. Messages name variables, never the text around them: that may be a password.

use crate::error::{Error, Result};

/// Replaces every reference in `text` by what `lookup` knows.
///
/// # Errors
/// A variable without value and default, a name that is none, or a `${` without its `}`.
pub fn interpolate(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let before = &rest[..start];
        let reference = &rest[start + 2..];
        if let Some(kept) = before.strip_suffix('$') {
            result.push_str(kept);
            result.push_str("${");
            rest = reference;
            continue;
        }
        result.push_str(before);
        let (inside, after) = reference.split_once('}').ok_or_else(|| {
            Error::input("a reference opened by `${` has no closing `}`")
                .hint("write `$${` for the characters `${` themselves")
        })?;
        result.push_str(&resolve(inside, lookup)?);
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

/// The variables that a text refers to, and whether each has a default.
pub fn references(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let is_kept = rest[..start].ends_with('$');
        rest = &rest[start + 2..];
        if let Some((inside, after)) = rest.split_once('}').filter(|_| !is_kept) {
            let (name, default) = match inside.split_once(":-") {
                Some((name, _)) => (name, true),
                None => (inside, false),
            };
            if is_name(name) {
                found.push((name.to_owned(), default));
            }
            rest = after;
        }
    }
    found
}

fn resolve(inside: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_name(name) {
        return Err(Error::input("a `${..}` reference does not hold a variable name")
            .hint("write `${NAME}` or `${NAME:-default}`; a name has letters, digits and `_`, and no digit first"));
    }
    match (lookup(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Error::input(format!("the variable {name} is not set")).hint(format!(
            "set it in the environment or in a .env file beside the configuration, or give a default: `${{{name}:-..}}`"
        ))),
    }
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|next| next.is_ascii_alphanumeric() || next == '_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn with(text: &str) -> Result<String> {
        interpolate(text, &|name| match name {
            "USER" => Some("ada".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICKY" => Some("${USER}".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn references_are_found_with_their_defaults() {
        let found = references("postgres://${USER}:${PASSWORD:-none}@host/$${KEPT}");
        assert_eq!(
            found,
            [("USER".to_owned(), false), ("PASSWORD".to_owned(), true)]
        );
    }

    #[test]
    fn replaces_variables_and_defaults() {
        assert_eq!(
            with("postgres://${USER}@host").unwrap(),
            "postgres://ada@host"
        );
        assert_eq!(
            with("${URL:-sqlite:serving.db}").unwrap(),
            "sqlite:serving.db"
        );
        assert_eq!(with("${USER:-x}${EMPTY:-y}${EMPTY}").unwrap(), "aday");
        assert_eq!(with("${NONE:-}").unwrap(), "");
    }

    #[test]
    fn leaves_other_dollars_and_values_alone() {
        assert_eq!(with("pa$$word$USER$").unwrap(), "pa$$word$USER$");
        assert_eq!(with("$${USER} ${USER}").unwrap(), "${USER} ada");
        assert_eq!(with("${TRICKY}").unwrap(), "${USER}");
    }

    #[test]
    fn names_the_unset_variable_and_nothing_else() {
        let error = with("postgres://u:geheim@h/${MISSING}").unwrap_err();
        assert_eq!(error.message(), "the variable MISSING is not set");
        assert!(error.get_hint().unwrap().contains("`${MISSING:-..}`"));
        assert!(!format!("{error:?}").contains("geheim"));
    }

    #[test]
    fn refuses_broken_references() {
        for text in ["${USER", "${}", "${1A}", "${A B}", "${:-x}", "${geheim!}"] {
            let error = with(text).unwrap_err();
            assert!(!format!("{error:?}").contains("geheim"));
        }
    }

    proptest! {
        #[test]
        fn text_without_references_is_unchanged(text in "[^{]*") {
            prop_assert_eq!(with(&text).unwrap(), text);
        }

        #[test]
        fn never_panics(text in "[$:{}A-Z-]*") {
            let _ = with(&text);
        }
    }
}
