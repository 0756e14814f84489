//! `COPY INTO raw.t FROM db.s.t (WATERMARK column)`: only rows that are new since the last load.
//!
//! The first load takes all rows and remembers the highest value of the column, the mark, in the
//! ledger: it is committed with the rows or not at all. A later load takes the rows whose value is
//! not below the mark.
//!
//! Not below, for rows with the very value of the mark may come after the load that made it: two
//! events of one second, all of a day. So the rows with the highest value are landed as a source of
//! their own, which the next load takes away and reads anew with the rows above. A row of the mark
//! is never lost, never there twice, and none is held back. What cannot be seen this way: a row that
//! arrives with a value below the mark, and one that was deleted or changed without a new value.
//!
//! A row without a value would be loaded once or never, depending on when it came; it is refused.

mod kind;
mod read;

use kind::MarkKind;
use read::Reader;

use super::discover::SourceFile;
use super::ledger::{Ledger, Mark};
use super::load::Load;
use super::options::LandingOptions;
use super::query::{DatabaseTable, Spooled, check_options};
use crate::reconciliation::{Copied, CopyStatus};
use crate::session::{Session, Target};
use crate::sql::{CopyInto, CopySource, Name};
use crate::warehouse::TableId;
use crate::{Error, Result};

/// What tells the rows of the mark from those below in the ledger.
const AT_MARK: &str = "|at mark";

/// The table that a COPY INTO with WATERMARK reads.
///
/// # Errors
/// A source that is no table of a database.
pub(super) fn source(session: &Session, copy: &CopyInto) -> Result<DatabaseTable> {
    let refused = || {
        Error::input("WATERMARK needs a table of a database")
            .hint("write COPY INTO .. FROM connection.schema.table (WATERMARK column)")
    };
    let CopySource::Relation(name) = &copy.source else {
        return Err(copy.target.locate(refused()));
    };
    match session.resolve(name)? {
        Target::Database {
            connection,
            schema,
            table,
        } => Ok(DatabaseTable::new(connection.name(), &schema, &table)),
        Target::Warehouse(_) => Err(name.locate(refused())),
    }
}

