//! The hash by which a file is known again: BLAKE3 over its bytes, on all cores.
//!
//! BLAKE3 is a tree of hashes (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, BLAKE3, 2020, section 2.1):
//! its subtrees are hashed apart and merged, and the result is that of one thread.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len};
use blake3::hazmat::{merge_subtrees_non_root, merge_subtrees_root};
use blake3::{Hash, Hasher};

/// A subtree of so many bytes is not worth another thread.
const PART_BYTES: u64 = 8 << 20;

/// The hash of a file followed by some more bytes.
pub(super) fn content_hash(path: &Path, file_bytes: u64, more: &[u8]) -> io::Result<Hash> {
    let content = Content {
        path,
        file_bytes,
        more,
    };
    let bytes = file_bytes + more.len() as u64;
    if bytes <= PART_BYTES {
        return Ok(content.part(0, bytes)?.finalize());
    }
    let (left, right) = content.halves(0, bytes)?;
    Ok(merge_subtrees_root(&left, &right, Mode::Hash))
}

struct Content<'a> {
    path: &'a Path,
    file_bytes: u64,
    more: &'a [u8],
}

impl Content<'_> {
    fn subtree(&self, start: u64, bytes: u64) -> io::Result<ChainingValue> {
        if bytes <= PART_BYTES {
            return Ok(self.part(start, bytes)?.finalize_non_root());
        }
        let (left, right) = self.halves(start, bytes)?;
        Ok(merge_subtrees_non_root(&left, &right, Mode::Hash))
    }

    fn halves(&self, start: u64, bytes: u64) -> io::Result<(ChainingValue, ChainingValue)> {
        let left = left_subtree_len(bytes);
        let (left, right) = rayon::join(
            || self.subtree(start, left),
            || self.subtree(start + left, bytes - left),
        );
        Ok((left?, right?))
    }

    fn part(&self, start: u64, bytes: u64) -> io::Result<Hasher> {
        let mut file = File::open(self.path)?;
        file.seek(SeekFrom::Start(start))?;
        let more_from = start.saturating_sub(self.file_bytes) as usize;
        let whole = file
            .take(self.file_bytes.saturating_sub(start))
            .chain(&self.more[more_from..]);
        let mut hasher = Hasher::new();
        hasher.set_input_offset(start);
        hasher.update_reader(whole.take(bytes))?;
        match hasher.count() == bytes {
            true => Ok(hasher),
            false => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    #[test]
    fn parts_hash_like_the_whole() {
        let bytes: Vec<u8> = (0..3 * PART_BYTES + 5).map(|at| (at % 251) as u8).collect();
        for length in [
            0,
            1,
            1024,
            PART_BYTES as usize,
            PART_BYTES as usize + 1,
            bytes.len(),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes[..length]).unwrap();
            for more in [&b""[..], b"more", &[7; 2000]] {
                let whole = [&bytes[..length], more].concat();
                let found = content_hash(file.path(), length as u64, more).unwrap();
                assert_eq!(found, blake3::hash(&whole), "{length} + {}", more.len());
            }
        }
    }

    #[test]
    fn a_file_that_shrinks_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = content_hash(file.path(), 10, b"").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
