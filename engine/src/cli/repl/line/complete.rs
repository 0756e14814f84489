//! Completion: what may stand at the cursor and begins with what is typed.

use std::path::Path;

use clap::ValueEnum;
use rustyline::completion::Pair;

use super::context::{self, Context, Expected};
use super::keywords::{OF_VALUES, STARTS, WITHIN};
use super::names::Names;
use crate::cli::print::Format;
use crate::cli::repl::commands::{self, Argument, COMMANDS};
use crate::sql::{CopyOptions, UnloadOptions, quote};
use crate::warehouse::Zone;

/// More than anybody reads.
const MOST_CANDIDATES: usize = 1_000;

/// Where the completed word begins, and what it may be.
pub fn complete(names: &Names<'_>, text: &str, at: usize) -> (usize, Vec<Pair>) {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[line_start..at];
    if line.trim_start().starts_with(['.', '\\']) && text[..line_start].trim().is_empty() {
        let (start, candidates) = complete_command(names, line);
        return (line_start + start, candidates);
    }
    let context = context::at(text, at);
    let candidates = match context.expected {
        Expected::Path => paths(&context.prefix),
        _ => candidates(names, &context),
    };
    (context.start, finish(candidates))
}

fn complete_command(names: &Names<'_>, line: &str) -> (usize, Vec<Pair>) {
    let typed = line.trim_start();
    let Some((name, arguments)) = typed.split_once(' ') else {
        let known = COMMANDS.iter().flat_map(|command| command.names);
        return (line.len() - typed.len(), finish(begins(typed, known)));
    };
    let word = arguments.rsplit(' ').next().unwrap_or_default();
    let word = word.trim_start_matches(['\'', '"']);
    let mut start = line.len() - word.len();
    let argument = commands::find(name).map_or(Argument::Free, |command| command.argument);
    let candidates = match argument {
        Argument::Free => Vec::new(),
        Argument::Command => begins(word, COMMANDS.iter().map(|command| command.names[0])),
        Argument::Relation => {
            let context = context::at(word, word.len());
            start += context.start;
            relations(names, &context)
        }
        Argument::Mode => {
            let modes = Format::value_variants().iter();
            begins(word, modes.map(|format| format.name()))
        }
        Argument::File => paths(word),
        Argument::Words(words) => begins(word, words),
    };
    (start, finish(candidates))
}

fn candidates(names: &Names<'_>, context: &Context) -> Vec<Pair> {
    let prefix = &context.prefix;
    match context.expected {
        Expected::Start => keywords(prefix, STARTS),
        Expected::Keyword => keywords(prefix, WITHIN),
        Expected::Relation => relations(names, context),
        Expected::Value => values(names, context),
        Expected::Setting => {
            // Settings have dots in their names.
            let typed = [context.qualifier.as_slice(), std::slice::from_ref(prefix)]
                .concat()
                .join(".");
            let cut = typed.len() - prefix.len();
            let settings = names.settings().iter();
            let settings = settings.filter(|name| name.starts_with(&typed));
            settings.map(|name| pair(name, &name[cut..])).collect()
        }
        Expected::LoadOption => begins(prefix, CopyOptions::names()),
        Expected::UnloadOption => begins(prefix, UnloadOptions::names()),
        Expected::Path | Expected::Nothing => Vec::new(),
    }
}

fn relations(names: &Names<'_>, context: &Context) -> Vec<Pair> {
    let prefix = &context.prefix;
    let all = names.relations();
    if let [zone] = context.qualifier.as_slice() {
        let inside = all.iter().filter(|relation| relation.zone == *zone);
        return begins(prefix, inside.map(|relation| quote(&relation.name)));
    }
    if !context.qualifier.is_empty() {
        return Vec::new();
    }
    let zones = Zone::ALL.iter().map(|zone| zone.name().to_owned());
    let connections = names.connections();
    let outer = zones.chain(connections.iter().map(|name| quote(name)));
    let outer = outer.map(|name| format!("{name}."));
    let tables = all.iter().map(|relation| quote(&relation.name));
    let functions = names
        .functions()
        .of_tables
        .iter()
        .map(|name| format!("{name}("));
    begins(prefix, outer.chain(tables).chain(functions))
}

