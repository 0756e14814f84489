//! What the machine itself allows, measured here: copying memory, reading a file, writing bytes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::contest::{Limit, LimitSource};
use crate::error::{Error, Result};

/// More than any cache holds.
const COPIED_BYTES: usize = 256 << 20;
const BUFFER_BYTES: usize = 1 << 20;

/// The time in which all threads together copy so many bytes of memory.
pub fn copying(what: &str, bytes: u64, threads: usize) -> Limit {
    Limit {
        name: what.to_owned(),
        source: LimitSource::Function(Box::new(move |_| {
            Ok(bytes as f64 / bytes_per_second(threads))
        })),
    }
}

/// The time to read a file that the system has in memory.
pub fn reading(path: PathBuf, threads: usize) -> Limit {
    Limit {
        name: "reading the file from memory".to_owned(),
        source: LimitSource::Function(Box::new(move |_| read_seconds(&path, threads))),
    }
}

/// The time to write as many bytes as Tidemill wrote into one file, without waiting for the disk, as
/// the contestants do.
pub fn writing(folder: PathBuf) -> Limit {
    Limit {
        name: "writing the bytes that Tidemill wrote".to_owned(),
        source: LimitSource::Function(Box::new(move |written_bytes| {
            write_seconds(&folder, written_bytes)
        })),
    }
}

fn bytes_per_second(threads: usize) -> f64 {
    let part = COPIED_BYTES / threads;
    let mut memory: Vec<_> = (0..threads)
        .map(|_| (vec![1_u8; part], vec![0_u8; part]))
        .collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for (source, target) in &mut memory {
            scope.spawn(|| {
                std::hint::black_box(target).copy_from_slice(std::hint::black_box(source))
            });
        }
    });
    (part * threads) as f64 / started.elapsed().as_secs_f64()
}

fn read_seconds(path: &Path, threads: usize) -> Result<f64> {
    let unreadable = |error| Error::file("read", path, error);
    let bytes = path.metadata().map_err(unreadable)?.len();
    let part = bytes.div_ceil(threads as u64);
    let started = Instant::now();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..threads as u64)
            .map(|place| scope.spawn(move || read_part(path, place * part, part)))
            .collect();
        let ended = readers.into_iter().map(|reader| reader.join());
        ended.flatten().collect::<std::io::Result<Vec<_>>>()
    })
    .map_err(unreadable)?;
    Ok(started.elapsed().as_secs_f64())
}

fn read_part(path: &Path, start: u64, bytes: u64) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut part = file.take(bytes);
    let mut buffer = vec![0; BUFFER_BYTES];
    while part.read(&mut buffer)? > 0 {
        std::hint::black_box(&buffer);
    }
    Ok(())
}

fn write_seconds(folder: &Path, bytes: u64) -> Result<f64> {
    let path = folder.join("written");
    let write = || -> std::io::Result<f64> {
        std::fs::create_dir_all(folder)?;
        let buffer = vec![1; BUFFER_BYTES];
        let started = Instant::now();
        let mut file = File::create(&path)?;
        let mut left = bytes;
        while left > 0 {
            let part = left.min(BUFFER_BYTES as u64);
            file.write_all(&buffer[..part as usize])?;
            left -= part;
        }
        let seconds = started.elapsed().as_secs_f64();
        std::fs::remove_file(&path)?;
        Ok(seconds)
    };
    write().map_err(|error| Error::file("write", &path, error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn limits_take_time_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, vec![7; 3 * BUFFER_BYTES + 5]).unwrap();
        assert!(read_seconds(&file, 2).unwrap() > 0.0);
        assert!(write_seconds(folder.path(), 2_500_000).unwrap() > 0.0);
        assert!(bytes_per_second(2) > 1e6);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
