//! Commands that look back: at the last result and at what was typed.

use super::display::format_called;
use crate::cli::print::Style;
use crate::cli::progress_line::ProgressLine;
use crate::cli::repl::last::Last;
use crate::cli::repl::output::Viewer;
use crate::cli::repl::shell::{Flow, Shell};
use crate::cli::statement::Reader;
use crate::{Error, Result, report};

/// `.last`, `.last csv`.
pub fn last(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let (schema, batches) = shell.last.rows()?;
    let format = match arguments.first() {
        Some(mode) => format_called(mode)?,
        None => shell.settings.style.format,
    };
    let style = Style {
        format,
        ..shell.settings.style.clone()
    };
    let usual = std::mem::replace(&mut shell.settings.style, style);
    let shown = Viewer {
        settings: &shell.settings,
        output: &mut shell.output,
        // What is shown again is not kept again: a pager that is left early must not lose it.
        last: &mut Last::default(),
        runtime: shell.runtime,
    }
    .read(
        &schema,
        &mut batches.into_iter().map(Ok),
        &mut ProgressLine::default(),
    );
    shell.settings.style = usual;
    shown.map(|()| Flow::Stay)
}

/// `.history`, `.history 20`, `.history off`.
pub fn history(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    match arguments.first().map(String::as_str) {
        Some(word @ ("on" | "off")) => {
            shell.history.record(word == "on");
            report::note(match word {
                "on" => "what is typed is kept for later sessions",
                _ => "what is typed is not kept for later sessions",
            });
        }
        Some(number) => {
            let shown = number.parse().map_err(|_| {
                Error::input(format!("`{number}` is not a number of statements"))
                    .hint("write .history 20, .history on or .history off")
            })?;
            list(shell, shown)?;
        }
        None => list(shell, usize::MAX)?,
    }
    Ok(Flow::Stay)
}

fn list(shell: &mut Shell<'_>, shown: usize) -> Result<()> {
    let entries = shell.history.entries();
    let skipped = entries.len().saturating_sub(shown);
    let numbered = entries.iter().enumerate().skip(skipped);
    let lines: String = numbered
        .map(|(index, text)| format!("{:>5}  {}\n", index + 1, text.replace('\n', "\n       ")))
        .collect();
    shell.show_text(&lines)
}
