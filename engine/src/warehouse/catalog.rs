//! The warehouse as the query planner sees it, for the time of one statement.
//!
//! A [`Snapshot`] is made per statement: every table is opened once, when it is first named, so
//! that all of a statement sees the same version, and is leased, so that no commit deletes its
//! files meanwhile. Names come from the folder tree; a table that is not named is not opened.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProviderList, SchemaProvider, TableProvider,
};
use datafusion::datasource::{TableType, ViewTable};
use datafusion::error::{DataFusionError, Result as PlannerResult};
use datafusion::execution::SessionState;
use datafusion::optimizer::analyzer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;

use super::lock::ReadLease;
use super::{Entry, TableId, Warehouse, Zone};
use crate::sql::{Name, Parameters, Script, Statement, closest};
use crate::{Error, Place, Result};

/// The name of the catalog that holds the zones.
pub const CATALOG: &str = "warehouse";

/// The tables and views that one statement has named, as they were when it named them.
#[derive(Debug)]
pub struct Snapshot {
    warehouse: Arc<Warehouse>,
    base: SessionState,
    tables: Mutex<HashMap<TableId, Arc<dyn TableProvider>>>,
    leases: Mutex<Vec<ReadLease>>,
    /// Views that are being planned, outermost first: one that comes up again is a cycle.
    planning: Mutex<Vec<TableId>>,
}

impl Snapshot {
    /// A planner state whose only catalog is this warehouse. Keep the snapshot until the last
    /// row has been read.
    pub fn begin(warehouse: &Arc<Warehouse>, base: &SessionState) -> (Arc<Self>, SessionState) {
        let snapshot = Arc::new(Snapshot {
            warehouse: Arc::clone(warehouse),
            base: base.clone(),
            tables: Mutex::default(),
            leases: Mutex::default(),
            planning: Mutex::default(),
        });
        let state = snapshot.planner_state();
        (snapshot, state)
    }

    fn entries(&self) -> Vec<TableId> {
        let zones = Zone::ALL.into_iter();
        zones
            .flat_map(|zone| {
                let names = self
                    .warehouse
                    .entries(zone)
                    .into_iter()
                    .map(|(name, _)| name);
                names.map(move |name| TableId { zone, name })
            })
            .collect()
    }

