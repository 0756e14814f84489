//! Options that are declared once: from one list come the names for messages, the reading and the
//! showing.

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

/// An option; `O` is what keeps its value.
pub(super) struct DeclaredOption<O> {
    /// Its name.
    pub(super) name: &'static str,
    /// Reads its value.
    pub(super) parse: fn(&mut O, &mut Parser) -> Result<(), ParserError>,
    /// Writes its value, if one was given.
    pub(super) show: fn(&O) -> Option<String>,
}

/// The options that were given, as (name, value) in SQL.
pub(super) fn given<'d, O: 'd>(
    declared: impl Iterator<Item = &'d DeclaredOption<O>>,
    options: &O,
) -> Vec<(&'static str, String)> {
    declared
        .filter_map(|option| Some((option.name, (option.show)(options)?)))
        .collect()
}

/// Reads the value of the option `name`, if there is one of that name.
///
/// # Errors
/// An option for the second time, a value that it cannot take.
pub(super) fn parse_option<'d, O: 'd>(
    mut declared: impl Iterator<Item = &'d DeclaredOption<O>>,
    options: &mut O,
    name: &str,
    parser: &mut Parser,
) -> Result<bool, ParserError> {
    let Some(option) = declared.find(|option| option.name.eq_ignore_ascii_case(name)) else {
        return Ok(false);
    };
    if (option.show)(options).is_some() {
        return parser.expected(&format!("{} only once", option.name), parser.peek_token());
    }
    (option.parse)(options, parser)?;
    Ok(true)
}
