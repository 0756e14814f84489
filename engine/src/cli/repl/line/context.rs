//! What may stand at the cursor: found from the words before it, and from the tables that the
//! statement names anywhere.

use super::keywords::is_keyword;
use super::pieces::{Piece, PieceKind, pieces};

/// What is to be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Where it begins.
    pub start: usize,
    /// What there is of it, without a quote in front.
    pub prefix: String,
    /// The names before it, each of which a dot follows.
    pub qualifier: Vec<String>,
    /// What may stand there.
    pub expected: Expected,
    /// The tables that the statement names.
    pub scope: Vec<Named>,
}

/// What may stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The first words of a statement.
    Start,
    /// A keyword: a name stands right before.
    Keyword,
    /// A table or view, or a function that gives one.
    Relation,
    /// A column, a function, or a keyword.
    Value,
    /// A setting.
    Setting,
    /// An option of COPY INTO a table.
    LoadOption,
    /// An option of COPY INTO a file.
    UnloadOption,
    /// A path, in quotes.
    Path,
    /// Anything: a name that nobody knows yet, a comment.
    Nothing,
}

/// A table that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// As it is written.
    pub relation: String,
    /// What its columns may be qualified by.
    pub alias: String,
}

/// Keywords that another keyword follows.
const HALVES: &[&str] = &[
    "COPY",
    "CREATE",
    "CROSS",
    "DROP",
    "FULL",
    "GROUP",
    "INNER",
    "INSERT",
    "IS",
    "LEFT",
    "NATURAL",
    "ORDER",
    "OUTER",
    "PARTITION",
    "PARTITIONED",
    "RIGHT",
];

/// What may stand at byte `at` of a text.
pub fn at(text: &str, at: usize) -> Context {
    let mut before = pieces(&text[..at]);
    let begin = before.iter().rposition(|piece| is(text, piece, ";"));
    before.drain(..begin.map_or(0, |index| index + 1));
    let scope = scope(text, at);
    let nothing = |start, expected| Context {
        start,
        prefix: text[start..at].to_owned(),
        qualifier: Vec::new(),
        expected,
        scope: Vec::new(),
    };
    let (start, prefix) = match before.last() {
        Some(last) if last.kind == PieceKind::OpenText => {
            let quote = last.of(text).find('\'').map_or(0, |quote| quote + 1);
            return nothing(last.range.start + quote, Expected::Path);
        }
        Some(last) if last.kind == PieceKind::OpenComment => {
            return nothing(at, Expected::Nothing);
        }
        Some(last) if last.kind == PieceKind::Comment && !last.of(text).ends_with('\n') => {
            return nothing(at, Expected::Nothing);
        }
        Some(last) if matches!(last.kind, PieceKind::Word | PieceKind::OpenQuoted) => {
            (last.range.start, last.of(text).trim_start_matches('"'))
        }
        _ => (at, ""),
    };
    before.retain(|piece| piece.range.start < start && piece.is_meaningful());
    let qualifier = take_qualifier(text, &mut before);
    Context {
        start,
        prefix: prefix.to_owned(),
        expected: expected(text, &before),
        qualifier,
        scope,
    }
}

/// Takes `zone .` off the end.
fn take_qualifier(text: &str, before: &mut Vec<Piece>) -> Vec<String> {
    let mut qualifier = Vec::new();
    while let [.., name, dot] = before.as_slice()
        && is(text, dot, ".")
        && matches!(name.kind, PieceKind::Word | PieceKind::Quoted)
    {
        qualifier.insert(0, plain(name.of(text)));
        before.truncate(before.len() - 2);
    }
    qualifier
}

/// What may follow these pieces of a statement.
fn expected(text: &str, before: &[Piece]) -> Expected {
    let Some(last) = before.last() else {
        return Expected::Start;
    };
    let words = || before.iter().map(|piece| piece.of(text).to_uppercase());
    let first = words().next().unwrap_or_default();
    if first == "COPY"
        && let Some(option) = option_expected(text, before)
    {
        return option;
    }
    if first == "SET" {
        return match before.len() {
            1 => Expected::Setting,
            _ => Expected::Nothing,
        };
    }
    if first == "EXPLAIN" && before.len() == 1 {
        return Expected::Start;
    }
    if last.kind == PieceKind::Word && HALVES.contains(&last.of(text).to_uppercase().as_str()) {
        return Expected::Keyword;
    }
    let after_name = match last.kind {
        PieceKind::Word => !is_keyword(last.of(text)),
        PieceKind::Symbol => [")", "]", "*"].contains(&last.of(text)),
        _ => true,
    };
    // `SELECT count(*` and `SELECT *`: a star after a value would multiply.
    if after_name {
        return Expected::Keyword;
    }
    clause(text, before)
}

