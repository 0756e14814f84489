//! Files as relations: `SELECT * FROM 'data/*.csv'`.
//!
//! They are read as a load reads them: found, inferred and parsed by the same code, and as
//! strictly, so that a query never shows a value that a load would refuse; columns that it does not
//! name are not read. Only Parquet has a second way, the engine's own, which leaves out row groups
//! that a filter rules out.

mod parquet;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;

use super::blocking;
use super::columns::infer_schema;
use super::discover::{Discovered, Outside, Purpose, discover};
use super::formats::ReadOptions;
use crate::Result;
use crate::sql::FileRelation;
use crate::warehouse::ReadFiles;
use scan::FileTable;

/// Opens files for queries.
#[derive(Debug)]
pub struct FileReader {
    folder: PathBuf,
    outside: Outside,
}

impl FileReader {
    /// Relative paths start at `folder`.
    pub fn new(folder: &Path, outside: Outside) -> Self {
        FileReader {
            folder: folder.to_owned(),
            outside,
        }
    }
}

#[async_trait]
impl ReadFiles for FileReader {
    async fn open(
        &self,
        relation: &FileRelation,
        state: &SessionState,
    ) -> Result<Arc<dyn TableProvider>> {
        let options = ReadOptions::checked(&relation.options, state.config().target_partitions())?;
        let (paths, folder) = (relation.paths.clone(), self.folder.clone());
        let (outside, state) = (self.outside.clone(), state.clone());
        let table = blocking(move || {
            let Discovered { files, .. } =
                discover(&paths, &folder, &options, &outside, Purpose::Query)?;
            let schema = infer_schema(&files, &options, &state)?.schema;
            FileTable::new(files, options, schema)
        });
        Ok(Arc::new(table.await?))
    }
}
