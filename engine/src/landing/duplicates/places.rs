//! Fingerprints with the places of their rows, kept in memory as far as it goes and on disk beyond,
//! and the decision which rows stay.
//!
//! They are kept apart by their first bits. Equal ones are then in the same part, a part is small
//! enough to be sorted by itself, and no table of all fingerprints is ever needed: 24 bytes per
//! row, 600 MB for 25 million, of which the pool decides how much is in memory.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::BooleanBuffer;
use datafusion::execution::SpillFile;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::sql::Keep;
use crate::{Error, Result};

/// Parts, told apart by the first byte.
const PARTS: usize = 256;
/// Parts that are sorted at the same time, by as many threads as there are.
const PARTS_AT_ONCE: usize = 8;
/// Entries that a part gets room for at once.
const BLOCK: usize = 512;
const ENTRY_BYTES: usize = 24;
const BLOCK_BYTES: usize = BLOCK * ENTRY_BYTES;
/// Without a block for every part there is nothing to work with.
const LEAST_BYTES: usize = PARTS * BLOCK_BYTES;
/// Set in the place of a row of the load. So rows of the table come first.
const LOADED: u64 = 1 << 63;

/// A fingerprint in two halves and a place: for a row of the load its number there, for one of the
/// table the number of its file.
type Entry = [u64; 3];

/// All that has been noted.
pub(super) struct Places {
    runtime: Arc<RuntimeEnv>,
    reservation: MemoryReservation,
    parts: Vec<Vec<Vec<Entry>>>,
    spilled: Option<Spilled>,
    loaded_rows: u64,
}

/// What went to disk: for each part where its entries are, and how many.
struct Spilled {
    file: Arc<dyn SpillFile>,
    runs: Vec<Vec<(u64, usize)>>,
    end: u64,
}

/// Which rows stay.
#[derive(Debug)]
pub(super) struct Decided {
    /// For each row of the load whether it is left out.
    pub(super) dropped: BooleanBuffer,
    /// Fingerprints of rows of the table that make place.
    pub(super) replaced: HashSet<u128>,
    /// The files that they are in.
    pub(super) files_affected: HashSet<u64>,
    /// For each file of the load how many rows of the table make place for its rows.
    pub(super) replaced_by_file: Vec<u64>,
}

impl Places {
    /// None yet.
    pub(super) fn new(runtime: &Arc<RuntimeEnv>) -> Result<Self> {
        let reservation = MemoryConsumer::new("fingerprints of rows")
            .with_can_spill(true)
            .register(&runtime.memory_pool);
        reservation.try_grow(LEAST_BYTES)?;
        Ok(Places {
            runtime: Arc::clone(runtime),
            reservation,
            parts: vec![Vec::new(); PARTS],
            spilled: None,
            loaded_rows: 0,
        })
    }

    /// How many rows of the load have been noted.
    pub(super) fn loaded_rows(&self) -> u64 {
        self.loaded_rows
    }

    /// Notes the next rows of the load.
    pub(super) fn add_loaded(&mut self, fingerprints: &[u128]) -> Result<()> {
        for fingerprint in fingerprints {
            self.add(*fingerprint, LOADED | self.loaded_rows)?;
            self.loaded_rows += 1;
        }
        Ok(())
    }

    /// Notes a row of the table that is in this file.
    pub(super) fn add_present(&mut self, fingerprint: u128, file: u64) -> Result<()> {
        self.add(fingerprint, file)
    }

    /// Decides which of all rows stay. `starts` says where the rows of each file begin, and where
    /// those of the last one end.
    pub(super) fn decide(mut self, keep: Keep, starts: &[u64]) -> Result<Decided> {
        let mut decision = Decision::new(keep, self.loaded_rows as usize, starts);
        for first in (0..PARTS).step_by(PARTS_AT_ONCE) {
            let parts = (first..first + PARTS_AT_ONCE).into_par_iter();
            let sorted = parts.map(|part| self.sorted(part));
            for entries in sorted.collect::<Result<Vec<_>>>()? {
                for same in entries.chunk_by(|one, other| one[..2] == other[..2]) {
                    decision.judge(same);
                }
            }
            let done = first..first + PARTS_AT_ONCE;
            self.parts[done].iter_mut().for_each(Vec::clear);
        }
        Ok(decision.decided())
    }

