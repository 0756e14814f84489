//! Drugs by prescriber, as in the public use file of Medicare Part D, with the column `years_of_exp`
//! that a well-known copy of it adds.
//!
//! Its quirks: what is missing is `""`; counts of beneficiaries below 11 are left out, and those from
//! 65 years on carry `*` or `#` for it; years are `= 28.0`; some first names are initials, and some
//! last names hold spaces; some drugs and counts of claims are missing; an NPI has ten digits, the last
//! of which checks the others. A prescriber has one row per drug, in the order of the drugs.

use std::ops::Range;

use super::Rows;
use super::csv::Lines;
use super::quantiles::Quantiles;
use super::random::{Random, Stream};
use super::words::{CITIES, FIRST_NAMES, LAST_NAMES, SPECIALTIES, Words};

/// The drugs, one `brand|generic|popularity|dollars per day` per line.
const DRUGS: &str = include_str!("words/drugs.txt");

/// Rows are shared out among prescribers block by block.
const BLOCK: u64 = 64;
const PRESCRIBERS_PER_BLOCK: u64 = 3;

/// Prescribers and their drugs, of one size and seed.
#[derive(Debug)]
pub struct PrescriberDrugs {
    blocks: Stream,
    prescribers: Stream,
    rows: Stream,
    prescriber_count: u64,
    first_names: Words,
    last_names: Words,
    cities: Words,
    specialties: Words,
    drugs: Vec<Drug>,
}

impl PrescriberDrugs {
    /// A file of `rows` rows.
    pub fn new(rows: u64, seed: u64) -> Self {
        PrescriberDrugs {
            blocks: Stream::new(seed, 0),
            prescribers: Stream::new(seed, 1),
            rows: Stream::new(seed, 2),
            prescriber_count: rows.div_ceil(BLOCK) * PRESCRIBERS_PER_BLOCK,
            first_names: Words::new(FIRST_NAMES),
            last_names: Words::new(LAST_NAMES),
            cities: Words::new(CITIES),
            specialties: Words::new(SPECIALTIES),
            drugs: DRUGS.lines().filter_map(Drug::parse).collect(),
        }
    }

    /// Whose row it is, and which of this prescriber's.
    fn place(&self, row: u64) -> Place {
        let random = &mut self.blocks.at(row / BLOCK);
        let second = u64::from(random.between(4, 31));
        let third = second + u64::from(random.between(4, 27));
        let (number, start, end) = match row % BLOCK {
            row if row < second => (0, 0, second),
            row if row < third => (1, second, third),
            _ => (2, third, BLOCK),
        };
        Place {
            prescriber: row / BLOCK * PRESCRIBERS_PER_BLOCK + number,
            drug: row % BLOCK - start,
            drugs: end - start,
        }
    }

    fn prescriber(&self, number: u64) -> Prescriber {
        let random = &mut self.prescribers.at(number);
        Prescriber {
            npi: npi(number, self.prescriber_count, random),
            last_name: match random.below(100) {
                0 => ["VAN DE ", self.last_names.draw(random), ""],
                1 => ["ST ", self.last_names.draw(random), ""],
                2..5 => [
                    self.last_names.draw(random),
                    "-",
                    self.last_names.draw(random),
                ],
                _ => ["", self.last_names.draw(random), ""],
            },
            first_name: self.first_names.draw(random),
            is_initial: random.happens(1, 100),
            city_and_state: self.cities.draw(random),
            specialty: self.specialties.draw(random),
            specialty_from_claims: random.happens(2, 100),
            years: random.between(1, 30),
        }
    }
}

impl Rows for PrescriberDrugs {
    const HEADER: &'static str = "npi,nppes_provider_last_org_name,nppes_provider_first_name,\
        nppes_provider_city,nppes_provider_state,specialty_description,description_flag,drug_name,\
        generic_name,bene_count,total_claim_count,total_30_day_fill_count,total_day_supply,\
        total_drug_cost,bene_count_ge65,bene_count_ge65_suppress_flag,total_claim_count_ge65,\
        ge65_suppress_flag,total_30_day_fill_count_ge65,total_day_supply_ge65,total_drug_cost_ge65,\
        years_of_exp";
    const LINE_END: &'static str = "\n";

