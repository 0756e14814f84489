//! The memory of one execution: asked for before it is used.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_plan::metrics::Gauge;

/// A part of the memory of the session. Given back when the last owner is gone.
#[derive(Debug, Clone)]
pub struct Memory {
    reservation: Arc<MemoryReservation>,
    peak: Gauge,
}

impl Memory {
    /// Nothing yet.
    pub(super) fn new(consumer: &str, pool: &Arc<dyn MemoryPool>, peak: Gauge) -> Self {
        Memory {
            reservation: Arc::new(MemoryConsumer::new(consumer).register(pool)),
            peak,
        }
    }

    /// Asks for more.
    ///
    /// # Errors
    /// A limit that is reached: names the largest users.
    pub fn grow(&self, bytes: usize) -> Result<()> {
        self.reservation.try_grow(bytes)?;
        self.peak.set_max(self.reservation.size());
        Ok(())
    }

    /// Gives some back.
    pub fn shrink(&self, bytes: usize) {
        self.reservation.shrink(bytes);
    }
}