/// What the innermost clause takes that is still open.
fn clause(text: &str, before: &[Piece]) -> Expected {
    let mut depth = 0_usize;
    for (index, piece) in before.iter().enumerate().rev() {
        match piece.of(text).to_uppercase().as_str() {
            ")" => depth += 1,
            "(" if depth > 0 => depth -= 1,
            "(" if index + 1 == before.len() && opens_query(text, before, index) => {
                return Expected::Start;
            }
            _ if depth > 0 || piece.kind != PieceKind::Word => {}
            "FROM" | "JOIN" | "INTO" | "TABLE" | "VIEW" | "DESCRIBE" | "UPDATE" | "SUMMARIZE"
            | "REJECTS" => return Expected::Relation,
            "DESC" if index == 0 => return Expected::Relation,
            "AS" if index + 1 == before.len() => {
                // `CREATE TABLE t AS`, `WITH a AS`; elsewhere a new name follows.
                let creates = before[0].of(text).eq_ignore_ascii_case("CREATE");
                return if creates {
                    Expected::Start
                } else {
                    Expected::Nothing
                };
            }
            "LIMIT" | "OFFSET" => return Expected::Nothing,
            "UNION" | "EXCEPT" | "INTERSECT" => return Expected::Start,
            "SELECT" | "WHERE" | "ON" | "BY" | "HAVING" | "AND" | "OR" | "NOT" | "WHEN"
            | "THEN" | "ELSE" | "CASE" | "QUALIFY" | "DISTINCT" | "SET" | "ASSERT" | "USING"
            | "BETWEEN" | "VALUES" => return Expected::Value,
            _ => {}
        }
    }
    Expected::Keyword
}

/// Whether a query may stand in the bracket at `index`.
fn opens_query(text: &str, before: &[Piece], index: usize) -> bool {
    let previous = index.checked_sub(1).map(|previous| &before[previous]);
    previous.is_none_or(|previous| {
        let word = previous.of(text).to_uppercase();
        matches!(
            word.as_str(),
            "FROM" | "JOIN" | "AS" | "IN" | "EXISTS" | "ALL" | "ANY"
        )
    })
}

/// In the last bracket of COPY INTO, where no value is expected: an option.
fn option_expected(text: &str, before: &[Piece]) -> Option<Expected> {
    let mut depth = 0_usize;
    let open = before.iter().rposition(|piece| {
        match piece.of(text) {
            ")" => depth += 1,
            "(" if depth == 0 => return true,
            "(" => depth -= 1,
            _ => {}
        }
        false
    })?;
    let previous = before.get(open.checked_sub(1)?)?;
    let after_source = match previous.kind {
        PieceKind::Word => !is_keyword(previous.of(text)),
        PieceKind::Quoted | PieceKind::Text => true,
        _ => is(text, previous, ")"),
    };
    let source = before[..open].iter().any(|piece| is(text, piece, "from"));
    if !(after_source && source) {
        return None;
    }
    let last = before.last()?;
    Some(match is(text, last, ",") || is(text, last, "(") {
        false => Expected::Nothing,
        true if before.get(2)?.kind == PieceKind::Text => Expected::UnloadOption,
        true => Expected::LoadOption,
    })
}

/// The tables that the statement around `at` names after FROM, JOIN, INTO and UPDATE.
fn scope(text: &str, at: usize) -> Vec<Named> {
    let all = pieces(text);
    let before = all
        .iter()
        .rposition(|piece| piece.range.end <= at && is(text, piece, ";"));
    let behind = all
        .iter()
        .position(|piece| piece.range.start >= at && is(text, piece, ";"));
    let statement = before.map_or(0, |index| index + 1)..behind.unwrap_or(all.len());
    let pieces: Vec<_> = all[statement]
        .iter()
        .filter(|piece| piece.is_meaningful())
        .collect();
    let mut scope = Vec::new();
    let mut index = 0;
    while index < pieces.len() {
        let keyword = pieces[index].of(text).to_uppercase();
        index += 1;
        if !matches!(
            keyword.as_str(),
            "FROM" | "JOIN" | "INTO" | "UPDATE" | "DESCRIBE"
        ) {
            continue;
        }
        while let Some((named, next)) = named(text, &pieces, index) {
            scope.push(named);
            index = next;
            match pieces.get(index) {
                Some(comma) if is(text, comma, ",") => index += 1,
                _ => break,
            }
        }
    }
    scope
}

