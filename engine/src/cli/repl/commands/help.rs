//! `.help`: the table of commands, and one of them.

use unicode_width::UnicodeWidthStr;

use super::{COMMANDS, Command, find, unknown};
use crate::Result;
use crate::cli::repl::shell::{Flow, Shell};

const KEYS: &str = "\
Tab     complete, or list what could follow
Ctrl-R  search what was typed earlier
Ctrl-C  at the prompt: forget what was typed; while a statement runs: cancel it
        and twice: leave
SHOW CONNECTIONS; lists the databases,
ATTACH 'postgres://user@host/database' AS name; adds one";

/// `.help`, `.help NAME`.
pub fn help(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let text = match arguments.first() {
        None => overview(),
        Some(name) => explanation(
            find(name)
                .or_else(|| find(&format!(".{name}")))
                .or_else(|| find(&format!("\\{name}")))
                .ok_or_else(|| unknown(name))?,
        ),
    };
    shell.show_text(&text)?;
    Ok(Flow::Stay)
}

fn overview() -> String {
    let usage = |command: &Command| format!("{} {}", command.names[0], command.arguments);
    let widest = COMMANDS
        .iter()
        .map(|command| usage(command).trim_end().width());
    let widest = widest.max().unwrap_or(0);
    let mut text = String::new();
    for command in COMMANDS {
        text.push_str(&format!(
            "{:<widest$}  {}\n",
            usage(command).trim_end(),
            command.summary
        ));
    }
    format!("{text}\n{KEYS}\n")
}

fn explanation(command: &Command) -> String {
    let usage = format!("{} {}", command.names[0], command.arguments);
    let mut text = format!("{}\n  {}\n", usage.trim_end(), command.summary);
    if !command.details.is_empty() {
        text.push_str(&format!("  {}\n", command.details));
    }
    if command.names.len() > 1 {
        text.push_str(&format!("  also: {}\n", command.names[1..].join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::Path;

    /// The reference page of the commands.
    fn page() -> String {
        let mut page = String::from(
            "# Commands of the prompt\n\n\
             What is in brackets may be left out. A file that is read with `.read` may hold them, too.\n\n\
             | Command | Also | What it does |\n| --- | --- | --- |\n",
        );
        for command in COMMANDS {
            let usage = format!("{} {}", command.names[0], command.arguments);
            let also = command.names[1..].iter().map(|name| format!("`{name}`"));
            let also: Vec<_> = also.collect();
            let text = [command.summary, command.details].join(". ");
            page.push_str(&format!(
                "| `{}` | {} | {} |\n",
                usage.trim_end().replace('|', "\\|"),
                also.join(" "),
                text.trim_end_matches(['.', ' '])
            ));
        }
        page
    }

    #[test]
    fn the_page_says_what_the_table_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/commands.md");
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page());
    }

    #[test]
    fn help_fits_a_narrow_terminal() {
        let overview = overview();
        let widest = overview.lines().max_by_key(|line| line.width()).unwrap();
        assert!(widest.width() <= 80, "{widest}");
    }
}
