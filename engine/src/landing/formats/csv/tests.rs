//! The reader as a whole: records, inference and batches on texts that a person can check.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Read;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Int64Type, Schema};
use proptest::prelude::*;

use super::*;
use crate::Error;

/// Hands out a few bytes at a time, so that every record crosses a read.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.1.min(buffer.len()).min(self.0.len());
        buffer[..bytes].copy_from_slice(&self.0[..bytes]);
        self.0 = &self.0[bytes..];
        Ok(bytes)
    }
}

type Row = Vec<Option<String>>;

fn rows_of(text: &[u8], options: &CsvOptions) -> Result<(Vec<String>, Vec<Row>), Error> {
    let (mut records, headers) = open(Trickle(text, 7), "t.csv", options)?;
    let mut rows = Vec::new();
    while let Some(record) = records
        .read()
        .map_err(|failure| failure.into_error("t.csv"))?
    {
        let cells = (0..record.width()).map(|index| record.cell(index));
        rows.push(
            cells
                .map(|cell| (!cell.is_null()).then(|| cell.text.into_owned()))
                .collect(),
        );
    }
    Ok((headers, rows))
}

fn error_of(text: impl AsRef<[u8]>) -> Error {
    rows_of(text.as_ref(), &CsvOptions::default()).expect_err("should be refused")
}

/// An error as "line:column message", and its hint.
fn told(error: &Error) -> (String, String) {
    let place = error.get_place().cloned().unwrap_or_default();
    assert_eq!(place.file.as_deref(), Some("t.csv"));
    (
        format!("{}:{} {}", place.line, place.column, error.message()),
        error.get_hint().unwrap_or_default().to_owned(),
    )
}

fn read_all(
    text: &str,
    fields: Vec<Field>,
    sources: &[Option<usize>],
) -> Result<Vec<RecordBatch>, Error> {
    CsvReader::new(
        text.as_bytes(),
        "t.csv",
        &CsvOptions::default(),
        Arc::new(Schema::new(fields)),
        sources,
    )?
    .map(|piece| {
        let piece = piece?;
        match piece.rejects.into_iter().next() {
            Some(first) => Err(first.into_error("t.csv")),
            None => Ok(piece.rows),
        }
    })
    .collect()
}

#[test]
fn records_that_do_not_fit_are_set_aside_and_the_others_kept() {
    let fields = vec![
        Field::new("n", DataType::Int64, true),
        Field::new("d", DataType::Date32, false),
    ];
    let pieces: Vec<_> = CsvReader::new(
        "n,d\n1,2024-01-01\nx,2024-01-02\n3,\n4,2024-02-30\n5\n6,2024-01-06\n".as_bytes(),
        "t.csv",
        &CsvOptions::default(),
        Arc::new(Schema::new(fields)),
        &[Some(0), Some(1)],
    )
    .unwrap()
    .map(|piece| piece.unwrap())
    .collect();
    let [piece] = pieces.as_slice() else {
        panic!("one piece expected")
    };
    let lines: Vec<_> = piece.rejects.iter().map(|row| row.line).collect();
    assert_eq!(lines, [3, 4, 5, 6]);
    let numbers = piece.rows.column(0).as_primitive::<Int64Type>();
    assert_eq!(numbers.values(), &[1, 6]);
    assert_eq!(piece.records(), 6);
}

fn types_of(text: &str) -> Vec<DataType> {
    let inference = infer(text.as_bytes(), "t.csv", &CsvOptions::default(), |_| false).unwrap();
    inference
        .columns
        .into_iter()
        .map(|column| column.data_type.unwrap())
        .collect()
}

#[test]
fn null_and_empty_text_differ() {
    let (headers, rows) = rows_of(
        b"\xEF\xBB\xBFa,b\r\n,\"\"\r\n\"x, \"\"y\"\"\nz\",1\r\n",
        &CsvOptions::default(),
    )
    .unwrap();
    assert_eq!(headers, ["a", "b"]);
    assert_eq!(
        rows,
        [
            [None, Some(String::new())],
            [Some("x, \"y\"\nz".into()), Some("1".into())]
        ]
    );
}

