//! Chunks parsed on several threads, their results in the order of the file.
//!
//! Each thread takes the next chunk from the input, under a lock, and parses it, without one: a
//! compressed input is so decompressed by one thread at a time while the others parse, and bytes
//! are parsed by the thread that read them, while they are in its cache. The threads are plain
//! ones, for they wait: for the lock, and for the consumer when they are too far ahead of it. A
//! pool made for short work would starve.
//!
//! Whether a chunk really started where a record does is known only here, from how the chunk
//! before ended. If it did not, it is parsed again together with what was left over. So the results
//! are those of one thread that reads one chunk after the other, whatever the input.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::chunks::{Chunk, Chunks};
use crate::{Error, Result};

/// Chunks per thread that may wait for the consumer.
const LOOK_AHEAD: u64 = 2;

/// What became of a chunk.
#[derive(Debug)]
pub(super) struct Parsed<T> {
    pub(super) result: T,
    /// From where on its bytes belong to a record that ends in the next chunk.
    pub(super) consumed: usize,
}

/// Parses a chunk that starts where a record does.
pub(super) type Parse<T> = Arc<dyn Fn(&Chunk) -> Result<Parsed<T>> + Send + Sync>;

type Input = Box<dyn Read + Send>;
type Outcome<T> = Result<(Chunk, Result<Parsed<T>>)>;

/// Results in the order of the file. An error ends them.
pub(super) struct InOrder<T> {
    source: Source<T>,
    parse: Parse<T>,
    threads: usize,
    /// The start of a record that goes on in the next chunk.
    left_over: Option<Chunk>,
}

enum Source<T> {
    /// The first chunk is parsed here: most files have no second one.
    Here(Chunks<Input>),
    Threads(Threads<T>),
    Done,
}

impl<T> Source<T> {
    fn recycle(&mut self, chunk: Chunk) {
        match self {
            Source::Here(chunks) => chunks.recycle(chunk.bytes),
            Source::Threads(threads) => threads.shared.lock().chunks.recycle(chunk.bytes),
            Source::Done => {}
        }
    }
}

impl<T: Send + 'static> InOrder<T> {
    /// Parses what is left of the input on up to `threads` threads.
    pub(super) fn new(chunks: Chunks<Input>, threads: usize, parse: Parse<T>) -> Self {
        InOrder {
            source: Source::Here(chunks),
            parse,
            threads,
            left_over: None,
        }
    }

    fn next_result(&mut self) -> Result<Option<T>> {
        let Some((chunk, parsed)) = self.next_chunk()? else {
            // Only now is it known that nothing follows.
            let last = self.left_over.take().map(|chunk| Chunk {
                at_end: true,
                ..chunk
            });
            return match last {
                Some(chunk) => Ok(Some((self.parse)(&chunk)?.result)),
                None => Ok(None),
            };
        };
        let (chunk, parsed) = match self.left_over.take() {
            None => (chunk, parsed),
            Some(start) => {
                let whole = start.followed_by(chunk);
                let parsed = (self.parse)(&whole);
                (whole, parsed)
            }
        };
        let Parsed { result, consumed } = parsed?;
        match consumed < chunk.bytes.len() {
            true => self.left_over = Some(chunk.split_off(consumed)),
            false => self.source.recycle(chunk),
        }
        Ok(Some(result))
    }

    fn next_chunk(&mut self) -> Result<Option<(Chunk, Result<Parsed<T>>)>> {
        let outcome = match &mut self.source {
            Source::Here(chunks) => chunks.next().map(|chunk| {
                let chunk = chunk?;
                let parsed = (self.parse)(&chunk);
                Ok((chunk, parsed))
            }),
            Source::Threads(threads) => threads.next(),
            Source::Done => None,
        };
        match (std::mem::replace(&mut self.source, Source::Done), &outcome) {
            (_, None | Some(Err(_))) => {}
            (_, Some(Ok((chunk, _)))) if chunk.at_end => {}
            (Source::Here(chunks), _) if self.threads > 1 => {
                let parse = Arc::clone(&self.parse);
                self.source = Source::Threads(Threads::start(chunks, self.threads, parse)?);
            }
            (source, _) => self.source = source,
        }
        outcome.transpose()
    }
}

