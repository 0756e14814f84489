//! The name of a table or view as written: one to three parts and its place.

use std::fmt;

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::{Ident, ObjectName, Spanned};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Tokenizer};

use super::{TideDialect, parse_whole, place_of};
use crate::{Error, Place, Result};

/// The name of the catalog that holds the zones, beside those of databases.
pub const CATALOG: &str = "warehouse";

/// One to three parts, outermost first; unquoted parts are folded to lower case.
#[derive(Debug, Clone)]
pub struct Name {
    parts: Vec<String>,
    place: Option<Place>,
}

impl Name {
    /// A name made by the engine.
    pub fn new(parts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Name {
            parts: parts.into_iter().map(Into::into).collect(),
            place: None,
        }
    }

    /// Reads a name that stands somewhere else than in SQL, as SQL would.
    ///
    /// # Errors
    /// Text that is no name of at most three parts.
    pub fn read(text: &str, place: &Place) -> Result<Self> {
        let refused = || {
            Error::input(format!("`{text}` is not a name of at most three parts"))
                .place(place.clone())
                .hint("write connection.schema.table; a part with other signs stands in double quotes")
        };
        let tokens = Tokenizer::new(&TideDialect, text).tokenize_with_location();
        let tokens = tokens.map_err(|error| refused().source(error))?;
        let name = parse_whole(tokens, Name::parse).map_err(|error| refused().source(error))?;
        Ok(Name {
            place: Some(place.clone()),
            ..name
        })
    }

    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let start = parser.peek_token();
        let name = parser.parse_object_name(true)?;
        match Name::from_object_name(&name) {
            Ok(name) => Ok(name),
            Err(_) => parser.expected("a name of at most three parts", start),
        }
    }

    pub(super) fn from_object_name(name: &ObjectName) -> Result<Self> {
        let place = Some(place_of(name.span()));
        let parts: Option<Vec<String>> = name
            .0
            .iter()
            .map(|part| part.as_ident().map(fold))
            .collect();
        match parts {
            Some(parts) if (1..=3).contains(&parts.len()) => Ok(Name { parts, place }),
            _ => Err(
                Error::input(format!("`{name}` is not a name of at most three parts"))
                    .place(place_of(name.span())),
            ),
        }
    }

    pub(super) fn from_reference(reference: &TableReference) -> Self {
        let outer = [reference.catalog(), reference.schema()];
        Name::new(outer.into_iter().flatten().chain([reference.table()]))
    }

    /// The parts, outermost first.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The last part.
    pub fn table(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// Where it stands in the script.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Where it stands, for the parser's tree; empty if nobody has written it.
    pub(super) fn span(&self) -> Span {
        self.place.as_ref().map_or_else(Span::empty, |place| {
            let start = Location::new(place.line, place.column);
            let end = Location::new(place.line, place.column + place.width);
            Span::new(start, end)
        })
    }

    /// Gives an error the place of this name.
    pub fn locate(&self, error: Error) -> Error {
        error.map_place(|place| place.or(self.place.clone()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(&quote(part))?;
        }
        Ok(())
    }
}

/// An identifier as SQL: quoted only when it must be.
pub fn quote(identifier: &str) -> String {
    let mut chars = identifier.chars();
    let plain = chars
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && chars.all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_');
    if plain {
        identifier.to_owned()
    } else {
        quote_always(identifier)
    }
}

/// An identifier as SQL that is parsed again: an unquoted `null`, `true` or `current_date` would be
/// a constant then, and `from` an error.
pub fn quote_always(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Unquoted identifiers are case-insensitive: they fold to lower case.
pub(crate) fn fold(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}
