//! Sending rows to Postgres: one binary COPY.

use std::pin::pin;

use arrow::array::RecordBatch;
use bytes::{Bytes, BytesMut};
use datafusion::execution::SendableRecordBatchStream;
use futures::{SinkExt, StreamExt};
use pgpq::ArrowToPostgresBinaryEncoder;

use super::connect::Session;
use crate::connections::columns::Columns;
use crate::connections::export::all_stored;
use crate::error::{Error, Result};

/// How much is sent at a time.
const SEND_BYTES: usize = 256 * 1024;

/// Sends all rows of a stream to `into`, a `COPY .. FROM STDIN`, and counts them; `look` sees each
/// batch as it is sent.
///
/// # Errors
/// An error of the stream or of `look`, a value that cannot be sent, what the server refuses.
pub(super) async fn copy(
    session: &Session,
    doing: &str,
    into: &str,
    columns: &Columns,
    mut batches: SendableRecordBatchStream,
    mut look: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<u64> {
    let failed = |error| session.failed(doing, error);
    let encoding = |error: pgpq::error::ErrorKind| {
        Error::input(format!("a value cannot be sent to Postgres: {error}")).source(error)
    };
    let sink = session.client.copy_in::<_, Bytes>(into).await;
    let mut sink = pin!(sink.map_err(failed)?);
    let mut encoder = ArrowToPostgresBinaryEncoder::try_new(columns.schema()).map_err(encoding)?;
    let mut rows = 0;
    let mut buffer = BytesMut::with_capacity(2 * SEND_BYTES);
    encoder.write_header(&mut buffer).map_err(encoding)?;
    while let Some(batch) = batches.next().await {
        let batch = columns.normalise(&batch?, rows)?;
        rows += batch.num_rows() as u64;
        look(&batch)?;
        encoder.write_batch(&batch, &mut buffer).map_err(encoding)?;
        if buffer.len() >= SEND_BYTES {
            sink.send(buffer.split().freeze()).await.map_err(failed)?;
        }
    }
    encoder.write_footer(&mut buffer).map_err(encoding)?;
    sink.send(buffer.freeze()).await.map_err(failed)?;
    let copied = sink.finish().await.map_err(failed)?;
    all_stored(rows, copied)?;
    Ok(rows)
}
