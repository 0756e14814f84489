//! How a result looks, and what it is shown on.

use std::io::IsTerminal;

use clap::ValueEnum;

/// The width and height of a terminal that does not tell.
const USUAL_SIZE: (usize, usize) = (80, 24);
/// Rows that a table shows on a terminal unless another number is set.
const SHOWN_ROWS: usize = 40;
/// As [`Style::max_rows`]: no limit.
pub const ALL_ROWS: usize = 0;

/// How results are printed: what `--format` and `.mode` take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    Table,
    /// A line per value, for rows that are too wide for a table
    #[value(alias = "line")]
    Vertical,
    /// Comma-separated values with a header; NULL is an empty field, empty text is ""
    Csv,
    /// The same with tabs
    Tsv,
    /// An array of objects; NaN and infinity are text
    Json,
    /// An object per line
    #[value(alias = "jsonl", alias = "jsonlines")]
    Ndjson,
    /// A table for a text in Markdown
    #[value(alias = "md")]
    Markdown,
    /// A table for a web page
    Html,
    /// INSERT statements
    Insert,
}

/// A format with what can be chosen within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// What stands for NULL, in place of what the format has for it.
    pub null: Option<String>,
    /// Rows that a table shows on a screen, or [`ALL_ROWS`].
    pub max_rows: usize,
    /// The table that INSERT statements name.
    pub target: String,
}

/// The terminal that results are shown on.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// In columns of characters.
    pub width: usize,
    /// In lines.
    pub height: usize,
    /// Whether it may be coloured.
    pub colour: bool,
}

impl Format {
    /// What the user calls it.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it is made to be read on a screen, not by a program.
    pub fn is_for_people(self) -> bool {
        matches!(self, Format::Table | Format::Vertical)
    }
}

impl From<Format> for Style {
    fn from(format: Format) -> Self {
        Style {
            format,
            null: None,
            max_rows: SHOWN_ROWS,
            target: "result".to_owned(),
        }
    }
}

impl Style {
    /// What stands for NULL where the format has a text for it.
    pub(super) fn null_or<'s>(&'s self, usual: &'s str) -> &'s str {
        self.null.as_deref().unwrap_or(usual)
    }
}

impl Screen {
    /// The screen that stdout is; `None` if it is a file or a pipe.
    pub fn of_stdout() -> Option<Screen> {
        let stdout = std::io::stdout();
        if !stdout.is_terminal() {
            return None;
        }
        let (width, height) = terminal_size::terminal_size_of(&stdout)
            .map_or(USUAL_SIZE, |(width, height)| {
                (width.0.into(), height.0.into())
            });
        Some(Screen {
            width,
            height,
            colour: colours_allowed(),
        })
    }
}

/// Whether the user and the terminal want colours.
pub fn colours_allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
