//! What one statement sees of the warehouse.
//!
//! A [`Snapshot`] is made per statement: every table is opened once, when it is first named, so
//! that all of a statement sees the same version, and is leased, so that no commit deletes its
//! files meanwhile. Names come from the folder tree; a table that is not named is not opened.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::common::SchemaError;
use datafusion::datasource::ViewTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, Volatility};
use datafusion::optimizer::analyzer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion::sql::parser::Statement as PlannerStatement;
use datafusion::sql::sqlparser::ast;
use deltalake_core::DeltaTable;
use object_store::path::Path as StorePath;

use super::catalog::WarehouseCatalog;
use super::databases::{Catalogs, ReadDatabases, check_names, refuse_in_view};
use super::lock::ReadLease;
use super::origin::with_origin_columns;
use super::{Entry, TableId, Warehouse, Zone};
use crate::sql::{
    CATALOG, FileRelation, LOAD_COLUMN, Name, Parameters, Query, SOURCE_COLUMN, Script, Statement,
    closest, order_by_columns, ordered_by_all, sql_statement_mut, write_out_alias,
};
use crate::{Error, Place, Result};

/// More names than this of one statement are not replaced.
const MAX_ALIASES: usize = 64;

/// The tables and views that one statement has named, as they were when it named them.
#[derive(Debug)]
pub struct Snapshot {
    warehouse: Arc<Warehouse>,
    base: SessionState,
    /// Tables and views, without and with the columns of origin.
    tables: Mutex<HashMap<(TableId, Columns), Arc<dyn TableProvider>>>,
    /// What a dry run takes to be there, or not to be there any more.
    pretended: Mutex<HashMap<TableId, Option<Arc<dyn TableProvider>>>>,
    opened: Mutex<HashMap<TableId, DeltaTable>>,
    /// Opens the files that a query reads as relations.
    reader: Arc<dyn ReadFiles>,
    files: Mutex<HashMap<String, Arc<dyn TableProvider>>>,
    databases: Arc<dyn ReadDatabases>,
    leases: Mutex<Vec<ReadLease>>,
    /// Views that are being planned, outermost first: one that comes up again is a cycle.
    planning: Mutex<Vec<TableId>>,
}

/// A table of which a plan reads files.
#[derive(Debug)]
pub struct ScannedTable {
    /// The table.
    pub id: TableId,
    /// Its data files, also those that the plan leaves out.
    pub files: usize,
    /// The columns that it is partitioned by.
    pub partition_columns: Vec<String>,
}

/// The columns that tables are planned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Columns {
    /// Their own.
    Own,
    /// Also those that tell where a row came from.
    WithOrigin,
}

/// Makes relations of files. What a file is, is not the business of the warehouse.
#[async_trait]
pub trait ReadFiles: Debug + Send + Sync {
    /// Opens the files of a relation.
    ///
    /// # Errors
    /// Files that are missing or cannot be read.
    async fn open(
        &self,
        files: &FileRelation,
        state: &SessionState,
    ) -> Result<Arc<dyn TableProvider>>;
}

impl Snapshot {
    /// A planner state whose catalogs are this warehouse and the databases. Keep the snapshot
    /// until the last row has been read.
    pub fn begin(
        warehouse: &Arc<Warehouse>,
        base: &SessionState,
        reader: Arc<dyn ReadFiles>,
        databases: Arc<dyn ReadDatabases>,
    ) -> (Arc<Self>, SessionState) {
        let snapshot = Arc::new(Snapshot {
            warehouse: Arc::clone(warehouse),
            base: base.clone(),
            tables: Mutex::default(),
            pretended: Mutex::default(),
            opened: Mutex::default(),
            reader,
            files: Mutex::default(),
            databases,
            leases: Mutex::default(),
            planning: Mutex::default(),
        });
        let state = snapshot.planner_state(&snapshot.base, Columns::Own);
        (snapshot, state)
    }