#[test]
fn a_missing_last_line_end_is_fine() {
    for text in [
        "a,b\n1,2",
        "a,b\n1,2\n",
        "a,b\r\n1,2\r\n\r\n\n",
        "a,b\n\"1\",\"2\"",
    ] {
        let (_, rows) = rows_of(text.as_bytes(), &CsvOptions::default()).unwrap();
        assert_eq!(rows, [[Some("1".into()), Some("2".into())]], "{text:?}");
    }
}

#[test]
fn an_empty_line_is_a_row_only_in_a_file_of_one_column() {
    let (_, rows) = rows_of(b"a\n1\n\n\"\"\n\n", &CsvOptions::default()).unwrap();
    assert_eq!(
        rows,
        [[Some("1".into())], [None], [Some(String::new())], [None]]
    );
    let (message, hint) = told(&error_of("a,b\n1,2\n\n3,4\n"));
    assert_eq!(message, "3:1 the line is empty and records follow");
    assert!(hint.contains("remove the line"));
}

#[test]
fn what_is_refused_and_where() {
    for (text, message, hint) in [
        (
            "a,b\n1\n",
            "2:2 the record has 1 field where the header has 2",
            "line break",
        ),
        (
            "a,b\n1,2,3\n",
            "2:5 the record has 3 fields where the header has 2",
            "delimiter",
        ),
        (
            "a,b\n1,\"ab\"cd\n",
            "2:7 text stands between a closing quote and the end of the field",
            "opened on line 2",
        ),
        (
            "a,b\nx,\"\ny\" z\n",
            "3:3 text stands between a closing quote and the end of the field",
            "opened on line 2",
        ),
        (
            "a,b\né,a\"b\n",
            "2:4 a quote stands inside a field that does not start with one",
            "twice",
        ),
        (
            "a,b\n1,2\n3,\"x\ny\nz\n",
            "3:3 the quote that opens here is never closed",
            "close it",
        ),
        ("a,b\n1,x\0y\n", "2:4 a NUL byte is not text", "UTF-16"),
        (
            "a,b\r1,2\r",
            "1:4 a carriage return stands without a line feed",
            "LF or CRLF",
        ),
        ("a,a\n", "1:3 columns 1 and 2 are both named `a`", "rename"),
        ("", "0:0 the file is empty", "header"),
        ("\n\r\n", "0:0 the file is empty", "header"),
        (
            "\na,b\n",
            "1:1 the line is empty and records follow",
            "remove",
        ),
    ] {
        let error = error_of(text);
        let (told, given) = told(&error);
        assert_eq!(told, message, "{text:?}");
        assert!(given.contains(hint), "{text:?}: {given}");
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    let (message, hint) = told(&error_of(b"name,n\nJos\xE9,1\n"));
    assert_eq!(message, "2:4 byte 0xe9 at offset 10 is not UTF-8");
    assert!(hint.contains("Latin-1"));
    for text in [&b"\xFF\xFEa\0"[..], b"\xFF\xFE\xC3\x60"] {
        assert!(told(&error_of(text)).1.contains("UTF-16"));
    }
    assert!(told(&error_of(b"\x1F\x8B\x08")).1.contains(".gz"));
}

#[test]
fn a_record_beyond_the_limit_is_refused() {
    let options = CsvOptions {
        max_record_bytes: 1 << 20,
        ..CsvOptions::default()
    };
    let text = format!("a,b\n1,\"{}\"\n", "x".repeat(2 << 20));
    let error = rows_of(text.as_bytes(), &options).unwrap_err();
    assert_eq!(
        told(&error).0,
        "2:0 the record is longer than 1048576 bytes"
    );
}

#[test]
fn reading_goes_on_behind_a_bad_record() {
    let text = "a,b\n1,2\n3\n4,\"5\"x\n6,7\n";
    let (mut records, _) =
        open(Trickle(text.as_bytes(), 3), "t.csv", &CsvOptions::default()).unwrap();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    loop {
        match records.read() {
            Ok(Some(record)) => good.push((
                record.line(),
                record.byte_offset(),
                record.text().to_owned(),
            )),
            Ok(None) => break,
            Err(Failure::Row(row)) => bad.push((row.line, row.byte_offset, row.raw_record)),
            Err(Failure::Input(error)) => unreachable!("{error}"),
        }
    }
    assert_eq!(good, [(2, 4, "1,2".to_owned()), (5, 17, "6,7".to_owned())]);
    assert_eq!(
        bad,
        [(3, 8, "3".to_owned()), (4, 10, "4,\"5\"x".to_owned())]
    );
}

#[test]
fn lines_inside_quotes_count() {
    let text = "a,b\n\"x\n\ny\",1\n2,z\n";
    let error = read_all(
        text,
        vec![Field::new("b", DataType::Int64, true)],
        &[Some(1)],
    )
    .unwrap_err();
    let (message, hint) = told(&error);
    assert_eq!(
        message,
        "5:3 value \"z\" does not fit column `b` BIGINT: it is not a whole number"
    );
    assert_eq!(hint, "declare b TEXT to keep such values as they are");
    assert_eq!(error.get_place().unwrap().line_text.as_deref(), Some("2,z"));
}

#[test]
fn without_a_header_columns_are_named_by_place() {
    let options = CsvOptions {
        header: false,
        delimiter: Delimiter::new(';').unwrap(),
        ..CsvOptions::default()
    };
    let (headers, rows) = rows_of(b"\xEF\xBB\xBF1;2\n3;4\n", &options).unwrap();
    assert_eq!(headers, ["column_1", "column_2"]);
    assert_eq!(rows.len(), 2);
    let error = rows_of(b"1;2\n3\n", &options).unwrap_err();
    assert_eq!(
        told(&error).0,
        "2:2 the record has 1 field where the first record has 2"
    );
}

#[test]
fn delimiters_that_could_be_data_are_refused() {
    for delimiter in ['"', '\n', '\0', 'a', '1', 'é'] {
        assert!(Delimiter::new(delimiter).is_err(), "{delimiter:?}");
    }
    for delimiter in [',', ';', '|', '\t', ' ', '^'] {
        assert!(Delimiter::new(delimiter).is_ok(), "{delimiter:?}");
    }
}

#[test]
fn a_trailing_delimiter_makes_an_unnamed_column() {
    let text = "id,when,\n1,2024-01-05,\n2,2024-01-06,\n";
    let inference = infer(text.as_bytes(), "t.csv", &CsvOptions::default(), |_| false).unwrap();
    assert_eq!(inference.rows, 2);
    let last = &inference.columns[2];
    assert_eq!(
        (last.name.as_str(), &last.data_type, &last.evidence),
        ("column_3", &Some(DataType::Utf8), &None)
    );
}

#[test]
fn the_value_that_ruled_out_a_narrower_type_is_kept() {
    let text = "n,s,skipped\n1,x,1\n2,y,2\n2.5,z,3\n*,w,4\n7,\"v\",5\n";
    let inference = infer(text.as_bytes(), "t.csv", &CsvOptions::default(), |name| {
        name == "skipped"
    })
    .unwrap();
    let evidence: Vec<_> = inference
        .columns
        .iter()
        .map(|column| {
            column
                .evidence
                .as_ref()
                .map(|evidence| (evidence.value.as_str(), evidence.line))
        })
        .collect();
    assert_eq!(evidence, [Some(("*", 5)), Some(("x", 2)), None]);
    assert_eq!(inference.columns[2].data_type, None);
}

#[test]
fn a_header_alone_gives_no_rows_and_text_columns() {
    assert_eq!(types_of("a,b\n"), [DataType::Utf8, DataType::Utf8]);
    let fields = vec![Field::new("a", DataType::Utf8, true)];
    assert!(read_all("a,b\n", fields, &[Some(0)]).unwrap().is_empty());
}

#[test]
fn a_quoted_empty_field_makes_a_column_text() {
    assert_eq!(
        types_of("a,b\n1,\n2,3\n"),
        [DataType::Int64, DataType::Int64]
    );
    assert_eq!(
        types_of("a,b\n1,\"\"\n2,3\n"),
        [DataType::Int64, DataType::Utf8]
    );
    let error = read_all(
        "a\n\"\"\n",
        vec![Field::new("a", DataType::Int64, true)],
        &[Some(0)],
    )
    .unwrap_err();
    assert_eq!(
        told(&error).0,
        "2:1 value \"\" does not fit column `a` BIGINT: it is empty text"
    );
}

#[test]
fn columns_are_taken_from_where_the_caller_says() {
    let fields = vec![
        Field::new("b", DataType::Int64, true),
        Field::new("new", DataType::Utf8, true),
        Field::new("a", DataType::Decimal128(12, 2), false),
    ];
    let batches = read_all("a,x,b\n1.5,?,7\n-2,?,\n", fields, &[Some(2), None, Some(0)]).unwrap();
    let [batch] = &batches[..] else {
        unreachable!()
    };
    let b: Vec<_> = batch.column(0).as_primitive::<Int64Type>().iter().collect();
    let a: Vec<_> = batch
        .column(2)
        .as_primitive::<Decimal128Type>()
        .iter()
        .collect();
    assert_eq!((b, a), (vec![Some(7), None], vec![Some(150), Some(-200)]));
    assert_eq!(batch.column(1).null_count(), 2);
}

#[test]
fn a_decimal_that_does_not_fit_names_the_precision_that_does() {
    let fields = vec![Field::new(
        "billing_amount",
        DataType::Decimal128(7, 2),
        true,
    )];
    let error = read_all(
        "Name,Billing Amount\nA,99999.99\n\"B, C\",1234567.5\n",
        fields,
        &[Some(1)],
    )
    .unwrap_err();
    let (message, hint) = told(&error);
    assert_eq!(
        message,
        "3:8 value \"1234567.5\" does not fit column `billing_amount` DECIMAL(7,2): it has too many digits before the decimal point"
    );
    assert_eq!(
        hint,
        "declare billing_amount DECIMAL(9,2); it holds this value, others may need more"
    );
    assert_eq!(error.get_place().unwrap().width, 9);
}

#[test]
fn not_null_columns_refuse_empty_fields_and_missing_columns() {
    let field = || vec![Field::new("a", DataType::Utf8, false)];
    let error = read_all("a,b\n,1\n", field(), &[Some(0)]).unwrap_err();
    assert_eq!(
        told(&error).0,
        "2:1 column `a` is NOT NULL and the field is empty"
    );
    assert!(read_all("a,b\n\"\",1\n", field(), &[Some(0)]).is_ok());
    assert!(read_all("b\n1\n", field(), &[None]).is_err());
}

#[test]
fn pieces_hold_the_asked_for_rows() {
    let options = CsvOptions {
        batch_size: 2,
        ..CsvOptions::default()
    };
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
    let reader = |text: &'static str| {
        CsvReader::new(
            text.as_bytes(),
            "t.csv",
            &options,
            Arc::clone(&schema),
            &[Some(0)],
        )
        .unwrap()
    };
    let sizes: Vec<_> = reader("a\n1\n2\n3\n")
        .map(|piece| piece.unwrap().records())
        .collect();
    assert_eq!(sizes, [2, 1]);
}

