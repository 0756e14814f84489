//! What in a statement an error is about, for errors that know no place.
//!
//! The engine loses the place of what it has planned: a cast that fails at its millionth row knows
//! the value, not the line. The statement still has its tokens, and finds the place by what the
//! error says that it is about.

/// What an error is about, as it stands in the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A name or a keyword.
    Word(String),
    /// The last mention of a name, where that repeats an earlier one.
    Repeated(String),
    /// A text in quotes.
    Text(String),
    /// A sign, such as `/`.
    Sign(String),
}

impl Subject {
    /// A name or keyword.
    pub fn word(word: impl Into<String>) -> Self {
        Subject::Word(word.into())
    }
}
