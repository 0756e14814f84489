//! Tests through SQL: a plain DataFusion session with the functions of this package.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod dbscan;
mod documentation;
mod gaussian_mixture;
mod kmeans;
mod kmeans_execution;
mod kmeans_refusals;
mod linear_regression;
mod logistic_regression;
mod ntile_label;
mod pca;
mod period;
mod random_forest_regression;

use std::any::TypeId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{CsvReadOptions, DataFrame, SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};

use crate::table::models::{Models, NewModel, StoredModel};
use crate::{all_extension_planners, register_all, rewrite_relation_arguments};

/// The generic dialect, but `SELECT id, cluster FROM ..` has a column `cluster` and no trailing comma.
#[derive(Debug)]
struct TestDialect;

impl Dialect for TestDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_identifier_start(&self, character: char) -> bool {
        GenericDialect.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        GenericDialect.is_identifier_part(character)
    }

    fn supports_named_fn_args_with_assignment_operator(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(all_extension_planners())
            .create_physical_plan(plan, session)
            .await
    }
}

fn configuration() -> SessionConfig {
    let mut configuration = SessionConfig::new().with_information_schema(true);
    configuration.options_mut().sql_parser.collect_spans = true;
    configuration
        .options_mut()
        .sql_parser
        .parse_float_as_decimal = true;
    configuration
}

fn session_with(configuration: SessionConfig, runtime: RuntimeEnv) -> SessionContext {
    let builder = SessionStateBuilder::new()
        .with_config(configuration)
        .with_runtime_env(Arc::new(runtime))
        .with_default_features()
        .with_query_planner(Arc::new(Planner));
    SessionContext::new_with_state(register_all(builder, Arc::new(Kept::default())).build())
}

/// Models in memory.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<StoredModel>>);

impl Models for Kept {
    fn read(&self, name: &str) -> Result<Option<StoredModel>> {
        let models = self.0.lock().unwrap();
        Ok(models.iter().rfind(|model| model.name == name).cloned())
    }

    fn write(&self, model: NewModel) -> Result<u64> {
        let version = self.read(&model.name)?.map_or(1, |last| last.version + 1);
        self.0.lock().unwrap().push(StoredModel {
            name: model.name,
            version,
            function: model.function.to_owned(),
            query: model.query,
            arguments: model.arguments,
            trained_at: "2026-11-21T00:00:00Z".to_owned(),
            // As a file does.
            content: serde_json::from_str(&model.content.to_string()).unwrap(),
        });
        Ok(version)
    }

    fn names(&self) -> Result<Vec<String>> {
        let models = self.0.lock().unwrap();
        let names: BTreeSet<_> = models.iter().map(|model| model.name.clone()).collect();
        Ok(names.into_iter().collect())
    }
}

fn session() -> SessionContext {
    session_with(configuration(), RuntimeEnv::default())
}

fn limited_memory(bytes: usize) -> RuntimeEnv {
    RuntimeEnvBuilder::new()
        .with_memory_limit(bytes, 1.0)
        .build()
        .unwrap()
}

/// A session with the table `iris` (150 flowers of three species, by R. A. Fisher, as kept by UCI), or
/// `None` where the data that the project does not ship is missing.
async fn iris() -> Option<SessionContext> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/data/iris/Iris.csv"
    );
    if !std::path::Path::new(path).exists() {
        eprintln!("skipped: the Iris data is not shipped, and {path} is missing");
        return None;
    }
    let session = session();
    session
        .register_csv("flowers", path, CsvReadOptions::new())
        .await
        .unwrap();
    let renamed = "CREATE VIEW iris AS SELECT \"SepalLengthCm\" AS sepal_length, \"SepalWidthCm\" AS sepal_width,
        \"PetalLengthCm\" AS petal_length, \"PetalWidthCm\" AS petal_width FROM flowers";
    session.sql(renamed).await.unwrap();
    Some(session)
}

async fn plan(session: &SessionContext, sql: &str) -> Result<DataFrame> {
    let mut statement = DFParserBuilder::new(sql)
        .with_dialect(&TestDialect)
        .build()?
        .parse_statements()?
        .pop_front()
        .expect("a statement");
    rewrite(&mut statement)?;
    let plan = session.state().statement_to_plan(statement).await?;
    session.execute_logical_plan(plan).await
}

fn rewrite(statement: &mut Statement) -> Result<()> {
    match statement {
        Statement::Statement(statement) => rewrite_relation_arguments(statement.as_mut()),
        Statement::Explain(explain) => rewrite(&mut explain.statement),
        _ => Ok(()),
    }
}

async fn rows(session: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    plan(session, sql).await?.collect().await
}

/// The result as a table, or the message of the error and its hints.
async fn answer(session: &SessionContext, sql: &str) -> String {
    match rows(session, sql).await {
        Ok(batches) => pretty_format_batches(&batches).unwrap().to_string(),
        Err(error) => explain(&error),
    }
}

fn explain(error: &DataFusionError) -> String {
    let message = error.find_root().message().into_owned();
    let Some(diagnostic) = error.diagnostic() else {
        return message;
    };
    let hints: Vec<_> = diagnostic
        .helps
        .iter()
        .map(|help| help.message.as_str())
        .collect();
    format!("{message}\nhint: {}", hints.join("; "))
}

/// One column of a result as numbers.
async fn numbers(session: &SessionContext, sql: &str) -> Vec<f64> {
    let texts = column(session, sql).await;
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// One column of a result as text, NULL as an empty string.
async fn column(session: &SessionContext, sql: &str) -> Vec<String> {
    let batches = rows(session, sql).await.unwrap();
    let mut values = vec![];
    for batch in &batches {
        let column =
            arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8).unwrap();
        let column = arrow::array::AsArray::as_string::<i32>(&column).clone();
        values.extend(
            column
                .iter()
                .map(|value| value.unwrap_or_default().to_owned()),
        );
    }
    values
}
