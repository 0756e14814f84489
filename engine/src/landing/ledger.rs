//! Which files a table holds: the ledger, kept in the table's own log.
//!
//! Every loaded file leaves two application ids in the commit that carries its rows, so there is
//! no moment between the two: one with its path, size and hash, one with the hash alone. A load of
//! the same file by another process then conflicts instead of doubling the rows; loads of
//! different files do not. The epoch in front is raised when the table starts over.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::schema::{DataType, StructField, StructType};
use deltalake_core::DeltaTable;

use super::discover::SourceFile;
use crate::{Error, Result};

const PREFIX: &str = "tidemill:";

/// What a table knows about the files that it holds.
#[derive(Debug, Default)]
pub struct Ledger {
    epoch: i64,
    hash_of_path: HashMap<String, String>,
    path_of_hash: HashMap<String, String>,
}

/// What the ledger says about a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// Neither its path nor its content was ever loaded.
    New,
    /// It was loaded, and has not changed.
    Unchanged,
    /// Its content was loaded from another path.
    SameContent {
        /// That path.
        path: String,
    },
    /// Its path was loaded with other content.
    Changed,
}

impl Ledger {
    /// Reads the ledger of a table as it is in this epoch.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub async fn read(table: Option<&DeltaTable>, epoch: i64) -> Result<Self> {
        let mut ledger = Ledger {
            epoch,
            ..Ledger::default()
        };
        let Some(table) = table else {
            return Ok(ledger);
        };
        let engine = table.log_store().engine(None);
        let url = table.log_store().root_url().clone();
        let read = move || -> Result<Vec<String>, delta_kernel::Error> {
            let snapshot = delta_kernel::Snapshot::builder_for(url).build(engine.as_ref())?;
            let mut ids = Vec::new();
            for batch in snapshot
                .log_segment()
                .read_actions(engine.as_ref(), Arc::new(transaction_schema()?))?
            {
                let batch: RecordBatch =
                    (*ArrowEngineData::try_from_engine_data(batch?.actions)?).into();
                let ids_of_batch = batch
                    .column(0)
                    .as_struct_opt()
                    .and_then(|txn| txn.column(0).as_string_opt::<i32>());
                ids.extend(
                    ids_of_batch
                        .into_iter()
                        .flatten()
                        .flatten()
                        .map(str::to_owned),
                );
            }
            Ok(ids)
        };
        let ids = tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Error::internal("reading the ledger stopped").source(error))?
            .map_err(|error| Error::input(format!("cannot read the ledger: {error}")))?;
        for id in &ids {
            ledger.note(id);
        }
        Ok(ledger)
    }

    /// What is known about a file.
    pub fn look_up(&self, file: &SourceFile) -> Known {
        match (
            self.hash_of_path.get(&file.identity),
            self.path_of_hash.get(&file.hash),
        ) {
            (Some(hash), _) if *hash == file.hash => Known::Unchanged,
            (_, Some(path)) => Known::SameContent { path: path.clone() },
            (Some(_), None) => Known::Changed,
            (None, None) => Known::New,
        }
    }

    /// Notes a file as loaded and returns the entries for the commit.
    pub fn enter(&mut self, file: &SourceFile) -> [String; 2] {
        let entries = [
            format!(
                "{PREFIX}{}:file:{}|{}|{}",
                self.epoch, file.identity, file.bytes, file.hash
            ),
            format!("{PREFIX}{}:hash:{}", self.epoch, file.hash),
        ];
        self.note(&entries[0]);
        entries
    }

    fn note(&mut self, id: &str) {
        let prefix = format!("{PREFIX}{}:file:", self.epoch);
        // A path may hold the separator, size and hash cannot.
        let Some((path_and_size, hash)) = id
            .strip_prefix(&prefix)
            .and_then(|entry| entry.rsplit_once('|'))
        else {
            return;
        };
        let Some((path, _size)) = path_and_size.rsplit_once('|') else {
            return;
        };
        self.hash_of_path.insert(path.to_owned(), hash.to_owned());
        self.path_of_hash.insert(hash.to_owned(), path.to_owned());
    }
}

fn transaction_schema() -> Result<StructType, delta_kernel::Error> {
    let fields = [
        StructField::not_null("appId", DataType::STRING),
        StructField::not_null("version", DataType::LONG),
        StructField::nullable("lastUpdated", DataType::LONG),
    ];
    StructType::try_new([StructField::nullable("txn", StructType::try_new(fields)?)])
}
