//! Hospital admissions, as in the file `healthcare_dataset.csv` of 55,500 rows: 5 million rows are
//! 757 MB, as 151.3 bytes per row are there.
//!
//! Its quirks: names of patients in random case; hospitals whose words were shuffled, with commas,
//! `and` in front and commas at the end; bills with all digits of a double, some negative; and 11 of
//! 111 rows, the last ones, that repeat an earlier row in everything but the age, or wholly.

use std::fmt::Write as _;

use chrono::{Days, NaiveDate};

use super::Rows;
use super::csv::Lines;
use super::random::{Random, Stream};
use super::words::{FIRST_NAMES, LAST_NAMES, Words};

const GENDERS: [&str; 2] = ["Male", "Female"];
const BLOOD_TYPES: [&str; 8] = ["A-", "A+", "AB+", "AB-", "B+", "B-", "O+", "O-"];
const CONDITIONS: [&str; 6] = [
    "Arthritis",
    "Asthma",
    "Cancer",
    "Diabetes",
    "Hypertension",
    "Obesity",
];
const INSURERS: [&str; 5] = [
    "Aetna",
    "Blue Cross",
    "Cigna",
    "Medicare",
    "UnitedHealthcare",
];
const ADMISSION_TYPES: [&str; 3] = ["Elective", "Emergency", "Urgent"];
const MEDICATIONS: [&str; 5] = [
    "Aspirin",
    "Ibuprofen",
    "Lipitor",
    "Paracetamol",
    "Penicillin",
];
const TEST_RESULTS: [&str; 3] = ["Abnormal", "Inconclusive", "Normal"];
const COMPANY_ENDINGS: [&str; 6] = ["Group", "Inc", "LLC", "Ltd", "PLC", "and Sons"];

/// Before a name and after it, in how many of 10,000 names.
const TITLES: &str = "Mr. |75\nDr. |59\nMrs. |50\nMs. |9\nMiss |8\n|9799\n";
const DEGREES: &str = " MD|86\n DDS|56\n DVM|30\n Jr.|26\n PhD|20\n II|7\n III|3\n|9772\n";

/// Rows that repeat an earlier one: this many of that many.
const REPEATS: (u64, u64) = (11, 111);

const FIRST_ADMISSION: NaiveDate = match NaiveDate::from_ymd_opt(2019, 5, 8) {
    Some(date) => date,
    None => NaiveDate::MIN,
};
/// Five years.
const ADMISSION_DAYS: u32 = 1827;
const LONGEST_STAY: u32 = 30;

/// Admissions of one size and seed.
#[derive(Debug)]
pub struct Admissions {
    stream: Stream,
    originals: u64,
    repeats: u64,
    people: People,
    /// The days from the first admission to the last discharge, as text.
    days: String,
}

impl Admissions {
    /// A file of `rows` rows.
    pub fn new(rows: u64, seed: u64) -> Self {
        let repeats = (u128::from(rows) * u128::from(REPEATS.0) / u128::from(REPEATS.1)) as u64;
        Admissions {
            stream: Stream::new(seed, 0),
            originals: rows - repeats,
            repeats,
            people: People::new(),
            days: days(),
        }
    }

    /// The day `number` days after the first admission.
    fn day(&self, number: u32) -> &str {
        const LENGTH: usize = "2019-05-08".len();
        let start = number as usize * LENGTH;
        &self.days[start..start + LENGTH]
    }
}

impl Rows for Admissions {
    const HEADER: &'static str = "Name,Age,Gender,Blood Type,Medical Condition,Date of Admission,\
        Doctor,Hospital,Insurance Provider,Billing Amount,Room Number,Admission Type,Discharge Date,\
        Medication,Test Results";
    const LINE_END: &'static str = "\r\n";

