//! `.edit`: the last statement in the user's own editor.

use std::io::Write;
use std::process::Command;

use crate::cli::repl::shell::{Flow, Shell};
use crate::{Error, Result};

const USUAL_EDITOR: &str = "vi";

/// Opens the editor; what it leaves becomes the next input.
pub fn edit(shell: &mut Shell<'_>, _: &[String]) -> Result<Flow> {
    let statement = shell
        .history
        .last_statement()
        .unwrap_or_default()
        .to_owned();
    // Only its owner can read it: a statement may name what is nobody else's business.
    let mut file = tempfile::Builder::new()
        .prefix("tidemill-")
        .suffix(".sql")
        .tempfile()
        .map_err(|error| Error::input("cannot make a temporary file").source(error))?;
    let path = file.path().to_owned();
    let written = writeln!(file, "{statement}").and_then(|()| file.flush());
    written.map_err(|error| Error::file("write", &path, error))?;
    let editor = editor();
    let ended = {
        let _lent = shell.runtime.lend_terminal();
        // A shell, because an editor may come with options.
        let mut command = Command::new("sh");
        let command = command
            .args(["-c", &format!("trap : INT; {editor} \"$0\"")])
            .arg(&path);
        command.status()
    };
    if !ended.is_ok_and(|status| status.success()) {
        return Err(Error::input(format!("the editor `{editor}` failed"))
            .hint("choose one with the variable VISUAL or EDITOR"));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| Error::file("read", &path, error))?;
    let text = text.trim_end();
    shell.draft = (!text.is_empty()).then(|| text.to_owned());
    Ok(Flow::Stay)
}

fn editor() -> String {
    let given = |name| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    given("VISUAL")
        .or_else(|| given("EDITOR"))
        .unwrap_or_else(|| USUAL_EDITOR.to_owned())
}
