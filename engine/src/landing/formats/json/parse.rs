//! Strict JSON (RFC 8259), numbers kept as they are written.

use std::borrow::Cow;

use super::super::value::{Member, Value};

/// Lists and objects inside of each other, at most.
const MAX_DEPTH: usize = 128;

/// Where text stops to be JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Syntax {
    /// In bytes from the start of the text.
    pub(in super::super) at: usize,
    /// What is wrong, for a person.
    pub(in super::super) reason: String,
    /// What to do about it.
    pub(in super::super) hint: Option<&'static str>,
}

/// The one value that is all of `text`.
pub(in super::super) fn parse(text: &str) -> Result<Value<'_>, Syntax> {
    let mut parser = Parser { text, at: 0 };
    parser.skip_space();
    let value = parser.value(0)?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.fault("there is text after the value")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Syntax> {
        if depth > MAX_DEPTH {
            return Err(self.fault("lists and objects are nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Boolean(true)),
            Some(b'f') => self.word("false", Value::Boolean(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.fault("a value is expected")),
            None => Err(self.fault("the record ends where a value is expected")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Syntax> {
        let start = self.at;
        let mut members: Vec<Member<'a>> = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Object(members, &self.text[start..self.at]));
        }
        loop {
            self.skip_space();
            let name_at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.fault("a name in double quotes is expected"));
            }
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.fault("a `:` is expected"));
            }
            self.skip_space();
            let at = self.at;
            let value = self.value(depth + 1)?;
            if members.iter().any(|member| member.name == name) {
                self.at = name_at;
                return Err(Syntax {
                    hint: Some("one of the two values would be lost; rename one"),
                    ..self.fault(&format!("the name `{name}` comes twice"))
                });
            }
            members.push(Member { name, value, at });
            self.skip_space();
            if self.take(b'}') {
                return Ok(Value::Object(members, &self.text[start..self.at]));
            }
            if !self.take(b',') {
                return Err(self.fault("a `,` or `}` is expected"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, Syntax> {
        let start = self.at;
        let mut values = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::List(values, &self.text[start..self.at]));
        }
        loop {
            self.skip_space();
            values.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::List(values, &self.text[start..self.at]));
            }
            if !self.take(b',') {
                return Err(self.fault("a `,` or `]` is expected"));
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Syntax> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        let mut escaped = false;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(0..=0x1f) => {
                    self.at = at;
                    return Err(Syntax {
                        hint: Some("write it as an escape, such as \\n"),
                        ..self.fault("a control character stands in a text")
                    });
                }
                Some(_) => at += 1,
                None => return Err(self.fault("the text is never closed")),
            }
        }
        self.at = at + 1;
        if !escaped {
            return Ok(Cow::Borrowed(&self.text[start + 1..at]));
        }
        serde_json::from_str(&self.text[start..=at])
            .map(Cow::Owned)
            .map_err(|_| {
                self.at = start;
                self.fault("the text has an escape that stands for no character")
            })
    }

    fn number(&mut self) -> Result<Value<'a>, Syntax> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(self.fault("a digit is expected"));
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at = start;
            return Err(Syntax {
                hint: Some("a code with leading zeros is text: put it in quotes"),
                ..self.fault("a number has a leading zero")
            });
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.fault("a digit is expected after the point"));
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.fault("a digit is expected in the exponent"));
            }
        }
        Ok(Value::Number(Cow::Borrowed(&self.text[start..self.at])))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Syntax> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.fault("a value is expected"))
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn fault(&self, reason: &str) -> Syntax {
        Syntax {
            at: self.at,
            reason: reason.to_owned(),
            hint: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_stay_as_they_are_written() {
        for number in [
            "0",
            "-0",
            "1.50",
            "12345678901234567890.12",
            "1e5",
            "-2.5E-3",
        ] {
            assert_eq!(parse(number), Ok(Value::Number(number.into())));
        }
    }

    #[test]
    fn what_is_not_json_is_refused_where_it_stops_to_be() {
        for (text, at) in [
            ("", 0),
            ("{\"a\": 007}", 6),
            ("{\"a\": 1.}", 8),
            ("{\"a\": +1}", 6),
            ("{\"a\": NaN}", 6),
            ("{\"a\": 1,}", 8),
            ("{'a': 1}", 1),
            ("{\"a\": 1} x", 9),
            ("{\"a\": 1, \"a\": 2}", 9),
            ("{\"a\": \"\\ud800\"}", 6),
            ("{\"a\": \"b\nc\"}", 8),
            ("[1 2]", 3),
            ("\"open", 0),
            ("nul", 0),
        ] {
            assert_eq!(parse(text).unwrap_err().at, at, "{text}");
        }
        assert!(parse(&"[".repeat(1000)).is_err());
    }

    fn as_serde(value: &Value<'_>) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Number(number) => serde_json::from_str(number).unwrap(),
            Value::Text(text) => text.as_ref().into(),
            Value::List(values, _) => values.iter().map(as_serde).collect(),
            Value::Object(members, _) => serde_json::Value::Object(
                members
                    .iter()
                    .map(|member| (member.name.to_string(), as_serde(&member.value)))
                    .collect(),
            ),
        }
    }

    proptest! {
        #[test]
        fn text_of_another_writer_is_understood(texts in prop::collection::vec(any::<String>(), 0..5), number in any::<i64>(), pretty in any::<bool>()) {
            let value = serde_json::json!({"list": texts, "number": number, "nested": {"": null, "b": [true, {"c": 1.5}]}});
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert_eq!(as_serde(&parse(&text).unwrap()), value);
        }

        #[test]
        fn any_text_gives_a_value_or_an_error(text in "[\\[\\]{}\",:0-9.eE+\\-\\\\a-z \n\u{e9}]{0,40}") {
            let ours = parse(&text);
            if ours.is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            }
        }
    }
}
