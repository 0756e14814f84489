//! BOOLEAN as text.

use super::refusal::{Refusal, malformed};

/// `true`, `false`, and the `t` and `f` that Postgres writes, in any case. Not 1 and 0: a column
/// of those is a number, and SQL compares it.
pub fn parse_boolean(text: &str) -> Result<bool, Refusal> {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("t") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("f") {
        Ok(false)
    } else {
        Err(malformed(text, Refusal::NotBoolean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_case() {
        for (text, expected) in [
            ("true", Ok(true)),
            ("FALSE", Ok(false)),
            ("T", Ok(true)),
            ("f", Ok(false)),
            ("1", Err(Refusal::NotBoolean)),
            ("yes", Err(Refusal::NotBoolean)),
            ("", Err(Refusal::Empty)),
            (" true", Err(Refusal::Spaces)),
        ] {
            assert_eq!(parse_boolean(text), expected, "{text:?}");
        }
    }
}
