//! `tidemill man`: the manual page, generated from the definitions that parse the arguments.

use clap::CommandFactory;
use clap_mangen::Man;

use super::Arguments;
use super::print::write_text;
use crate::sql::closest;
use crate::{Error, Result};

/// Writes the page of all of Tidemill, or of a subcommand, to stdout.
///
/// # Errors
/// No such subcommand, an output that cannot be written.
pub fn write(subcommand: Option<&str>) -> Result<()> {
    let mut command = Arguments::command();
    command.build();
    let command = match subcommand {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => found.clone().display_name(format!("tidemill-{name}")),
            None => {
                let names: Vec<_> = command
                    .get_subcommands()
                    .map(clap::Command::get_name)
                    .collect();
                let error = Error::usage(format!("there is no subcommand `{name}`"));
                return Err(match closest(name, names.iter().copied()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("subcommands are {}", names.join(", "))),
                });
            }
        },
    };
    write_text(|output| Man::new(command).render(output))
}