    fn sorted(&self, part: usize) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = self.parts[part].concat();
        if let Some(spilled) = &self.spilled {
            spilled.read(part, &mut entries)?;
        }
        entries.sort_unstable();
        Ok(entries)
    }

    fn add(&mut self, fingerprint: u128, place: u64) -> Result<()> {
        let entry = [(fingerprint >> 64) as u64, fingerprint as u64, place];
        let part = (fingerprint >> 120) as usize;
        let full = self.parts[part]
            .last()
            .is_none_or(|block| block.len() == BLOCK);
        if full {
            // The first block of each part is paid for from the beginning.
            if !self.parts[part].is_empty() && self.reservation.try_grow(BLOCK_BYTES).is_err() {
                self.spill()?;
            }
            self.parts[part].push(Vec::with_capacity(BLOCK));
        }
        if let Some(block) = self.parts[part].last_mut() {
            block.push(entry);
        }
        Ok(())
    }

    fn spill(&mut self) -> Result<()> {
        let mut spilled = match self.spilled.take() {
            Some(spilled) => spilled,
            None => Spilled {
                file: self
                    .runtime
                    .disk_manager
                    .create_tmp_file("fingerprints of rows")?,
                runs: vec![Vec::new(); PARTS],
                end: 0,
            },
        };
        spilled.write(&mut self.parts)?;
        self.spilled = Some(spilled);
        self.reservation.try_resize(LEAST_BYTES)?;
        Ok(())
    }
}

impl Spilled {
    fn write(&mut self, parts: &mut [Vec<Vec<Entry>>]) -> Result<()> {
        let path = self.path()?.to_owned();
        let failed = |error| Error::file("write", &path, error);
        let mut out = BufWriter::new(self.file.open_writer()?);
        for (part, blocks) in parts.iter_mut().enumerate() {
            let count = blocks.iter().map(Vec::len).sum();
            if count == 0 {
                continue;
            }
            for number in blocks.drain(..).flatten().flatten() {
                out.write_all(&number.to_le_bytes()).map_err(failed)?;
            }
            self.runs[part].push((self.end, count));
            self.end += (count * ENTRY_BYTES) as u64;
        }
        out.flush().map_err(failed)?;
        Ok(out.get_mut().finish()?)
    }

    fn path(&self) -> Result<&Path> {
        self.file
            .path()
            .ok_or_else(|| Error::internal("what was spilled is not on a disk"))
    }

    fn read(&self, part: usize, entries: &mut Vec<Entry>) -> Result<()> {
        let path = self.path()?;
        let failed = |error| Error::file("read", path, error);
        let mut file = File::open(path).map_err(failed)?;
        for (start, count) in &self.runs[part] {
            let mut bytes = vec![0; count * ENTRY_BYTES];
            file.seek(SeekFrom::Start(*start)).map_err(failed)?;
            file.read_exact(&mut bytes).map_err(failed)?;
            let number = |bytes: &[u8]| {
                let mut number = [0; 8];
                number.copy_from_slice(bytes);
                u64::from_le_bytes(number)
            };
            entries.extend(bytes.chunks_exact(ENTRY_BYTES).map(|entry| {
                [
                    number(&entry[..8]),
                    number(&entry[8..16]),
                    number(&entry[16..]),
                ]
            }));
        }
        Ok(())
    }
}

/// A decision in the making.
struct Decision<'s> {
    keep: Keep,
    starts: &'s [u64],
    dropped: BooleanBufferBuilder,
    decided: Decided,
}

impl<'s> Decision<'s> {
    fn new(keep: Keep, rows: usize, starts: &'s [u64]) -> Self {
        let mut dropped = BooleanBufferBuilder::new(rows);
        dropped.append_n(rows, false);
        Decision {
            keep,
            starts,
            dropped,
            decided: Decided {
                dropped: BooleanBuffer::new_unset(0),
                replaced: HashSet::new(),
                files_affected: HashSet::new(),
                replaced_by_file: vec![0; starts.len().saturating_sub(1)],
            },
        }
    }