    fn write(&self, row: u64, lines: &mut Lines) {
        let place = self.place(row);
        let prescriber = self.prescriber(place.prescriber);
        let random = &mut self.rows.at(row);
        let drug = random.within_part(place.drug, place.drugs, self.drugs.len() as u64);
        let drug = &self.drugs[drug as usize];
        prescriber.write(lines);
        match random.happens(3, 105) {
            true => lines.missing(),
            false => lines.text(drug.brand),
        }
        lines.text(drug.generic);
        write_counts(drug, random, lines);
        lines.part("= ");
        lines.part(itoa::Buffer::new().format(prescriber.years));
        lines.plain(".0");
        lines.end_line();
    }
}

struct Place {
    prescriber: u64,
    drug: u64,
    drugs: u64,
}

#[derive(Debug)]
struct Prescriber {
    npi: u64,
    last_name: [&'static str; 3],
    first_name: &'static str,
    is_initial: bool,
    city_and_state: &'static str,
    specialty: &'static str,
    specialty_from_claims: bool,
    years: u32,
}

impl Prescriber {
    /// The first seven columns.
    fn write(&self, lines: &mut Lines) {
        lines.whole(self.npi);
        for part in self.last_name {
            lines.capitals(part);
        }
        lines.end_field();
        match self.is_initial {
            true => {
                lines.part(&self.first_name[..1]);
                lines.plain(".");
            }
            false => {
                lines.capitals(self.first_name);
                lines.end_field();
            }
        }
        let (city, state) = self.city_and_state.split_once('|').unwrap_or_default();
        lines.plain(city);
        lines.plain(state);
        lines.plain(self.specialty);
        lines.plain(if self.specialty_from_claims { "T" } else { "S" });
    }
}

/// The NPI of a prescriber: nine digits that rise with the number, and the check digit.
fn npi(number: u64, count: u64, random: &mut Random) -> u64 {
    /// The first digit of a person's is 1.
    const DIGITS: Range<u64> = 100_000_000..200_000_000;
    let whole = (DIGITS.end - DIGITS.start).max(count);
    let digits = DIGITS.start + random.within_part(number, count, whole);
    digits * 10 + check_digit(digits)
}

/// Luhn's check digit of the nine digits of an NPI, which counts the prefix 80840 of health cards in.
fn check_digit(digits: u64) -> u64 {
    const OF_PREFIX: u64 = 24;
    let (mut left, mut sum, mut doubled) = (digits, OF_PREFIX, true);
    while left > 0 {
        let digit = left % 10 * if doubled { 2 } else { 1 };
        sum += digit / 10 + digit % 10;
        (left, doubled) = (left / 10, !doubled);
    }
    (10 - sum % 10) % 10
}

#[derive(Debug)]
struct Drug {
    brand: &'static str,
    generic: &'static str,
    popularity: u64,
    cents_per_day: u64,
}

impl Drug {
    fn parse(line: &'static str) -> Option<Self> {
        let mut parts = line.split('|');
        let drug = Drug {
            brand: parts.next()?,
            generic: parts.next()?,
            popularity: parts.next()?.parse().ok()?,
            cents_per_day: parts.next()?.replace('.', "").parse().ok()?,
        };
        parts.next().is_none().then_some(drug)
    }
}

/// Claims per row, for a drug of popularity [`USUAL_POPULARITY`].
static CLAIMS: Quantiles = Quantiles([
    11.0, 11.0, 11.0, 11.0, 14.0, 17.0, 22.0, 35.0, 59.0, 99.0, 160.0, 600.0, 1_500.0, 6_000.0,
]);
const USUAL_POPULARITY: u64 = 50;
/// Rows with less are not published.
const LEAST: u64 = 11;

/// What was prescribed, to all or to those from 65 years on.
#[derive(Clone, Copy, Default)]
struct Prescribed {
    claims: u64,
    tenths_of_fills: u64,
    days: u64,
    cents: u64,
}

impl Prescribed {
    fn draw(drug: &Drug, random: &mut Random) -> Self {
        let beyond = CLAIMS.draw(random) as u64 - LEAST;
        let claims = LEAST + beyond * drug.popularity / USUAL_POPULARITY;
        // A claim fills one to three times 30 days; most short ones are for less.
        let tenths_of_fills = match random.below(10) {
            0..4 => claims * 10,
            4..7 => claims * u64::from(random.between(11, 29)) / 10 * 10,
            _ => claims * u64::from(random.between(10, 29)),
        };
        let days_per_fill = match random.happens(7, 10) {
            true => 30,
            false => random.between(6, 30),
        };
        let days = (tenths_of_fills * u64::from(days_per_fill) / 10).max(1);
        let price = u64::from(random.between(80, 120));
        Prescribed {
            claims,
            tenths_of_fills,
            days,
            cents: days * drug.cents_per_day * price / 100,
        }
    }

