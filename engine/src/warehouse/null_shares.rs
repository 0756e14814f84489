//! How much of each column of a table is NULL, from the statistics in its log.

use std::collections::HashMap;

use deltalake_core::DeltaTable;
use deltalake_core::kernel::Add;
use serde::Deserialize;

use super::TableTransaction;
use super::changes::data_files;
use crate::Result;

/// Rows, and NULLs per column, of all files that have statistics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NullShares {
    /// Rows of these files.
    pub rows: u64,
    nulls: HashMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    num_records: u64,
    #[serde(default)]
    null_count: HashMap<String, serde_json::Value>,
}

impl NullShares {
    /// Those of a table as it is.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub async fn of(table: &DeltaTable) -> Result<Self> {
        Ok(NullShares::in_files(&data_files(table).await?))
    }

    /// The share of NULLs in a column, from 0 to 1; `None` where nothing is known of it.
    pub fn share(&self, column: &str) -> Option<f64> {
        let nulls = self.nulls.get(column)?;
        (self.rows > 0).then(|| *nulls as f64 / self.rows as f64)
    }

    fn in_files(files: &[Add]) -> Self {
        let mut shares = NullShares::default();
        for file in files {
            let statistics = file.stats.as_deref();
            if let Some(statistics) = statistics.and_then(|text| serde_json::from_str(text).ok()) {
                shares.add(statistics);
            }
        }
        shares
    }

    fn add(&mut self, statistics: Statistics) {
        self.rows += statistics.num_records;
        for (column, nulls) in statistics.null_count {
            // A nested column has an object of counts.
            if let Some(nulls) = nulls.as_u64() {
                *self.nulls.entry(column).or_default() += nulls;
            }
        }
    }
}

impl TableTransaction {
    /// The shares of NULLs in the table as it was when the transaction began.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub async fn null_shares(&self) -> Result<NullShares> {
        Ok(NullShares::in_files(self.files().await?))
    }
}
