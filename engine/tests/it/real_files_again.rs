//! Real files that come again and otherwise: a renamed header, a warehouse that was appended to
//! thirteen times.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::lab::Lab;

#[tokio::test(flavor = "multi_thread")]
async fn prescriptions_with_a_renamed_column_land_behind_those_without() {
    let Some(shared) = shared_data() else {
        return;
    };
    let lab = Lab::new();
    let load = |name: &str, options: &str| {
        let file = shared.join("medicare").join(name);
        let load = format!("COPY INTO raw.presc FROM '{}' ({options})", file.display());
        lab.run(["-c", &load])
    };
    let (first, second) = (
        "usa_presc_medicare_sample_105.csv",
        "usa_presc_medicare_sample_105_header_drift.csv",
    );
    load(first, "FORMAT csv").succeeded();
    load(second, "FORMAT csv").failed_with(1).says(&[
        "new `year_exp`",
        "missing `years_of_exp`",
        "looks like `years_of_exp` renamed",
    ]);
    load(second, "FORMAT csv, ON_DRIFT evolve").succeeded();
    let counts =
        "SELECT count(*), count(years_of_exp), count(year_exp), count(DISTINCT npi) FROM raw.presc";
    assert_eq!(lab.rows(counts).await, ["210|105|105|99"]);
    lab.assert_plain("raw.presc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_that_was_appended_to_again_and_again_lands_once() {
    let Some(shared) = shared_data() else {
        return;
    };
    let lab = Lab::new();
    let packed = shared.join("medicare_recorded_runs/hive_warehouse_13_duplicate_appends.tar.gz");
    let unpacked = Command::new("tar")
        .args([
            "xzf".as_ref(),
            packed.as_os_str(),
            "-C".as_ref(),
            lab.folder().as_os_str(),
        ])
        .status()
        .unwrap();
    assert!(unpacked.success());
    for (table, rows, distinct) in [("df_city", 137_449, 10_573), ("df_presc", 3_913, 301)] {
        let folder = find(lab.folder(), table);
        let load = format!(
            "COPY INTO raw.{table} FROM '{}' (DEDUPLICATE)",
            folder.display()
        );
        lab.run(["-c", &load]).succeeded();
        let counts = format!(
            "SELECT sum(rows_read), sum(rows_loaded), sum(rows_duplicate) FROM system.loads WHERE target = 'raw.{table}'"
        );
        let count = format!("SELECT count(*) FROM raw.{table}");
        assert_eq!(lab.value(&count).await, distinct.to_string());
        let once: Vec<_> = lab
            .rows(&format!("SELECT DISTINCT * FROM raw.{table}"))
            .await;
        assert_eq!(once.len(), distinct);
        // Files that are copies of others are not even read.
        let counted = lab.value(&counts).await;
        let numbers: Vec<usize> = counted
            .split('|')
            .map(|part| part.parse().unwrap())
            .collect();
        assert_eq!(
            (numbers[0], numbers[1]),
            (numbers[1] + numbers[2], distinct)
        );
        assert!(numbers[0] <= rows, "{counted}");
    }
}

/// The folder called `name` somewhere below `folder`.
fn find(folder: &Path, name: &str) -> PathBuf {
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

/// Data that is too large for the repository; a checkout without it tests the rest.
fn shared_data() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: real files land again where {} is", path.display());
    None
}
