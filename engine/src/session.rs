//! The one session: configuration, warehouse, connections and functions behind one door.
//!
//! This is the only place that builds the engine's session state, and [`Planner`] the only way
//! from a parsed query to a plan and to rows. A planner lives for one statement and sees one
//! version of every table.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use datafusion::catalog::Session as PlannerSession;
use datafusion::config::ConfigField;
use datafusion::error::Result as PlannerResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use deltalake_core::delta_datafusion::planner::DeltaExtensionPlanner;

use crate::config::{
    Config, ConnectionConfig, Environment, SETTINGS, parse_bytes, parse_scan_bytes, parse_threads,
};
use crate::connections::{Connection, Connections, DEFAULT_SCHEMA, Databases, LeaveAggregates};
use crate::landing::{FileReader, Outside};
use crate::progress::Progress;
use crate::sql::{CATALOG, Name, Query, Reset, Set, SetSubject, closest};
use crate::warehouse::{Snapshot, TableId, Warehouse, Zone, rules_that_keep_limits};
use crate::{Error, Result};

/// How many of the greediest operators an out-of-memory error names.
const NAMED_CONSUMERS: NonZeroUsize = NonZeroUsize::new(3).expect("not zero");

/// Everything that a statement needs.
#[derive(Debug)]
pub struct Session {
    warehouse: Arc<Warehouse>,
    base: RwLock<SessionState>,
    connections: Arc<Connections>,
    environment: Environment,
    config: Config,
    folder: PathBuf,
    progress: Progress,
    unmasked: AtomicBool,
    warn_scan_bytes: AtomicU64,
    run_id: String,
}

/// What the name of a table or view stands for.
#[derive(Debug)]
pub enum Target {
    /// A table or view of the warehouse.
    Warehouse(TableId),
    /// A table of an attached database.
    Database {
        /// The connection.
        connection: Connection,
        /// Its schema.
        schema: String,
        /// The table in it.
        table: String,
    },
}

impl Session {
    /// Opens a session. Opens no table and no connection: those wait until they are named.
    ///
    /// # Errors
    /// A warehouse that is not a folder, a spill folder that cannot be used.
    pub fn open(config: Config) -> Result<Self> {
        let warehouse = Warehouse::new(&config.warehouse)?;
        let base = build_state(&config, &warehouse)?;
        Ok(Session {
            connections: Arc::new(Connections::new(
                config.connections.clone(),
                config.environment.clone(),
                warehouse.root().to_owned(),
            )),
            warehouse,
            base: RwLock::new(base),
            environment: config.environment.clone(),
            warn_scan_bytes: AtomicU64::new(config.warn_scan_bytes),
            config,
            folder: PathBuf::new(),
            progress: Progress::default(),
            unmasked: AtomicBool::new(false),
            run_id: uuid::Uuid::now_v7().to_string(),
        })
    }

    /// The same session in the folder of a pipeline, with its connections and variables in front
    /// of its own.
    #[must_use]
    pub fn with_pipeline(
        mut self,
        folder: PathBuf,
        connections: BTreeMap<String, ConnectionConfig>,
        environment: Environment,
    ) -> Self {
        self.folder = folder;
        self.environment = environment.or(self.environment);
        let connections = self.connections.with(connections, self.environment.clone());
        self.connections = Arc::new(connections);
        self
    }

    /// The warehouse.
    pub fn warehouse(&self) -> &Arc<Warehouse> {
        &self.warehouse
    }

    /// Where relative paths start; empty for the working directory.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where rows and fetched files lie while they are worked on.
    pub fn spill_folder(&self) -> &Path {
        &self.config.spill_folder
    }

    /// What it takes to fetch files from elsewhere.
    pub fn outside(&self) -> Outside {
        Outside {
            environment: self.environment.clone(),
            spill_folder: self.config.spill_folder.clone(),
        }
    }

    /// How far the load is that runs, if one does.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Shows personal data on the terminal from now on. Each result with any is recorded.
    pub fn unmask(&self) {
        self.unmasked.store(true, Ordering::Relaxed);
    }

