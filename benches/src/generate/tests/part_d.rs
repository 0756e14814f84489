//! Drugs by prescriber have the quirks of the public use file, as often as its sample has them.

use std::collections::HashSet;
use std::sync::LazyLock;

use csv::StringRecord;

use super::super::Dataset;
use super::{assert_near, bytes, count, records};

const ROWS: u64 = 60_000;
const NPI: usize = 0;
const LAST_NAME: usize = 1;
const FIRST_NAME: usize = 2;
const DRUG: usize = 7;
const GENERIC: usize = 8;
const PATIENTS: usize = 9;
const CLAIMS: usize = 10;
const COST: usize = 13;
const PATIENTS_65: usize = 14;
const PATIENTS_65_FLAG: usize = 15;
const CLAIMS_65: usize = 16;
const CLAIMS_65_FLAG: usize = 17;
const COST_65: usize = 20;
const YEARS: usize = 21;

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| bytes(Dataset::PartD, ROWS, 42));
static RECORDS: LazyLock<Vec<StringRecord>> = LazyLock::new(|| records(&BYTES));

/// The share of rows of the sample of 105.
fn of_sample(rows: f64) -> f64 {
    rows / 105.0 * ROWS as f64
}

#[test]
fn what_is_missing_is_quoted() {
    for (column, missing) in [
        (DRUG, 3.0),
        (PATIENTS, 68.0),
        (CLAIMS, 6.0),
        (PATIENTS_65, 93.0),
        (PATIENTS_65_FLAG, 12.0),
        (CLAIMS_65, 50.0),
        (CLAIMS_65_FLAG, 55.0),
        (COST_65, 50.0),
    ] {
        let found = count(&RECORDS, |record| record[column].is_empty());
        assert_near(column, found, of_sample(missing), 0.1);
    }
    let text = String::from_utf8_lossy(&BYTES);
    assert!(text.contains(",\"\",") && !text.contains(",,"));
}

#[test]
fn flags_say_why_counts_are_missing() {
    for record in RECORDS.iter() {
        assert_ne!(
            record[PATIENTS_65].is_empty(),
            record[PATIENTS_65_FLAG].is_empty()
        );
        assert_ne!(
            record[CLAIMS_65].is_empty(),
            record[CLAIMS_65_FLAG].is_empty()
        );
        for flag in [PATIENTS_65_FLAG, CLAIMS_65_FLAG] {
            assert!(["", "*", "#"].contains(&&record[flag]));
        }
    }
}

#[test]
fn small_counts_are_not_published() {
    let number = |record: &StringRecord, column: usize| record[column].parse::<u64>().ok();
    for record in RECORDS.iter() {
        for column in [PATIENTS, CLAIMS] {
            assert!(number(record, column).is_none_or(|number| number >= 11));
        }
        for column in [PATIENTS_65, CLAIMS_65] {
            assert!(number(record, column).is_none_or(|number| number == 0 || number >= 11));
        }
        if let (Some(patients), Some(claims)) = (number(record, PATIENTS), number(record, CLAIMS)) {
            assert!(patients <= claims);
        }
        assert_eq!(record[COST].split_once('.').unwrap().1.len(), 2);
    }
}

#[test]
fn prescribers_have_ten_digits_and_odd_names() {
    assert!(
        RECORDS
            .iter()
            .all(|record| record[NPI].len() == 10 && record[NPI].starts_with('1'))
    );
    let prescribers: HashSet<&str> = RECORDS.iter().map(|record| &record[NPI]).collect();
    assert_near(
        "rows per prescriber",
        ROWS as f64 / prescribers.len() as f64,
        21.3,
        0.01,
    );
    assert!(count(&RECORDS, |record| record[LAST_NAME].contains(' ')) > 0.0);
    assert!(count(&RECORDS, |record| record[FIRST_NAME].ends_with('.')) > 0.0);
    for record in RECORDS.iter() {
        let years = record[YEARS].strip_prefix("= ").unwrap();
        assert!((1.0..=30.0).contains(&years.parse::<f64>().unwrap()) && years.ends_with(".0"));
    }
}

#[test]
fn a_prescriber_has_one_row_per_drug() {
    let named: Vec<_> = RECORDS
        .iter()
        .filter(|record| !record[DRUG].is_empty())
        .collect();
    let pairs: HashSet<_> = named
        .iter()
        .map(|record| (&record[NPI], &record[DRUG]))
        .collect();
    assert_eq!(pairs.len(), named.len());
    assert!(count(&RECORDS, |record| record[GENERIC].contains(',')) > 0.0);
    let numbers = RECORDS.iter().map(|record| &record[NPI]);
    assert!(numbers.is_sorted());
}