    fn write(&self, row: u64, lines: &mut Lines) {
        let (original, years_off) = match row.checked_sub(self.originals) {
            None => (row, 0),
            Some(repeat) => {
                let random = &mut self.stream.at(row);
                let original = random.within_part(repeat, self.repeats, self.originals);
                (original, i64::from(random.below(10)) - 5)
            }
        };
        let random = &mut self.stream.at(original);
        self.people.patient(random, lines);
        let age = i64::from(random.between(18, 85)) + years_off;
        lines.whole(age.unsigned_abs());
        lines.plain(random.pick(&GENDERS));
        lines.plain(random.pick(&BLOOD_TYPES));
        lines.plain(random.pick(&CONDITIONS));
        let admission = random.below(ADMISSION_DAYS);
        lines.plain(self.day(admission));
        self.people.doctor(random, lines);
        self.people.hospital(random, lines);
        lines.plain(random.pick(&INSURERS));
        lines.double(bill(random));
        lines.whole(random.between(101, 500).into());
        lines.plain(random.pick(&ADMISSION_TYPES));
        lines.plain(self.day(admission + random.between(1, LONGEST_STAY)));
        lines.plain(random.pick(&MEDICATIONS));
        lines.plain(random.pick(&TEST_RESULTS));
        lines.end_line();
    }
}

/// Even from 1,000 to 50,000, with a noise that makes two of a thousand negative.
fn bill(random: &mut Random) -> f64 {
    1_000.0 + 49_000.0 * random.share() + 1_000.0 * random.deviation()
}

fn days() -> String {
    let count = u64::from(ADMISSION_DAYS + LONGEST_STAY);
    (0..count).fold(String::new(), |mut text, number| {
        if let Some(day) = FIRST_ADMISSION.checked_add_days(Days::new(number)) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{day}");
        }
        text
    })
}

/// Names of patients, doctors and hospitals.
#[derive(Debug)]
struct People {
    first_names: Words,
    last_names: Words,
    titles: Words,
    degrees: Words,
}

impl People {
    fn new() -> Self {
        People {
            first_names: Words::new(FIRST_NAMES),
            last_names: Words::new(LAST_NAMES),
            titles: Words::new(TITLES),
            degrees: Words::new(DEGREES),
        }
    }

    fn patient(&self, random: &mut Random, lines: &mut Lines) {
        let bits = &mut random.bits();
        for part in self.full_name(random) {
            lines.random_case(part, bits);
        }
        lines.end_field();
    }

    fn doctor(&self, random: &mut Random, lines: &mut Lines) {
        for part in self.full_name(random) {
            lines.part(part);
        }
        lines.end_field();
    }

    fn full_name(&self, random: &mut Random) -> [&'static str; 5] {
        [
            self.titles.draw(random),
            self.first_names.draw(random),
            " ",
            self.last_names.draw(random),
            self.degrees.draw(random),
        ]
    }

    /// `Cook-Hart`, `Cook PLC` or `Cook, Hart and Kim`, a third each; of the latter two the words are
    /// shuffled, and a comma stays with the word before it.
    fn hospital(&self, random: &mut Random, lines: &mut Lines) {
        match random.below(3) {
            0 => {
                lines.part(self.last_names.draw(random));
                lines.part("-");
                lines.part(self.last_names.draw(random));
                lines.end_field();
            }
            1 => self.company(random, lines),
            _ => lines.quoted(|lines| self.partners(random, lines)),
        }
    }

    fn company(&self, random: &mut Random, lines: &mut Lines) {
        let owner = self.last_names.draw(random);
        match random.pick(&COMPANY_ENDINGS) {
            "and Sons" => {
                let mut words = [owner, "and", "Sons"];
                random.shuffle(&mut words);
                let [first, second, third] = words;
                for part in [first, " ", second, " ", third] {
                    lines.part(part);
                }
            }
            ending => {
                let (first, second) = match random.happens(1, 2) {
                    true => (owner, ending),
                    false => (ending, owner),
                };
                for part in [first, " ", second] {
                    lines.part(part);
                }
            }
        }
        lines.end_field();
    }

    fn partners(&self, random: &mut Random, lines: &mut Lines) {
        let mut name = || self.last_names.draw(random);
        let mut words = [(name(), ","), (name(), ""), ("and", ""), (name(), "")];
        random.shuffle(&mut words);
        for (position, (word, comma)) in words.into_iter().enumerate() {
            lines.part(if position == 0 { "" } else { " " });
            lines.part(word);
            lines.part(comma);
        }
    }
}
