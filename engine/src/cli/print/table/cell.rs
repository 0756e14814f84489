//! One cell: text on one line, measured in columns of a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::visible::{moves_the_cursor, push_escaped};

/// What a cell says, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    /// In columns of a terminal.
    pub width: usize,
    pub is_null: bool,
}

impl Cell {
    /// NULL, which is shown as `null`.
    pub fn null(null: &str) -> Self {
        Cell {
            is_null: true,
            ..Cell::new(null)
        }
    }

    /// A value; a text that is `null` itself is quoted, so that it does not look like NULL.
    pub fn value(text: &str, null: &str) -> Self {
        match text == null && !null.is_empty() {
            true => Cell::new(&format!("'{text}'")),
            false => Cell::new(text),
        }
    }

    /// Text as it is, but for what would break the line or move the cursor.
    pub fn new(text: &str) -> Self {
        let text = escape(text);
        Cell {
            width: text.width(),
            text: text.into_owned(),
            is_null: false,
        }
    }

    /// The cell in at most `width` columns; what is cut off is marked by `…`.
    pub fn cut(&self, width: usize) -> Cow<'_, Cell> {
        if self.width <= width {
            return Cow::Borrowed(self);
        }
        let mut used = 0;
        let kept = self.text.chars().take_while(|char| {
            used += char.width().unwrap_or(0);
            used < width
        });
        let mut text: String = kept.collect();
        text.push('…');
        Cow::Owned(Cell {
            width: text.width(),
            text,
            is_null: self.is_null,
        })
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(moves_the_cursor) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match char {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            char if moves_the_cursor(char) => push_escaped(&mut escaped, char),
            char => escaped.push(char),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn a_cell_stays_on_its_line() {
        let cell = Cell::new("a\nb\t\u{1b}[31mred\u{202e}");
        assert_eq!(cell.text, "a\\nb\\t\\u{1b}[31mred\\u{202e}");
        assert_eq!(cell.width, cell.text.len());
    }

    #[test]
    fn null_and_the_text_null_differ() {
        assert_eq!(Cell::null("NULL").text, "NULL");
        assert_eq!(Cell::value("NULL", "NULL").text, "'NULL'");
        assert_eq!(Cell::value("null", "NULL").text, "null");
        assert_eq!(Cell::value("", "").text, "");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let cell = Cell::new("東京都");
        assert_eq!(cell.width, 6);
        assert_eq!(cell.cut(6).text, "東京都");
        assert_eq!(cell.cut(5).text, "東京…");
        assert_eq!(cell.cut(4).text, "東…");
        assert_eq!(cell.cut(4).width, 3);
        assert_eq!(cell.cut(1).text, "…");
    }
}