    /// The same share of everything, in per cent; claims are at least as many as get published.
    fn part(self, share: u64) -> Self {
        Prescribed {
            claims: (self.claims * share / 100).max(LEAST),
            tenths_of_fills: (self.tenths_of_fills * share / 100).max(LEAST * 10),
            days: (self.days * share / 100).max(1),
            cents: self.cents * share / 100,
        }
    }

    fn write_amounts(self, lines: &mut Lines) {
        lines.tenths(self.tenths_of_fills);
        lines.whole(self.days);
        lines.cents(self.cents);
    }
}

/// What is known of those from 65 years on.
enum FromAge65 {
    /// How many they are, and what was prescribed.
    All(u64, Prescribed),
    /// What was prescribed; and why not how many they are.
    Prescribed(&'static str, Prescribed),
    /// Nothing; and why.
    Nothing(&'static str),
}

impl FromAge65 {
    fn draw(patients: Option<u64>, total: Prescribed, random: &mut Random) -> Self {
        let part = match random.happens(6, 10) {
            true => total,
            false => total.part(random.between(40, 99).into()),
        };
        match random.below(105) {
            0..12 => match patients {
                Some(patients) => FromAge65::All(patients, total),
                None => FromAge65::All(0, Prescribed::default()),
            },
            12..50 => FromAge65::Prescribed("*", part),
            50..55 => FromAge65::Prescribed("#", part),
            55..70 => FromAge65::Nothing("*"),
            _ => FromAge65::Nothing("#"),
        }
    }

    /// The seven columns from `bene_count_ge65` on.
    fn write(&self, lines: &mut Lines) {
        let (patients, flag) = match self {
            FromAge65::All(patients, _) => (Some(*patients), None),
            FromAge65::Prescribed(flag, _) | FromAge65::Nothing(flag) => (None, Some(*flag)),
        };
        write_or_missing(patients, lines);
        match flag {
            Some(flag) => lines.plain(flag),
            None => lines.missing(),
        }
        match self {
            FromAge65::All(_, prescribed) | FromAge65::Prescribed(_, prescribed) => {
                lines.whole(prescribed.claims);
                lines.missing();
                prescribed.write_amounts(lines);
            }
            FromAge65::Nothing(flag) => {
                lines.missing();
                lines.plain(flag);
                (0..3).for_each(|_| lines.missing());
            }
        }
    }
}

/// The twelve columns from `bene_count` to `total_drug_cost_ge65`.
fn write_counts(drug: &Drug, random: &mut Random, lines: &mut Lines) {
    let total = Prescribed::draw(drug, random);
    let patients = random.happens(37, 105).then(|| {
        let spare_claims = (total.claims - LEAST) as u32;
        LEAST + u64::from(random.below(spare_claims / 2 + 1))
    });
    write_or_missing(patients, lines);
    let claims = (!random.happens(6, 105)).then_some(total.claims);
    write_or_missing(claims, lines);
    total.write_amounts(lines);
    FromAge65::draw(patients, total, random).write(lines);
}

fn write_or_missing(number: Option<u64>, lines: &mut Lines) {
    match number {
        Some(number) => lines.whole(number),
        None => lines.missing(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_drug() {
        assert!(DRUGS.lines().all(|line| Drug::parse(line).is_some()));
    }

    #[test]
    fn check_digits_are_those_of_issued_numbers() {
        for npi in [
            1_437_118_403_u64,
            1_841_297_421,
            1_770_522_567,
            1_013_960_756,
        ] {
            assert_eq!(check_digit(npi / 10), npi % 10);
        }
    }
}
