//! A script: SQL text with a name, cut into statements by the tokenizer.
//!
//! Text is never cut by looking for `;`: strings, comments, quoted identifiers and dollar quotes
//! may all hold one. Every token keeps its line and column, so that an error of the parser, the
//! planner or an operation can be shown at its place in the file.

use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{
    Location, Token, TokenWithSpan, Tokenizer, TokenizerError,
};

use super::dialect::TideDialect;
use super::parameters::{Parameters, substitute, value_of};
use super::{ParameterScope, Statement, mistakes, parse_statement, places};
use crate::secrets::hide_passwords;
use crate::{Error, Place, Result};

/// SQL text as read from a file, the command line or the prompt.
#[derive(Debug, Clone)]
pub struct Script {
    name: Option<String>,
    text: String,
}

/// The tokens of one statement, without the `;`, and where it starts.
#[derive(Debug, Clone)]
pub struct Fragment {
    tokens: Vec<TokenWithSpan>,
    text: String,
    start: Location,
}

impl Script {
    /// SQL that comes from no file.
    pub fn inline(text: impl Into<String>) -> Self {
        Script {
            name: None,
            text: text.into(),
        }
    }

    /// SQL from a file, with the name that errors show.
    pub fn named(name: impl Into<String>, text: impl Into<String>) -> Self {
        Script {
            name: Some(name.into()),
            text: text.into(),
        }
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All statements, parsed. Nothing runs before all of the script has been understood.
    ///
    /// # Errors
    /// The first statement that is not SQL of ours, with its place.
    pub fn parse(&self, parameters: &Parameters) -> Result<Vec<ScriptStatement>> {
        self.parse_each(&mut ParameterScope::new(parameters))?
            .into_iter()
            .collect()
    }

    /// The statements, each parsed or with what is wrong with it. Defaults of parameters stay in
    /// `scope` for the script that comes next.
    ///
    /// # Errors
    /// Text that cannot be cut into statements.
    pub fn parse_each(&self, scope: &mut ParameterScope) -> Result<Vec<Result<ScriptStatement>>> {
        let fragments = self.fragments()?;
        for fragment in &fragments {
            scope.use_all(&fragment.tokens);
        }
        let parse = |fragment| {
            let mut parsed = self.parse_fragment(fragment, scope.known())?;
            if let Statement::Set(set) = &mut parsed.statement {
                scope.declare(set)?;
            }
            Ok(parsed)
        };
        let parsed = fragments.into_iter().map(parse);
        Ok(parsed
            .map(|parsed| parsed.map_err(|error| self.locate(error)))
            .collect())
    }

    /// Cuts the text at its semicolons; empty statements are left out.
    ///
    /// # Errors
    /// An unterminated string, identifier or comment, at the place where it starts.
    pub fn fragments(&self) -> Result<Vec<Fragment>> {
        let tokens = Tokenizer::new(&TideDialect, &self.text)
            .tokenize_with_location()
            .map_err(|error| self.locate(tokenizer_error(error)))?;
        let mut fragments = Vec::new();
        let mut current = Vec::new();
        for token in tokens {
            match token.token {
                Token::SemiColon => self.finish(&mut current, &mut fragments),
                Token::EOF => {}
                _ => current.push(token),
            }
        }
        self.finish(&mut current, &mut fragments);
        Ok(fragments)
    }

    /// A place in this script.
    pub fn place(&self, line: u64, column: u64) -> Place {
        Place {
            file: self.name.clone(),
            ..Place::at(line, column)
        }
    }

    /// Completes the place of an error: the name of the script and the text of the line.
    pub fn locate(&self, error: Error) -> Error {
        error.map_place(|place| match place {
            // A place in another file (a data file, a view) is more exact than ours.
            Some(place) if place.file.is_some() => Some(place),
            Some(place) => {
                let line_text = self.text.lines().nth(place.line.saturating_sub(1) as usize);
                Some(Place {
                    file: self.name.clone(),
                    line_text: line_text.map(hide_passwords),
                    ..place
                })
            }
            None => self.name.as_ref().map(Place::file),
        })
    }

    fn parse_fragment(
        &self,
        fragment: Fragment,
        parameters: &Parameters,
    ) -> Result<ScriptStatement> {
        let tokens = substitute(fragment.tokens.clone(), parameters)?;
        let statement = parse_statement(tokens.clone(), |start| {
            self.slice_from(start, &fragment, parameters)
        });
        let statement = statement.map_err(|error| {
            mistakes::explain(places::locate(error, &tokens), &tokens, |mended| {
                parse_statement(mended, |_| String::new()).map(drop)
            })
        })?;
        Ok(ScriptStatement {
            statement,
            text: fragment.text,
            line: fragment.start.line,
            column: fragment.start.column,
            tokens,
        })
    }

    fn finish(&self, current: &mut Vec<TokenWithSpan>, fragments: &mut Vec<Fragment>) {
        let tokens = std::mem::take(current);
        let mut meaningful = tokens
            .iter()
            .filter(|token| !matches!(token.token, Token::Whitespace(_)));
        let Some(first) = meaningful.next() else {
            return;
        };
        let last = meaningful.next_back().unwrap_or(first);
        let start = first.span.start;
        let text = self.text[self.offset(start)..self.offset(last.span.end)].to_owned();
        fragments.push(Fragment {
            tokens,
            text,
            start,
        });
    }

    /// The part of a statement's text that begins at `start`, with the values of its parameters;
    /// for view bodies, which are otherwise kept as written.
    fn slice_from(&self, start: Location, fragment: &Fragment, parameters: &Parameters) -> String {
        let (mut at, end) = (
            self.offset(start),
            self.offset(fragment.start) + fragment.text.len(),
        );
        let mut text = String::with_capacity(end - at);
        for token in fragment
            .tokens
            .iter()
            .filter(|token| token.span.start >= start)
        {
            if let Some(value) = value_of(&token.token, parameters) {
                text.push_str(&self.text[at..self.offset(token.span.start)]);
                text.push_str(&value.to_sql());
                at = self.offset(token.span.end);
            }
        }
        text.push_str(&self.text[at..end]);
        text
    }

    /// Byte offset of a location; the tokenizer counts lines at `\n` and columns in characters, both from 1.
    fn offset(&self, location: Location) -> usize {
        let line_start = match location.line {
            0 | 1 => 0,
            line => self
                .text
                .match_indices('\n')
                .nth(line as usize - 2)
                .map_or(self.text.len(), |(at, _)| at + 1),
        };
        let rest = &self.text[line_start..];
        rest.char_indices()
            .nth(location.column.saturating_sub(1) as usize)
            .map_or(self.text.len(), |(at, _)| line_start + at)
    }
}

/// A statement with its text and its place in the script.
#[derive(Debug, Clone)]
pub struct ScriptStatement {
    /// What to do.
    pub statement: Statement,
    /// The text as written, without the `;`.
    pub text: String,
    /// Line on which it starts, from 1.
    pub line: u64,
    /// Column at which it starts, from 1, in characters.
    pub column: u64,
    tokens: Vec<TokenWithSpan>,
}

impl ScriptStatement {
    /// Gives an error that has no place that of the token that it is about, or else of the
    /// statement.
    pub fn locate(&self, error: Error) -> Error {
        self.locate_token(error)
            .map_place(|place| place.or(Some(Place::at(self.line, self.column))))
    }

