//! Typed pieces of a CSV file.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter;
use arrow::datatypes::{Field, SchemaRef};

use super::block::Block;
use super::check::Width;
use super::chunks::Chunk;
use super::dates::find_formats;
use super::file::CsvFile;
use super::in_order::{InOrder, Parsed};
use super::infer::{remark_on_comments, remark_on_dates};
use super::options::CsvOptions;
use super::origins::KeptRecords;
use super::record::Record;
use super::records::{Context, Locator, Records};
use super::text::Text;
use crate::landing::formats::{Piece, Remarks, RowError};
use crate::values::{ColumnBuilder, DateFormat, Refusal, sql_name};
use crate::{Error, Result};

/// How many characters of a refused value a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// Reads a file as pieces of a schema. A record that does not fit is set aside in its piece.
pub struct CsvReader {
    chunks: InOrder<ChunkPieces>,
    ready: std::vec::IntoIter<Piece>,
    comments: u64,
    remarks: Remarks,
}

/// What became of a chunk.
struct ChunkPieces {
    pieces: Vec<Piece>,
    comments: u64,
}

impl CsvReader {
    /// See [`CsvFile::read`].
    pub(super) fn new(
        file: &CsvFile<'_>,
        schema: SchemaRef,
        sources: &[Option<usize>],
    ) -> Result<Self> {
        if sources.len() != schema.fields().len() {
            return Err(Error::internal(format!(
                "{} places were given for {} columns",
                sources.len(),
                schema.fields().len()
            )));
        }
        let (chunks, header) = file.start()?;
        for (field, source) in schema.fields().iter().zip(sources) {
            check_source(field, *source, header.names.len(), file.name)?;
            ColumnBuilder::new(field)?;
        }
        let formats = find_formats(file, &schema, sources)?;
        for (source, format) in sources.iter().zip(&formats) {
            let name = source.map_or("", |source| header.names[source].as_str());
            file.remarks.add(remark_on_dates(name, &[*format]));
        }
        let plan = Plan {
            name: file.name.to_owned(),
            options: Arc::new(file.options.clone()),
            width: header.width,
            columns: sources.iter().copied().zip(formats).collect(),
            schema,
        };
        let parse = Arc::new(move |chunk: &Chunk| plan.parse(chunk));
        Ok(CsvReader {
            chunks: InOrder::new(chunks, file.options.threads, parse),
            ready: Vec::new().into_iter(),
            comments: header.comments,
            remarks: file.remarks.clone(),
        })
    }
}

impl Iterator for CsvReader {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.ready.next() {
                return Some(Ok(piece));
            }
            match self.chunks.next() {
                Some(Ok(chunk)) => {
                    self.comments += chunk.comments;
                    self.ready = chunk.pieces.into_iter();
                }
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    self.remarks.add(remark_on_comments(self.comments));
                    return None;
                }
            }
        }
    }
}

/// What the threads need to parse a chunk.
struct Plan {
    name: String,
    options: Arc<CsvOptions>,
    width: Width,
    schema: SchemaRef,
    /// For each field its place in the file and the format of its dates.
    columns: Vec<(Option<usize>, DateFormat)>,
}

impl Plan {
    fn parse(&self, chunk: &Chunk) -> Result<Parsed<ChunkPieces>> {
        let text = Text::new(&chunk.bytes, self.options.encoding);
        let context = Context::of_chunk(chunk, &self.name, &self.options, self.width);
        let mut records = Records::new(&text, context);
        let mut locator = Locator::new(&text, context);
        let mut block = Block::new(self.width.fields);
        let mut pieces = Vec::new();
        let mut building = Building::new(self)?;
        loop {
            let room = self.options.batch_size.max(1) - building.kept.len();
            let end = block.fill(&mut records, room, |bad| building.rejects.push(bad))?;
            building.append(self, &block, &text, &mut locator);
            if end.is_some() || building.kept.len() >= self.options.batch_size {
                pieces.extend(building.finish(self, chunk)?);
            }
            if let Some(consumed) = end {
                let comments = records.comments;
                return Ok(Parsed {
                    result: ChunkPieces { pieces, comments },
                    consumed: text.source_bytes(0, consumed),
                });
            }
        }
    }
}

/// A piece under construction.
struct Building {
    columns: Vec<ColumnBuilder>,
    /// Which of the rows in the columns are good. What a bad row holds means nothing.
    kept: Vec<bool>,
    /// Where their records start in the chunk.
    starts: Vec<u32>,
    /// Up to where the text was translated into offsets in the chunk.
    translated: (usize, usize),
    rejects: Vec<RowError>,
}

/// Why a field cannot be part of a row.
#[derive(Debug, Clone, Copy)]
enum Reason {
    Refused(Refusal),
    Null,
}

impl Building {
    fn new(plan: &Plan) -> Result<Self> {
        let fields = plan.schema.fields().iter().zip(&plan.columns);
        let columns = fields.map(|(field, (_, format))| {
            let column = ColumnBuilder::new(field)?.with_date_format(*format);
            Ok(column.with_rounding(plan.options.rounds))
        });
        Ok(Building {
            columns: columns.collect::<Result<_>>()?,
            kept: Vec::new(),
            starts: Vec::new(),
            translated: (0, 0),
            rejects: Vec::new(),
        })
    }

