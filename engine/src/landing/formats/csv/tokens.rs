//! Where fields and lines end, found 64 bytes at a time.
//!
//! Three comparisons give a bit for every delimiter, quote and line end of a block; a running
//! exclusive or over the quotes tells which of them stand inside (Langdale and Lemire, "Parsing
//! gigabytes of JSON per second", 2019). That is right for as long as quotes come in pairs, which
//! the caller checks for each record from the number of quotes that it is told.

use wide::u8x16;

use super::options::Dialect;

const BLOCK: usize = 64;
const LANE: usize = 16;

/// Finds ends of fields from one record to the next.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    delimiter: u8x16,
    line_end: u8x16,
    quote: Option<u8x16>,
    block: Block,
    /// Where the block starts, and where the next one does.
    base: usize,
    next: usize,
    /// All ones if the next block starts inside quotes.
    inside: u64,
    /// Quotes in the blocks before.
    quotes: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Block {
    /// Ends of fields and lines that were not handed out yet.
    ends: u64,
    line_ends: u64,
    quotes: u64,
}

/// The end of a line outside quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineEnd {
    /// Where the line feed stands.
    pub(super) at: usize,
    /// Quotes up to there since the tokens began.
    pub(super) quotes: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens of `bytes` from a record that starts at `start` on.
    pub(super) fn new(bytes: &'a [u8], start: usize, dialect: Dialect) -> Self {
        Tokens {
            bytes,
            delimiter: u8x16::splat(dialect.delimiter),
            line_end: u8x16::splat(b'\n'),
            quote: dialect.quote.map(u8x16::splat),
            block: Block::default(),
            base: start,
            next: start,
            inside: 0,
            quotes: 0,
        }
    }

    /// Adds the ends of the fields up to the next line end outside quotes, and tells where that
    /// is; `None` if there is no further one.
    pub(super) fn next_line(&mut self, ends: &mut Vec<u32>) -> Option<LineEnd> {
        loop {
            while self.block.ends != 0 {
                let bit = self.block.ends.trailing_zeros();
                self.block.ends &= self.block.ends - 1;
                let at = self.base + bit as usize;
                ends.push(at as u32);
                if self.block.line_ends >> bit & 1 == 1 {
                    let before = self.block.quotes & ((1 << bit) - 1);
                    let quotes = self.quotes + before.count_ones() as usize;
                    return Some(LineEnd { at, quotes });
                }
            }
            if self.next >= self.bytes.len() {
                return None;
            }
            self.load();
        }
    }

    fn load(&mut self) {
        self.quotes += self.block.quotes.count_ones() as usize;
        self.base = self.next;
        self.next += BLOCK;
        let block = match self.bytes[self.base..].first_chunk::<BLOCK>() {
            Some(block) => self.classify(block),
            None => {
                // No part of a dialect is NUL.
                let rest = &self.bytes[self.base..];
                let mut padded = [0; BLOCK];
                padded[..rest.len()].copy_from_slice(rest);
                self.classify(&padded)
            }
        };
        let inside = prefix_xor(block.quotes) ^ self.inside;
        self.inside = ((inside as i64) >> 63) as u64;
        self.block = Block {
            ends: block.ends & !inside,
            ..block
        };
    }

    fn classify(&self, bytes: &[u8; BLOCK]) -> Block {
        let mut block = Block::default();
        let (lanes, _) = bytes.as_chunks::<LANE>();
        for (index, lane) in lanes.iter().enumerate() {
            let lane = u8x16::new(*lane);
            let mask = |byte: u8x16| u64::from(lane.simd_eq(byte).to_bitmask()) << (index * LANE);
            block.ends |= mask(self.delimiter);
            block.line_ends |= mask(self.line_end);
            block.quotes |= self.quote.map_or(0, mask);
        }
        block.ends |= block.line_ends;
        block
    }
}

/// Each bit becomes the parity of itself and all below.
fn prefix_xor(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32]
        .into_iter()
        .fold(bits, |bits, shift| bits ^ (bits << shift))
}

#[cfg(test)]
mod tests {
    use super::super::scan::{Scan, scan};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn well_formed_records_end_where_the_exact_scan_says(
            fields in proptest::collection::vec(("[a-z]{0,70}|\"([a-z,\n]|\"\"){0,90}\"", prop_oneof![Just(','), Just('\n')]), 1..30),
            start in 0usize..70,
        ) {
            let text: String = "x".repeat(start) + &fields.into_iter().map(|(field, end)| format!("{field}{end}")).collect::<String>();
            let dialect = Dialect::default();
            let (mut tokens, mut at) = (Tokens::new(text.as_bytes(), start, dialect), start);
            let (mut found, mut exact) = (Vec::new(), Vec::new());
            while let Some(line) = tokens.next_line(&mut found) {
                let record = scan(text.as_bytes(), at, true, dialect, &mut exact);
                prop_assert_eq!(record, Scan::Record { end: line.at, next: line.at + 1 });
                prop_assert_eq!(&found, &exact);
                at = line.at + 1;
                prop_assert_eq!(line.quotes, text[..at].matches('"').count());
            }
        }
    }
}