    /// Like [`ScriptStatement::locate`], for a reader who has just typed the statement: only a place
    /// inside of it is worth showing.
    pub fn locate_token(&self, error: Error) -> Error {
        places::locate(error, &self.tokens)
    }
}

pub(super) fn tokenizer_error(error: TokenizerError) -> Error {
    let place = Place::at(error.location.line, error.location.column);
    let (message, hint) = match error.message.as_str() {
        "Unterminated string literal" => (
            "unterminated string literal".to_owned(),
            "it starts here and is never closed; a quote inside of a text is written twice: 'it''s'",
        ),
        text if text.starts_with("Unterminated") => {
            (lower_first(text), "it starts here and is never closed")
        }
        text if text.starts_with("Expected close delimiter") => (
            "a name in double quotes is not closed".to_owned(),
            "it starts here; names stand in double quotes, texts in single ones",
        ),
        text => (
            lower_first(text.trim_end_matches('.')),
            "this text is not SQL",
        ),
    };
    Error::input(message).place(place).hint(hint)
}

/// Parser errors carry their place at the end of the text only.
pub(super) fn parser_error(error: ParserError) -> Error {
    let message = match error {
        ParserError::ParserError(message) => message,
        ParserError::TokenizerError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return Error::input("the statement is nested too deeply")
                .hint("split it with WITH or a view");
        }
    };
    let (text, place) = match message.rsplit_once(" at Line: ") {
        Some((text, position)) => (text, parse_position(position)),
        None => (message.as_str(), None),
    };
    // `expected: .., found: token`: the caret underlines the token.
    let width = text
        .rsplit_once(", found: ")
        .map_or(0, |(_, token)| match token {
            "EOF" => 0,
            token => token.chars().count() as u64,
        });
    let text = hide_passwords(text);
    let (text, hint) = split_hint(&text);
    let text = match text.strip_suffix(", found: EOF") {
        Some(text) => format!("{text}, found: the end of the statement"),
        None => text,
    };
    let mut error = Error::input(lower_first(&text));
    if let Some(place) = place {
        error = error.place(Place { width, ..place });
    }
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What stands between what was expected and its hint, in an error that passes through the parser,
/// which knows texts only.
pub(super) const HINT_FOLLOWS: char = '\u{1f}';

fn split_hint(text: &str) -> (String, Option<String>) {
    match text.split_once(HINT_FOLLOWS) {
        Some((expected, rest)) => match rest.split_once(", found: ") {
            Some((hint, found)) => (format!("{expected}, found: {found}"), Some(hint.to_owned())),
            None => (expected.to_owned(), Some(rest.to_owned())),
        },
        None => (text.to_owned(), None),
    }
}

fn parse_position(position: &str) -> Option<Place> {
    let (line, column) = position.split_once(", Column: ")?;
    Some(Place::at(
        line.trim().parse().ok()?,
        column.trim().parse().ok()?,
    ))
}

/// `Expected: ..` becomes `expected: ..`; a keyword such as `TABLESAMPLE` stays.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), text.chars().nth(1)) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::ParameterValue;
    use super::*;