    /// Plans a query, the files in it included.
    ///
    /// # Errors
    /// Unknown tables, columns and functions, wrong types, files that cannot be read; with their
    /// place.
    pub async fn plan(self: &Arc<Self>, query: Query, state: &SessionState) -> Result<LogicalPlan> {
        let relations = query.relations().unwrap_or_default();
        check_names(&relations, self.databases.as_ref())?;
        let (with_origin, query) = self.with_origin(query, state).await?;
        let state = with_origin.as_ref().unwrap_or(state);
        let (statement, files) = query.into_ast()?;
        for relation in &files {
            if lock(&self.files).contains_key(&relation.table) {
                continue;
            }
            let opened = self.reader.open(relation, state).await;
            let provider = opened
                .map_err(|error| error.map_place(|place| place.or(Some(relation.place.clone()))))?;
            lock(&self.files).insert(relation.table.clone(), provider);
        }
        plan_in_order(statement, state)
            .await
            .map_err(|error| explain_function(self.explain(error, &relations), state))
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

    /// Makes ready what a query needs that names the origin of rows: tables with the columns for
    /// it, and no `*` that would show them. Other queries stay as they are.
    ///
    /// # Errors
    /// A `*` that cannot be written without them, a table that cannot be opened.
    async fn with_origin(
        self: &Arc<Self>,
        query: Query,
        state: &SessionState,
    ) -> Result<(Option<SessionState>, Query)> {
        if !query.names_origin() {
            return Ok((None, query));
        }
        let mut hidden: HashMap<Vec<String>, Vec<&'static str>> = HashMap::new();
        for name in query.relations()? {
            if let Some(id) = table_id(&name, state)
                && self.warehouse.entry(&id) == Some(Entry::Table)
                && let Some(table) = self.open(&id).await?
            {
                let schema = table.snapshot()?.snapshot().arrow_schema();
                let added = [SOURCE_COLUMN, LOAD_COLUMN]
                    .into_iter()
                    .filter(|column| schema.column_with_name(column).is_none());
                hidden.insert(name.parts().to_vec(), added.collect());
            }
        }
        let query = query.without_origin_in_wildcards(|name| {
            hidden.get(name.parts()).cloned().unwrap_or_default()
        })?;
        let state = self.planner_state(state, Columns::WithOrigin);
        Ok((Some(state), query))
    }

    fn planner_state(self: &Arc<Self>, like: &SessionState, columns: Columns) -> SessionState {
        let mut state = like.clone();
        state.register_catalog_list(Arc::new(Catalogs {
            warehouse: Arc::new(WarehouseCatalog::new(Arc::clone(self), columns)),
            databases: Arc::clone(&self.databases),
        }));
        state
    }

    /// A table or view as it is planned; `None` if there is no such entry.
    pub(super) async fn provider(
        self: &Arc<Self>,
        id: &TableId,
        columns: Columns,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(pretended) = lock(&self.pretended).get(id) {
            return Ok(pretended.clone());
        }
        let key = (id.clone(), columns);
        if let Some(known) = lock(&self.tables).get(&key) {
            return Ok(Some(Arc::clone(known)));
        }
        let provider = match self.warehouse.entry(id) {
            None => return Ok(None),
            Some(Entry::Table) => self.plan_table(id, columns).await?,
            Some(Entry::View) => self.plan_view(id).await?,
        };
        if let Some(provider) = &provider {
            lock(&self.tables).insert(key, Arc::clone(provider));
        }
        Ok(provider)
    }

    async fn plan_table(
        &self,
        id: &TableId,
        columns: Columns,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(table) = self.open(id).await? else {
            return Ok(None);
        };
        if columns == Columns::WithOrigin {
            return with_origin_columns(&table, &self.base).await.map(Some);
        }
        let provider = table.table_provider().with_session(self.session()).await?;
        Ok(Some(provider))
    }

    /// Plans with an empty table of these columns, or without one, whatever the warehouse has.
    pub fn pretend(&self, id: TableId, schema: Option<SchemaRef>) {
        let empty = |schema| Arc::new(EmptyTable::new(schema)) as Arc<dyn TableProvider>;
        lock(&self.pretended).insert(id, schema.map(empty));
    }

    /// The warehouse that it is of.
    pub(super) fn warehouse(&self) -> &Warehouse {
        &self.warehouse
    }

    /// The databases beside it.
    pub(super) fn databases(&self) -> &dyn ReadDatabases {
        self.databases.as_ref()
    }

    /// The files that the statement reads as relations, by the names of these.
    pub(super) fn files(&self) -> MutexGuard<'_, HashMap<String, Arc<dyn TableProvider>>> {
        lock(&self.files)
    }

    /// The session that rows are read with.
    pub(super) fn session(&self) -> Arc<SessionState> {
        Arc::new(self.base.clone())
    }

    /// Opens a table once for the statement.
    pub(super) async fn open(&self, id: &TableId) -> Result<Option<DeltaTable>> {
        if let Some(table) = lock(&self.opened).get(id) {
            return Ok(Some(table.clone()));
        }
        // The lease comes first: what is opened after it cannot lose its files.
        let lease = self.warehouse.lease(id);
        let Some(table) = self.warehouse.open(id).await? else {
            return Ok(None);
        };
        lock(&self.leases).push(lease);
        lock(&self.opened).insert(id.clone(), table.clone());
        Ok(Some(table))
    }

