//! What a record must be beyond its quotes, and the words for what it is not.

use memchr::{memchr, memchr_iter};

use super::fault::RawRecord;
use super::options::Dialect;
use super::record::Record;
use super::scan::Syntax;
use crate::landing::formats::RowError;

/// How many fields a record must have, and who says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Width {
    pub(super) fields: usize,
    pub(super) from_header: bool,
}

/// Refuses what is no text: bytes that are not UTF-8, NUL bytes and stray carriage returns.
pub(super) fn check_text(
    record: &RawRecord<'_>,
    fields: &Record<'_>,
    dialect: Dialect,
) -> Result<(), Box<RowError>> {
    if let Some(at) = memchr(0, record.bytes) {
        let fault = record.fault(at, "a NUL byte is not text", encoding_hint(record));
        return Err(Box::new(fault));
    }
    let outside_quotes = |at: &usize| {
        !(0..fields.width()).any(|index| {
            let quoted = fields.raw(index).bytes().next() == dialect.quote;
            quoted && dialect.quote.is_some() && fields.span(index).contains(&(fields.start + at))
        })
    };
    if let Some(at) = memchr_iter(b'\r', record.bytes).find(outside_quotes) {
        return Err(Box::new(record.fault(
            at,
            "a carriage return stands without a line feed",
            "lines end in LF or CRLF; convert the file, or write a value with a line break in quotes",
        )));
    }
    let decoded = std::str::from_utf8(record.bytes).map(|_| ());
    decoded.map_err(|error| {
        let at = error.valid_up_to();
        let byte = record.bytes.get(at).copied().unwrap_or_default();
        let offset = record.byte_offset + at as u64;
        let reason = format!("byte 0x{byte:02x} at offset {offset} is not UTF-8");
        Box::new(record.fault(at, reason, encoding_hint(record)))
    })
}

/// Refuses a record of another width, and an empty line where one field is not all there is.
pub(super) fn check_width(
    record: &RawRecord<'_>,
    fields: &Record<'_>,
    width: Option<Width>,
) -> Result<(), Box<RowError>> {
    if record.bytes.is_empty() && width.is_none_or(|width| width.fields > 1) {
        return Err(Box::new(record.fault(
            0,
            "the line is empty and records follow",
            "remove the line, or write the delimiters of a record of NULLs",
        )));
    }
    let found = fields.width();
    let Some(Width {
        fields: expected,
        from_header,
    }) = width.filter(|width| width.fields != found)
    else {
        return Ok(());
    };
    let reason = format!(
        "the record has {found} {} where the {} has {expected}",
        if found == 1 { "field" } else { "fields" },
        if from_header {
            "header"
        } else {
            "first record"
        },
    );
    let fault = match found > expected {
        true => record.fault(
            fields.span(expected).start - fields.start,
            reason,
            "a value that holds the delimiter must stand in quotes",
        ),
        false => record.fault(
            record.bytes.len(),
            reason,
            "a field may be missing, or a value with a line break stand without quotes",
        ),
    };
    Err(Box::new(fault))
}

/// The fault of a record whose quotes are broken; `syntax` counts from `start` bytes before it.
pub(super) fn broken_quotes(record: &RawRecord<'_>, start: usize, syntax: Syntax) -> RowError {
    match syntax {
        Syntax::QuoteInside { at } => record.fault(
            at - start,
            "a quote stands inside a field that does not start with one",
            "write the whole field in quotes and the quote in it twice: \"5\"\" pipe\"",
        ),
        Syntax::TextAfterQuote { at, opened } => {
            let line =
                record.line + memchr_iter(b'\n', &record.bytes[..opened - start]).count() as u64;
            record.fault(
                at - start,
                "text stands between a closing quote and the end of the field",
                format!("write a quote inside quotes twice (\"\"); this field's quotes opened on line {line}"),
            )
        }
        Syntax::Unclosed { opened } => record.fault(
            opened - start,
            "the quote that opens here is never closed",
            "close it, or write a quote that is part of the value twice, in quotes",
        ),
    }
}

/// What the file may be if it is not UTF-8; its first bytes often tell.
fn encoding_hint(record: &RawRecord<'_>) -> &'static str {
    let utf16 = "the file may be UTF-16; convert it, for instance with iconv -f UTF-16 -t UTF-8";
    match record.bytes {
        [0x1F, 0x8B, ..] | [0x28, 0xB5, 0x2F, 0xFD, ..] if record.byte_offset == 0 => {
            "the file is compressed; its name should end in .gz or .zst"
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] if record.byte_offset == 0 => utf16,
        bytes if bytes.contains(&0) => utf16,
        _ => "the file may be Latin-1: say ENCODING 'latin-1'",
    }
}