impl<T: Send + 'static> Iterator for InOrder<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.next_result();
        if result.is_err() {
            (self.source, self.left_over) = (Source::Done, None);
        }
        result.transpose()
    }
}

/// Threads that parse ahead of the consumer.
struct Threads<T> {
    shared: Arc<Shared>,
    outcomes: Receiver<(u64, Outcome<T>)>,
    /// What arrived before its turn.
    early: BTreeMap<u64, Outcome<T>>,
    next: u64,
    handles: Vec<JoinHandle<()>>,
}

struct Shared {
    feed: Mutex<Feed>,
    /// Signalled when a chunk was consumed or all is over.
    room: Condvar,
}

struct Feed {
    chunks: Chunks<Input>,
    /// Chunks taken by threads, and by the consumer from them.
    taken: u64,
    consumed: u64,
    look_ahead: u64,
    over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next chunk and its number, once there is room for it; `None` when all is over.
    fn take(&self) -> Option<(u64, Result<Chunk>)> {
        let mut feed = self.lock();
        while !feed.over && feed.taken >= feed.consumed + feed.look_ahead {
            feed = self.room.wait(feed).unwrap_or_else(PoisonError::into_inner);
        }
        if feed.over {
            return None;
        }
        let chunk = feed.chunks.next();
        feed.over = !matches!(&chunk, Some(Ok(chunk)) if !chunk.at_end);
        if feed.over {
            self.room.notify_all();
        }
        let (number, chunk) = (feed.taken, chunk?);
        feed.taken += 1;
        Some((number, chunk))
    }

    fn stop(&self) {
        self.lock().over = true;
        self.room.notify_all();
    }
}

impl<T: Send + 'static> Threads<T> {
    fn start(chunks: Chunks<Input>, threads: usize, parse: Parse<T>) -> Result<Self> {
        let feed = Feed {
            chunks,
            taken: 0,
            consumed: 0,
            look_ahead: LOOK_AHEAD * threads as u64,
            over: false,
        };
        let shared = Arc::new(Shared {
            feed: Mutex::new(feed),
            room: Condvar::new(),
        });
        let (sender, outcomes) = channel();
        let mut started = Threads {
            shared: Arc::clone(&shared),
            outcomes,
            early: BTreeMap::new(),
            next: 0,
            handles: Vec::with_capacity(threads),
        };
        for _ in 0..threads {
            let (shared, parse, sender) = (Arc::clone(&shared), Arc::clone(&parse), sender.clone());
            let handle = std::thread::Builder::new()
                .name("csv".to_owned())
                .spawn(move || parse_chunks(&shared, &parse, &sender))
                .map_err(|error| Error::internal("cannot start threads").source(error))?;
            started.handles.push(handle);
        }
        Ok(started)
    }

    fn next(&mut self) -> Option<Outcome<T>> {
        loop {
            if let Some(outcome) = self.early.remove(&self.next) {
                self.next += 1;
                self.shared.lock().consumed += 1;
                self.shared.room.notify_all();
                return Some(outcome);
            }
            match self.outcomes.recv() {
                Ok((number, outcome)) => self.early.insert(number, outcome),
                // All threads are gone; one that had a chunk and handed nothing back has failed.
                Err(_) if self.shared.lock().taken == self.next => return None,
                Err(_) => return Some(Err(Error::internal("a thread that parses stopped"))),
            };
        }
    }
}

fn parse_chunks<T>(shared: &Shared, parse: &Parse<T>, sender: &Sender<(u64, Outcome<T>)>) {
    let _stop_all = StopOnPanic(shared);
    while let Some((number, chunk)) = shared.take() {
        let outcome = chunk.map(|chunk| {
            let parsed = parse(&chunk);
            (chunk, parsed)
        });
        if sender.send((number, outcome)).is_err() {
            return;
        }
    }
}

/// A thread that panics takes the others along, so that the consumer does not wait for it.
struct StopOnPanic<'a>(&'a Shared);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

impl<T> Drop for Threads<T> {
    fn drop(&mut self) {
        self.shared.stop();
        for handle in self.handles.drain(..) {
            // A panic has been reported by the thread itself.
            let _ = handle.join();
        }
    }
}
