//! The input as it came, kept until its rows have their results: in memory, or in files once memory
//! runs out.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::SpillManager;
use datafusion::physical_plan::metrics::SpillMetrics;
use datafusion::physical_plan::spill::spill_pool::{SpillPoolSink, spsc_channel};
use futures::stream::{self, BoxStream, StreamExt};

/// Batches in the order in which they came.
pub(super) struct KeptInput {
    spilling: Arc<SpillManager>,
    largest_file_bytes: usize,
    may_spill: bool,
    /// For what lies in memory.
    reservation: MemoryReservation,
    /// Batches are often slices of one buffer, which then counts once.
    counter: RecordBatchMemoryCounter,
    place: Place,
}

enum Place {
    Memory(Vec<RecordBatch>),
    Files(SpillPoolSink, SendableRecordBatchStream),
}

impl KeptInput {
    /// `reservation` is empty as yet.
    pub(super) fn new(
        schema: SchemaRef,
        context: &TaskContext,
        metrics: SpillMetrics,
        reservation: MemoryReservation,
    ) -> Self {
        let runtime = context.runtime_env();
        let options = &context.session_config().options().execution;
        let spilling = SpillManager::new(Arc::clone(&runtime), metrics, schema)
            .with_compression_type(options.spill_compression);
        KeptInput {
            spilling: Arc::new(spilling),
            largest_file_bytes: options.max_spill_file_size_bytes.into(),
            may_spill: runtime.disk_manager.tmp_files_enabled(),
            reservation,
            counter: RecordBatchMemoryCounter::new(),
            place: Place::Memory(vec![]),
        }
    }

    /// Keeps a batch; fails when neither memory nor disk has room for it.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if let Place::Memory(batches) = &mut self.place {
            match self.reservation.try_grow(self.counter.count_batch(&batch)) {
                Ok(()) => {
                    batches.push(batch);
                    return Ok(());
                }
                Err(error) => self.make_room(error)?,
            }
        }
        match &mut self.place {
            Place::Files(files, _) => files.push_batch(&batch),
            Place::Memory(batches) => {
                batches.push(batch);
                Ok(())
            }
        }
    }

    /// Moves the batches from memory to files. Fails with `shortage` if that cannot help.
    pub(super) fn make_room(&mut self, shortage: DataFusionError) -> Result<()> {
        let Place::Memory(batches) = &mut self.place else {
            return Err(shortage);
        };
        if !self.may_spill {
            return Err(shortage);
        }
        let (files, reader) = spsc_channel(self.largest_file_bytes, Arc::clone(&self.spilling));
        for batch in batches.drain(..) {
            files.push_batch(&batch)?;
        }
        self.reservation.free();
        self.place = Place::Files(files, reader);
        Ok(())
    }

    /// The batches, and the reservation for those in memory, which must live as long as they do.
    pub(super) fn into_batches(
        self,
    ) -> (BoxStream<'static, Result<RecordBatch>>, MemoryReservation) {
        let batches = match self.place {
            Place::Memory(batches) => stream::iter(batches.into_iter().map(Ok)).boxed(),
            // The reader ends only once the sink is gone.
            Place::Files(files, reader) => {
                drop(files);
                reader.boxed()
            }
        };
        (batches, self.reservation)
    }
}
