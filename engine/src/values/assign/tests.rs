//! What passes, what is refused, and that nothing passes changed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{
    DataType, Field, Fields, Float64Type, Int32Type, Int64Type, TimeUnit, UInt16Type, i256,
};
use proptest::prelude::*;

use super::assign;
use crate::Error;

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn field(data_type: DataType) -> Field {
    Field::new("n", data_type, true)
}

fn to(array: impl Array + 'static, data_type: DataType) -> Result<ArrayRef, Error> {
    let array: ArrayRef = Arc::new(array);
    let assigned = assign(&array, &field(data_type.clone()))?;
    assert_eq!(assigned.data_type(), &data_type);
    assert_eq!(assigned.len(), array.len());
    Ok(assigned)
}

fn refused(array: impl Array + 'static, data_type: DataType) -> String {
    let error = to(array, data_type).expect_err("should be refused");
    assert!(error.get_hint().is_some());
    error.message().to_owned()
}

fn decimals(values: &[i128], precision: u8, scale: i8) -> Decimal128Array {
    Decimal128Array::from(values.to_vec())
        .with_precision_and_scale(precision, scale)
        .unwrap()
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

#[test]
fn the_same_type_is_the_same_array() {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    assert!(Arc::ptr_eq(
        &array,
        &assign(&array, &field(DataType::Int64)).unwrap()
    ));
}

#[test]
fn whole_numbers_within_range() {
    let wide = to(
        Int64Array::from(vec![Some(127), None, Some(-128)]),
        DataType::Int8,
    )
    .unwrap();
    assert_eq!(
        wide.as_ref(),
        &Int8Array::from(vec![Some(127), None, Some(-128)]) as &dyn Array
    );
    assert_eq!(
        refused(Int64Array::from(vec![1, 128]), DataType::Int8),
        "value 128 does not fit column `n` TINYINT: it is out of range"
    );
    assert_eq!(
        refused(UInt64Array::from(vec![u64::MAX]), DataType::Int64),
        "value 18446744073709551615 does not fit column `n` BIGINT: it is out of range"
    );
    assert_eq!(
        refused(Int32Array::from(vec![-1]), DataType::UInt8),
        "value -1 does not fit column `n` TINYINT UNSIGNED: it is out of range"
    );
}

#[test]
fn fractions_are_not_cut() {
    assert_eq!(
        refused(Float64Array::from(vec![1.0, 1.75]), DataType::Int64),
        "value 1.75 does not fit column `n` BIGINT: it would lose its fraction"
    );
    assert_eq!(
        refused(decimals(&[175], 10, 2), DataType::Int64),
        "value 1.75 does not fit column `n` BIGINT: it would lose its fraction"
    );
    assert_eq!(
        refused(decimals(&[100, 1005], 10, 3), DataType::Decimal128(10, 2)),
        "value 1.005 does not fit column `n` DECIMAL(10,2): it would lose digits after the decimal point"
    );
    assert_eq!(
        refused(decimals(&[12_345_600], 10, 2), DataType::Decimal128(7, 2)),
        "value 123456.00 does not fit column `n` DECIMAL(7,2): it has too many digits before the decimal point"
    );
    let whole = to(decimals(&[300, -200], 10, 2), DataType::Int32).unwrap();
    assert_eq!(whole.as_primitive::<Int32Type>().values(), &[3, -2]);
    let moved = to(decimals(&[1250], 10, 3), DataType::Decimal128(4, 2)).unwrap();
    assert_eq!(moved.as_ref(), &decimals(&[125], 4, 2) as &dyn Array);
}

#[test]
fn binary_fractions_keep_their_shortest_form() {
    let exact = to(
        Float64Array::from(vec![0.1, 18_856.281_305_978_155]),
        DataType::Decimal128(20, 15),
    )
    .unwrap();
    assert_eq!(
        exact.as_ref(),
        &decimals(&[100_000_000_000_000, 18_856_281_305_978_155_000], 20, 15) as &dyn Array
    );
    assert_eq!(
        refused(Float64Array::from(vec![0.125]), DataType::Decimal128(5, 2)),
        "value 0.125 does not fit column `n` DECIMAL(5,2): it would lose digits after the decimal point"
    );
    assert_eq!(
        refused(
            Float64Array::from(vec![f64::NAN]),
            DataType::Decimal128(5, 2)
        ),
        "value 'NaN' does not fit column `n` DECIMAL(5,2): it is out of range"
    );
    let back = to(decimals(&[10, 25], 5, 2), DataType::Float64).unwrap();
    assert_eq!(back.as_primitive::<Float64Type>().values(), &[0.1, 0.25]);
    assert!(
        refused(
            decimals(&[1_234_567_890_123_456_789], 19, 9),
            DataType::Float64
        )
        .contains("nearest value")
    );
}

#[test]
fn floats_that_are_equal_pass() {
    let whole = to(Float64Array::from(vec![-0.0, 9e15]), DataType::Int64).unwrap();
    assert_eq!(
        whole.as_primitive::<Int64Type>().values(),
        &[0, 9_000_000_000_000_000]
    );
    assert!(refused(Float64Array::from(vec![1e20]), DataType::Int64).ends_with("out of range"));
    assert!(
        refused(Float64Array::from(vec![f64::INFINITY]), DataType::Int64).ends_with("out of range")
    );
    assert!(refused(Float64Array::from(vec![3e9]), DataType::Int32).ends_with("out of range"));
    assert!(refused(Float64Array::from(vec![1e-7]), DataType::Int32).ends_with("nearest value"));
    assert!(
        refused(Int64Array::from(vec![(1 << 53) + 1]), DataType::Float64)
            .ends_with("nearest value")
    );
    assert!(
        refused(Int64Array::from(vec![i64::MAX]), DataType::Float64).ends_with("nearest value")
    );
    assert!(to(Float64Array::from(vec![0.5, f64::NAN]), DataType::Float32).is_ok());
    assert!(refused(Float64Array::from(vec![0.1]), DataType::Float32).ends_with("nearest value"));
    assert!(to(Float32Array::from(vec![0.1]), DataType::Float64).is_ok());
}

#[test]
fn other_widths_of_decimal() {
    let narrow = Decimal64Array::from(vec![150])
        .with_precision_and_scale(10, 2)
        .unwrap();
    assert_eq!(
        to(narrow, DataType::Decimal128(10, 2)).unwrap().as_ref(),
        &decimals(&[150], 10, 2) as &dyn Array
    );
    let wide = |value| {
        Decimal256Array::from(vec![i256::from_i128(value)])
            .with_precision_and_scale(50, 2)
            .unwrap()
    };
    assert_eq!(
        to(wide(150), DataType::Decimal128(10, 1)).unwrap().as_ref(),
        &decimals(&[15], 10, 1) as &dyn Array
    );
    assert_eq!(
        to(wide(1000), DataType::Int64)
            .unwrap()
            .as_primitive::<Int64Type>()
            .values(),
        &[10]
    );
    assert!(refused(wide(155), DataType::Int64).ends_with("lose its fraction"));
    assert!(refused(wide(155), DataType::Decimal128(10, 1)).ends_with("after the decimal point"));
}

#[test]
fn times_of_day_are_not_cut() {
    let noon = 43_200_000_000;
    let dates = to(Date32Array::from(vec![1, -1]), MICROS).unwrap();
    let timestamps = TimestampMicrosecondArray::from(vec![2 * noon, -2 * noon]);
    assert_eq!(dates.as_ref(), &timestamps as &dyn Array);
    assert_eq!(
        to(timestamps, DataType::Date32).unwrap().as_ref(),
        &Date32Array::from(vec![1, -1]) as &dyn Array
    );
    assert_eq!(
        refused(
            TimestampMicrosecondArray::from(vec![noon]),
            DataType::Date32
        ),
        "value 1970-01-01T12:00:00 does not fit column `n` DATE: it would lose its time of day"
    );
    assert!(to(TimestampNanosecondArray::from(vec![-5_000]), MICROS).is_ok());
    assert_eq!(
        refused(TimestampNanosecondArray::from(vec![1_001]), MICROS),
        "value 1970-01-01T00:00:00.000001001 does not fit column `n` TIMESTAMP: it would lose digits below the microsecond"
    );
    assert!(refused(TimestampSecondArray::from(vec![i64::MAX]), MICROS).contains("does not fit"));
    assert!(refused(Date32Array::from(vec![i32::MAX]), MICROS).contains("does not fit"));
}

#[test]
fn zones_are_neither_dropped_nor_guessed() {
    let zoned = |zone: &str| TimestampMicrosecondArray::from(vec![0]).with_timezone(zone);
    assert_eq!(
        to(zoned("+02:00"), utc()).unwrap().as_ref(),
        &zoned("UTC") as &dyn Array
    );
    assert!(refused(zoned("+02:00"), MICROS).ends_with("it would lose its time zone"));
    assert!(refused(zoned("+02:00"), DataType::Date32).ends_with("it would lose its time zone"));
    assert!(
        refused(TimestampMicrosecondArray::from(vec![0]), utc())
            .ends_with("it has no time zone offset")
    );
    assert!(refused(TimestampMicrosecondArray::new_null(1), utc()).contains("without loss"));
}

#[test]
fn text_is_read_strictly_in_every_encoding() {
    let values = vec![Some("1.50"), None];
    let expected = Decimal128Array::from(vec![Some(15), None])
        .with_precision_and_scale(5, 1)
        .unwrap();
    let decimal = DataType::Decimal128(5, 1);
    let dictionary: DictionaryArray<UInt16Type> = values.iter().copied().collect();
    assert_eq!(
        to(StringArray::from(values.clone()), decimal.clone())
            .unwrap()
            .as_ref(),
        &expected as &dyn Array
    );
    assert_eq!(
        to(LargeStringArray::from(values.clone()), decimal.clone())
            .unwrap()
            .as_ref(),
        &expected as &dyn Array
    );
    assert_eq!(
        to(StringViewArray::from(values.clone()), decimal.clone())
            .unwrap()
            .as_ref(),
        &expected as &dyn Array
    );
    assert_eq!(
        to(dictionary.clone(), decimal).unwrap().as_ref(),
        &expected as &dyn Array
    );
    assert_eq!(
        to(dictionary, DataType::Utf8).unwrap().as_ref(),
        &StringArray::from(values) as &dyn Array
    );
    assert_eq!(
        refused(StringArray::from(vec!["O'Neil"]), DataType::Int64),
        "value 'O''Neil' does not fit column `n` BIGINT: it is not a whole number"
    );
}

#[test]
fn written_forms() {
    let text = |array: ArrayRef| {
        let text = assign(&array, &field(DataType::Utf8)).unwrap();
        text.as_string::<i32>().value(0).to_owned()
    };
    assert_eq!(text(Arc::new(Int8Array::from(vec![-1]))), "-1");
    assert_eq!(text(Arc::new(decimals(&[-5], 5, 3))), "-0.005");
    assert_eq!(text(Arc::new(Float64Array::from(vec![0.1]))), "0.1");
    assert_eq!(text(Arc::new(BooleanArray::from(vec![true]))), "true");
    assert_eq!(text(Arc::new(Date32Array::from(vec![0]))), "1970-01-01");
    assert_eq!(
        text(Arc::new(TimestampMicrosecondArray::from(vec![1]))),
        "1970-01-01T00:00:00.000001"
    );
    assert!(to(Int64Array::from(vec![1]), DataType::Utf8View).is_ok());
}

#[test]
fn nulls() {
    for data_type in [
        DataType::Int64,
        DataType::Utf8,
        MICROS,
        DataType::Decimal128(5, 2),
    ] {
        assert_eq!(to(NullArray::new(3), data_type).unwrap().null_count(), 3);
    }
    let strict = Field::new("n", DataType::Int64, false);
    for array in [
        Arc::new(NullArray::new(1)) as ArrayRef,
        Arc::new(Int64Array::new_null(1)),
    ] {
        let error = assign(&array, &strict).unwrap_err();
        assert_eq!(error.message(), "column `n` is NOT NULL and was given NULL");
    }
}

#[test]
fn types_without_a_conversion() {
    assert_eq!(
        refused(BooleanArray::from(vec![true]), DataType::Int64),
        "column `n` is BIGINT and cannot be given BOOLEAN without loss"
    );
    assert!(
        refused(Int64Array::from(vec![1]), DataType::Date32).contains("cannot be given BIGINT")
    );
    assert!(refused(Time64MicrosecondArray::from(vec![1]), MICROS).contains("cannot be given"));
}

#[test]
fn parts_of_lists_and_structs_are_assigned() {
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![Some(300)]),
    ]);
    let element = |data_type| DataType::List(Arc::new(Field::new("element", data_type, true)));
    let assigned = to(list.clone(), element(DataType::Int32)).unwrap();
    assert_eq!(
        assigned
            .as_list::<i32>()
            .value(2)
            .as_primitive::<Int32Type>()
            .value(0),
        300
    );
    assert!(assigned.is_null(1));
    assert_eq!(
        refused(list, element(DataType::Int8)),
        "value 300 does not fit column `n.element` TINYINT: it is out of range"
    );

    let fields = |a, b| Fields::from(vec![Field::new("a", a, true), Field::new("b", b, true)]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1])),
        Arc::new(StringArray::from(vec!["x"])),
    ];
    let record = StructArray::new(fields(DataType::Int64, DataType::Utf8), columns, None);
    assert!(
        to(
            record.clone(),
            DataType::Struct(fields(DataType::Int8, DataType::Utf8))
        )
        .is_ok()
    );
    assert!(
        refused(
            record,
            DataType::Struct(fields(DataType::Int8, DataType::Int8))
        )
        .contains("`n.b`")
    );
}

