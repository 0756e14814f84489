//! Real data that is too large, or not free, to be shipped; a checkout without it tests the rest.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The file or folder at `path` of the shared data, if it is there; else what is skipped is said.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: there is no {}", path.display());
    None
}

/// Unpacks the recorded warehouse, to which the same rows were appended again and again, into `folder`.
pub fn unpack_hive_warehouse(folder: &Path) -> Option<()> {
    let packed = shared("medicare_recorded_runs/hive_warehouse_13_duplicate_appends.tar.gz")?;
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(&packed).arg("-C").arg(folder);
    assert!(tar.status().unwrap().success());
    Some(())
}

/// The folder called `name` somewhere below `folder`.
pub fn find(folder: &Path, name: &str) -> PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(&folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|found| found == name) {
                    return path;
                }
                folders.push(path);
            }
        }
    }
    panic!("no {name} in {}", folder.display())
}
