//! The record of who saw personal data: `system.audit`.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Schema;
use sha2::{Digest, Sha256};

use super::Mask;
use crate::Result;
use crate::session::Session;
use crate::warehouse::system::{SystemTable, append, record};

/// Records that the values of a result are about to be shown on a terminal. The statement is kept as a
/// hash (SHA-256 of its text), since it may hold values itself.
///
/// # Errors
/// A warehouse that cannot be written: then nothing may be shown.
pub async fn record_unmasked(session: &Session, mask: &Mask, schema: &Schema) -> Result<()> {
    let text = |value: String| Arc::new(StringArray::from(vec![value])) as ArrayRef;
    let now = chrono::Utc::now().timestamp_micros();
    let records = record(
        SystemTable::Audit,
        vec![
            text(session.run_id().to_owned()),
            text(whoami::username().unwrap_or_default()),
            text("unmask".to_owned()),
            text(mask.names(schema).join(", ")),
            text(hash_of(mask.statement())),
            Arc::new(TimestampMicrosecondArray::from(vec![now]).with_timezone("UTC")),
        ],
    )?;
    append(session, SystemTable::Audit, records).await
}

fn hash_of(statement: &str) -> String {
    let digest = Sha256::digest(statement.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