/// Refuses to load a table as a whole that was loaded with WATERMARK so far: its rows would be
/// there twice.
///
/// # Errors
/// Such a table.
pub(super) fn refuse_without(ledger: &Ledger, files: &[SourceFile], id: &TableId) -> Result<()> {
    let marked = |file: &SourceFile| {
        let mark = ledger.mark(&file.identity)?;
        let (name, column) = (&file.name, Name::new([mark.column]));
        Some(
            Error::input(format!(
                "{id} is loaded from {name} with WATERMARK {column}"
            ))
            .hint(format!(
                "say WATERMARK {column} again, or make the table anew"
            )),
        )
    };
    let mut tables = files.iter().filter(|file| file.is_of_database());
    match tables.find_map(marked) {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// Loads what is new in a table of a database.
///
/// # Errors
/// Those of a load; a column that cannot be a watermark, or rows without a value in it; a table
/// that was loaded without WATERMARK or with another one.
pub(super) async fn land(
    session: &Session,
    id: &TableId,
    options: LandingOptions,
    source: &DatabaseTable,
    column: &str,
) -> Result<Copied> {
    check_options(&options.read)?;
    let mut load = Load::begin(session, id, options).await?;
    // One planner: its queries see the database at one moment.
    let reader = Reader::new(session, source, column);
    let kind = reader.kind().await?;
    let known = known_mark(&load.ledger, id, source, column, kind)?;
    let Some(highest) = reader.highest(kind, known).await? else {
        let note = match known {
            Some(mark) => format!("nothing new since {}", kind.show(mark)),
            None => format!("{} has no rows yet", source.name),
        };
        return Ok(skipped(source, id, note));
    };
    let at_mark = reader.at(kind, highest).await?;
    let at_mark_identity = format!("{}{AT_MARK}", source.identity());
    let is_known = load.ledger.holds_content(&at_mark_identity, &at_mark.hash);
    if known == Some(highest) && is_known {
        let note = format!("nothing new since {}", kind.show(highest));
        return Ok(skipped(source, id, note));
    }
    // Of several rows with one key, the last is the one with the highest value.
    let in_order = load.options.reload.deduplicate.is_some();
    let below = reader.below(kind, known, highest, in_order).await?;

    withdraw(&mut load, &at_mark_identity).await?;
    let below = file(below, source, source.identity())?;
    let at_mark = file(at_mark, source, at_mark_identity)?;
    let files: Vec<_> = below.into_iter().chain(at_mark).collect();
    for file in &files {
        for entry in load.ledger.enter(file) {
            load.transaction.record(entry.application, entry.version);
        }
    }
    let mark = Mark {
        column,
        kind: kind.name(),
        value: highest,
    };
    let entry = load.ledger.enter_mark(&source.identity(), mark);
    load.transaction.record(entry.application, entry.version);
    load.choose_columns(&files).await?;
    load.find_duplicates(&files).await?;
    let copied = load.land_files(&files).await?;
    load.commit().await?;
    let mut note = format!("{column} up to {}", kind.show(highest));
    if let Some(mark) = known {
        note.push_str(&format!("; those of {} were read again", kind.show(mark)));
    }
    together(source, id, copied, note)
}

/// How far the table was loaded, if it was.
fn known_mark(
    ledger: &Ledger,
    id: &TableId,
    source: &DatabaseTable,
    column: &str,
    kind: MarkKind,
) -> Result<Option<i64>> {
    let (name, quoted) = (&source.name, Name::new([column]));
    match ledger.mark(&source.identity()) {
        None if ledger.holds(&source.identity()) => Err(Error::input(format!(
            "{id} holds rows of {name} that were loaded without WATERMARK"
        ))
        .hint(format!(
            "nobody knows which of them are new: make the table anew and load it with WATERMARK {quoted} from the start"
        ))),
        None => Ok(None),
        Some(mark) if mark.column != column => {
            let before = Name::new([mark.column]);
            Err(
                Error::input(format!("{id} is loaded from {name} with WATERMARK {before}"))
                    .hint(format!("say WATERMARK {before}, or make the table anew")),
            )
        }
        Some(mark) if mark.kind != kind.name() => Err(Error::input(format!(
            "{quoted} of {name} was {} when it was last loaded, and is {} now",
            mark.kind,
            kind.name()
        ))
        .hint("make the table anew: the mark of the one says nothing of the other")),
        Some(mark) => Ok(Some(mark.value)),
    }
}

/// Takes the rows of the last mark away; they come again.
async fn withdraw(load: &mut Load<'_>, identity: &str) -> Result<()> {
    if load.ledger.holds(identity) {
        load.transaction.remove_source(identity).await?;
        for entry in load.ledger.withdraw(identity) {
            load.transaction.record(entry.application, entry.version);
        }
    }
    Ok(())
}

fn file(rows: Spooled, source: &DatabaseTable, identity: String) -> Result<Option<SourceFile>> {
    if rows.count == 0 {
        return Ok(None);
    }
    let file = SourceFile::of_rows(rows.rows, source.name.clone(), identity, &rows.hash)?;
    file.remarks.add(rows.remark);
    Ok(Some(file))
}

fn skipped(source: &DatabaseTable, id: &TableId, note: String) -> Copied {
    Copied {
        note: Some(note),
        ..Copied::new(source.name.clone(), id, CopyStatus::Skipped)
    }
}

/// To the user it is one source.
fn together(
    source: &DatabaseTable,
    id: &TableId,
    parts: Vec<Copied>,
    note: String,
) -> Result<Copied> {
    let mut whole = Copied::new(source.name.clone(), id, CopyStatus::Loaded);
    let mut notes = vec![note];
    for part in parts {
        whole.read += part.read;
        whole.loaded += part.loaded;
        whole.rejected += part.rejected;
        whole.duplicate += part.duplicate;
        notes.extend(part.note.filter(|note| !notes.contains(note)));
    }
    whole.note = Some(notes.join("; "));
    whole.reconciled()
}