/// Columns in scope, then functions and keywords.
fn values(names: &Names<'_>, context: &Context) -> Vec<Pair> {
    let prefix = &context.prefix;
    let scope = context
        .scope
        .iter()
        .filter(|named| match context.qualifier.as_slice() {
            [] => true,
            qualifier => qualifier.last() == Some(&named.alias),
        });
    let columns = scope.flat_map(|named| {
        let columns = names.columns(&named.relation);
        let quoted: Vec<_> = columns.iter().map(|name| quote(name)).collect();
        quoted
    });
    let mut candidates = begins(prefix, columns);
    if context.qualifier.is_empty() {
        let aliases = context
            .scope
            .iter()
            .map(|named| format!("{}.", quote(&named.alias)));
        candidates.extend(begins(prefix, aliases));
        // Without a letter there would be hundreds of them.
        if !prefix.is_empty() {
            let functions = names.functions().of_values.iter();
            candidates.extend(begins(prefix, functions.map(|name| format!("{name}("))));
            candidates.extend(keywords(prefix, OF_VALUES));
        }
    }
    candidates
}

/// In capitals, unless what is typed is not.
fn keywords(prefix: &str, words: &[&str]) -> Vec<Pair> {
    let small = prefix.chars().any(char::is_lowercase);
    let words = words.iter().map(|word| match small {
        true => word.to_lowercase(),
        false => (*word).to_owned(),
    });
    let mut candidates = begins(prefix, words);
    // Another word follows a keyword.
    let replacements = candidates.iter_mut().map(|pair| &mut pair.replacement);
    replacements.for_each(|replacement| replacement.push(' '));
    candidates
}

/// Those that begin with what is typed, in whatever case.
fn begins(prefix: &str, words: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Pair> {
    let prefix = prefix.to_lowercase();
    let begins = |word: &str| {
        let plain = word.trim_start_matches('"').to_lowercase();
        plain.starts_with(&prefix)
    };
    let words = words.into_iter();
    let words = words.filter(|word| begins(word.as_ref()));
    words
        .map(|word| pair(word.as_ref(), word.as_ref()))
        .collect()
}

/// Files and folders that begin with what is typed; a folder ends with a slash.
fn paths(prefix: &str) -> Vec<Pair> {
    let (folder, name) = match prefix.rfind('/') {
        Some(slash) => prefix.split_at(slash + 1),
        None => ("", prefix),
    };
    let home = folder.strip_prefix("~/").zip(etcetera::home_dir().ok());
    let listed = match home {
        Some((rest, home)) => home.join(rest),
        None => Path::new(if folder.is_empty() { "." } else { folder }).to_owned(),
    };
    let Ok(items) = std::fs::read_dir(listed) else {
        return Vec::new();
    };
    let found = items.flatten().filter_map(|item| {
        let found = item.file_name().into_string().ok()?;
        let hidden = found.starts_with('.') && !name.starts_with('.');
        if hidden || !found.starts_with(name) {
            return None;
        }
        let end = if item.path().is_dir() { "/" } else { "" };
        let shown = format!("{found}{end}");
        Some(pair(&shown, &format!("{folder}{shown}")))
    });
    found.take(MOST_CANDIDATES).collect()
}

fn pair(display: &str, replacement: &str) -> Pair {
    Pair {
        display: display.to_owned(),
        replacement: replacement.to_owned(),
    }
}

/// Each once, sorted; not more than can be listed.
fn finish(mut candidates: Vec<Pair>) -> Vec<Pair> {
    candidates.sort_by(|left, right| left.display.cmp(&right.display));
    candidates.dedup_by(|left, right| left.replacement == right.replacement);
    candidates.truncate(MOST_CANDIDATES);
    candidates
}
