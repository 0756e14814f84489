//! JSON: one object per line, or an array of objects.
//!
//! The text is read by a strict parser of our own, because the stock ones make a DOUBLE of every
//! number that is not small and whole: 12345678901234567890.12 has lost digits before anybody can
//! ask for them. Numbers stay text here until the type of the column is known.
//!
//! The columns of a file are the names of its objects, in the order in which they first come; a
//! name that an object does not have is NULL. A record that is not JSON is set aside, and in a
//! file of lines the next line is read.

mod parse;
mod records;

use std::collections::HashMap;

use arrow::datatypes::SchemaRef;

pub(super) use parse::{Syntax, parse};
use records::{Record, Records};

use super::shape::Shape;
use super::value::{Member, Value};
use super::value_rows::{Misfit, ValueRows};
use super::{FoundColumn, Piece, Pieces, ReadOptions, RowError};
use crate::landing::discover::SourceFile;
use crate::landing::names::snake_case;
use crate::sql::OnLoss;
use crate::{Error, Place, Result};

/// Rows per piece.
const PIECE_ROWS: usize = 8192;

/// What the columns of the file are, from every value in it. Records that cannot be read say
/// nothing here; reading sets them aside.
///
/// # Errors
/// A file that cannot be read, or has no record with a name.
pub(super) fn infer(file: &SourceFile, options: &ReadOptions) -> Result<Vec<FoundColumn>> {
    let mut records = Records::new(file.read()?, &file.name);
    let mut shapes: Vec<(String, Shape)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut first_fault = None;
    while let Some(record) = records.read()? {
        let members = match members(&record) {
            Ok(members) => members,
            Err(fault) => {
                first_fault.get_or_insert(fault);
                continue;
            }
        };
        for member in members {
            let shape = Shape::of(&member.value);
            match places.get(member.name.as_ref()) {
                Some(place) => {
                    let known = &mut shapes[*place].1;
                    *known = std::mem::take(known).and(shape);
                }
                None => {
                    places.insert(member.name.clone().into_owned(), shapes.len());
                    shapes.push((member.name.into_owned(), shape));
                }
            }
        }
    }
    // A column that is declared is one, though no record has a value for it.
    for declared in &options.columns {
        let known = |(name, _): &(String, Shape)| {
            *name == declared.name || snake_case(name) == declared.name
        };
        if !shapes.is_empty() && !shapes.iter().any(known) {
            shapes.push((declared.name.clone(), Shape::default()));
        }
    }
    match (shapes.is_empty(), first_fault) {
        (true, Some(fault)) => Err(fault.into_error(&file.name)),
        (true, None) => Err(Error::input("the file has no record with a name in it")
            .place(Place::file(&file.name))
            .hint("one object per line is expected, or an array of objects")),
        _ => Ok(shapes
            .into_iter()
            .map(|(name, shape)| FoundColumn {
                name,
                found: shape.found(),
                evidence: None,
            })
            .collect()),
    }
}

/// The rows of the file, whose columns are `names`.
pub(super) fn read(
    file: &SourceFile,
    names: &[String],
    schema: SchemaRef,
    places: &[Option<usize>],
    on_loss: OnLoss,
) -> Result<Pieces> {
    Ok(Box::new(JsonPieces {
        records: Records::new(file.read()?, &file.name),
        rows: ValueRows::new(schema, places, on_loss)?,
        names: names.to_vec(),
        done: false,
    }))
}

#[derive(Debug)]
struct JsonPieces<R> {
    records: Records<R>,
    rows: ValueRows,
    names: Vec<String>,
    done: bool,
}

impl<R: std::io::Read> JsonPieces<R> {
    fn next_piece(&mut self) -> Result<Option<Piece>> {
        while self.rows.records() < PIECE_ROWS {
            let Some(record) = self.records.read()? else {
                self.done = true;
                break;
            };
            match members(&record) {
                Err(fault) => self.rows.reject(*fault),
                Ok(members) => {
                    let by_name: HashMap<&str, &Member<'_>> = members
                        .iter()
                        .map(|member| (member.name.as_ref(), member))
                        .collect();
                    let member =
                        |place: usize| by_name.get(self.names.get(place)?.as_str()).copied();
                    self.rows.append(
                        record.place(),
                        |place| Some(&member(place)?.value),
                        |misfit| {
                            let at = member(misfit.column.index).map_or(0, |member| member.at);
                            misfit_at(&record, at, misfit)
                        },
                    );
                }
            }
        }
        self.rows.finish()
    }
}

impl<R: std::io::Read> Iterator for JsonPieces<R> {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let piece = self.next_piece();
        self.done |= piece.is_err();
        piece.transpose()
    }
}

/// The members of a record.
fn members<'r>(record: &'r Record<'_>) -> Result<Vec<Member<'r>>, Box<RowError>> {
    let text = record.text()?;
    match parse(text) {
        Ok(Value::Object(members, _)) => Ok(members),
        Ok(_) => Err(Box::new(record.fault(
            0,
            "the record is not an object".to_owned(),
            Some("one object per line is expected, or an array of objects".to_owned()),
        ))),
        Err(Syntax { at, reason, hint }) => {
            Err(Box::new(record.fault(at, reason, hint.map(str::to_owned))))
        }
    }
}

fn misfit_at(record: &Record<'_>, at: usize, misfit: Misfit) -> RowError {
    RowError {
        column: Some(misfit.column),
        value: misfit.value,
        ..record.fault(at, misfit.reason, misfit.hint)
    }
}
