//! The catalog of one statement: what the query planner asks for names, answered by a [`Snapshot`].

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result as PlannerResult};

use super::snapshot::{Columns, Snapshot};
use super::{Entry, TableId, Zone};
use crate::Error;
use crate::sql::FILES;

/// The zones.
#[derive(Debug)]
pub(super) struct WarehouseCatalog {
    snapshot: Arc<Snapshot>,
    columns: Columns,
}

impl WarehouseCatalog {
    /// The catalog of a statement that plans tables with these columns.
    pub(super) fn new(snapshot: Arc<Snapshot>, columns: Columns) -> Self {
        WarehouseCatalog { snapshot, columns }
    }
}

impl CatalogProvider for WarehouseCatalog {
    fn schema_names(&self) -> Vec<String> {
        Zone::ALL.map(|zone| zone.name().to_owned()).to_vec()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if name == FILES {
            return Some(Arc::new(FileSchema(Arc::clone(&self.snapshot))));
        }
        match name.parse() {
            Ok(zone) => Some(Arc::new(ZoneSchema {
                zone,
                columns: self.columns,
                snapshot: Arc::clone(&self.snapshot),
            })),
            // `database.table`
            Err(_) => {
                let databases = self.snapshot.databases();
                databases.has(name).then(|| databases.schema(name, None))
            }
        }
    }
}

#[derive(Debug)]
struct ZoneSchema {
    zone: Zone,
    columns: Columns,
    snapshot: Arc<Snapshot>,
}

#[async_trait]
impl SchemaProvider for ZoneSchema {
    fn table_names(&self) -> Vec<String> {
        self.snapshot
            .warehouse()
            .entries(self.zone)
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    async fn table(
        &self,
        name: &str,
    ) -> PlannerResult<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let Ok(id) = TableId::new(self.zone, name) else {
            return Ok(None);
        };
        self.snapshot
            .provider(&id, self.columns)
            .await
            .map_err(Error::into_datafusion)
    }

    /// Without this, listing the tables would open every one of them.
    async fn table_type(&self, name: &str) -> PlannerResult<Option<TableType>> {
        let Ok(id) = TableId::new(self.zone, name) else {
            return Ok(None);
        };
        Ok(self
            .snapshot
            .warehouse()
            .entry(&id)
            .map(|entry| match entry {
                Entry::Table => TableType::Base,
                Entry::View => TableType::View,
            }))
    }

    fn table_exist(&self, name: &str) -> bool {
        TableId::new(self.zone, name).is_ok_and(|id| self.snapshot.warehouse().entry(&id).is_some())
    }
}

/// The files that the statement reads as relations.
#[derive(Debug)]
struct FileSchema(Arc<Snapshot>);

#[async_trait]
impl SchemaProvider for FileSchema {
    fn table_names(&self) -> Vec<String> {
        self.0.files().keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> PlannerResult<Option<Arc<dyn TableProvider>>> {
        Ok(self.0.files().get(name).map(Arc::clone))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.files().contains_key(name)
    }
}
