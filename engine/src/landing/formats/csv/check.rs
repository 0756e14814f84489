//! What a record must be beyond its quotes, and the words for what it is not.

use memchr::{memchr, memchr_iter};

use super::fault::{Failure, RawRecord};
use super::scan::{Span, Syntax};
use crate::landing::formats::RowError;

/// How many fields a record must have, and who says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Width {
    pub(super) fields: usize,
    pub(super) from_header: bool,
}

/// The record as text: UTF-8, without NUL bytes and stray carriage returns.
pub(super) fn check_text<'a>(record: &RawRecord<'a>, fields: &[Span]) -> Result<&'a str, Failure> {
    if let Some(at) = memchr(0, record.bytes) {
        return Err(record
            .fault(at, "a NUL byte is not text", encoding_hint(record))
            .into());
    }
    let outside_quotes = |at: &usize| {
        !fields
            .iter()
            .any(|field| field.quoted && (field.start..field.end).contains(at))
    };
    if let Some(at) = memchr_iter(b'\r', record.bytes).find(outside_quotes) {
        return Err(record.fault(
            at,
            "a carriage return stands without a line feed",
            "lines end in LF or CRLF; convert the file, or write a value with a line break in quotes",
        ).into());
    }
    std::str::from_utf8(record.bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = record.bytes.get(at).copied().unwrap_or_default();
        let offset = record.byte_offset + at as u64;
        let reason = format!("byte 0x{byte:02x} at offset {offset} is not UTF-8");
        record.fault(at, reason, encoding_hint(record)).into()
    })
}

/// Refuses a record of another width, and an empty line where one field is not all there is.
pub(super) fn check_width(
    record: &RawRecord<'_>,
    fields: &[Span],
    width: Option<Width>,
) -> Result<(), Failure> {
    if record.bytes.is_empty() && width.is_none_or(|width| width.fields > 1) {
        return Err(record
            .fault(
                0,
                "the line is empty and records follow",
                "remove the line, or write the delimiters of a record of NULLs",
            )
            .into());
    }
    let found = fields.len();
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
    let fault = match fields.get(expected) {
        Some(extra) => record.fault(
            extra.start - usize::from(extra.quoted),
            reason,
            "a value that holds the delimiter must stand in quotes",
        ),
        None => record.fault(
            record.bytes.len(),
            reason,
            "a field may be missing, or a value with a line break stand without quotes",
        ),
    };
    Err(fault.into())
}

/// The fault of a record whose quotes are broken.
pub(super) fn broken_quotes(record: &RawRecord<'_>, syntax: Syntax) -> RowError {
    match syntax {
        Syntax::QuoteInside { at } => record.fault(
            at,
            "a quote stands inside a field that does not start with one",
            "write the whole field in quotes and the quote in it twice: \"5\"\" pipe\"",
        ),
        Syntax::TextAfterQuote { at, opened } => {
            let line = record.line + memchr_iter(b'\n', &record.bytes[..opened]).count() as u64;
            record.fault(
                at,
                "text stands between a closing quote and the end of the field",
                format!("write a quote inside quotes twice (\"\"); this field's quotes opened on line {line}"),
            )
        }
        Syntax::Unclosed { opened } => record.fault(
            opened,
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
        _ => {
            "the file may be Latin-1; convert it, for instance with iconv -f WINDOWS-1252 -t UTF-8"
        }
    }
}
