//! Settings with where they come from, and secrets by their names.

use super::finding::Finding;
use crate::config::{Config, SETTINGS};

/// The value of each setting and the layer that it comes from. They have been checked when they
/// were read.
pub fn check_settings(config: &Config) -> Vec<Finding> {
    let settings = SETTINGS.iter().map(|setting| {
        let origin = config.origins.get(setting.name);
        let origin = origin.map_or("default", String::as_str);
        Finding::ok(
            setting.name,
            format!("{} ({origin})", config.shown(setting.name)),
        )
    });
    let connections = config.connections.iter().map(|(name, connection)| {
        let origin = connection.origin().map(ToString::to_string);
        Finding::ok(
            format!("connections.{name}"),
            format!("declared ({})", origin.unwrap_or_default()),
        )
    });
    settings.chain(connections).collect()
}

/// Whether each variable and password file that a connection refers to is there.
pub fn check_secrets(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, connection) in &config.connections {
        for (variable, has_default) in connection.references() {
            let subject = format!("{name}: {variable}");
            findings.push(match config.environment.origin(&variable) {
                Some(origin) => Finding::ok(subject, format!("set ({origin})")),
                None if has_default => Finding::ok(subject, "not set: its default is used"),
                None => Finding::failed(subject, "not set").hint(format!(
                    "export {variable}=.., or write it into a .env file beside the configuration"
                )),
            });
        }
        if let Some(file) = connection.password_file() {
            let subject = format!("{name}: {}", file.display());
            findings.push(match std::fs::File::open(&file) {
                Ok(_) => Finding::ok(subject, "readable"),
                Err(error) => Finding::failed(subject, error.to_string())
                    .hint("give password_file a file that this user may read"),
            });
        }
    }
    findings
}
