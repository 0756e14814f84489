//! The hospital pipeline against answers that others computed: the recorded run of the system that
//! it replaces, and plain arithmetic on the digits of the file.

use std::collections::{BTreeMap, HashMap};

use crate::lab::{Lab, assert_same_rows, hospital_text, shipped_pipeline, sorted, unpack};
use crate::shared::shared;

/// A row of the hospital's file, by column.
type Row<'t> = Vec<&'t str>;

const NAME: usize = 0;
const AGE: usize = 1;
const CONDITION: usize = 4;
const HOSPITAL: usize = 7;
const INSURER: usize = 8;
const BILL: usize = 9;
const ADMISSION_TYPE: usize = 11;
const DISCHARGE: usize = 12;

/// Digits after the point of the widest bill in the file.
const BILL_SCALE: u32 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn daily_billing_equals_the_recorded_run() {
    let Some(shared) = shared("") else {
        return;
    };
    let source = shared.join("healthcare/healthcare_dataset_55500_rounded.csv.gz");
    let recorded = unpack(&shared.join("healthcare_recorded_run/etl_result.csv.gz"));
    let recorded = records(&recorded);
    assert_eq!(
        recorded[0],
        [
            "Medical Condition",
            "Hospital",
            "Insurance Provider",
            "Quarter",
            "discharge_date",
            "Average Bill Amount"
        ]
    );
    let recorded: Vec<_> = recorded[1..]
        .iter()
        .map(|row| {
            let [rest @ .., amount] = row.as_slice() else {
                panic!("an empty record")
            };
            format!("{}|{}", rest.join("|"), cents(amount))
        })
        .collect();
    assert_eq!(recorded.len(), 49_586);

    let lab = Lab::new();
    let given = format!("source={}", source.display());
    lab.run([
        "run".as_ref(),
        shipped_pipeline().as_os_str(),
        "-p".as_ref(),
        given.as_ref(),
    ])
    .succeeded();
    let ours = lab
        .rows(
            "SELECT medical_condition, hospital, insurance_provider, quarter(discharge_date), \
             discharge_date, CAST(average_bill_amount * 100 AS BIGINT) \
             FROM curated.daily_billing WHERE discharge_date >= date '2019-06-08'",
        )
        .await;
    assert_same_rows(
        &sorted(ours),
        &sorted(recorded),
        "daily billing, ours and recorded",
    );
    assert_eq!(
        lab.value("SELECT count(*) FROM curated.daily_billing")
            .await,
        "50000"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_admissions_hold_every_digit() {
    let text = hospital_text();
    let expected = hospital_rows(text)
        .iter()
        .map(|row| format!("{}|{}|{}", row[NAME], row[AGE], digits(row[BILL])))
        .collect();
    let lab = Lab::finished();
    let ours = lab
        .rows(
            "SELECT name, age, replace(CAST(billing_amount AS TEXT), '.', '') FROM raw.admissions",
        )
        .await
        .into_iter()
        .map(|row| {
            // -0.05 and 0.05 lose their leading zeros when the point goes.
            let (rest, bill) = row.rsplit_once('|').unwrap();
            format!("{rest}|{}", bill.parse::<i128>().unwrap())
        })
        .collect();
    assert_same_rows(
        &sorted(ours),
        &sorted(expected),
        "raw admissions, ours and the file",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn averages_equal_plain_arithmetic() {
    let text = hospital_text();
    let all = hospital_rows(text);
    let once = without_repetitions(&all);
    assert_eq!((all.len(), once.len()), (55_500, 50_000));
    let lab = Lab::finished();
    let cases = [
        (
            "daily",
            "medical_condition, hospital, insurance_provider, admission_type, discharge_date",
            averages(&all, |row| {
                [CONDITION, HOSPITAL, INSURER, ADMISSION_TYPE, DISCHARGE]
                    .map(|at| row[at])
                    .join("|")
            }),
        ),
        (
            "monthly",
            "year_month, medical_condition, hospital",
            averages(&once, |row| {
                [&row[DISCHARGE][..7], row[CONDITION], row[HOSPITAL]].join("|")
            }),
        ),
        (
            "quarterly",
            "year_quarter, medical_condition, hospital, insurance_provider",
            averages(&once, |row| {
                [
                    &year_quarter(row[DISCHARGE]),
                    row[CONDITION],
                    row[HOSPITAL],
                    row[INSURER],
                ]
                .join("|")
            }),
        ),
    ];
    for (grain, columns, expected) in cases {
        let ours = lab
            .rows(&format!(
                "SELECT {columns}, CAST(average_bill_amount * 100 AS BIGINT) FROM curated.{grain}_billing"
            ))
            .await;
        assert_same_rows(
            &sorted(ours),
            &sorted(expected),
            &format!("{grain} averages, ours and by hand"),
        );
    }
}

fn hospital_rows(text: &str) -> Vec<Row<'_>> {
    let mut rows = records(text);
    let header = rows.remove(0);
    assert_eq!(
        (header[BILL], header[DISCHARGE]),
        ("Billing Amount", "Discharge Date")
    );
    rows
}

/// Rows that differ at most in the age are one, the youngest.
fn without_repetitions<'t>(rows: &[Row<'t>]) -> Vec<Row<'t>> {
    let mut youngest: HashMap<Vec<&str>, Row<'t>> = HashMap::new();
    for row in rows {
        let mut key = row.clone();
        key.remove(AGE);
        let age = |row: &Row<'_>| row[AGE].parse::<u32>().unwrap();
        let kept = youngest.entry(key).or_insert_with(|| row.clone());
        if age(row) < age(kept) {
            *kept = row.clone();
        }
    }
    youngest.into_values().collect()
}

/// The average bill per group in cents; every bill is rounded first, halves away from zero.
fn averages(rows: &[Row<'_>], key: impl Fn(&Row<'_>) -> String) -> Vec<String> {
    let mut groups: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for row in rows {
        let bill = divide_half_away(digits(row[BILL]), 10_i128.pow(BILL_SCALE - 2));
        let (sum, count) = groups.entry(key(row)).or_default();
        *sum += bill;
        *count += 1;
    }
    groups
        .into_iter()
        .map(|(key, (sum, count))| format!("{key}|{}", divide_half_away(sum, count)))
        .collect()
}

fn divide_half_away(value: i128, by: i128) -> i128 {
    value.signum() * ((2 * value.abs() + by) / (2 * by))
}

/// A bill as a whole number of its smallest unit.
fn digits(bill: &str) -> i128 {
    let (whole, fraction) = bill.split_once('.').unwrap_or((bill, ""));
    format!("{whole}{fraction:0<width$}", width = BILL_SCALE as usize)
        .parse()
        .unwrap()
}

/// `12.3` as 1230.
fn cents(amount: &str) -> i128 {
    digits(amount) / 10_i128.pow(BILL_SCALE - 2)
}

fn year_quarter(day: &str) -> String {
    let month: u32 = day[5..7].parse().unwrap();
    format!("{}-Q{}", &day[..4], (month - 1) / 3 + 1)
}

/// Cuts records and fields; enough for files without line breaks or quotes in values.
fn records(text: &str) -> Vec<Row<'_>> {
    text.lines()
        .map(|line| {
            let mut fields = Vec::new();
            let (mut start, mut quoted) = (0, false);
            for (at, char) in line.char_indices() {
                match char {
                    '"' => quoted = !quoted,
                    ',' if !quoted => {
                        fields.push(line[start..at].trim_matches('"'));
                        start = at + 1;
                    }
                    _ => {}
                }
            }
            fields.push(line[start..].trim_matches('"'));
            fields
        })
        .collect()
}
