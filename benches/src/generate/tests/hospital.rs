//! Admissions have the quirks of the file of 55,500 rows, as often as it has them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use csv::StringRecord;

use super::super::Dataset;
use super::{assert_near, bytes, count, records};

const ROWS: u64 = 55_500;
const NAME: usize = 0;
const AGE: usize = 1;
const ADMISSION: usize = 5;
const HOSPITAL: usize = 7;
const BILL: usize = 9;
const DISCHARGE: usize = 12;

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| bytes(Dataset::Hospital, ROWS, 42));
static RECORDS: LazyLock<Vec<StringRecord>> = LazyLock::new(|| records(&BYTES));

fn distinct(column: usize) -> HashSet<&'static str> {
    RECORDS.iter().map(|record| &record[column]).collect()
}

fn bills() -> impl Iterator<Item = f64> {
    RECORDS.iter().map(|record| record[BILL].parse().unwrap())
}

#[test]
fn lines_are_as_long_and_end_as_in_the_real_file() {
    assert_near("bytes", BYTES.len() as f64, 8_399_221.0, 0.002);
    let ends = BYTES.windows(2).filter(|pair| pair == b"\r\n").count();
    let newlines = BYTES.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!((ends, newlines), (ROWS as usize + 1, ROWS as usize + 1));
}

#[test]
fn categories_are_those_of_the_real_file() {
    for (column, values) in [
        (2, 2),
        (3, 8),
        (4, 6),
        (8, 5),
        (10, 400),
        (11, 3),
        (13, 5),
        (14, 3),
    ] {
        assert_eq!(distinct(column).len(), values, "column {column}");
    }
    for insurer in [
        "Aetna",
        "Blue Cross",
        "Cigna",
        "Medicare",
        "UnitedHealthcare",
    ] {
        let found = count(&RECORDS, |record| &record[8] == insurer);
        assert_near(insurer, found, 11_100.0, 0.05);
    }
}

#[test]
fn hospitals_are_shuffled_quoted_and_many() {
    let hospitals = |holds: fn(&str) -> bool| count(&RECORDS, |record| holds(&record[HOSPITAL]));
    assert_near(
        "comma",
        hospitals(|name| name.contains(',')),
        18_635.0,
        0.03,
    );
    assert_near(
        "last comma",
        hospitals(|name| name.ends_with(',')),
        4_776.0,
        0.05,
    );
    assert_near(
        "first and",
        hospitals(|name| name.starts_with("and ")),
        5_749.0,
        0.05,
    );
    assert_near(
        "last and",
        hospitals(|name| name.ends_with(" and")),
        5_602.0,
        0.15,
    );
    assert_near("distinct", distinct(HOSPITAL).len() as f64, 39_876.0, 0.02);
    let quotes = BYTES.iter().filter(|byte| **byte == b'"').count() as f64;
    assert_eq!(quotes / 2.0, hospitals(|name| name.contains(',')));
}

#[test]
fn names_are_in_random_case() {
    assert_near("distinct", distinct(NAME).len() as f64, 49_992.0, 0.01);
    let large = distinct(NAME).iter().flat_map(|name| name.chars()).fold(
        (0.0, 0.0),
        |(large, all), letter| match (letter.is_ascii_uppercase(), letter.is_ascii_alphabetic()) {
            (true, _) => (large + 1.0, all + 1.0),
            (false, letter) => (large, all + f64::from(u8::from(letter))),
        },
    );
    assert_near("large letters", large.0 / large.1, 0.5, 0.01);
    let names =
        |holds: fn(&str) -> bool| count(&RECORDS, |record| holds(&record[NAME].to_lowercase()));
    assert_near("titles", names(|name| name.contains(". ")), 1_071.0, 0.15);
    assert_near("doctors", names(|name| name.ends_with(" md")), 477.0, 0.2);
}

#[test]
fn bills_have_all_digits_and_some_are_negative() {
    let decimals: BTreeSet<usize> = RECORDS
        .iter()
        .filter_map(|record| Some(record[BILL].split_once('.')?.1.len()))
        .collect();
    // 7 to 15 in the real file; the outermost are in eight rows each.
    assert!(
        (9..=14).all(|digits| decimals.contains(&digits)),
        "{decimals:?}"
    );
    assert!(
        decimals.iter().all(|digits| (5..=17).contains(digits)),
        "{decimals:?}"
    );
    assert_near("mean", bills().sum::<f64>() / ROWS as f64, 25_539.3, 0.01);
    let negative = bills().filter(|bill| *bill < 0.0).count();
    assert!(
        (60..=150).contains(&negative),
        "{negative}, but 108 in the real file"
    );
    assert!(bills().all(|bill| (-3_000.0..54_000.0).contains(&bill)));
}

#[test]
fn a_tenth_repeats_another_row_but_for_the_age() {
    let key = |record: &StringRecord| {
        let fields = record.iter().enumerate();
        let others = fields.filter(|(column, _)| *column != AGE);
        others
            .map(|(_, field)| field.to_owned())
            .collect::<Vec<_>>()
    };
    let age = |record: &StringRecord| record[AGE].parse::<i64>().unwrap();
    let mut first = HashMap::new();
    let (mut repeated, mut exact) = (0.0, 0.0);
    for record in RECORDS.iter() {
        match first.get(&key(record)) {
            None => {
                first.insert(key(record), age(record));
            }
            Some(other) => {
                repeated += 1.0;
                exact += f64::from(u8::from(*other == age(record)));
                assert!((-5..=4).contains(&(age(record) - other)));
            }
        }
    }
    assert_eq!(repeated, 5_500.0);
    assert_near("exact duplicates", exact, 534.0, 0.15);
    let ages: BTreeSet<i64> = RECORDS.iter().map(age).collect();
    assert_eq!((ages.first(), ages.last()), (Some(&13), Some(&89)));
}

#[test]
fn stays_are_1_to_30_days_in_five_years() {
    let dates = |column| RECORDS.iter().map(move |record| &record[column]);
    assert_eq!(dates(ADMISSION).min(), Some("2019-05-08"));
    assert_eq!(dates(ADMISSION).max(), Some("2024-05-07"));
    // The outermost days are seldom drawn.
    assert!(dates(DISCHARGE).all(|date| ("2019-05-09"..="2024-06-06").contains(&date)));
    let months: HashSet<&str> = dates(DISCHARGE).map(|date| &date[..7]).collect();
    assert_eq!(months.len(), 62);
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let stays: BTreeSet<i64> = RECORDS
        .iter()
        .map(|record| (day(&record[DISCHARGE]) - day(&record[ADMISSION])).num_days())
        .collect();
    assert_eq!(stays, (1..=30).collect());
}