/// `zone.table [AS alias]` or `'path' [AS alias]` at an index, and what follows it.
fn named(text: &str, pieces: &[&Piece], mut index: usize) -> Option<(Named, usize)> {
    let is_name = |piece: &&&Piece| match piece.kind {
        PieceKind::Word => !is_keyword(piece.of(text)),
        PieceKind::Quoted => true,
        _ => false,
    };
    let first = pieces.get(index)?;
    if first.kind != PieceKind::Text && !is_name(&first) {
        return None;
    }
    let (mut relation, mut last) = (first.of(text).to_owned(), first.of(text));
    index += 1;
    while let (Some(dot), Some(part)) = (pieces.get(index), pieces.get(index + 1))
        && is(text, dot, ".")
        && is_name(&part)
    {
        relation = format!("{relation}.{}", part.of(text));
        last = part.of(text);
        index += 2;
    }
    let mut alias = plain(last);
    if pieces.get(index).is_some_and(|piece| is(text, piece, "as")) {
        index += 1;
    }
    if let Some(given) = pieces.get(index).filter(is_name) {
        alias = plain(given.of(text));
        index += 1;
    }
    Some((Named { relation, alias }, index))
}

fn is(text: &str, piece: &Piece, what: &str) -> bool {
    matches!(piece.kind, PieceKind::Word | PieceKind::Symbol)
        && piece.of(text).eq_ignore_ascii_case(what)
}

/// A name without its quotes; without quotes, in lower case.
fn plain(name: &str) -> String {
    match name.strip_prefix('"') {
        Some(quoted) => quoted.trim_end_matches('"').replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Expected, at};

    /// The context at the `|`.
    fn context(marked: &str) -> Context {
        let cursor = marked.find('|').unwrap_or(marked.len());
        at(&marked.replacen('|', "", 1), cursor)
    }

    #[test]
    fn what_is_expected_follows_from_what_stands_before() {
        for (marked, expected) in [
            ("|", Expected::Start),
            ("sel|", Expected::Start),
            ("select 1; s|", Expected::Start),
            ("explain |", Expected::Start),
            ("select |", Expected::Value),
            ("select a, |", Expected::Value),
            ("select a |", Expected::Keyword),
            ("select * |", Expected::Keyword),
            ("select sum(|", Expected::Value),
            ("select * from |", Expected::Relation),
            ("select * from raw.|", Expected::Relation),
            ("select * from a, |", Expected::Relation),
            ("select * from a |", Expected::Keyword),
            ("select * from a left join |", Expected::Relation),
            ("select * from a join b on |", Expected::Value),
            ("select * from a where |", Expected::Value),
            ("select * from a where x = |", Expected::Value),
            ("select * from a where x in (|", Expected::Start),
            ("select * from (|", Expected::Start),
            ("select * from (select |", Expected::Value),
            ("select * from (select 1) |", Expected::Keyword),
            ("select * from a group by |", Expected::Value),
            ("select * from a order by b |", Expected::Keyword),
            ("select * from a order b|", Expected::Keyword),
            ("select * from a left |", Expected::Keyword),
            ("select * from a limit |", Expected::Nothing),
            ("select 1 union |", Expected::Start),
            ("select a as |", Expected::Nothing),
            ("create table t as |", Expected::Start),
            ("set |", Expected::Setting),
            ("set datafusion.|", Expected::Setting),
            ("describe |", Expected::Relation),
            ("drop table |", Expected::Relation),
            ("insert into |", Expected::Relation),
            ("select 'a|", Expected::Path),
            ("copy into t from 'x/|", Expected::Path),
            ("copy into t from 'x' (|", Expected::LoadOption),
            ("copy into t from 'x' (format csv, |", Expected::LoadOption),
            ("copy into t from 'x' (format |", Expected::Nothing),
            ("copy into 'x' from t (|", Expected::UnloadOption),
            ("copy into 'x' from (|", Expected::Start),
            ("select 1 -- |", Expected::Nothing),
            ("select 1 /* |", Expected::Nothing),
        ] {
            assert_eq!(context(marked).expected, expected, "{marked}");
        }
    }

    #[test]
    fn the_word_and_what_qualifies_it_are_found() {
        let found = context("select a.b| from t a");
        assert_eq!((found.start, found.prefix.as_str()), (9, "b"));
        assert_eq!(found.qualifier, ["a"]);
        let found = context("select \"A b\".\"C|");
        assert_eq!(
            (found.prefix.as_str(), found.qualifier[0].as_str()),
            ("C", "A b")
        );
        let found = context("copy into t from 'da|");
        assert_eq!((found.start, found.prefix.as_str()), (18, "da"));
    }

    #[test]
    fn tables_are_in_scope_wherever_the_statement_names_them() {
        let scope = |marked: &str| {
            let scope = context(marked).scope.into_iter();
            let shown = scope.map(|named| format!("{} as {}", named.relation, named.alias));
            shown.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(scope("select | from raw.t"), "raw.t as t");
        assert_eq!(
            scope("select 1 from x; select | from a b, c as d;"),
            "a as b, c as d"
        );
        assert_eq!(
            scope("select | from 'x.csv' f join \"T\" on"),
            "'x.csv' as f, \"T\" as T"
        );
        assert_eq!(scope("select a from t where |"), "t as t");
    }
}
