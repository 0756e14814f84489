//! The databases of one statement: each is opened when a table of it is first named, and closed
//! when the last row has been read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result as PlannerResult;
use tokio::sync::OnceCell;

use super::Relation;
use super::table::DatabaseTable;
use crate::connections::postgres::PostgresReader;
use crate::connections::sqlite::SqliteReader;
use crate::connections::{ConnectionUrl, Connections, DEFAULT_SCHEMA};
use crate::sql::{DATABASE_INFORMATION, INFORMATION_SCHEMA, Name, QUERIES, closest};
use crate::warehouse::ReadDatabases;
use crate::{Error, Result};

/// The databases that a statement may read.
#[derive(Debug)]
pub struct Databases {
    connections: Arc<Connections>,
    readers: Arc<Mutex<HashMap<String, Arc<OnceCell<Reader>>>>>,
    most_streams: usize,
}

/// An open database.
#[derive(Debug, Clone)]
enum Reader {
    Postgres(Arc<PostgresReader>),
    Sqlite(Arc<SqliteReader>),
}

impl Databases {
    /// Those behind the connections; none is opened. Of each, so many streams are read at once.
    pub fn new(connections: Arc<Connections>, most_streams: usize) -> Self {
        Databases {
            connections,
            readers: Arc::default(),
            most_streams,
        }
    }
}

impl ReadDatabases for Databases {
    fn find(&self, database: &str) -> Result<()> {
        self.connections.find(database).map(|_| ())
    }

    fn schema(&self, database: &str, schema: Option<&str>) -> Arc<dyn SchemaProvider> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::new(DatabaseSchema {
            database: database.to_owned(),
            schema: match schema.unwrap_or(DEFAULT_SCHEMA) {
                DATABASE_INFORMATION => INFORMATION_SCHEMA.to_owned(),
                schema => schema.to_owned(),
            },
            connections: Arc::clone(&self.connections),
            reader: Arc::clone(readers.entry(database.to_owned()).or_default()),
            most_streams: self.most_streams,
        })
    }
}

#[derive(Debug)]
struct DatabaseSchema {
    database: String,
    schema: String,
    connections: Arc<Connections>,
    reader: Arc<OnceCell<Reader>>,
    most_streams: usize,
}

#[async_trait]
impl SchemaProvider for DatabaseSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> PlannerResult<Option<Arc<dyn TableProvider>>> {
        let relation = self.relation(name).await.map_err(Error::into_datafusion)?;
        Ok(Some(Arc::new(DatabaseTable::new(relation))))
    }

    /// Only the database knows, and it is not asked without need.
    fn table_exist(&self, _name: &str) -> bool {
        true
    }
}

impl DatabaseSchema {
    async fn relation(&self, table: &str) -> Result<Arc<dyn Relation>> {
        let open = || Reader::open(&self.connections, &self.database, self.most_streams);
        let reader = self.reader.get_or_try_init(open).await?;
        if self.schema == QUERIES {
            return reader.query(&self.database, table).await;
        }
        match reader.relation(&self.schema, table).await? {
            Some(relation) => Ok(relation),
            None => Err(self.missing(table, &reader.tables(&self.schema).await?)),
        }
    }

    fn missing(&self, table: &str, known: &[String]) -> Error {
        let (database, schema) = (&self.database, &self.schema);
        let error = Error::input(format!(
            "there is no table {schema}.{table} in the database {database}"
        ));
        match closest(table, known.iter().map(String::as_str)) {
            Some(near) => {
                let near = Name::new([database.as_str(), schema.as_str(), near]);
                error.hint(format!("did you mean `{near}`?"))
            }
            None if known.is_empty() => error.hint(format!(
                "the schema {schema} is missing, is empty, or is not open to this user"
            )),
            None => error.hint("names with capital letters must stand in double quotes"),
        }
    }
}

impl Reader {
    async fn open(connections: &Connections, name: &str, most_streams: usize) -> Result<Self> {
        let connection = connections.get(name)?;
        Ok(match connection.url() {
            ConnectionUrl::Postgres(url) => {
                let reader = PostgresReader::open(name, url, most_streams).await?;
                Reader::Postgres(Arc::new(reader))
            }
            ConnectionUrl::Sqlite(url) => {
                Reader::Sqlite(Arc::new(SqliteReader::open(name, url).await?))
            }
        })
    }

    async fn relation(&self, schema: &str, table: &str) -> Result<Option<Arc<dyn Relation>>> {
        match self {
            Reader::Postgres(reader) => PostgresReader::relation(reader, schema, table).await,
            Reader::Sqlite(reader) => SqliteReader::relation(reader, schema, table).await,
        }
    }

    /// The rows of a query in the database's own SQL.
    async fn query(&self, name: &str, sql: &str) -> Result<Arc<dyn Relation>> {
        match self {
            Reader::Postgres(reader) => PostgresReader::query(reader, sql).await,
            Reader::Sqlite(_) => Err(Error::input(format!(
                "postgres_query asks Postgres, and {name} is a SQLite file"
            ))
            .hint(format!("SELECT from the tables of {name}"))),
        }
    }

    /// The names of the tables in a schema.
    async fn tables(&self, schema: &str) -> Result<Vec<String>> {
        match self {
            Reader::Postgres(reader) => reader.tables(schema).await,
            Reader::Sqlite(reader) => reader.tables(schema).await,
        }
    }
}
