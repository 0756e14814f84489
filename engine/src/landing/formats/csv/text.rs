//! The bytes of a chunk as text, all at once: what is checked for megabytes in one go need not be
//! checked again for every record.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::sql::Encoding;

/// Text in which records are found. Offsets in it count the bytes of [`Text::bytes`].
#[derive(Debug)]
pub(super) struct Text<'a> {
    source: &'a [u8],
    text: Cow<'a, str>,
    origin: Origin,
    /// Whether something in it may be refused wherever it stands: bytes that are not of the
    /// encoding, NUL bytes, carriage returns that end no line.
    pub(super) suspicious: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The source is the text.
    Same,
    /// Bytes of the source that are no text are question marks in it.
    Patched,
    /// One byte of the source is one character.
    OneBytePerCharacter,
}

impl<'a> Text<'a> {
    /// Decodes `source`. What cannot be decoded makes the text suspicious.
    pub(super) fn new(source: &'a [u8], encoding: Encoding) -> Self {
        let (text, origin) = match encoding {
            Encoding::Latin1 => match encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(source)
                .0
            {
                Cow::Borrowed(text) => (Cow::Borrowed(text), Origin::Same),
                decoded => (decoded, Origin::OneBytePerCharacter),
            },
            Encoding::Utf8 => match std::str::from_utf8(source) {
                Ok(text) => (Cow::Borrowed(text), Origin::Same),
                Err(_) => (Cow::Owned(patched(source)), Origin::Patched),
            },
        };
        let suspicious =
            origin == Origin::Patched || memchr(0, source).is_some() || has_stray_return(source);
        Text {
            source,
            text,
            origin,
            suspicious,
        }
    }

    /// The bytes that faults are looked for in and shown from.
    pub(super) fn bytes(&self) -> &[u8] {
        match self.origin {
            Origin::Patched => self.source,
            _ => self.text.as_bytes(),
        }
    }

    /// The same as text, with the same offsets.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// How many bytes of the source lie between two offsets in the text.
    pub(super) fn source_bytes(&self, from: usize, to: usize) -> usize {
        match self.origin {
            Origin::OneBytePerCharacter => self.text[from..to].chars().count(),
            _ => to - from,
        }
    }
}

fn has_stray_return(bytes: &[u8]) -> bool {
    memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

#[cold]
fn patched(source: &[u8]) -> String {
    let mut text = String::with_capacity(source.len());
    for chunk in source.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_stay_where_bytes_are_no_text() {
        let text = Text::new(b"a\xE9,\xF0\x9F\n", Encoding::Utf8);
        assert_eq!((text.text(), text.suspicious), ("a?,??\n", true));
        assert_eq!(text.bytes(), b"a\xE9,\xF0\x9F\n");
    }

    #[test]
    fn latin1_counts_characters() {
        let text = Text::new(b"Jos\xE9;\x80\n", Encoding::Latin1);
        assert_eq!((text.text(), text.suspicious), ("José;€\n", false));
        assert_eq!(text.source_bytes(0, "José;".len()), 5);
    }

    #[test]
    fn only_a_return_in_front_of_a_line_feed_is_a_line_end() {
        for (source, suspicious) in [
            ("a\r\nb", false),
            ("a\rb", true),
            ("a\r", true),
            ("a\0", true),
        ] {
            assert_eq!(
                Text::new(source.as_bytes(), Encoding::Utf8).suspicious,
                suspicious
            );
        }
    }
}