    /// An unknown table gets a hint with the name that was probably meant.
    pub fn explain(&self, error: Error, relations: &[Name]) -> Error {
        let message = error.message();
        if error.get_hint().is_some()
            || !message.starts_with("table '")
            || !message.ends_with("not found")
        {
            return error;
        }
        let known = self.entries();
        let missing = relations
            .iter()
            .find(|name| message.contains(&format!("{}'", name.parts().join("."))));
        let near = missing.and_then(|missing| {
            let name = closest(missing.table(), known.iter().map(|id| id.name.as_str()))?;
            known.iter().find(|id| id.name == name)
        });
        // The catalog is an implementation of ours; users name zones.
        let message = message.replacen(&format!("'{CATALOG}."), "'", 1);
        let place = error.get_place().cloned();
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "SHOW TABLES lists what there is".to_owned(),
        };
        Error::new(error.kind(), message)
            .hint(hint)
            .map_place(|_| place)
    }

    fn planner_state(self: &Arc<Self>) -> SessionState {
        let mut state = self.base.clone();
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(
            CATALOG.to_owned(),
            Arc::new(WarehouseCatalog(Arc::clone(self))),
        );
        state.register_catalog_list(Arc::new(catalogs));
        state
    }

    async fn provider(self: &Arc<Self>, id: &TableId) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(known) = lock(&self.tables).get(id) {
            return Ok(Some(Arc::clone(known)));
        }
        let provider = match self.warehouse.entry(id) {
            None => return Ok(None),
            Some(Entry::Table) => self.open_table(id).await?,
            Some(Entry::View) => self.plan_view(id).await?,
        };
        if let Some(provider) = &provider {
            lock(&self.tables).insert(id.clone(), Arc::clone(provider));
        }
        Ok(provider)
    }

    async fn open_table(&self, id: &TableId) -> Result<Option<Arc<dyn TableProvider>>> {
        // The lease comes first: what is opened after it cannot lose its files.
        let lease = self.warehouse.lease(id);
        let Some(table) = self.warehouse.open(id).await? else {
            return Ok(None);
        };
        let provider = table
            .table_provider()
            .with_session(Arc::new(self.base.clone()))
            .await?;
        lock(&self.leases).push(lease);
        Ok(Some(provider))
    }

    async fn plan_view(self: &Arc<Self>, id: &TableId) -> Result<Option<Arc<dyn TableProvider>>> {
        self.enter_view(id)?;
        let planned = self.plan_view_text(id).await;
        lock(&self.planning).pop();
        planned.map(Some)
    }

    async fn plan_view_text(self: &Arc<Self>, id: &TableId) -> Result<Arc<dyn TableProvider>> {
        let file = self.warehouse.view_file(id);
        let text = self.warehouse.read_view(id)?;
        let script = Script::named(file.display().to_string(), text.clone());
        let mut statements = script.parse(&Parameters::new())?;
        let query = match (
            statements.pop().map(|parsed| parsed.statement),
            statements.is_empty(),
        ) {
            (Some(Statement::Query(query)), true) => query,
            _ => {
                return Err(Error::input(format!("view {id} is not one query"))
                    .place(Place::file(&file))
                    .hint("write it again with CREATE OR REPLACE VIEW"));
            }
        };
        let relations = query.relations().unwrap_or_default();
        let mut state = self.planner_state();
        state.config_mut().options_mut().catalog.default_schema = id.zone.name().to_owned();
        let plan = state
            .statement_to_plan(query.into_ast())
            .await
            .map_err(|error| {
                let error = self.explain(Error::from(error), &relations);
                script.locate(error).context(format!("view {id}"))
            })?;
        let plan = TypeCoercion::new().analyze(plan, state.config_options())?;
        Ok(Arc::new(ViewTable::new(plan, Some(text))))
    }

    /// Notes that a view is being planned; one that is so already reads from itself.
    ///
    /// # Errors
    /// The circle, by name.
    pub fn enter_view(&self, id: &TableId) -> Result<()> {
        let mut planning = lock(&self.planning);
        if planning.contains(id) {
            let names: Vec<_> = planning
                .iter()
                .chain([id])
                .map(ToString::to_string)
                .collect();
            return Err(
                Error::input(format!("views refer to each other: {}", names.join(" -> ")))
                    .hint("change one of them to read from a table"),
            );
        }
        planning.push(id.clone());
        Ok(())
    }
}

#[derive(Debug)]
struct WarehouseCatalog(Arc<Snapshot>);

impl CatalogProvider for WarehouseCatalog {
    fn schema_names(&self) -> Vec<String> {
        Zone::ALL.map(|zone| zone.name().to_owned()).to_vec()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let zone = name.parse().ok()?;
        Some(Arc::new(ZoneSchema {
            zone,
            snapshot: Arc::clone(&self.0),
        }))
    }
}

#[derive(Debug)]
struct ZoneSchema {
    zone: Zone,
    snapshot: Arc<Snapshot>,
}

#[async_trait]
impl SchemaProvider for ZoneSchema {
    fn table_names(&self) -> Vec<String> {
        self.snapshot
            .warehouse
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
            .provider(&id)
            .await
            .map_err(Error::into_datafusion)
    }

    /// Without this, listing the tables would open every one of them.
    async fn table_type(&self, name: &str) -> PlannerResult<Option<TableType>> {
        let Ok(id) = TableId::new(self.zone, name) else {
            return Ok(None);
        };
        Ok(self.snapshot.warehouse.entry(&id).map(|entry| match entry {
            Entry::Table => TableType::Base,
            Entry::View => TableType::View,
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        TableId::new(self.zone, name).is_ok_and(|id| self.snapshot.warehouse.entry(&id).is_some())
    }
}

/// A lock that a panic elsewhere poisoned still guards whole values here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
