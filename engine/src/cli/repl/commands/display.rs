//! Commands that change how results look and what is said beside them.

use clap::ValueEnum;

use super::{on_off, switch};
use crate::cli::print::{ALL_ROWS, Format};
use crate::cli::repl::pager::Pager;
use crate::cli::repl::shell::{Flow, Shell};
use crate::sql::closest;
use crate::{Error, Result, report};

/// `.mode`, `.mode csv`, `.mode insert raw.t`.
pub fn mode(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let style = &mut shell.settings.style;
    match arguments {
        [] => report::note(&format!("mode {}", style.format.name())),
        [mode] => style.format = format_called(mode)?,
        [mode, target, ..] => {
            let format = format_called(mode)?;
            if format != Format::Insert {
                return Err(Error::input(format!("mode {mode} writes for no table"))
                    .hint("write .mode insert TABLE"));
            }
            style.format = format;
            style.target = target.clone();
        }
    }
    Ok(Flow::Stay)
}

/// `\x`.
pub fn expanded(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let style = &mut shell.settings.style;
    let vertical = switch("\\x", style.format == Format::Vertical, arguments)?;
    style.format = match vertical {
        true => Format::Vertical,
        false => Format::Table,
    };
    report::note(&format!("mode {}", style.format.name()));
    Ok(Flow::Stay)
}

/// `.maxrows 100`.
pub fn max_rows(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let style = &mut shell.settings.style;
    if let Some(text) = arguments.first() {
        style.max_rows = text.replace([',', '_'], "").parse().map_err(|_| {
            Error::input(format!("`{text}` is not a number of rows"))
                .hint("write .maxrows 100, or .maxrows 0 for all")
        })?;
    }
    match style.max_rows {
        ALL_ROWS => report::note("maxrows 0: all rows are shown"),
        rows => report::note(&format!("maxrows {rows}")),
    }
    Ok(Flow::Stay)
}

/// `.nullvalue -`.
pub fn null_value(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    shell.settings.style.null = arguments.first().cloned();
    match arguments.first() {
        Some(text) => report::note(&format!("NULL is shown as \"{text}\"")),
        None => report::note("NULL is shown as the mode does"),
    }
    Ok(Flow::Stay)
}

/// `.pager off`, `.pager less -S`.
pub fn pager(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let pager = &mut shell.settings.pager;
    match arguments {
        [] => {}
        [word] if word == "off" => *pager = Pager::Off,
        [word] if word == "on" => *pager = Pager::usual(),
        words => *pager = Pager::Program(words.join(" ")),
    }
    match pager {
        Pager::Off => report::note("pager off"),
        Pager::Program(program) => report::note(&format!("pager {program}")),
    }
    Ok(Flow::Stay)
}

/// `.unmask`.
pub fn unmask(shell: &mut Shell<'_>, _arguments: &[String]) -> Result<Flow> {
    shell.session.unmask();
    report::note("values of pii columns are shown from here on, which system.audit records");
    Ok(Flow::Stay)
}

/// `.timer on`.
pub fn timer(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    set(&mut shell.settings.timer, "timer", arguments)
}

/// `.echo on`.
pub fn echo(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    set(&mut shell.settings.echo, "echo", arguments)
}

/// `.bail off`.
pub fn bail(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    set(&mut shell.settings.bail, "bail", arguments)
}

/// The format of a name.
///
/// # Errors
/// There is none.
pub fn format_called(name: &str) -> Result<Format> {
    Format::from_str(name, true).map_err(|_| {
        let names: Vec<_> = Format::value_variants()
            .iter()
            .map(|format| format.name())
            .collect();
        let error = Error::input(format!("there is no mode `{name}`"));
        match closest(name, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("modes are {}", names.join(", "))),
        }
    })
}

fn set(present: &mut bool, name: &str, arguments: &[String]) -> Result<Flow> {
    *present = switch(&format!(".{name}"), *present, arguments)?;
    report::note(&format!("{name} {}", on_off(*present)));
    Ok(Flow::Stay)
}
