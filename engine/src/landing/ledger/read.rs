//! Reading the ledger out of the log of its table.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::schema::{DataType, StructField, StructType};
use deltalake_core::DeltaTable;

use super::{Entry, Ledger, PREFIX, prefix};
use crate::warehouse::{EPOCH, FIRST_EPOCH, TableTransaction};
use crate::{Error, Result};

impl Ledger {
    /// Reads the ledger of a table, or makes that of a new one.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub async fn read(table: Option<&DeltaTable>) -> Result<Self> {
        let Some(table) = table else {
            return Ok(Ledger::of(FIRST_EPOCH, []));
        };
        let engine = table.log_store().engine(None);
        let url = table.log_store().root_url().clone();
        let read = move || -> Result<_, delta_kernel::Error> {
            let snapshot = delta_kernel::Snapshot::builder_for(url).build(engine.as_ref())?;
            let mut entries = Vec::new();
            for batch in snapshot
                .log_segment()
                .read_actions(engine.as_ref(), Arc::new(transaction_schema()?))?
            {
                let batch: RecordBatch =
                    (*ArrowEngineData::try_from_engine_data(batch?.actions)?).into();
                entries.extend(entries_of(&batch));
            }
            let id = snapshot.table_configuration().metadata().id().to_owned();
            Ok(((id, snapshot.version()), entries))
        };
        let (read_at, entries) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Error::internal("reading the ledger stopped").source(error))?
            .map_err(|error| Error::input("cannot read the ledger").source(error))?;
        // The newest comes first.
        let epoch = entries.iter().find(|entry| entry.application == EPOCH);
        let epoch = epoch.map_or(0, |entry| entry.version);
        let prefix = prefix(epoch);
        let current = |entry: &Entry| entry.application.starts_with(&prefix);
        Ok(Ledger {
            read_at: Some(read_at),
            ..Ledger::of(epoch, entries.into_iter().filter(current))
        })
    }

    /// Reads the ledger while `others` opens the table: each has to read the log, and on its own.
    ///
    /// # Errors
    /// Those of `others`, a log that cannot be read.
    pub async fn read_beside(
        log: Option<&DeltaTable>,
        others: impl Future<Output = Result<TableTransaction>>,
    ) -> Result<(TableTransaction, Self)> {
        let (transaction, early) = tokio::join!(others, Ledger::read(log));
        let transaction = transaction?;
        let opened = match transaction.table() {
            Some(table) => {
                let id = table.snapshot()?.metadata().id().to_owned();
                table.version().map(|version| (id, version))
            }
            None => None,
        };
        match early {
            Ok(early) if early.read_at == opened => Ok((transaction, early)),
            // Somebody committed meanwhile.
            _ => {
                let ledger = Ledger::read(transaction.table()).await?;
                Ok((transaction, ledger))
            }
        }
    }
}

/// Our entries in a batch of actions.
fn entries_of(batch: &RecordBatch) -> Vec<Entry> {
    let Some(actions) = batch.column(0).as_struct_opt() else {
        return Vec::new();
    };
    let (Some(applications), Some(versions)) = (
        actions.column(0).as_string_opt::<i32>(),
        actions.column(1).as_primitive_opt::<Int64Type>(),
    ) else {
        return Vec::new();
    };
    let entries = applications.iter().zip(versions);
    entries
        .filter_map(|(application, version)| {
            Some(Entry {
                application: application.filter(|id| id.starts_with(PREFIX))?.to_owned(),
                version: version?,
            })
        })
        .collect()
}

fn transaction_schema() -> Result<StructType, delta_kernel::Error> {
    let fields = [
        StructField::not_null("appId", DataType::STRING),
        StructField::not_null("version", DataType::LONG),
        StructField::nullable("lastUpdated", DataType::LONG),
    ];
    StructType::try_new([StructField::nullable("txn", StructType::try_new(fields)?)])
}
