//! What a program would read, made safe for the eyes: on a terminal, characters that move the
//! cursor, colour the screen or turn the direction of writing are shown as `\u{1b}`.

use std::fmt::Write as _;
use std::io::{Result, Write};

/// Hands on what is written, with such characters escaped.
pub struct Visible<'w> {
    output: &'w mut dyn Write,
}

impl<'w> Visible<'w> {
    /// Writes to a terminal.
    pub fn new(output: &'w mut dyn Write) -> Self {
        Visible { output }
    }
}

impl Write for Visible<'_> {
    /// Takes whole characters: printers write whole lines.
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        if !text.contains(is_harmful) {
            self.output.write_all(text.as_bytes())?;
            return Ok(bytes.len());
        }
        let mut shown = String::with_capacity(text.len() + 16);
        for char in text.chars() {
            match is_harmful(char) {
                true => push_escaped(&mut shown, char),
                false => shown.push(char),
            }
        }
        self.output.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }
}

/// Controls, line separators, and what changes the direction of the rest of the line.
pub fn moves_the_cursor(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes a character as `\u{1b}`.
pub fn push_escaped(text: &mut String, char: char) {
    // Writing into a text cannot fail.
    let _ = write!(text, "\\u{{{:x}}}", u32::from(char));
}

fn is_harmful(char: char) -> bool {
    moves_the_cursor(char) && !matches!(char, '\n' | '\t')
}
