//! What is running: the first question of whoever is asked for help.

use super::finding::Finding;

/// Tidemill, the libraries that decide what it reads and writes, and the machine.
pub fn check() -> Vec<Finding> {
    vec![
        Finding::ok("tidemill", env!("CARGO_PKG_VERSION")),
        Finding::ok("datafusion", datafusion::DATAFUSION_VERSION),
        Finding::ok("delta", deltalake_core::crate_version()),
        Finding::ok("sqlite", rusqlite::version()),
        Finding::ok(
            "machine",
            format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        ),
    ]
}
