//! Holds what is generated to the real files: promises of all data sets here, quirks one file each.

#![allow(clippy::unwrap_used)]

mod fraud;
mod hospital;
mod part_d;

use std::fmt;
use std::io;

use clap::ValueEnum;
use csv::{Reader, ReaderBuilder, StringRecord};

use super::{Dataset, generate};

fn bytes(dataset: Dataset, rows: u64, seed: u64) -> Vec<u8> {
    let mut bytes = vec![];
    generate(dataset, rows, seed, &mut bytes).unwrap();
    bytes
}

fn reader(bytes: &[u8]) -> Reader<&[u8]> {
    // Not flexible: a row of another width than the header is an error.
    ReaderBuilder::new().from_reader(bytes)
}

fn records(bytes: &[u8]) -> Vec<StringRecord> {
    reader(bytes).records().map(Result::unwrap).collect()
}

/// Checks that something is as often as in the real file, within a share of it.
#[track_caller]
fn assert_near(what: impl fmt::Debug, found: f64, real: f64, tolerance: f64) {
    let off = (found / real - 1.0).abs();
    assert!(
        off <= tolerance,
        "{what:?}: {found}, but {real} in the real file"
    );
}

/// How many rows a condition holds for.
fn count(records: &[StringRecord], holds: impl Fn(&StringRecord) -> bool) -> f64 {
    records.iter().filter(|record| holds(record)).count() as f64
}

#[test]
fn the_seed_decides_every_byte() {
    for dataset in Dataset::value_variants() {
        let first = bytes(*dataset, 2_000, 7);
        assert_eq!(first, bytes(*dataset, 2_000, 7));
        assert_ne!(first, bytes(*dataset, 2_000, 8));
    }
}

#[test]
fn the_bytes_do_not_change_from_version_to_version() {
    // Figures of different days compare only if their data is the same.
    let hash_of = |dataset| blake3::hash(&bytes(dataset, 2_000, 42)).to_hex()[..16].to_owned();
    assert_eq!(
        [Dataset::Hospital, Dataset::Fraud, Dataset::PartD].map(hash_of),
        ["d990964d95aa37bf", "83a137f533afa0af", "5a5a717380e5ae64"]
    );
}

#[test]
fn rows_are_as_many_as_asked_for_and_as_wide_as_the_header() {
    for (dataset, width) in [
        (Dataset::Hospital, 15),
        (Dataset::Fraud, 13),
        (Dataset::PartD, 22),
    ] {
        // One row, a block of rows, and the first size at which a row repeats another.
        for rows in [0, 1, 2, 10, 11, 64, 65, 5_000] {
            let bytes = bytes(dataset, rows, 1);
            assert_eq!(reader(&bytes).headers().unwrap().len(), width);
            assert_eq!(records(&bytes).len() as u64, rows, "{dataset:?}");
        }
    }
}

#[test]
fn rows_stay_the_same_when_there_are_more() {
    // All but those at the end, which repeat others.
    let (few, more) = (
        bytes(Dataset::Hospital, 1_000, 3),
        bytes(Dataset::Hospital, 2_000, 3),
    );
    let same = few.iter().zip(&more).take_while(|(few, more)| few == more);
    assert!(same.count() > few.len() * 8 / 10);
}

#[test]
fn a_full_disk_is_told() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = generate(Dataset::Fraud, 10, 1, &mut Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
