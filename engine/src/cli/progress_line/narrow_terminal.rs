//! Stderr as a terminal that claims to be narrower than it is.
//!
//! Lines of progress are filled up to the right edge. On Ctrl-C the terminal writes `^C` behind them,
//! and where no room is left for it, on the line below: from there, the line would not be found again.

use std::io::{Result, Write};

use indicatif::TermLike;

/// The width and height of a terminal that does not tell.
const USUAL_SIZE: (u16, u16) = (80, 24);
/// Room for `^C`, twice.
const RESERVED_WIDTH: u16 = 5;

/// Draws on stderr.
#[derive(Debug)]
pub struct NarrowTerminal;

fn size() -> (u16, u16) {
    let stderr = std::io::stderr();
    terminal_size::terminal_size_of(&stderr)
        .map_or(USUAL_SIZE, |(width, height)| (width.0, height.0))
}

/// Moves the cursor `count` places, in the direction of the letter.
fn move_cursor(count: usize, direction: char) -> Result<()> {
    match count {
        0 => Ok(()),
        count => write!(std::io::stderr(), "\x1b[{count}{direction}"),
    }
}

impl TermLike for NarrowTerminal {
    fn width(&self) -> u16 {
        size().0.saturating_sub(RESERVED_WIDTH).max(1)
    }

    fn height(&self) -> u16 {
        size().1
    }

    fn move_cursor_up(&self, count: usize) -> Result<()> {
        move_cursor(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> Result<()> {
        move_cursor(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> Result<()> {
        move_cursor(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> Result<()> {
        move_cursor(count, 'D')
    }

    fn write_line(&self, text: &str) -> Result<()> {
        writeln!(std::io::stderr(), "{text}")
    }

    fn write_str(&self, text: &str) -> Result<()> {
        std::io::stderr().write_all(text.as_bytes())
    }

    fn clear_line(&self) -> Result<()> {
        self.write_str("\r\x1b[2K")
    }

    fn flush(&self) -> Result<()> {
        std::io::stderr().flush()
    }
}
