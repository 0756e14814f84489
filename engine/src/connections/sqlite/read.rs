//! A SQLite file, open for reading by one statement.
//!
//! One connection with one read transaction on a thread of its own: everything that a statement
//! reads is of one moment, also while others write. The scans of the statement take turns on it,
//! one batch at a time. Writers do not wait for readers, nor readers for writers (WAL).

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use rusqlite::{Connection, InterruptHandle, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::error::explain;
use super::relation::{SqliteTable, find};
use super::scan::{Scan, ScanPlan};
use super::{blocking, check_schema, connect, information};
use crate::connections::read::Relation;
use crate::connections::url::SqliteUrl;
use crate::error::{Error, Result};
use crate::sql::INFORMATION_SCHEMA;

const TABLES: &str = "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') \
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";

/// An open file.
pub(in crate::connections) struct SqliteReader {
    name: String,
    path: PathBuf,
    requests: mpsc::UnboundedSender<Request>,
    interrupt: InterruptHandle,
    next_scan: AtomicU64,
}

/// What the thread is asked for.
enum Request {
    Ask(Box<dyn FnOnce(&Connection) + Send>),
    /// The next rows of a scan, which begins with the first request.
    Next {
        scan: u64,
        plan: Arc<ScanPlan>,
        reply: oneshot::Sender<Result<Option<RecordBatch>>>,
    },
    End {
        scan: u64,
    },
}

impl SqliteReader {
    /// Opens the file and begins the transaction.
    ///
    /// # Errors
    /// A file that is missing, is no database, or may not be read.
    pub(in crate::connections) async fn open(name: &str, url: &SqliteUrl) -> Result<Self> {
        let path = url.path.clone();
        let connection = blocking(move || begin(&path)).await?;
        let interrupt = connection.get_interrupt_handle();
        let (requests, incoming) = mpsc::unbounded_channel();
        tokio::task::spawn_blocking(move || serve(&connection, incoming));
        Ok(SqliteReader {
            name: name.to_owned(),
            path: url.path.clone(),
            requests,
            interrupt,
            next_scan: AtomicU64::new(0),
        })
    }

    /// Finds a table or view.
    ///
    /// # Errors
    /// A schema that SQLite does not have, a file that cannot be read.
    pub(in crate::connections) async fn relation(
        self: &Arc<Self>,
        schema: &str,
        table: &str,
    ) -> Result<Option<Arc<dyn Relation>>> {
        let wanted = table.to_owned();
        let found = match schema {
            INFORMATION_SCHEMA => information::find(table),
            _ => {
                check_schema(schema)?;
                self.ask(move |connection| find(connection, &wanted))
                    .await??
            }
        };
        let name = format!("{}.{schema}.{table}", self.name);
        Ok(found.map(|found| {
            Arc::new(SqliteTable::new(name, found, Arc::clone(self))) as Arc<dyn Relation>
        }))
    }

    /// The names of the tables and views.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(in crate::connections) async fn tables(&self, schema: &str) -> Result<Vec<String>> {
        if schema == INFORMATION_SCHEMA {
            return Ok(information::NAMES.map(str::to_owned).to_vec());
        }
        check_schema(schema)?;
        let list = |connection: &Connection| {
            let mut statement = connection.prepare(TABLES)?;
            let names = statement.query_map([], |row| row.get(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        };
        let listed = self.ask(list).await?;
        listed.map_err(|error| explain("list the tables", error))
    }

    /// A new scan.
    pub(super) fn scan(self: &Arc<Self>, plan: ScanPlan) -> Scanning {
        Scanning {
            scan: self.next_scan.fetch_add(1, Ordering::Relaxed),
            plan: Arc::new(plan),
            reader: Arc::clone(self),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Ask(Box::new(move |connection| {
            // Nobody waits for the answer when the statement was cancelled.
            let _ = reply.send(question(connection));
        }));
        self.requests.send(request).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}

impl Drop for SqliteReader {
    /// Stops what the thread is at; without requests to come, it ends.
    fn drop(&mut self) {
        self.interrupt.interrupt();
    }
}

impl fmt::Debug for SqliteReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteReader({} at {})", self.name, self.path.display())
    }
}

/// A scan under way; dropping it ends it.
pub(super) struct Scanning {
    scan: u64,
    plan: Arc<ScanPlan>,
    reader: Arc<SqliteReader>,
}

impl Scanning {
    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// A value that is not of its column's type, a file that cannot be read.
    pub(super) async fn next(&self) -> Result<Option<RecordBatch>> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Next {
            scan: self.scan,
            plan: Arc::clone(&self.plan),
            reply,
        };
        self.reader.requests.send(request).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Scanning {
    fn drop(&mut self) {
        // The thread may be gone already, and the scan with it.
        let _ = self.reader.requests.send(Request::End { scan: self.scan });
    }
}

fn begin(path: &std::path::Path) -> Result<Connection> {
    if !path.exists() {
        return Err(
            Error::input(format!("the SQLite file {} does not exist", path.display())).hint(
                "check the path in the URL of the connection; the first export makes the file",
            ),
        );
    }
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // The transaction sees the file as it is at its first read.
    connection
        .execute_batch("BEGIN; SELECT count(*) FROM main.sqlite_schema")
        .map_err(|error| explain(&format!("read {}", path.display()), error))?;
    Ok(connection)
}

fn serve(connection: &Connection, mut requests: mpsc::UnboundedReceiver<Request>) {
    let mut scans: HashMap<u64, Scan<'_>> = HashMap::new();
    while let Some(request) = requests.blocking_recv() {
        match request {
            Request::Ask(question) => question(connection),
            Request::Next { scan, plan, reply } => {
                let next = match scans.remove(&scan) {
                    Some(known) => Ok(known),
                    None => Scan::begin(connection, plan),
                };
                let rows = next.and_then(|mut under_way| {
                    let rows = under_way.next()?;
                    scans.insert(scan, under_way);
                    Ok(rows)
                });
                // Nobody waits for the answer when the statement was cancelled.
                let _ = reply.send(rows);
            }
            Request::End { scan } => {
                scans.remove(&scan);
            }
        }
    }
}

fn gone() -> Error {
    Error::internal("the thread that reads from SQLite died")
}
