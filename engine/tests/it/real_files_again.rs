//! Real files that come again and otherwise: a renamed header, a warehouse that was appended to
//! thirteen times.

use super::lab::Lab;
use super::shared::{find, shared, unpack_hive_warehouse};

#[tokio::test(flavor = "multi_thread")]
async fn prescriptions_with_a_renamed_column_land_behind_those_without() {
    let Some(medicare) = shared("medicare") else {
        return;
    };
    let lab = Lab::new();
    let load = |name: &str, options: &str| {
        let file = medicare.join(name);
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

/// For each table of the recorded warehouse: its rows, those of files that are no copies of others,
/// and those that differ.
const HIVE_TABLES: [(&str, u64, u64, u64); 2] = [
    ("df_city", 137_449, 95_153, 10_573),
    ("df_presc", 3_913, 2_430, 301),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_that_was_appended_to_again_and_again_lands_as_asked() {
    let lab = Lab::new();
    if unpack_hive_warehouse(lab.folder()).is_none() {
        return;
    }
    for (table, all, once_each, distinct) in HIVE_TABLES {
        let folder = find(lab.folder(), table);
        for (target, options, rows) in [
            ("forced", "FORCE", all),
            ("plain", "FORMAT parquet", once_each),
            ("single", "DEDUPLICATE", distinct),
        ] {
            let target = format!("raw.{table}_{target}");
            let load = format!("COPY INTO {target} FROM '{}' ({options})", folder.display());
            lab.run(["-c", &load]).succeeded();
            let count = format!("SELECT count(*) FROM {target}");
            assert_eq!(lab.value(&count).await, rows.to_string(), "{target}");
            let distinct_rows = format!("SELECT count(*) FROM (SELECT DISTINCT * FROM {target})");
            let found = lab.value(&distinct_rows).await;
            assert_eq!(found, distinct.to_string(), "{target}");
            // Every row that was read is one that was loaded, or a duplicate.
            let read = if target.ends_with("forced") {
                all
            } else {
                once_each
            };
            let counts = format!(
                "SELECT sum(rows_read), sum(rows_loaded), sum(rows_duplicate) FROM system.loads WHERE target = '{target}'"
            );
            let expected = format!("{read}|{rows}|{}", read - rows);
            assert_eq!(lab.value(&counts).await, expected, "{target}");
        }
    }
}
