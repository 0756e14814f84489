//! Transactions have the quirks of PaySim, as often as its samples have them.

use std::sync::LazyLock;

use csv::StringRecord;

use super::super::Dataset;
use super::{assert_near, bytes, count, records};

const ROWS: u64 = 300_000;
const ID: usize = 0;
const STEP: usize = 1;
const KIND: usize = 2;
const AMOUNT: usize = 3;
const FROM_BEFORE: usize = 5;
const FROM_AFTER: usize = 6;
const TO: usize = 7;
const TO_BEFORE: usize = 8;
const TO_AFTER: usize = 9;
const FRAUD: usize = 10;
const FLAGGED: usize = 11;
const TIMESTAMP: usize = 12;

static RECORDS: LazyLock<Vec<StringRecord>> =
    LazyLock::new(|| records(&bytes(Dataset::Fraud, ROWS, 42)));

fn cents(record: &StringRecord, column: usize) -> i64 {
    (record[column].parse::<f64>().unwrap() * 100.0).round() as i64
}

#[test]
fn kinds_have_their_shares() {
    for (kind, share) in [
        ("CASH_OUT", 0.3517),
        ("PAYMENT", 0.3381),
        ("CASH_IN", 0.2199),
        ("TRANSFER", 0.0838),
        ("DEBIT", 0.0065),
    ] {
        let found = count(&RECORDS, |record| &record[KIND] == kind);
        assert_near(kind, found / ROWS as f64, share, 0.06);
    }
}

#[test]
fn frauds_are_few_and_come_in_pairs() {
    let frauds: Vec<&StringRecord> = RECORDS
        .iter()
        .filter(|record| &record[FRAUD] == "1")
        .collect();
    assert_near("frauds", frauds.len() as f64 / ROWS as f64, 0.001_29, 0.25);
    for pair in frauds.chunks(2) {
        assert_eq!((&pair[0][KIND], &pair[1][KIND]), ("TRANSFER", "CASH_OUT"));
        assert_eq!(pair[0][AMOUNT], pair[1][AMOUNT]);
        assert_eq!(pair[0][AMOUNT], pair[0][FROM_BEFORE]);
        assert_eq!((&pair[0][TO_BEFORE], &pair[0][TO_AFTER]), ("0.0", "0.0"));
    }
    assert!(
        RECORDS
            .iter()
            .all(|record| ["0", "1"].contains(&&record[FLAGGED]))
    );
}

#[test]
fn merchants_have_no_balance() {
    for record in RECORDS.iter() {
        assert_eq!(&record[KIND] == "PAYMENT", record[TO].starts_with('M'));
        if &record[KIND] == "PAYMENT" {
            assert_eq!((&record[TO_BEFORE], &record[TO_AFTER]), ("0.0", "0.0"));
        }
    }
}

#[test]
fn accounts_are_filled_and_emptied() {
    let honest: Vec<StringRecord> = RECORDS
        .iter()
        .filter(|record| &record[FRAUD] == "0")
        .cloned()
        .collect();
    for record in &honest {
        let (before, after) = (cents(record, FROM_BEFORE), cents(record, FROM_AFTER));
        let expected = match &record[KIND] {
            "CASH_IN" => before + cents(record, AMOUNT),
            _ => (before - cents(record, AMOUNT)).max(0),
        };
        assert_eq!(after, expected, "{record:?}");
    }
    let add_up = |record: &StringRecord| {
        cents(record, FROM_BEFORE) - cents(record, AMOUNT) == cents(record, FROM_AFTER)
    };
    let outgoing = count(&honest, |record| &record[KIND] != "CASH_IN");
    let exact = count(&honest, |record| {
        &record[KIND] != "CASH_IN" && add_up(record)
    });
    assert!(exact < outgoing / 2.0, "{exact} of {outgoing}");
}

#[test]
fn time_and_numbers_only_rise() {
    for (row, record) in RECORDS.iter().enumerate() {
        assert_eq!(record[ID], (row + 1).to_string());
    }
    let time = |record: &StringRecord| {
        chrono::NaiveDateTime::parse_from_str(&record[TIMESTAMP], "%Y-%m-%d %H:%M:%S").unwrap()
    };
    let start = "2023-01-01T00:00:00"
        .parse::<chrono::NaiveDateTime>()
        .unwrap();
    assert!(
        RECORDS
            .windows(2)
            .all(|pair| time(&pair[0]) <= time(&pair[1]))
    );
    for record in RECORDS.iter() {
        let step: i64 = record[STEP].parse().unwrap();
        assert_eq!((time(record) - start).num_hours(), step - 1);
        assert!((1..=744).contains(&step));
    }
}
