//! Text cut into commands and SQL, alike for what was typed, pasted or read from a file.
//!
//! A command is a line of its own that begins with `.` or `\` where no statement is open.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::commands;
use crate::sql::{Script, TideDialect};

/// A part of a text, in its order.
#[derive(Debug)]
pub enum Item {
    /// A line that is a command, or looks like one, and its number.
    Command(String, u64),
    /// The statements up to the next command. Lines before them are blank, so that places are those
    /// of the whole text.
    Sql(Script),
}

/// Cuts a text; `name` is that of its file.
pub fn items(name: Option<&str>, text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let (mut sql, mut before) = (String::new(), 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if commands::looks_like(line) && is_closed(&sql) {
            finish(&mut items, name, &mut sql, before);
            items.push(Item::Command(line.trim().to_owned(), number as u64 + 1));
            continue;
        }
        if sql.is_empty() {
            before = number;
        }
        sql.push_str(line);
    }
    finish(&mut items, name, &mut sql, before);
    items
}

/// Whether typed text can be run: its last statement has its semicolon, or its last line is a
/// command. Text with an error that no further line can mend is complete, so that the error is shown.
pub fn is_complete(text: &str) -> bool {
    match items(None, text).last() {
        Some(Item::Sql(script)) => ends_its_statement(script.text()),
        Some(Item::Command(..)) | None => true,
    }
}

fn finish(items: &mut Vec<Item>, name: Option<&str>, sql: &mut String, before: usize) {
    if !sql.trim().is_empty() {
        let text = format!("{}{sql}", "\n".repeat(before));
        items.push(Item::Sql(match name {
            Some(name) => Script::named(name, text),
            None => Script::inline(text),
        }));
    }
    sql.clear();
}

/// Whether a command may follow: no statement has begun, or the last one has ended.
fn is_closed(sql: &str) -> bool {
    match last_token(sql) {
        Ok(None | Some(Token::SemiColon)) => true,
        Ok(Some(_)) | Err(_) => false,
    }
}

fn ends_its_statement(sql: &str) -> bool {
    match last_token(sql) {
        Ok(token) => token == Some(Token::SemiColon),
        Err(message) => !["Unterminated", "Unexpected EOF", "Expected close delimiter"]
            .iter()
            .any(|open| message.starts_with(open)),
    }
}

/// The last token that is neither blank nor a comment, or why there are no tokens.
fn last_token(sql: &str) -> Result<Option<Token>, String> {
    let tokens = Tokenizer::new(&TideDialect, sql).tokenize();
    let tokens = tokens.map_err(|error| error.message)?;
    let mut tokens = tokens.into_iter().rev();
    Ok(tokens.find(|token| !matches!(token, Token::Whitespace(_))))
}

#[cfg(test)]
mod tests {
    use super::{Item, is_complete, items};

    #[test]
    fn a_statement_is_complete_with_its_semicolon() {
        for text in [
            "select 1;",
            "select 1; -- done",
            "select 1; /* done */ ",
            "select ';' ;",
            "select $$ ; $$;",
            "select 1; select 2;",
            ";",
            ".help",
            "\\d",
            "exit",
            " Quit; ",
            "select 1;\n.mode csv",
            "",
        ] {
            assert!(is_complete(text), "{text}");
        }
    }

    #[test]
    fn what_is_open_goes_on_in_the_next_line() {
        for text in [
            "select 1",
            "select 1; select 2",
            "select ';",
            "select \"a;",
            "select $$ ;",
            "select $tag$ ; $$;",
            "/* ;",
            "/* /* */ ;",
            "-- only a comment;",
            "select E'a\\';",
            "select 1\n.mode csv",
            "exit_codes",
        ] {
            assert!(!is_complete(text), "{text}");
        }
    }

    #[test]
    fn commands_stand_between_statements_and_places_stay() {
        let text = ".mode csv\nselect 1;\nselect '\n.x\n';\n  \\d t\n\nselect .5\n;";
        let parts: Vec<_> = items(None, text)
            .into_iter()
            .map(|item| match item {
                Item::Command(line, number) => format!("{number}: {line}"),
                Item::Sql(script) => script.text().to_owned(),
            })
            .collect();
        assert_eq!(
            parts,
            [
                "1: .mode csv",
                "\nselect 1;\nselect '\n.x\n';\n",
                "6: \\d t",
                "\n\n\n\n\n\n\nselect .5\n;"
            ]
        );
    }
}
