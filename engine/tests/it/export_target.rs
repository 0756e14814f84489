//! A database that scenarios export into and look at, whichever it is.

#![expect(
    clippy::disallowed_methods,
    reason = "exports are tested apart from our own session"
)]

use std::path::PathBuf;

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use futures::stream;
use tempfile::TempDir;
use tidemill::Result;
use tidemill::connections::{Connection, Export, Exported, Mode};
use tokio_postgres::SimpleQueryMessage;

use crate::postgres_server::{PostgresServer, connect};

/// An empty database.
pub struct Target {
    pub connection: Connection,
    pub kind: Kind,
}

/// How to look into it without Tidemill.
pub enum Kind {
    Sqlite { file: PathBuf, _folder: TempDir },
    Postgres { url: String },
}

impl Target {
    /// A file in a folder of its own.
    pub fn sqlite() -> Target {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("serving.db");
        Target {
            connection: Connection::parse("serving", "sqlite:serving.db", folder.path()).unwrap(),
            kind: Kind::Sqlite {
                file,
                _folder: folder,
            },
        }
    }

    /// A database of its own on the shared server.
    pub async fn postgres() -> Target {
        let url = PostgresServer::shared().create_database().await;
        Target {
            connection: Connection::parse("serving", &url, ".".as_ref()).unwrap(),
            kind: Kind::Postgres { url },
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Postgres { .. })
    }

    /// Picks what one of the databases does differently.
    pub fn pick<T>(&self, sqlite: T, postgres: T) -> T {
        if self.is_postgres() { postgres } else { sqlite }
    }

    /// Exports the result of a query.
    pub async fn export(&self, table: &str, mode: Mode, query: &str) -> Result<Exported> {
        self.export_stream(table, mode, rows_of(query).await).await
    }

    /// Exports a stream.
    pub async fn export_stream(
        &self,
        table: &str,
        mode: Mode,
        batches: SendableRecordBatchStream,
    ) -> Result<Exported> {
        let export = Export::new("public", table, mode);
        self.connection.export(&export, batches).await
    }

    pub async fn exists(&self, table: &str) -> bool {
        self.connection.table_exists("public", table).await.unwrap()
    }

    /// Runs statements inside of the database.
    pub async fn execute(&self, sql: &str) {
        match &self.kind {
            Kind::Sqlite { file, .. } => rusqlite::Connection::open(file)
                .unwrap()
                .execute_batch(sql)
                .unwrap(),
            Kind::Postgres { url } => connect(url).await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Reads rows as texts, values parted by `|`, NULL as `-`.
    pub async fn read(&self, sql: &str) -> Vec<String> {
        match &self.kind {
            Kind::Sqlite { file, .. } => {
                let connection = rusqlite::Connection::open(file).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let mut rows = statement.query([]).unwrap();
                let mut lines = Vec::new();
                while let Some(row) = rows.next().unwrap() {
                    let values: Vec<_> = (0..columns)
                        .map(|at| show(row.get_ref(at).unwrap()))
                        .collect();
                    lines.push(values.join("|"));
                }
                lines
            }
            Kind::Postgres { url } => {
                let messages = connect(url).await.simple_query(sql).await.unwrap();
                let rows = messages.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                rows.map(|row| {
                    let values: Vec<_> = (0..row.len())
                        .map(|at| row.get(at).unwrap_or("-"))
                        .collect();
                    values.join("|")
                })
                .collect()
            }
        }
    }
}

fn show(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(value) => String::from_utf8_lossy(value).into_owned(),
        ValueRef::Blob(value) => format!("{value:?}"),
    }
}

/// A merge over these columns.
pub fn merge(key: &[&str]) -> Mode {
    Mode::Merge {
        key: key.iter().map(ToString::to_string).collect(),
    }
}

/// The result of a query as a stream.
pub async fn rows_of(query: &str) -> SendableRecordBatchStream {
    let frame = SessionContext::new().sql(query).await.unwrap();
    frame.execute_stream().await.unwrap()
}

/// The batches of a query, and after them an error or silence.
pub async fn rows_then(query: &str, last: Option<DataFusionError>) -> SendableRecordBatchStream {
    use futures::StreamExt;
    let batches: Vec<RecordBatch> = SessionContext::new()
        .sql(query)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    let schema = batches[0].schema();
    let rows = stream::iter(batches.into_iter().map(Ok));
    match last {
        Some(error) => Box::pin(RecordBatchStreamAdapter::new(
            schema,
            rows.chain(stream::iter([Err(error)])),
        )),
        None => Box::pin(RecordBatchStreamAdapter::new(
            schema,
            rows.chain(stream::pending()),
        )),
    }
}