    /// The table of this statement that a file belongs to.
    pub fn scanned_table(&self, location: &StorePath) -> Option<ScannedTable> {
        let opened = lock(&self.opened);
        opened.iter().find_map(|(id, table)| {
            let folder = self.warehouse.folder(id).canonicalize().ok()?;
            let folder = StorePath::from_absolute_path(folder).ok()?;
            location.prefix_matches(&folder).then_some(())?;
            let snapshot = table.snapshot().ok()?;
            Some(ScannedTable {
                id: id.clone(),
                files: snapshot.log_data().num_files(),
                partition_columns: snapshot.metadata().partition_columns().to_vec(),
            })
        })
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
        let mut state = self.planner_state(&self.base, Columns::Own);
        state.config_mut().options_mut().catalog.default_schema = id.zone.name().to_owned();
        let in_view = |error: Error| {
            let error = script.locate(error).context(format!("view {id}"));
            match error.get_hint() {
                Some(hint) if hint.starts_with("did you mean") => error,
                _ => error.hint(format!(
                    "make what the view reads, or write it again with CREATE OR REPLACE VIEW {id}"
                )),
            }
        };
        refuse_in_view(&query, self.databases.as_ref()).map_err(in_view)?;
        let plan = self.plan(query, &state).await.map_err(in_view)?;
        let plan = TypeCoercion::new().analyze(plan, state.config_options())?;
        Ok(Arc::new(ViewTable::new(plan, Some(text))))
    }

    /// Refuses a query that no view may have.
    ///
    /// # Errors
    /// A table of a database.
    pub fn check_view(&self, query: &Query) -> Result<()> {
        refuse_in_view(query, self.databases.as_ref())
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

/// An unknown function gets a hint with the one that was probably meant.
fn explain_function(error: Error, state: &SessionState) -> Error {
    let named = |kind: &str| {
        let rest = error.message().strip_prefix(kind)?;
        rest.strip_suffix('`')
    };
    if let Some(name) = named("there is no function `") {
        if state.window_functions().contains_key(name) {
            let place = error.get_place().cloned();
            return Error::input(format!("the function {name} needs a window"))
                .hint(format!(
                    "write {name}(..) OVER (PARTITION BY .. ORDER BY ..)"
                ))
                .map_place(|_| place);
        }
        let known = [
            state.scalar_functions().keys().collect::<Vec<_>>(),
            state.aggregate_functions().keys().collect(),
            state.window_functions().keys().collect(),
        ];
        let near = closest(name, known.iter().flatten().map(|name| name.as_str()));
        return match near {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        };
    }
    let relations = tidemill_udfs::table::FUNCTIONS.iter();
    let known = relations
        .map(|function| function.name())
        .chain(state.table_functions().keys().map(String::as_str));
    match named("there is no table function `").and_then(|name| closest(name, known)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// The table or view that a name stands for in a statement.
fn table_id(name: &Name, state: &SessionState) -> Option<TableId> {
    let (zone, table) = match name.parts() {
        [table] => (
            state.config_options().catalog.default_schema.as_str(),
            table,
        ),
        [zone, table] => (zone.as_str(), table),
        [catalog, zone, table] if catalog == CATALOG => (zone.as_str(), table),
        _ => return None,
    };
    TableId::new(zone.parse().ok()?, table).ok()
}

/// Plans a statement; to order it by all of its columns, these are counted first.
async fn plan_in_order(
    mut statement: PlannerStatement,
    state: &SessionState,
) -> Result<LogicalPlan> {
    if let Some(query) = ordered_by_all(&mut statement) {
        let mut unordered = query.clone();
        unordered.order_by = None;
        let unordered = ast::Statement::Query(Box::new(unordered));
        let unordered = PlannerStatement::Statement(Box::new(unordered));
        let counted = plan_with_aliases(unordered, state).await?;
        order_by_columns(query, counted.schema().fields().len());
    }
    plan_with_aliases(statement, state).await
}

/// Plans a statement; names of its SELECT lists that are no columns stand for what is so called there.
async fn plan_with_aliases(
    mut statement: PlannerStatement,
    state: &SessionState,
) -> Result<LogicalPlan> {
    let is_volatile = |name: &str| {
        let function = state.scalar_functions().get(name);
        function.is_some_and(|function| function.signature().volatility == Volatility::Volatile)
    };
    for _ in 0..MAX_ALIASES {
        let error = match state.statement_to_plan(statement.clone()).await {
            Ok(plan) => return Ok(plan),
            Err(error) => error,
        };
        let is_no_column = is_missing_column(&error);
        let error = Error::from(error);
        let written_out = match (error.get_place(), sql_statement_mut(&mut statement)) {
            (Some(place), Some(statement)) if is_no_column => {
                write_out_alias(statement, place, is_volatile)
            }
            _ => false,
        };
        if !written_out {
            return Err(error);
        }
    }
    Ok(state.statement_to_plan(statement).await?)
}

/// Whether the planner found no column for a name that stands alone.
fn is_missing_column(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::SchemaError(error, _) => matches!(
            error.as_ref(),
            SchemaError::FieldNotFound { field, .. } if field.relation.is_none()
        ),
        _ => false,
    }
}

/// A lock that a panic elsewhere poisoned still guards whole values here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