    /// Whether the user asked for personal data.
    pub fn is_unmasked(&self) -> bool {
        self.unmasked.load(Ordering::Relaxed)
    }

    /// The setting `warn_scan_bytes`; the greatest number if nothing is said.
    pub fn warn_scan_bytes(&self) -> u64 {
        self.warn_scan_bytes.load(Ordering::Relaxed)
    }

    /// What ledgers and system tables call all that is done here.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// A planner for one statement.
    pub fn begin(&self) -> Planner {
        let base = self.base.read().unwrap_or_else(PoisonError::into_inner);
        let reader = Arc::new(FileReader::new(&self.folder, self.outside()));
        let streams = base.config().target_partitions();
        let databases = Arc::new(Databases::new(Arc::clone(&self.connections), streams));
        let (snapshot, mut state) = Snapshot::begin(&self.warehouse, &base, reader, databases);
        // `now()` is the start of the statement, everywhere in it.
        state.mark_start_execution();
        self.progress
            .count_memory_of(&base.runtime_env().memory_pool);
        Planner {
            snapshot,
            state: Arc::new(state),
            progress: self.progress.clone(),
        }
    }

    /// What a name stands for: `table`, `zone.table`, `connection.table` or
    /// `connection.schema.table`.
    ///
    /// # Errors
    /// A first part that is neither a zone nor a connection, with what was probably meant.
    pub fn resolve(&self, name: &Name) -> Result<Target> {
        self.resolve_parts(name).map_err(|error| name.locate(error))
    }

    /// Like [`Session::resolve`], for what only a warehouse table or view can be.
    ///
    /// # Errors
    /// A name that is not one of the warehouse.
    pub fn resolve_in_warehouse(&self, name: &Name) -> Result<TableId> {
        match self.resolve(name)? {
            Target::Warehouse(id) => Ok(id),
            Target::Database { .. } => Err(name.locate(
                Error::input(format!("{name} is a table of a database"))
                    .hint("read it with SELECT, write to it with COPY INTO or INSERT, and change it with postgres_execute"),
            )),
        }
    }

    /// The databases that the session knows.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// The setting `threads`.
    pub fn threads(&self) -> usize {
        let base = self.base.read().unwrap_or_else(PoisonError::into_inner);
        base.config().target_partitions()
    }

    /// Changes a setting for the statements that follow.
    ///
    /// # Errors
    /// An unknown setting, or a value that it cannot take.
    pub fn set(&self, set: &Set) -> Result<()> {
        // Its value was put in place when the script was parsed.
        if set.subject == SetSubject::Parameter {
            return Ok(());
        }
        let mut base = self.base.write().unwrap_or_else(PoisonError::into_inner);
        let name = set.name.strip_prefix("tidemill.").unwrap_or(&set.name);
        self.apply(&mut base, name, &set.value)
            .map_err(|error| error.place(set.place.clone()))
    }

    /// Gives a setting the value that it had when the session was opened, and says which.
    ///
    /// # Errors
    /// An unknown setting.
    pub fn reset(&self, reset: &Reset) -> Result<String> {
        let name = reset.name.strip_prefix("tidemill.").unwrap_or(&reset.name);
        let located = |error: Error| error.place(reset.place.clone());
        let mut base = self.base.write().unwrap_or_else(PoisonError::into_inner);
        let value = match name {
            "threads" => Some(self.config.threads.to_string()),
            "default_zone" => Some(self.config.default_zone.to_string()),
            "memory_limit" => Some(self.config.memory_limit.to_string()),
            "warn_scan_bytes" => Some(match self.config.warn_scan_bytes {
                u64::MAX => "0".to_owned(),
                bytes => bytes.to_string(),
            }),
            _ => {
                let first = build_state(&self.config, &self.warehouse)?;
                let entries = first.config_options().entries();
                let names = entries.iter().map(|entry| entry.key.as_str());
                let known = names.chain(SETTINGS.iter().map(|setting| setting.name));
                let unknown = || located(unknown_setting(name, known));
                let entry = entries.iter().find(|entry| entry.key == name);
                entry.ok_or_else(unknown)?.value.clone()
            }
        };
        match &value {
            Some(value) => self.apply(&mut base, name, value).map_err(located)?,
            None => base
                .config_mut()
                .options_mut()
                .reset(name)
                .map_err(|error| located(error.into()))?,
        }
        Ok(value.unwrap_or_else(|| "NULL".to_owned()))
    }

