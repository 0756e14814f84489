//! Faults of rows that show only after the reading: values that cannot name a partition.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::json::LineDelimitedWriter;
use datafusion::execution::SessionState;

use super::formats::{Column, LateFault, Piece, RowError, RowPlace};
use crate::Result;
use crate::warehouse::{PartitionCheck, RefusedRow, TableDefinition};

/// What rows of a file must be beyond what its format can tell.
pub(super) struct LateFaults {
    check: Option<PartitionCheck>,
    /// The place of each given column in the records of the file.
    places: Vec<Option<usize>>,
    /// Records of the file so far.
    records: u64,
}

impl LateFaults {
    /// What rows of `table` must be; `places` has the place of each given column in the records.
    ///
    /// # Errors
    /// A partition expression that cannot be planned.
    pub(super) fn new(
        table: &TableDefinition,
        places: Vec<Option<usize>>,
        state: &SessionState,
    ) -> Result<Self> {
        Ok(LateFaults {
            check: PartitionCheck::new(table, state)?,
            places,
            records: 0,
        })
    }

    /// The piece without the rows that are at fault, which become rejects.
    ///
    /// # Errors
    /// None in practice: the rows have the columns of the table.
    pub(super) fn take_out(&mut self, mut piece: Piece) -> Result<Piece> {
        let before = self.records;
        self.records += piece.records();
        let Some(check) = &self.check else {
            return Ok(piece);
        };
        let refused = check.refused(&piece.rows)?;
        if refused.is_empty() {
            return Ok(piece);
        }
        let mut kept = vec![true; piece.rows.num_rows()];
        let mut faults = Vec::with_capacity(refused.len());
        for row in refused {
            kept[row.row] = false;
            faults.push(self.describe(&piece, row, before)?);
        }
        piece.rejects.extend(faults);
        piece
            .rejects
            .sort_by_key(|reject| (reject.byte_offset, reject.record_line));
        piece.rows = filter_record_batch(&piece.rows, &BooleanArray::from(kept))?;
        // They belong to the rows that were there before.
        piece.origins = None;
        piece.places.clear();
        Ok(piece)
    }

    fn describe(&self, piece: &Piece, refused: RefusedRow, before: u64) -> Result<RowError> {
        let place = refused.given.and_then(|given| self.places[given]);
        let fault = LateFault {
            column: place.map(|index| Column {
                index,
                name: refused.column,
            }),
            value: refused.value,
            reason: refused.reason,
            hint: Some(refused.hint),
        };
        match &piece.origins {
            Some(origins) => Ok(origins.fault(refused.row, fault)),
            None => without_text(piece, refused.row, fault, before),
        }
    }
}

/// A fault of a row whose record has no text, or none that was kept: it is known by its place,
/// else by its number, and shown as JSON.
fn without_text(piece: &Piece, row: usize, fault: LateFault, before: u64) -> Result<RowError> {
    let place = match piece.places.get(row) {
        Some(place) => *place,
        None => RowPlace {
            line: counted(piece, row, before),
            byte_offset: 0,
        },
    };
    Ok(RowError {
        line: place.line,
        character: 0,
        record_line: place.line,
        byte_offset: place.byte_offset,
        column: fault.column,
        value: fault.value,
        raw_record: as_json(&piece.rows.slice(row, 1))?,
        reason: fault.reason,
        hint: fault.hint,
    })
}

/// The number of the record of a row, the records before it counted.
fn counted(piece: &Piece, row: usize, before: u64) -> u64 {
    let mut number = before + row as u64 + 1;
    for reject in &piece.rejects {
        if reject.record_line <= number {
            number += 1;
        }
    }
    number
}

fn as_json(row: &RecordBatch) -> Result<String> {
    let mut json = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut json);
    writer.write(row)?;
    writer.finish()?;
    Ok(String::from_utf8_lossy(&json).trim_end().to_owned())
}
