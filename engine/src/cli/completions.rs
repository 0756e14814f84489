//! `tidemill completions SHELL`: generated from the definitions that parse the arguments.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Arguments;
use super::print::write_text;
use crate::Result;

/// Writes the completions of a shell to stdout.
///
/// # Errors
/// An output that cannot be written.
pub fn write(shell: Shell) -> Result<()> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    generate(shell, &mut command, name, &mut text);
    write_text(|output| output.write_all(&text))
}