fn cell() -> impl Strategy<Value = Option<String>> {
    let text = prop_oneof![
        "[a-z0-9]{0,5}",
        "[,;\"\r\n x]{0,6}",
        "\\PC{0,8}",
        // Bigger than what one read hands out.
        "[\"x]{0,40}",
    ];
    proptest::option::weighted(0.8, text)
}

/// Writes records in the dialect that the reader promises to read.
fn write_csv(rows: &[Row], delimiter: char, line_end: &str, quote_all: bool) -> String {
    let write_cell = |cell: &Option<String>| match cell {
        None => String::new(),
        Some(text)
            if quote_all || text.is_empty() || text.contains([delimiter, '"', '\r', '\n']) =>
        {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.clone(),
    };
    rows.iter()
        .map(|row| {
            row.iter()
                .map(write_cell)
                .collect::<Vec<_>>()
                .join(&delimiter.to_string())
                + line_end
        })
        .collect()
}

proptest! {
    #[test]
    fn any_records_are_read_back(
        rows in (1usize..5).prop_flat_map(|width| proptest::collection::vec(proptest::collection::vec(cell(), width), 1..12)),
        (delimiter, line_end, quote_all) in (prop_oneof![Just(','), Just(';'), Just('\t')], prop_oneof![Just("\n"), Just("\r\n")], any::<bool>()),
        bytes_at_a_time in 1usize..50,
    ) {
        let headers: Row = (0..rows[0].len()).map(|index| Some(format!("h{index}"))).collect();
        let text = write_csv(&[vec![headers], rows.clone()].concat(), delimiter, line_end, quote_all);
        let options = CsvOptions { delimiter: Delimiter::new(delimiter).unwrap(), ..CsvOptions::default() };
        let (mut records, _) = open(Trickle(text.as_bytes(), bytes_at_a_time), "t.csv", &options).unwrap();
        let mut read = Vec::new();
        while let Some(record) = records.read().unwrap() {
            let start = record.byte_offset() as usize;
            prop_assert_eq!(&text[start..start + record.text().len()], record.text());
            prop_assert_eq!(record.line() as usize, text[..start].matches('\n').count() + 1);
            let cells = (0..record.width()).map(|index| record.cell(index));
            read.push(cells.map(|cell| (!cell.is_null()).then(|| cell.text.into_owned())).collect::<Row>());
        }
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn any_bytes_are_read_or_refused(text in proptest::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..80)) {
        let _ = rows_of(&text, &CsvOptions::default());
    }

    #[test]
    fn inference_does_not_depend_on_the_order_of_rows(
        (values, shuffled) in proptest::collection::vec(
            prop_oneof![
                Just("1"), Just("-20"), Just("1.25"), Just("123456789012345678"), Just("1e5"), Just("9007199254740993"),
                Just("0.00000000000000000000000000000000000001"), Just("2024-01-05"), Just("2024-01-05 10:00"), Just("true"),
                Just("007"), Just("\"\""), Just(""), Just("x"), Just("12345678901234567890.5"),
            ], 0..8).prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle()))
    ) {
        let column = |values: &[&str]| types_of(&format!("a,b\n{}", values.iter().map(|value| format!("{value},0\n")).collect::<String>()));
        prop_assert_eq!(column(&values), column(&shuffled));
    }

    #[test]
    fn what_is_inferred_is_read(values in proptest::collection::vec("-?[0-9]{1,20}(\\.[0-9]{1,20})?|[0-9]e-?[0-9]{1,3}|2024-0[1-9]-[0-3][0-9]( 1[0-9]:[0-5][0-9])?|true|", 1..6)) {
        let text = format!("a,b\n{}", values.iter().map(|value| format!("{value},0\n")).collect::<String>());
        let data_type = types_of(&text).remove(0);
        let batches = read_all(&text, vec![Field::new("a", data_type, true)], &[Some(0)]).unwrap();
        prop_assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), values.len());
        let nulls = values.iter().filter(|value| value.is_empty()).count();
        prop_assert_eq!(batches.iter().map(|batch| batch.column(0).null_count()).sum::<usize>(), nulls);
    }
}