    fn apply(&self, base: &mut SessionState, name: &str, value: &str) -> Result<()> {
        match name {
            "threads" => {
                base.config_mut().options_mut().execution.target_partitions = parse_threads(value)?
            }
            "warn_scan_bytes" => {
                let bytes = parse_scan_bytes(value)?;
                self.warn_scan_bytes.store(bytes, Ordering::Relaxed);
            }
            "default_zone" => {
                base.config_mut().options_mut().catalog.default_schema =
                    value.parse::<Zone>()?.name().to_owned();
            }
            "memory_limit" => {
                let config = Config {
                    memory_limit: parse_bytes(value)?,
                    ..self.config.clone()
                };
                *base = SessionStateBuilder::new_from_existing(base.clone())
                    .with_runtime_env(build_runtime(&config)?)
                    .build();
            }
            "warehouse" | "spill_folder" => {
                return Err(
                    Error::input(format!("{name} cannot change during a session")).hint(format!(
                        "start Tidemill with --{} {value}",
                        name.replace('_', "-")
                    )),
                );
            }
            _ if name.starts_with("datafusion.") => {
                let options = base.config_mut().options_mut();
                let known = options.entries();
                if !known.iter().any(|entry| entry.key == name) {
                    let names = known.iter().map(|entry| entry.key.as_str());
                    return Err(unknown_setting(name, names));
                }
                options.set(name, value)?;
            }
            _ => {
                let names = SETTINGS.iter().map(|setting| setting.name);
                return Err(unknown_setting(name, names));
            }
        }
        Ok(())
    }

    fn resolve_parts(&self, name: &Name) -> Result<Target> {
        match name.parts() {
            [table] => TableId::new(self.default_zone(), table).map(Target::Warehouse),
            [catalog, zone, table] if catalog == CATALOG => {
                TableId::new(zone.parse()?, table).map(Target::Warehouse)
            }
            [zone, table] => match zone.parse::<Zone>() {
                Ok(zone) => TableId::new(zone, table).map(Target::Warehouse),
                Err(_) if self.connections.has(zone) => self.database(zone, DEFAULT_SCHEMA, table),
                Err(error) => Err(error),
            },
            [connection, schema, table] => self.database(connection, schema, table),
            _ => Err(Error::internal(format!("name {name} has no parts"))),
        }
    }

    fn default_zone(&self) -> Zone {
        let base = self.base.read().unwrap_or_else(PoisonError::into_inner);
        base.config_options()
            .catalog
            .default_schema
            .parse()
            .unwrap_or(Zone::Raw)
    }

    /// An attached database.
    ///
    /// # Errors
    /// There is none of that name, or its URL cannot be read.
    pub fn connection(&self, name: &str) -> Result<Connection> {
        self.connections.get(name)
    }

    fn database(&self, connection: &str, schema: &str, table: &str) -> Result<Target> {
        Ok(Target::Database {
            connection: self.connections.get(connection)?,
            schema: schema.to_owned(),
            table: table.to_owned(),
        })
    }
}

/// Plans and runs what belongs to one statement.
#[derive(Debug, Clone)]
pub struct Planner {
    snapshot: Arc<Snapshot>,
    state: Arc<SessionState>,
    progress: Progress,
}

impl Planner {
    /// The state of the engine for this statement.
    pub fn state(&self) -> &Arc<SessionState> {
        &self.state
    }

    /// What must live until the last row has been read.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Plans a query.
    ///
    /// # Errors
    /// Unknown tables, columns and functions, wrong types; with their place.
    pub async fn plan(&self, query: Query) -> Result<LogicalPlan> {
        self.snapshot.plan(query, &self.state).await
    }

