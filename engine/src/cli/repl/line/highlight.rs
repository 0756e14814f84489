//! Colours of what is typed. Only those of the sixteen that are legible on light and on dark.

use super::keywords::is_keyword;
use super::pieces::{Piece, PieceKind, pieces};
use crate::cli::repl::commands;

const KEYWORD: &str = "\x1b[1m";
const FUNCTION: &str = "\x1b[35m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const COMMENT: &str = "\x1b[2m";
const UNKNOWN: &str = "\x1b[31m";
const BRACKETS: &str = "\x1b[7m";
const RESET: &str = "\x1b[0m";

/// The text in colours; at the cursor, a bracket and its counterpart are marked.
pub fn highlight(text: &str, cursor: Option<usize>) -> String {
    if commands::looks_like(text) && !text.contains('\n') {
        return highlight_command(text);
    }
    let pieces = pieces(text);
    let marked = cursor.and_then(|cursor| brackets(text, &pieces, cursor));
    let mut coloured = String::with_capacity(text.len() * 2);
    for (index, piece) in pieces.iter().enumerate() {
        let colour = match marked {
            Some(pair) if pair.contains(&index) => BRACKETS,
            _ => colour_of(text, &pieces, index),
        };
        let shown = piece.of(text);
        match colour {
            "" => coloured.push_str(shown),
            colour => coloured.extend([colour, shown, RESET]),
        }
    }
    coloured
}

fn highlight_command(text: &str) -> String {
    let start = text.len() - text.trim_start().len();
    let length = text[start..].find([' ', ';']);
    let end = length.map_or(text.len(), |length| start + length);
    let (name, rest) = (&text[start..end], &text[end..]);
    let lower = name.to_lowercase();
    let mut names = commands::COMMANDS.iter().flat_map(|command| command.names);
    let colour = match names.any(|known| known.starts_with(&lower)) {
        true => KEYWORD,
        false => UNKNOWN,
    };
    format!("{}{colour}{name}{RESET}{rest}", &text[..start])
}

fn colour_of(text: &str, pieces: &[Piece], index: usize) -> &'static str {
    let piece = &pieces[index];
    match piece.kind {
        PieceKind::Word if is_keyword(piece.of(text)) => KEYWORD,
        PieceKind::Word => {
            let mut following = pieces[index + 1..].iter();
            let next = following.find(|next| next.kind != PieceKind::Blank);
            match next.is_some_and(|next| next.of(text) == "(") {
                true => FUNCTION,
                false => "",
            }
        }
        PieceKind::Text | PieceKind::OpenText => TEXT,
        PieceKind::Number => NUMBER,
        PieceKind::Comment | PieceKind::OpenComment => COMMENT,
        PieceKind::Quoted | PieceKind::OpenQuoted | PieceKind::Blank | PieceKind::Symbol => "",
    }
}

/// The bracket under or before the cursor and the one that belongs to it.
fn brackets(text: &str, pieces: &[Piece], cursor: usize) -> Option<[usize; 2]> {
    let is_bracket = |index: &usize| {
        let piece = &pieces[*index];
        piece.kind == PieceKind::Symbol && "()[]{}".contains(piece.of(text))
    };
    let touching = |index: &usize| {
        let range = &pieces[*index].range;
        range.start == cursor || range.end == cursor
    };
    let mut candidates = (0..pieces.len()).filter(|index| touching(index) && is_bracket(index));
    // The one under the cursor is the later one.
    let at = candidates.next_back()?;
    let opens = "([{".contains(pieces[at].of(text));
    let outward: Box<dyn Iterator<Item = usize>> = match opens {
        true => Box::new(at..pieces.len()),
        false => Box::new((0..=at).rev()),
    };
    let mut depth = 0_i64;
    for index in outward.filter(is_bracket) {
        let opening = "([{".contains(pieces[index].of(text));
        depth += if opening == opens { 1 } else { -1 };
        if depth == 0 {
            return Some([at, index]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::highlight;

    fn shown(text: &str, cursor: Option<usize>) -> String {
        highlight(text, cursor)
            .replace("\x1b[0m", ">")
            .replace("\x1b[1m", "<keyword ")
            .replace("\x1b[35m", "<function ")
            .replace("\x1b[32m", "<text ")
            .replace("\x1b[36m", "<number ")
            .replace("\x1b[2m", "<comment ")
            .replace("\x1b[31m", "<unknown ")
            .replace("\x1b[7m", "<mark ")
    }

    #[test]
    fn words_have_the_colour_of_their_kind() {
        assert_eq!(
            shown("select sum(a), 'from' from t -- x", None),
            "<keyword select> <function sum>(a), <text 'from'> <keyword from> t <comment -- x>"
        );
        assert_eq!(
            shown("select 12, 'op", None),
            "<keyword select> <number 12>, <text 'op>"
        );
        assert_eq!(shown(".mode csv", None), "<keyword .mode> csv");
        assert_eq!(shown(".mdoe csv", None), "<unknown .mdoe> csv");
    }

    #[test]
    fn brackets_are_marked_with_their_counterparts() {
        assert_eq!(shown("((a)", Some(4)), "(<mark (>a<mark )>");
        assert_eq!(shown("(a)b", Some(0)), "<mark (>a<mark )>b");
        assert_eq!(shown("(')')", Some(5)), "<mark (><text ')'><mark )>");
        assert_eq!(shown("(a", Some(0)), "(a");
    }
}