    fn texts(script: &str) -> Vec<String> {
        Script::inline(script)
            .fragments()
            .unwrap()
            .into_iter()
            .map(|fragment| fragment.text)
            .collect()
    }

    #[test]
    fn semicolons_in_strings_comments_and_quotes_do_not_split() {
        let script = "-- first; comment\nselect ';\n' as a; /* ; /* nested ; */ */ select $$a;b$$;\r\n;;\nselect \"odd;name\" -- end;";
        assert_eq!(
            texts(script),
            ["select ';\n' as a", "select $$a;b$$", "select \"odd;name\""]
        );
    }

    #[test]
    fn text_after_wide_characters_is_cut_at_the_right_byte() {
        assert_eq!(
            texts("select 'äöü🌊' ; select 'é'"),
            ["select 'äöü🌊'", "select 'é'"]
        );
    }

    #[test]
    fn view_body_is_kept_as_written_with_the_values_of_its_parameters() {
        let parameters = Parameters::from([
            ("name".to_owned(), ParameterValue::guess("O'Hara")),
            ("least".to_owned(), ParameterValue::guess("-5")),
        ]);
        let script = "create view v as -- who\nselect *  from t where a = $name and 'ü$name' < b and c > $least -- end\n;";
        let mut parsed = Script::inline(script).parse(&parameters).unwrap();
        let Statement::CreateView(view) = parsed.remove(0).statement else {
            panic!("no view")
        };
        assert_eq!(
            view.text,
            "select *  from t where a = 'O''Hara' and 'ü$name' < b and c > (-5)"
        );
    }

    #[test]
    fn unterminated_string_is_reported_where_it_starts() {
        let error = Script::named("job.sql", "select 1;\nselect 'abc")
            .fragments()
            .unwrap_err();
        let place = error.get_place().unwrap();
        assert_eq!(
            (place.file.as_deref(), place.line, place.column),
            (Some("job.sql"), 2, 8)
        );
    }

    #[test]
    fn parse_error_keeps_the_line_of_the_script() {
        let error = Script::named("job.sql", "select 1;\n\n  select from where x")
            .parse(&Parameters::default())
            .unwrap_err();
        let place = error.get_place().unwrap();
        assert_eq!(
            (place.line, place.line_text.as_deref()),
            (3, Some("  select from where x"))
        );
    }
}
