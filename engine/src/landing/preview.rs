//! A load as far as it goes without writing anything: for VALIDATE and for EXPLAIN.

use std::sync::Arc;

use datafusion::execution::SessionState;
use deltalake_core::DeltaTable;

use super::discover::SourceFile;
use super::ledger::Ledger;
use super::options::LandingOptions;
use super::read::Reading;
use super::schema::{Columns, compare_columns, make_columns};
use crate::session::{Planner, Session};
use crate::sql::CopyInto;
use crate::warehouse::{Entry, NullShares, TableDefinition, TableId, check_writable};
use crate::{Error, Result};

/// What a load would start from.
pub(super) struct Preview {
    pub(super) planner: Planner,
    pub(super) id: TableId,
    pub(super) options: LandingOptions,
    pub(super) files: Vec<SourceFile>,
    /// The table as it is; `None` if there is none yet.
    pub(super) table: Option<TableDefinition>,
    pub(super) ledger: Ledger,
    stored: Option<DeltaTable>,
}

impl Preview {
    /// Finds the files and opens the table. Takes no lock and cleans nothing up.
    ///
    /// # Errors
    /// Those of a load before it reads its files.
    pub(super) async fn open(session: &Session, copy: &CopyInto, id: &TableId) -> Result<Self> {
        check_writable(id).map_err(|error| copy.target.locate(error))?;
        let mut options = LandingOptions::checked(&copy.options, session.threads())?;
        if copy.options.reload.watermark.is_some() {
            return Err(
                Error::input("a load with WATERMARK cannot be looked at before it runs")
                    .hint("leave WATERMARK out to look at all rows of the table"),
            );
        }
        // It is to be reported, not to stop the report.
        options.read.sets_aside = true;
        let found = super::find_files(session, copy, &options).await?;
        if session.warehouse().entry(id) == Some(Entry::View) {
            return Err(copy
                .target
                .locate(Error::input(format!("{id} is a view")).hint("load into a table")));
        }
        let table = session.warehouse().open(id).await?;
        Ok(Preview {
            planner: session.begin(),
            id: id.clone(),
            options,
            files: found.files,
            ledger: Ledger::read(table.as_ref()).await?,
            table: table.as_ref().map(TableDefinition::of).transpose()?,
            stored: table,
        })
    }

    /// The columns that some of the files would be written to.
    ///
    /// # Errors
    /// A file that cannot be read, columns that do not fit the table.
    pub(super) async fn columns(&self, files: &[SourceFile]) -> Result<Columns> {
        let state = Arc::clone(self.state());
        match &self.table {
            None => make_columns(files, &self.options, state).await,
            Some(table) => {
                let drift = compare_columns(table, &self.id, files, &self.options, state).await?;
                Ok(Columns {
                    table: drift.evolved.unwrap_or_else(|| table.clone()),
                    notes: drift.notes,
                })
            }
        }
    }

    /// How much of each column of the table is NULL.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub(super) async fn null_shares(&self) -> Result<NullShares> {
        match &self.stored {
            Some(table) => NullShares::of(table).await,
            None => Ok(NullShares::default()),
        }
    }

    /// How a file is read into a table.
    pub(super) fn reading(&self, file: &SourceFile, table: &TableDefinition) -> Reading {
        Reading {
            file: file.clone(),
            options: self.options.read.clone(),
            table: table.clone(),
            state: Arc::clone(self.state()),
        }
    }

    fn state(&self) -> &Arc<SessionState> {
        self.planner.state()
    }
}