    /// Judges entries of one fingerprint, those of the table first, those of the load in order.
    fn judge(&mut self, same: &[Entry]) {
        let (present, loaded) = same.split_at(same.partition_point(|entry| entry[2] < LOADED));
        let stays = match (self.keep, loaded) {
            (_, []) => return,
            (Keep::First, [first, ..]) => present.is_empty().then_some(first),
            (Keep::Last, [.., last]) => Some(last),
        };
        for entry in loaded {
            if Some(entry) != stays {
                self.dropped.set_bit((entry[2] - LOADED) as usize, true);
            }
        }
        if let (Keep::Last, Some(stays), [first, ..]) = (self.keep, stays, present) {
            let fingerprint = u128::from(first[0]) << 64 | u128::from(first[1]);
            self.decided.replaced.insert(fingerprint);
            let files = present.iter().map(|entry| entry[2]);
            self.decided.files_affected.extend(files);
            let row = stays[2] - LOADED;
            let file = self.starts.partition_point(|start| *start <= row) - 1;
            self.decided.replaced_by_file[file] += present.len() as u64;
        }
    }

    fn decided(mut self) -> Decided {
        self.decided.dropped = self.dropped.finish();
        self.decided
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use datafusion::execution::memory_pool::GreedyMemoryPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use proptest::prelude::*;

    use super::*;

    fn runtime(memory: usize) -> Arc<RuntimeEnv> {
        let builder =
            RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)));
        Arc::new(builder.build().unwrap())
    }

    /// Spreads small numbers over the parts, with both halves in use.
    fn spread(number: u32) -> u128 {
        u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }

    fn decide(present: &[u32], loaded: &[u32], keep: Keep, memory: usize) -> (Vec<usize>, usize) {
        let mut places = Places::new(&runtime(memory)).unwrap();
        let rows: Vec<_> = loaded.iter().map(|number| spread(*number)).collect();
        places.add_loaded(&rows).unwrap();
        for number in present {
            places.add_present(spread(*number), 0).unwrap();
        }
        let decided = places.decide(keep, &[0, loaded.len() as u64]).unwrap();
        let stay = (0..loaded.len()).filter(|row| !decided.dropped.value(*row));
        (stay.collect(), decided.replaced.len())
    }

    #[test]
    fn the_first_or_the_last_of_a_key_stays() {
        let (present, loaded) = ([3, 3, 9], [1, 2, 1, 3, 2, 2]);
        let memory = LEAST_BYTES;
        assert_eq!(
            decide(&present, &loaded, Keep::First, memory),
            (vec![0, 1], 0)
        );
        assert_eq!(
            decide(&present, &loaded, Keep::Last, memory),
            (vec![2, 3, 5], 1)
        );
    }

    #[test]
    fn what_does_not_fit_into_memory_counts_as_well() {
        let loaded: Vec<u32> = (0..400_000).map(|row| row % 300_000).collect();
        let (stay, _) = decide(&[0, 1], &loaded, Keep::First, LEAST_BYTES + 4 * BLOCK_BYTES);
        assert_eq!(stay, (2..300_000).collect::<Vec<_>>());
    }

    #[test]
    fn without_any_memory_it_is_said() {
        assert!(Places::new(&runtime(LEAST_BYTES - 1)).is_err());
    }

    proptest! {
        #[test]
        fn as_a_plain_loop_would_decide(
            present in proptest::collection::vec(0..20_u32, 0..10),
            loaded in proptest::collection::vec(0..20_u32, 0..50),
        ) {
            let first: Vec<usize> = (0..loaded.len())
                .filter(|row| !present.contains(&loaded[*row]) && !loaded[..*row].contains(&loaded[*row]))
                .collect();
            let last: Vec<usize> = (0..loaded.len())
                .filter(|row| !loaded[row + 1..].contains(&loaded[*row]))
                .collect();
            let replaced: HashSet<_> = present.iter().filter(|number| loaded.contains(number)).collect();
            prop_assert_eq!(decide(&present, &loaded, Keep::First, LEAST_BYTES), (first, 0));
            prop_assert_eq!(
                decide(&present, &loaded, Keep::Last, LEAST_BYTES),
                (last, replaced.len())
            );
        }
    }
}
