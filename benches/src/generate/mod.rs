//! Data in any size, with the schema and the quirks of real files.
//!
//! The real files are too small to measure with, or too large to ship. Shares, lists and distributions
//! here are theirs; the test of each data set holds it to them.
//!
//! A row is a pure function of the seed and its number. So memory stays the same for any number of
//! rows, the bytes do not depend on anything but the seed, and a row that repeats another one far
//! above it can be made without having kept that one.

mod command;
mod csv;
mod fraud;
mod hospital;
mod part_d;
mod quantiles;
mod random;
mod words;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use clap::ValueEnum;

pub use command::Generate;

use csv::Lines;
use fraud::Transactions;
use hospital::Admissions;
use part_d::PrescriberDrugs;

/// Data that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dataset {
    /// Admissions to hospitals: 15 columns, 151 bytes per row
    Hospital,
    /// Mobile money transactions of PaySim, with an id and a timestamp: 13 columns
    Fraud,
    /// Drugs by prescriber, from Medicare Part D: 22 columns
    PartD,
}

/// Writes a header and `rows` rows of CSV. The same seed gives the same bytes on every machine.
pub fn generate(dataset: Dataset, rows: u64, seed: u64, out: &mut impl Write) -> io::Result<()> {
    match dataset {
        Dataset::Hospital => write_rows(&Admissions::new(rows, seed), rows, out),
        Dataset::Fraud => write_rows(&Transactions::new(rows, seed), rows, out),
        Dataset::PartD => write_rows(&PrescriberDrugs::new(rows, seed), rows, out),
    }
}

/// A data set of one size and one seed.
trait Rows {
    /// The names of the columns, as in the first line of the file.
    const HEADER: &'static str;
    /// What ends a line.
    const LINE_END: &'static str;

    /// Writes row `row`, counted from 0.
    fn write(&self, row: u64, lines: &mut Lines);
}

/// How many bytes are handed on at once.
const BLOCK: usize = 1 << 18;

fn write_rows<R: Rows>(data: &R, rows: u64, out: &mut impl Write) -> io::Result<()> {
    let mut lines = Lines::with_capacity(BLOCK, R::LINE_END);
    lines.header(R::HEADER);
    for row in 0..rows {
        data.write(row, &mut lines);
        if lines.bytes().len() >= BLOCK {
            out.write_all(lines.bytes())?;
            lines.clear();
        }
    }
    out.write_all(lines.bytes())?;
    out.flush()
}