    fn append(&mut self, plan: &Plan, block: &Block, source: &Text<'_>, locator: &mut Locator<'_>) {
        let (first, text) = (self.kept.len(), source.text());
        self.kept.resize(first + block.rows(), true);
        self.append_starts(block, source);
        // The row, and for telling which of its faults comes first the field.
        let mut faults: Vec<(usize, usize, Reason)> = Vec::new();
        let columns = self.columns.iter_mut().zip(&plan.columns).enumerate();
        for (index, (builder, (source, _))) in columns {
            let Some(source) = *source else {
                (0..block.rows()).for_each(|_| builder.append_null());
                continue;
            };
            let values = || {
                block
                    .column(text, source)
                    .map(|raw| plan.options.value(raw))
            };
            builder.append_texts(values(), |row, refusal| {
                faults.push((row, index, Reason::Refused(refusal)));
            });
            if !plan.schema.field(index).is_nullable() {
                let nulls = values().enumerate().filter(|(_, value)| value.is_none());
                faults.extend(nulls.map(|(row, _)| (row, index, Reason::Null)));
            }
        }
        faults.sort_by_key(|(row, index, _)| (*row, *index));
        faults.dedup_by_key(|(row, ..)| *row);
        for (row, index, reason) in faults {
            self.kept[first + row] = false;
            let record = block.record(text, row);
            let place = locator.locate(record.start);
            self.rejects
                .push(plan.row_error(&record, place, index, reason));
        }
    }

    fn append_starts(&mut self, block: &Block, source: &Text<'_>) {
        for row in 0..block.rows() {
            let (in_text, in_chunk) = self.translated;
            let start = block.start(row);
            let translated = in_chunk + source.source_bytes(in_text, start);
            self.starts.push(translated as u32);
            self.translated = (start, translated);
        }
    }

    /// The piece, and room for the next one; `None` if it holds nothing.
    fn finish(&mut self, plan: &Plan, chunk: &Chunk) -> Result<Option<Piece>> {
        let mut starts = std::mem::take(&mut self.starts);
        let mut is_kept = self.kept.iter().copied();
        starts.retain(|_| is_kept.next().unwrap_or_default());
        let kept = BooleanArray::from(std::mem::take(&mut self.kept));
        let mut rejects = std::mem::take(&mut self.rejects);
        if kept.is_empty() && rejects.is_empty() {
            return Ok(None);
        }
        rejects.sort_by_key(|row| row.byte_offset);
        let rows = kept.true_count();
        let mut rounded = 0;
        let columns = self.columns.iter_mut().map(|column| {
            let places = column.take_rounded();
            rounded += places.iter().filter(|place| kept.value(**place)).count() as u64;
            let values = column.finish();
            match rows == kept.len() {
                true => Ok(values),
                false => filter(&values, &kept),
            }
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        // A schema without columns still has rows.
        let row_count = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&plan.schema);
        let rows = RecordBatch::try_new_with_options(schema, columns, &row_count)?;
        let origins = KeptRecords::new(&plan.options, chunk, starts);
        Ok(Some(Piece {
            rounded,
            origins: Some(Box::new(origins)),
            ..Piece::new(rows, rejects)
        }))
    }
}

impl Plan {
    #[cold]
    fn row_error(
        &self,
        record: &Record<'_>,
        place: (u64, u64),
        index: usize,
        reason: Reason,
    ) -> RowError {
        let field = self.schema.field(index);
        let source = self.columns[index].0.unwrap_or_default();
        let value = self
            .options
            .value(record.raw(source))
            .unwrap_or_default()
            .into_owned();
        let (reason, hint) = match reason {
            Reason::Refused(refusal) => {
                (refused(&value, field, refusal), refusal.hint(field.name()))
            }
            Reason::Null => (
                format!(
                    "column `{}` is NOT NULL and the field is empty",
                    field.name()
                ),
                Some(
                    "fill it, write \"\" for empty text, or declare the column without NOT NULL"
                        .to_owned(),
                ),
            ),
        };
        record.fault(source, field.name(), place, &value, reason, hint)
    }
}

fn refused(value: &str, field: &Field, refusal: Refusal) -> String {
    let shown = match value.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}..", &value[..end]),
        None => value.to_owned(),
    };
    format!(
        "value {shown:?} does not fit column `{}` {}: {refusal}",
        field.name(),
        sql_name(field.data_type())
    )
}

fn check_source(field: &Field, source: Option<usize>, width: usize, file: &str) -> Result<()> {
    match source {
        Some(index) if index >= width => Err(Error::internal(format!(
            "column `{}` is looked for at place {index} of {width} in {file}",
            field.name()
        ))),
        None if !field.is_nullable() => Err(Error::input(format!(
            "column `{}` is NOT NULL and {file} does not have it",
            field.name()
        ))
        .hint("add the column to the file, or declare it without NOT NULL")),
        _ => Ok(()),
    }
}
