//! Landing: files become rows of a table, every one of them accounted for.
//!
//! `land` goes the whole way: it finds the files, asks the table's ledger which of them are new,
//! finds the types if the table is new, reads the rows strictly, and commits rows, ledger and
//! counts in one step. Either all new files of the statement land, or none.

mod columns;
mod discover;
mod drift;
mod duplicates;
mod explain;
pub mod formats;
mod late_faults;
mod ledger;
mod load;
pub mod names;
mod options;
mod preview;
mod query;
mod read;
mod records;
mod rejects;
mod relation;
mod retry;
mod schema;
mod seen;
mod sort_out;
mod validate;
mod watermark;

use discover::{Discovered, Purpose, discover};
pub use discover::{Outside, fingerprint, local_path, open_store, remote_url, store_failed};
pub use explain::explain;
use load::Load;
use options::LandingOptions;
use preview::Preview;
use query::{DatabaseTable, run_to_file, table_to_file};
pub use relation::FileReader;
pub use retry::retry_rejects;
pub use validate::validate;

use arrow::datatypes::SchemaRef;

use crate::reconciliation::Copied;
use crate::session::{Session, Target};
use crate::sql::{CopyInto, CopySource, Query};
use crate::warehouse::{TableId, check_writable};
use crate::{Error, Result};

/// Lands the files, the query or the table of a COPY INTO in a table of the warehouse; one result
/// per file.
///
/// # Errors
/// A file that is missing, was changed since it was loaded, or holds a row that does not fit:
/// with file, line and column. Nothing is written then.
pub async fn land(session: &Session, copy: &CopyInto, id: &TableId) -> Result<Vec<Copied>> {
    check_writable(id).map_err(|error| copy.target.locate(error))?;
    let options = LandingOptions::checked(&copy.options, session.threads())?;
    if let Some(column) = &copy.options.reload.watermark {
        let source = watermark::source(session, copy)?;
        let copied = watermark::land(session, id, options, &source, column).await;
        return Ok(vec![copied.map_err(|error| copy.target.locate(error))?]);
    }
    let Discovered { files, note } = find_files(session, copy, &options).await?;
    let files: Vec<_> = files
        .into_iter()
        .map(|file| file.counted_by(session.progress().clone()))
        .collect();
    let mut load = Load::begin(session, id, options)
        .await
        .map_err(|error| copy.target.locate(error))?;
    watermark::refuse_without(&load.ledger, &files, id)?;
    let (new, mut copied) = load.sort_out(files).await?;
    if new.is_empty() {
        return Ok(with_note(copied, note));
    }
    load.choose_columns(&new).await?;
    load.find_duplicates(&new).await?;
    copied.extend(load.land_files(&new).await?);
    load.commit().await?;
    // Known and new files in the one order in which they were found.
    copied.sort_by(|left, right| left.source.cmp(&right.source));
    Ok(with_note(copied, note))
}

/// Puts what there is to say about all files into the first result.
fn with_note(mut copied: Vec<Copied>, note: Option<String>) -> Vec<Copied> {
    if let (Some(first), Some(note)) = (copied.first_mut(), note) {
        first.note = Some(match first.note.take() {
            Some(before) => format!("{before}; {note}"),
            None => note,
        });
    }
    copied
}

/// The columns that a table would get that is made for the files of a COPY INTO.
///
/// # Errors
/// A file that is missing or cannot be read.
pub async fn columns_of_files(
    session: &Session,
    copy: &CopyInto,
    id: &TableId,
) -> Result<SchemaRef> {
    let preview = Preview::open(session, copy, id).await?;
    Ok(preview.columns(&preview.files).await?.table.schema)
}

/// Looks for the files of a COPY INTO, and reads none of them.
///
/// # Errors
/// An option that does not fit, a file or pattern that names nothing.
pub async fn check_files(session: &Session, copy: &CopyInto) -> Result<()> {
    let options = LandingOptions::checked(&copy.options, session.threads())?;
    find_files(session, copy, &options).await.map(drop)
}

async fn find_files(
    session: &Session,
    copy: &CopyInto,
    options: &LandingOptions,
) -> Result<Discovered> {
    let patterns = match &copy.source {
        CopySource::Files(patterns) => patterns.clone(),
        CopySource::Query(query) => {
            return run_to_file(session, query.clone(), &options.read).await;
        }
        CopySource::Relation(name) => {
            return match session.resolve(name)? {
                Target::Database {
                    connection,
                    schema,
                    table,
                } => {
                    let source = DatabaseTable::new(connection.name(), &schema, &table);
                    let file = table_to_file(session, &source, &options.read).await;
                    file.map_err(|error| name.locate(error))
                }
                Target::Warehouse(_) => {
                    run_to_file(session, Query::select_all(name)?, &options.read).await
                }
            };
        }
    };
    let (folder, read) = (session.folder().to_owned(), options.read.clone());
    let outside = session.outside();
    blocking(move || discover(&patterns, &folder, &read, &outside, Purpose::Load)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("reading files stopped").source(error))?
}
