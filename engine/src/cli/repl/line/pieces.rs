//! Text that may not be finished, as a row of pieces that covers all of it.

use std::ops::Range;

use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer, Whitespace};

use crate::sql::TideDialect;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: PieceKind,
}

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// A keyword or a name.
    Word,
    /// A name in double quotes.
    Quoted,
    /// A text, between quotes of any kind.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// Blanks.
    Blank,
    /// An operator or a bracket.
    Symbol,
    /// A text that has not been closed.
    OpenText,
    /// A name in double quotes that has not been closed.
    OpenQuoted,
    /// A comment that has not been closed.
    OpenComment,
}

impl Piece {
    /// What stands there.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.range.clone()]
    }

    /// Whether it means something.
    pub fn is_meaningful(&self) -> bool {
        use PieceKind::{Blank, Comment, OpenComment};
        !matches!(self.kind, Blank | Comment | OpenComment)
    }
}

/// All pieces of a text, in order.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut tokens = Vec::new();
    let ended = Tokenizer::new(&TideDialect, text).tokenize_with_location_into_buf(&mut tokens);
    let mut cursor = Cursor::new(text);
    let mut pieces: Vec<Piece> = Vec::new();
    for token in &tokens {
        let end = cursor.offset(token.span.end);
        let start = pieces.last().map_or(0, |piece| piece.range.end);
        if end > start {
            pieces.push(Piece {
                range: start..end,
                kind: kind_of(&token.token),
            });
        }
    }
    let start = pieces.last().map_or(0, |piece| piece.range.end);
    if start < text.len() {
        pieces.push(Piece {
            range: start..text.len(),
            kind: match ended {
                Ok(()) => PieceKind::Blank,
                Err(_) => kind_of_open(&text[start..]),
            },
        });
    }
    pieces
}

fn kind_of(token: &Token) -> PieceKind {
    match token {
        Token::Word(word) if word.quote_style.is_some() => PieceKind::Quoted,
        Token::Word(_) => PieceKind::Word,
        Token::Number(..) => PieceKind::Number,
        Token::Whitespace(
            Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
        ) => PieceKind::Comment,
        Token::Whitespace(_) => PieceKind::Blank,
        Token::SingleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_) => PieceKind::Text,
        _ => PieceKind::Symbol,
    }
}

/// What has not been closed, by how it begins.
fn kind_of_open(text: &str) -> PieceKind {
    if text.starts_with("/*") {
        PieceKind::OpenComment
    } else if text.starts_with('"') {
        PieceKind::OpenQuoted
    } else {
        PieceKind::OpenText
    }
}

/// Turns places into bytes; places come in order.
struct Cursor<'t> {
    characters: std::iter::Peekable<std::str::CharIndices<'t>>,
    length: usize,
    line: u64,
    column: u64,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Cursor {
            characters: text.char_indices().peekable(),
            length: text.len(),
            line: 1,
            column: 1,
        }
    }

    fn offset(&mut self, to: Location) -> usize {
        while (self.line, self.column) < (to.line, to.column) {
            match self.characters.next() {
                Some((_, '\n')) => (self.line, self.column) = (self.line + 1, 1),
                Some(_) => self.column += 1,
                None => break,
            }
        }
        self.characters.peek().map_or(self.length, |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::{PieceKind, pieces};
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<(PieceKind, &str)> {
        let pieces = pieces(text)
            .into_iter()
            .filter(|piece| piece.kind != PieceKind::Blank);
        pieces.map(|piece| (piece.kind, piece.of(text))).collect()
    }

    #[test]
    fn every_piece_has_its_kind() {
        use PieceKind::{Comment, Number, OpenComment, OpenQuoted, OpenText, Quoted, Symbol};
        use PieceKind::{Text, Word};
        assert_eq!(
            kinds("select 'é;' , \"a b\"\n.x -- c\n1.5 $$ ' $$"),
            [
                (Word, "select"),
                (Text, "'é;'"),
                (Symbol, ","),
                (Quoted, "\"a b\""),
                (Symbol, "."),
                (Word, "x"),
                (Comment, "-- c\n"),
                (Number, "1.5"),
                (Text, "$$ ' $$"),
            ]
        );
        assert_eq!(kinds("a 'b"), [(Word, "a"), (OpenText, "'b")]);
        assert_eq!(kinds("a \"b"), [(Word, "a"), (OpenQuoted, "\"b")]);
        assert_eq!(kinds("a /* b"), [(Word, "a"), (OpenComment, "/* b")]);
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_text(text in "[a-z '\"$;/*\\-\\n.(é東)]{0,60}") {
            let all: String = pieces(&text).iter().map(|piece| piece.of(&text)).collect();
            prop_assert_eq!(all, text);
        }
    }
}
