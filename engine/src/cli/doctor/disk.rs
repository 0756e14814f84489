//! Room for tables and for what does not fit in memory.

use std::path::Path;

use super::finding::Finding;
use crate::config::Config;

/// Less than this is soon used up by one load or one sort.
const LITTLE_BYTES: u64 = 2_000_000_000;

/// The free space of the warehouse and the spill folder, and whether they can be written.
pub fn check(config: &Config) -> Vec<Finding> {
    [
        ("warehouse", &config.warehouse, "--warehouse"),
        ("spill_folder", &config.spill_folder, "--spill-folder"),
    ]
    .map(|(name, folder, flag)| check_folder(name, folder, flag))
    .into()
}

fn check_folder(name: &str, folder: &Path, flag: &str) -> Finding {
    // What is not there yet is made in the nearest folder that is.
    let Some(there) = folder.ancestors().find(|folder| folder.is_dir()) else {
        // A relative path of one part: it is made in the working directory.
        return check_there(name, folder, Path::new("."), flag);
    };
    check_there(name, folder, there, flag)
}

fn check_there(name: &str, folder: &Path, there: &Path, flag: &str) -> Finding {
    let shown = match folder == there {
        true => folder.display().to_string(),
        false => format!("{} (the first write makes it)", folder.display()),
    };
    if let Err(error) = tempfile::tempfile_in(there) {
        return Finding::failed(name, format!("{shown} cannot be written: {error}"))
            .hint(format!("correct its owner, or choose another with {flag}"));
    }
    let free = match rustix::fs::statvfs(there) {
        Ok(system) => system.f_bavail.saturating_mul(system.f_frsize),
        Err(error) => return Finding::failed(name, format!("{shown}: {error}")),
    };
    let detail = format!("{shown}: {:.1} GB free", free as f64 / 1e9);
    match free < LITTLE_BYTES {
        true => Finding::warning(name, detail).hint(format!(
            "free some space, or choose another folder with {flag}"
        )),
        false => Finding::ok(name, detail),
    }
}
