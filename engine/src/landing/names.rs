//! Column names: from whatever a file's header says to names that SQL takes without quotes.

use std::collections::HashMap;

use crate::{Error, Result};

/// A header as a snake_case name: `Billing Amount` and `BillingAmount` become `billing_amount`,
/// `transactionID` becomes `transaction_id`.
///
/// Letters of every script stay, in lower case; accents that stand as characters of their own go.
/// Everything that an unquoted name may not hold separates words, and a name that would start
/// with a digit gets an underscore in front. A name that is already snake_case stays as it is. A
/// header without a letter or digit gives an empty name.
pub fn snake_case(header: &str) -> String {
    let letters: Vec<char> = header
        .chars()
        .filter(|letter| !is_accent(*letter))
        .collect();
    let mut name = String::with_capacity(header.len() + 4);
    for (index, letter) in letters.iter().enumerate() {
        if !is_word(*letter) {
            continue;
        }
        let before = index
            .checked_sub(1)
            .and_then(|before| letters.get(before))
            .copied();
        let starts_word = match before {
            Some(before) if is_word(before) => is_hump(before, *letter, &letters[index + 1..]),
            _ => !name.is_empty() || header.starts_with('_') || letter.is_ascii_digit(),
        };
        if starts_word {
            name.push('_');
        }
        name.extend(letter.to_lowercase().filter(|lower| !is_accent(*lower)));
    }
    name
}

/// Every header with its snake_case name, as (name, header) in the order of the file. A header
/// without a letter or digit is named by its place: `column_16`.
///
/// # Errors
/// Two headers with the same name; the message gives both.
pub fn unique_names<S: AsRef<str>>(headers: &[S]) -> Result<Vec<(String, String)>> {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(headers.len());
    let mut names = Vec::with_capacity(headers.len());
    for (index, header) in headers.iter().enumerate() {
        let header = header.as_ref();
        let name = match snake_case(header) {
            empty if empty.is_empty() => unnamed(index),
            name => name,
        };
        if let Some(first) = seen.insert(name.clone(), index) {
            let other = headers[first].as_ref();
            return Err(Error::input(format!(
                "columns {} (`{other}`) and {} (`{header}`) would both be named `{name}`",
                first + 1,
                index + 1
            ))
            .hint(
                "rename one of them in the file, or keep the names as they are with NAMES keep",
            ));
        }
        names.push((name, header.to_owned()));
    }
    Ok(names)
}

/// The name of a column that has none, by its place from 0.
pub(crate) fn unnamed(index: usize) -> String {
    format!("column_{}", index + 1)
}

/// What an unquoted name may hold, beside the underscore.
fn is_word(letter: char) -> bool {
    letter.is_alphabetic() || letter.is_ascii_digit()
}

/// Combining accents, which decomposed text (as macOS writes it) puts after the letter.
fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// A capital that has a lower case; mathematical letters have none and would stay capitals.
fn is_capital(letter: char) -> bool {
    letter.is_uppercase() && !letter.to_lowercase().eq([letter])
}

/// Whether a capital starts a word: `bloodType`, `Q1Total`, and the last capital of `HTTPServer`,
/// but not the plural of `patientIDs`.
fn is_hump(before: char, letter: char, rest: &[char]) -> bool {
    if !is_capital(letter) {
        return false;
    }
    if !is_capital(before) {
        return true;
    }
    match rest {
        ['s'] => false,
        ['s', after, ..] if !after.is_lowercase() => false,
        [next, ..] => next.is_lowercase(),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_of_real_files() {
        for (header, name) in [
            ("Billing Amount", "billing_amount"),
            ("Date of Admission", "date_of_admission"),
            ("BloodType", "blood_type"),
            ("transactionID", "transaction_id"),
            ("nppes_provider_state", "nppes_provider_state"),
            ("bene_count_ge65", "bene_count_ge65"),
            ("total_30_day_fill_count", "total_30_day_fill_count"),
            ("oldbalanceOrg", "oldbalance_org"),
            ("isFlaggedFraud", "is_flagged_fraud"),
            ("SepalLengthCm", "sepal_length_cm"),
            ("HTTPServer", "http_server"),
            ("patientIDs", "patient_ids"),
            ("patientIDsOld", "patient_ids_old"),
            ("Q1Total", "q1_total"),
            ("BMI", "bmi"),
            ("Umlaut Ä", "umlaut_ä"),
            ("Tempe\u{301}rature", "temperature"),
            ("Größe (m²)", "größe_m"),
            ("  spaced -- out  ", "spaced_out"),
            ("2024 total", "_2024_total"),
            ("_id", "_id"),
            ("患者", "患者"),
            ("%", ""),
            ("", ""),
        ] {
            assert_eq!(snake_case(header), name, "{header:?}");
        }
    }

    #[test]
    fn unnamed_columns_are_named_by_their_place() {
        let names = unique_names(&["Test Results", ""]).unwrap();
        assert_eq!(
            names,
            [
                ("test_results".into(), "Test Results".into()),
                ("column_2".into(), String::new())
            ]
        );
    }

    #[test]
    fn two_headers_of_one_name_are_both_named() {
        let error = unique_names(&["id", "Billing Amount", "billing_amount"]).unwrap_err();
        assert_eq!(
            error.message(),
            "columns 2 (`Billing Amount`) and 3 (`billing_amount`) would both be named `billing_amount`"
        );
    }

    proptest! {
        #[test]
        fn snake_case_stays_as_it_is(header in "\\PC{0,20}") {
            let name = snake_case(&header);
            prop_assert_eq!(snake_case(&name), name);
        }

        #[test]
        fn names_need_no_quotes(header in "\\PC{0,20}") {
            let name = snake_case(&header);
            prop_assert!(name.chars().all(|letter| letter == '_' || is_word(letter)));
            prop_assert!(!name.starts_with(|letter: char| letter.is_ascii_digit()));
        }
    }
}
