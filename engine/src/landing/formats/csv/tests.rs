//! The reader as a whole: records, inference and batches on texts that a person can check.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Read};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Int64Type, Schema};
use proptest::prelude::*;

use super::*;
use crate::Error;
use crate::landing::formats::{Piece, Remarks, RowError};
use crate::sql::Encoding;
use crate::values::{DateFormat, DateFormats};

type Row = Vec<Option<String>>;

/// Asks something of a file that holds `text`.
fn with_file<T>(text: &[u8], options: &CsvOptions, ask: impl FnOnce(CsvFile<'_>) -> T) -> T {
    let open = || Ok(Box::new(Cursor::new(text.to_vec())) as Box<dyn Read + Send>);
    ask(CsvFile {
        name: "t.csv",
        options,
        remarks: &Remarks::default(),
        open: &open,
    })
}

/// Chunks so small that hardly a record fits into one.
fn in_bits() -> CsvOptions {
    CsvOptions {
        chunk_bytes: 7,
        threads: 2,
        ..CsvOptions::default()
    }
}

fn pieces_of(
    text: &[u8],
    options: &CsvOptions,
    fields: Vec<Field>,
    sources: &[Option<usize>],
) -> Result<Vec<Piece>, Error> {
    let schema = Arc::new(Schema::new(fields));
    with_file(text, options, |file| file.read(schema, sources)?.collect())
}

/// The names of columns, the rows as text, and what was set aside.
type Texts = (Vec<String>, Vec<Row>, Vec<RowError>);

fn texts_of(text: &[u8], options: &CsvOptions) -> Result<Texts, Error> {
    let names = with_file(text, options, |file| file.columns())?;
    let fields = names
        .iter()
        .map(|name| Field::new(name, DataType::Utf8, true));
    let sources: Vec<_> = (0..names.len()).map(Some).collect();
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    for piece in pieces_of(text, options, fields.collect(), &sources)? {
        for row in 0..piece.rows.num_rows() {
            let columns = piece.rows.columns().iter().map(|column| {
                let column = column.as_string::<i32>();
                column.is_valid(row).then(|| column.value(row).to_owned())
            });
            rows.push(columns.collect());
        }
        rejects.extend(piece.rejects);
    }
    Ok((names, rows, rejects))
}

fn rows_of(text: &[u8], options: &CsvOptions) -> Result<(Vec<String>, Vec<Row>), Error> {
    let (names, rows, rejects) = texts_of(text, options)?;
    match rejects.into_iter().next() {
        Some(first) => Err(first.into_error("t.csv")),
        None => Ok((names, rows)),
    }
}

fn error_of(text: impl AsRef<[u8]>) -> Error {
    rows_of(text.as_ref(), &in_bits()).expect_err("should be refused")
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
    pieces_of(text.as_bytes(), &CsvOptions::default(), fields, sources)?
        .into_iter()
        .map(|piece| match piece.rejects.into_iter().next() {
            Some(first) => Err(first.into_error("t.csv")),
            None => Ok(piece.rows),
        })
        .collect()
}

fn inferred(text: &str, options: &CsvOptions) -> Inference {
    with_file(text.as_bytes(), options, |file| file.infer(|_| false)).unwrap()
}

#[test]
fn records_that_do_not_fit_are_set_aside_and_the_others_kept() {
    let fields = vec![
        Field::new("n", DataType::Int64, true),
        Field::new("d", DataType::Date32, false),
    ];
    let pieces = pieces_of(
        b"n,d\n1,2024-01-01\nx,2024-01-02\n3,\n4,2024-02-30\n5\n6,2024-01-06\n",
        &CsvOptions::default(),
        fields,
        &[Some(0), Some(1)],
    )
    .unwrap();
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
    inferred(text, &CsvOptions::default())
        .columns
        .into_iter()
        .map(|column| column.data_type.unwrap())
        .collect()
}

#[test]
fn null_and_empty_text_differ() {
    let (headers, rows) = rows_of(
        b"\xEF\xBB\xBFa,b\r\n,\"\"\r\n\"x, \"\"y\"\"\nz\",1\r\n",
        &in_bits(),
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
        let (_, rows) = rows_of(text.as_bytes(), &in_bits()).unwrap();
        assert_eq!(rows, [[Some("1".into()), Some("2".into())]], "{text:?}");
    }
}

#[test]
fn an_empty_line_is_a_row_only_in_a_file_of_one_column() {
    let (_, rows) = rows_of(b"a\n1\n\n\"\"\n\n", &in_bits()).unwrap();
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
    let (_, rows, rejects) = texts_of(text.as_bytes(), &in_bits()).unwrap();
    let value = |text: &str| Some(text.to_owned());
    assert_eq!(rows, [[value("1"), value("2")], [value("6"), value("7")]]);
    let bad: Vec<_> = rejects
        .into_iter()
        .map(|row| (row.line, row.byte_offset, row.raw_record))
        .collect();
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
        dialect: Dialect {
            delimiter: b';',
            ..Dialect::default()
        },
        ..in_bits()
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
fn a_trailing_delimiter_makes_no_column_unless_it_has_a_value() {
    let text = "id,when,\n1,2024-01-05,\n2,2024-01-06,\n";
    let inference = inferred(text, &in_bits());
    assert_eq!((inference.rows, inference.columns.len()), (2, 2));
    assert_eq!(
        inference.remarks(),
        ["column 3 has neither a name nor a value and was left out"]
    );
    let (names, rows) = rows_of(text.as_bytes(), &in_bits()).unwrap();
    assert_eq!((names.len(), rows.len()), (2, 2));
    let text = text.replace("06,", "06,x");
    assert_eq!(inferred(&text, &in_bits()).dropped_column, None);
    let (names, rows) = rows_of(text.as_bytes(), &in_bits()).unwrap();
    assert_eq!(names, ["id", "when", "column_3"]);
    assert_eq!(rows[1][2].as_deref(), Some("x"));
}

#[test]
fn the_value_that_ruled_out_a_narrower_type_is_kept() {
    let text = "n,s,skipped\n1,x,1\n2,y,2\n2.5,z,3\n*,w,4\n7,\"v\",5\n";
    let inference = with_file(text.as_bytes(), &in_bits(), |file| {
        file.infer(|name| name == "skipped")
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
    let fields = vec![Field::new("a", DataType::Int64, true)];
    let pieces = pieces_of(b"a\n1\n2\n3\n", &options, fields, &[Some(0)]).unwrap();
    let sizes: Vec<_> = pieces.iter().map(Piece::records).collect();
    assert_eq!(sizes, [2, 1]);
}

#[test]
fn what_the_options_say() {
    let text = "made by hand\nsecond \"line\n# a \"comment\nid;note\n1;'it''s; fine'\n# more\n2;NA\n3;'NA'\n";
    let options = CsvOptions {
        dialect: Dialect {
            delimiter: b';',
            quote: Some(b'\''),
            comment: Some(b'#'),
            ..Dialect::default()
        },
        skip_lines: 2,
        nulls: vec!["NA".to_owned()],
        ..in_bits()
    };
    let (names, rows) = rows_of(text.as_bytes(), &options).unwrap();
    assert_eq!(names, ["id", "note"]);
    let notes: Vec<_> = rows.iter().map(|row| row[1].as_deref()).collect();
    assert_eq!(notes, [Some("it's; fine"), None, Some("NA")]);
    let inference = inferred(text, &options);
    assert_eq!(inference.remarks(), ["2 comment lines were passed over"]);
    assert_eq!(inference.columns[0].evidence.as_ref().unwrap().line, 5);
    let error = rows_of(
        text.as_bytes(),
        &CsvOptions {
            skip_lines: 9,
            ..options
        },
    )
    .unwrap_err();
    assert_eq!(told(&error).0, "0:0 the file has only 8 lines");
}

#[test]
fn an_escape_works_across_chunks() {
    let text = r#"a,b
"say \"hi
there\"",1
"back\\",2
"""#;
    let options = CsvOptions {
        dialect: Dialect {
            escape: Some(b'\\'),
            ..Dialect::default()
        },
        ..in_bits()
    };
    let (_, rows, rejects) = texts_of(text.as_bytes(), &options).unwrap();
    let first: Vec<_> = rows.iter().map(|row| row[0].as_deref()).collect();
    assert_eq!(first, [Some("say \"hi\nthere\""), Some("back\\")]);
    assert_eq!(rejects.len(), 1);
}

#[test]
fn latin1_is_decoded_and_offsets_count_bytes_of_the_file() {
    let options = CsvOptions {
        encoding: Encoding::Latin1,
        ..in_bits()
    };
    let (names, rows, rejects) =
        texts_of(b"stra\xDFe;,b\nJos\xE9,\x80\n\xE9,1,2\n", &options).unwrap();
    assert_eq!(names[0], "stra\u{df}e;");
    assert_eq!(rows[0][1].as_deref(), Some("\u{20ac}"));
    assert_eq!((rejects[0].line, rejects[0].byte_offset), (3, 17));
    assert_eq!(rejects[0].raw_record, "\u{e9},1,2");
}

fn dates_of(text: &str, options: &CsvOptions, field: Field) -> (Vec<String>, usize) {
    let pieces = pieces_of(text.as_bytes(), options, vec![field], &[Some(0)]).unwrap();
    let days = pieces.iter().flat_map(|piece| {
        let column = piece.rows.column(0).as_primitive::<Date32Type>();
        (0..column.len()).map(|row| column.value_as_date(row).unwrap().to_string())
    });
    (
        days.collect(),
        pieces.iter().map(|piece| piece.rejects.len()).sum(),
    )
}

#[test]
fn the_dates_of_a_file_tell_their_order() {
    let field = || Field::new("d", DataType::Date32, true);
    let remembered = |format: &str| {
        let format = (DATE_FORMAT.to_owned(), format.to_owned());
        field().with_metadata([format].into())
    };
    let read = |text: &str, field| dates_of(text, &in_bits(), field);
    for (text, field, days, rejects) in [
        ("d\n2024-04-03\n", field(), &["2024-04-03"][..], 0),
        (
            "d\n03-04-2024\n13-04-2024\n",
            field(),
            &["2024-04-03", "2024-04-13"],
            0,
        ),
        (
            "d\n03/04/2024\n3/14/2024\n",
            field(),
            &["2024-03-04", "2024-03-14"],
            0,
        ),
        // What is no date says nothing about dates.
        ("d\nsoon\n13.04.2024\n", field(), &["2024-04-13"], 1),
        // Nobody can tell.
        ("d\n03-04-2024\n", field(), &[], 1),
        (
            "d\n03-04-2024\n",
            remembered("DD-MM-YYYY"),
            &["2024-04-03"],
            0,
        ),
        // The file knows better than the table.
        (
            "d\n03-04-2024\n04-13-2024\n",
            remembered("DD-MM-YYYY"),
            &["2024-03-04", "2024-04-13"],
            0,
        ),
        (
            "d\n2024-04-03\n",
            remembered("DD-MM-YYYY"),
            &["2024-04-03"],
            0,
        ),
        // A mixture is in no order.
        ("d\n13-04-2024\n04-13-2024\n", field(), &[], 2),
    ] {
        assert_eq!(
            read(text, field),
            (days.iter().map(ToString::to_string).collect(), rejects),
            "{text}"
        );
    }
    let options = CsvOptions {
        date_formats: DateFormats::only("MM-DD-YYYY".parse().unwrap())
            .or(DateFormats::only(DateFormat::ISO)),
        ..in_bits()
    };
    assert_eq!(
        dates_of("d\n03-04-2024\n", &options, field()).0,
        ["2024-03-04"]
    );
    assert_eq!(
        dates_of("d\n2024-04-03\n", &options, field()).0,
        ["2024-04-03"]
    );
}

#[test]
fn dates_that_could_be_either_are_text_and_that_is_said() {
    let inference = inferred(
        "d,e\n03-04-2024,13/04/2024\n05-06-2024,01/04/2024\n",
        &in_bits(),
    );
    let types: Vec<_> = inference
        .columns
        .iter()
        .map(|column| column.data_type.clone().unwrap())
        .collect();
    assert_eq!(types, [DataType::Utf8, DataType::Date32]);
    assert_eq!(
        inference.remarks(),
        [
            "`d` could hold dates, DD-MM-YYYY or MM-DD-YYYY; DATE_FORMAT 'DD-MM-YYYY' would make it a DATE",
            "dates of `e` are written DD/MM/YYYY",
        ]
    );
}

#[test]
fn a_bad_record_says_nothing_about_types_and_is_counted() {
    let inference = inferred("a,b\n1,2\nx\n3,\"4\"y\n5,6\n", &in_bits());
    assert_eq!((inference.rows, inference.bad_records), (2, 2));
    assert_eq!(inference.first_bad.unwrap().line, 3);
    assert_eq!(inference.columns[0].data_type, Some(DataType::Int64));
}

/// Everything that reading and inference tell about a file, but for how it is cut into pieces.
fn all_of(
    text: &[u8],
    options: &CsvOptions,
) -> Result<(Inference, Vec<Row>, Vec<RowError>), String> {
    let inference = with_file(text, options, |file| file.infer(|_| false))
        .map_err(|error| error.to_string())?;
    let (_, rows, rejects) = texts_of(text, options).map_err(|error| error.to_string())?;
    Ok((inference, rows, rejects))
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
        (chunk_bytes, threads) in (1usize..50, 1usize..4),
    ) {
        let headers: Row = (0..rows[0].len()).map(|index| Some(format!("h{index}"))).collect();
        let text = write_csv(&[vec![headers], rows.clone()].concat(), delimiter, line_end, quote_all);
        let dialect = Dialect { delimiter: delimiter as u8, ..Dialect::default() };
        let options = CsvOptions { dialect, chunk_bytes, threads, ..CsvOptions::default() };
        let (_, read) = rows_of(text.as_bytes(), &options).unwrap();
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn chunks_and_threads_change_nothing(
        text in proptest::collection::vec(prop_oneof![
            4 => Just(","), 3 => Just("\n"), 1 => Just("\r\n"), 2 => Just("\""), 1 => Just("\"\""), 1 => Just("\\"),
            1 => Just("\"x\ny\""), 1 => Just("#"), 1 => Just("\r"), 1 => Just("13-04-2024"), 1 => Just("3/4/2024"),
            2 => Just("12"), 1 => Just("1.5"), 1 => Just("true"), 2 => Just("word"), 1 => Just("\u{e9}"), 1 => Just("\0"),
            3 => Just("1,2\n"), 1 => Just("7,\"b \"\"c\"\"\"\n"), 1 => Just("\n\n\n"),
        ], 0..60),
        (chunk_bytes, threads) in (1usize..40, prop_oneof![Just(1usize), Just(4)]),
        (escape, comment, header) in (proptest::option::of(Just(b'\\')), proptest::option::of(Just(b'#')), any::<bool>()),
        encoding in prop_oneof![Just(Encoding::Utf8), Just(Encoding::Latin1)],
    ) {
        let text = format!("a,b\n{}", text.concat());
        let dialect = Dialect { escape, comment, ..Dialect::default() };
        let whole = CsvOptions { dialect, header, encoding, max_record_bytes: 60, batch_size: 3, ..CsvOptions::default() };
        let cut = CsvOptions { chunk_bytes, threads, ..whole.clone() };
        prop_assert_eq!(all_of(text.as_bytes(), &whole), all_of(text.as_bytes(), &cut));
    }

    #[test]
    fn any_bytes_are_read_or_refused(text in proptest::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..80)) {
        let _ = rows_of(&text, &in_bits());
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
