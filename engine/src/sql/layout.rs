//! `PARTITION_BY (month(day)) SORT_BY (day, id)`: in which folders the rows of a table lie, and in which
//! order within a file.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::name::{fold, quote};
use super::{PartitionField, TideDialect, join, parse_whole, script};
use crate::Result;

/// How the rows of a table are laid out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// The folder levels, outermost first.
    pub partition_by: Vec<PartitionField>,
    /// The columns by which rows are sorted within a file, NULL first; none for the order in which they
    /// came.
    pub sort_by: Vec<String>,
}

const PARTITION_BY: &str = "PARTITION_BY";
const SORT_BY: &str = "SORT_BY";

impl Layout {
    /// The options of COPY INTO.
    pub(super) const OPTIONS: [&str; 2] = [PARTITION_BY, SORT_BY];

    /// Reads what follows the name of an option, if it is one of these.
    pub(super) fn parse_option(
        &mut self,
        name: &str,
        parser: &mut Parser,
    ) -> Result<bool, ParserError> {
        if name.eq_ignore_ascii_case(PARTITION_BY) {
            self.partition_by = PartitionField::parse_list(parser)?;
        } else if name.eq_ignore_ascii_case(SORT_BY) {
            self.sort_by = parse_columns(parser)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The options that were given, with their values.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let partition_by = format!("({})", join(&self.partition_by));
        let sort_by = format!("({})", self.sort_text());
        let partition_by = (!self.partition_by.is_empty()).then_some((PARTITION_BY, partition_by));
        let sort_by = (!self.sort_by.is_empty()).then_some((SORT_BY, sort_by));
        partition_by.into_iter().chain(sort_by).collect()
    }

    /// `PARTITIONED BY (..) SORTED BY (..)` of CREATE TABLE; each may be missing.
    pub(super) fn parse_clauses(parser: &mut Parser) -> Result<Self, ParserError> {
        let mut layout = Layout::default();
        if parser.parse_keywords(&[Keyword::PARTITIONED, Keyword::BY]) {
            layout.partition_by = PartitionField::parse_list(parser)?;
        }
        if parser.parse_keywords(&[Keyword::SORTED, Keyword::BY]) {
            layout.sort_by = parse_columns(parser)?;
        }
        Ok(layout)
    }

    /// What [`Layout::parse_clauses`] reads, with a space in front of each.
    pub fn clauses(&self) -> String {
        let mut clauses = String::new();
        if !self.partition_by.is_empty() {
            clauses = format!(" PARTITIONED BY ({})", join(&self.partition_by));
        }
        if !self.sort_by.is_empty() {
            clauses.push_str(&format!(" SORTED BY ({})", self.sort_text()));
        }
        clauses
    }

    /// The columns to sort by, as they are written.
    pub fn sort_text(&self) -> String {
        let columns: Vec<_> = self.sort_by.iter().map(|name| quote(name)).collect();
        columns.join(", ")
    }

    /// Reads back what [`Layout::sort_text`] wrote, from the properties of a table.
    ///
    /// # Errors
    /// Text that is no such list.
    pub fn parse_sort_text(text: &str) -> Result<Vec<String>> {
        let tokens = Tokenizer::new(&TideDialect, text)
            .tokenize_with_location()
            .map_err(script::tokenizer_error)?;
        parse_whole(tokens, parse_names)
    }
}

fn parse_columns(parser: &mut Parser) -> Result<Vec<String>, ParserError> {
    parser.expect_token(&Token::LParen)?;
    let columns = parse_names(parser)?;
    parser.expect_token(&Token::RParen)?;
    Ok(columns)
}

fn parse_names(parser: &mut Parser) -> Result<Vec<String>, ParserError> {
    parser.parse_comma_separated(|parser| Ok(fold(&parser.parse_identifier()?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn columns_come_back_as_they_were() {
        let layout = Layout {
            partition_by: Vec::new(),
            sort_by: vec!["day".to_owned(), "Two Words".to_owned(), "a\"b".to_owned()],
        };
        let text = layout.sort_text();
        assert_eq!(text, r#"day, "Two Words", "a""b""#);
        assert_eq!(Layout::parse_sort_text(&text).unwrap(), layout.sort_by);
    }
}