fn number_type() -> impl Strategy<Value = DataType> {
    prop_oneof![
        Just(DataType::Int8),
        Just(DataType::Int32),
        Just(DataType::Int64),
        Just(DataType::Float32),
        Just(DataType::Float64),
        Just(DataType::Utf8),
        (1u8..=38).prop_flat_map(|precision| (0..=precision as i8)
            .prop_map(move |scale| DataType::Decimal128(precision, scale))),
    ]
}

proptest! {
    /// Whatever passes comes back unchanged, through any type.
    #[test]
    fn decimals_survive_the_way_there_and_back(value in -10i128.pow(18)..10i128.pow(18), scale in 0i8..=18, through in number_type()) {
        let original: ArrayRef = Arc::new(decimals(&[value], 38, scale));
        if let Ok(there) = assign(&original, &field(through)) {
            prop_assert_eq!(&assign(&there, &field(original.data_type().clone())).unwrap(), &original);
        }
    }

    #[test]
    fn floats_survive_the_way_there_and_back(value in prop_oneof![any::<f64>(), (-1_000_000i32..1_000_000).prop_map(|cents| f64::from(cents) / 100.0)], through in number_type()) {
        let original: ArrayRef = Arc::new(Float64Array::from(vec![value]));
        if let Ok(there) = assign(&original, &field(through)) && value.is_finite() {
            let back = assign(&there, &field(DataType::Float64)).unwrap();
            prop_assert_eq!(back.as_primitive::<Float64Type>().value(0), value);
        }
    }

    #[test]
    fn integers_survive_the_way_there_and_back(value in any::<i64>(), through in number_type()) {
        let original: ArrayRef = Arc::new(Int64Array::from(vec![value]));
        if let Ok(there) = assign(&original, &field(through.clone())) && through != DataType::Utf8 {
            prop_assert_eq!(&assign(&there, &field(DataType::Int64)).unwrap(), &original);
        }
    }

    #[test]
    fn timestamps_survive_the_way_there_and_back(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000, through in prop_oneof![Just(DataType::Date32), Just(DataType::Utf8)]) {
        for micros in [micros, micros - micros.rem_euclid(86_400_000_000)] {
            let original: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![micros]));
            if let Ok(there) = assign(&original, &field(through.clone())) {
                prop_assert_eq!(&assign(&there, &field(MICROS)).unwrap(), &original);
            }
        }
    }
}
