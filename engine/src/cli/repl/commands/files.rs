//! Commands that read and write files.

use std::path::{Path, PathBuf};

use crate::cli::repl::output::write_whole;
use crate::cli::repl::shell::{Flow, Shell};
use crate::{Error, Result, report};

/// `.read FILE`.
pub fn read(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    shell.run_file(&path(&arguments[0]))
}

/// `.output`, `.output FILE`.
pub fn output(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    match arguments.first() {
        None => {
            shell.output.restore();
            report::note("results go to the screen");
        }
        Some(file) => {
            shell.output.redirect(&path(file))?;
            report::note(&format!("results go to {file}"));
        }
    }
    Ok(Flow::Stay)
}

/// `.once FILE`.
pub fn once(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    shell.output.redirect_once(&path(&arguments[0]));
    Ok(Flow::Stay)
}

/// `.save FILE`.
pub fn save(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let file = path(&arguments[0]);
    write_whole(&file, |output| {
        let mut write = |statement: &String| writeln!(output, "{statement};");
        let written = shell.transcript.iter().try_for_each(&mut write);
        written.map_err(|error| Error::file("write", &file, error))
    })?;
    let count = shell.transcript.len();
    let plural = if count == 1 { "" } else { "s" };
    report::note(&format!(
        "saved {count} statement{plural} in {}",
        file.display()
    ));
    Ok(Flow::Stay)
}

/// A path as a shell would read it: `~` is the home folder.
fn path(text: &str) -> PathBuf {
    let home = text.strip_prefix("~/").zip(etcetera::home_dir().ok());
    match home {
        Some((rest, home)) => home.join(rest),
        None => Path::new(text).to_owned(),
    }
}
