//! How many sessions a statement may have with a server: one for each stream that it reads at once,
//! however many tables it names. A server has few, and shares them among all who work with it.
//!
//! Streams may depend on each other: a join wants the rows of one side while the other holds on to
//! its session. So when all sessions only wait for somebody to take their rows, one more may begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long all sessions must have waited.
const STALL: Duration = Duration::from_millis(500);

/// The sessions that streams may have.
#[derive(Debug)]
pub(super) struct Sessions {
    free: Arc<Semaphore>,
    most: usize,
    waiting: AtomicUsize,
}

/// A session that waits for its rows to be taken.
pub(super) struct Waiting<'s>(&'s AtomicUsize);

impl Sessions {
    /// At most so many, and one at least.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Sessions {
            free: Arc::new(Semaphore::new(most)),
            most,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits until there may be one more session; `None` is the right to one that nobody gives up.
    pub(super) async fn right_to_one(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let free = Arc::clone(&self.free).acquire_owned();
            match tokio::time::timeout(STALL, free).await {
                Ok(right) => return right.ok(),
                Err(_) if self.waiting.load(Ordering::Relaxed) >= self.most => return None,
                Err(_) => {}
            }
        }
    }

    /// Notes that a session waits for its rows to be taken, until the value is dropped.
    pub(super) fn waits(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_is_no_more_than_one_for_each_stream_unless_all_wait() {
        let sessions = Sessions::new(2);
        let first = sessions.right_to_one().await;
        let second = sessions.right_to_one().await;
        let third = || tokio::time::timeout(3 * STALL, sessions.right_to_one());
        let busy = sessions.waits();
        assert!(third().await.is_err());
        let both = sessions.waits();
        assert!(matches!(third().await, Ok(None)));
        drop((busy, both));
        assert!(third().await.is_err());
        drop(first);
        assert!(matches!(third().await, Ok(Some(_))));
        drop(second);
    }
}