    /// Plans the query of a view that is to be called `id`: names without a zone belong to its
    /// zone, and it must not read from itself.
    ///
    /// # Errors
    /// Those of [`Planner::plan`], a circle of views, a table of a database.
    pub async fn plan_view(mut self, id: &TableId, query: Query) -> Result<LogicalPlan> {
        self.snapshot.check_view(&query)?;
        self.snapshot.enter_view(id)?;
        let state = Arc::make_mut(&mut self.state);
        state.config_mut().options_mut().catalog.default_schema = id.zone.name().to_owned();
        self.plan(query).await
    }

    /// Optimises a plan: the operators that will run.
    ///
    /// # Errors
    /// What the optimizer refuses.
    pub async fn physical(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.state.create_physical_plan(plan).await?)
    }

    /// Starts operators.
    ///
    /// # Errors
    /// What can be known before the first row.
    pub fn start(&self, operators: Arc<dyn ExecutionPlan>) -> Result<SendableRecordBatchStream> {
        let stream = execute_stream(Arc::clone(&operators), self.state.task_ctx())?;
        Ok(self.progress.watch(&operators, stream))
    }

    /// Optimises and starts a plan.
    ///
    /// # Errors
    /// What can be known before the first row.
    pub async fn run(&self, plan: &LogicalPlan) -> Result<SendableRecordBatchStream> {
        self.start(self.physical(plan).await?)
    }

    /// Plans and starts a query.
    ///
    /// # Errors
    /// Those of [`Planner::plan`] and [`Planner::run`].
    pub async fn query(&self, query: Query) -> Result<SendableRecordBatchStream> {
        let plan = self.plan(query).await?;
        self.run(&plan).await
    }
}

fn build_state(config: &Config, warehouse: &Arc<Warehouse>) -> Result<SessionState> {
    let mut session = SessionConfig::new()
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, config.default_zone.name())
        .with_target_partitions(config.threads);
    let options = session.options_mut();
    options.sql_parser.collect_spans = true;
    // 1234567890.12 as a binary fraction has already lost its last digit.
    options.sql_parser.parse_float_as_decimal = true;
    let builder = SessionStateBuilder::new()
        .with_config(session)
        .with_runtime_env(build_runtime(config)?)
        .with_default_features()
        .with_physical_optimizer_rules(rules_that_keep_limits())
        .with_optimizer_rule(Arc::new(LeaveAggregates))
        .with_query_planner(Arc::new(TidePlanner));
    Ok(tidemill_udfs::register_all(builder, Arc::clone(warehouse) as _).build())
}

fn build_runtime(config: &Config) -> Result<Arc<RuntimeEnv>> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(config.memory_limit), NAMED_CONSUMERS);
    let spill = DiskManagerBuilder::default().with_mode(
        datafusion::execution::disk_manager::DiskManagerMode::Directories(vec![
            config.spill_folder.clone(),
        ]),
    );
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(spill);
    let built = runtime.build().map_err(|error| {
        Error::from(error)
            .context(format!(
                "cannot use the spill folder {}",
                config.spill_folder.display()
            ))
            .hint("choose a folder that can be written with --spill-folder")
    });
    Ok(Arc::new(built?))
}

/// Plans our own operators beside those of the engine and of the table format.
#[derive(Debug)]
struct TidePlanner;

#[async_trait]
impl QueryPlanner for TidePlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn PlannerSession,
    ) -> PlannerResult<Arc<dyn ExecutionPlan>> {
        let mut planners: Vec<Arc<dyn ExtensionPlanner + Send + Sync>> =
            tidemill_udfs::all_extension_planners();
        planners.push(DeltaExtensionPlanner::new());
        DefaultPhysicalPlanner::with_extension_planners(planners)
            .create_physical_plan(plan, session)
            .await
    }
}

fn unknown_setting<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Error {
    let error = Error::input(format!("there is no setting `{name}`"));
    match closest(name, names) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => {
            let names = SETTINGS.iter().map(|setting| setting.name);
            error.hint(format!(
                "settings are {} and datafusion.*; a parameter is set in the script that says ${name}",
                names.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}
