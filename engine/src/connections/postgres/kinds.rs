//! Which Arrow type carries which Postgres type when it is read.
//!
//! | Postgres | read as |
//! |---|---|
//! | `boolean`, `smallint`, `integer`, `bigint`, `real`, `double precision` | the same |
//! | `oid` | BIGINT |
//! | `numeric(p,s)` up to 38 digits | DECIMAL(p,s) |
//! | `numeric` without digits, or with more | TEXT: no DECIMAL holds all of its values |
//! | `date`, `time`, `timestamp` | the same, times in microseconds |
//! | `timestamptz` | TIMESTAMPTZ in UTC |
//! | `text`, `varchar`, `name`, `json`, `jsonb`, `uuid` | TEXT |
//! | `char(n)` | TEXT without the blanks that pad it |
//! | `bytea` | BYTEA |
//! | arrays of these in one dimension | LIST |
//! | other arrays in one dimension | LIST of TEXT |
//! | all others (enums, `interval`, `money`, `inet`, ..) | TEXT as the server writes it |
//!
//! Of the last of these, and of a `numeric` that is TEXT, the type there is told ([`CatalogType::is_foreign`]).
//!
//! Infinite dates, times and numbers have no value here: reading one is an error, never a NULL.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, TimeUnit};
use tokio_postgres::types::{Kind as TypeKind, Type};

use crate::connections::column_type::ColumnType;
use crate::connections::read::Compares;

/// How values arrive in binary, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric {
        precision: u8,
        scale: u8,
    },
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Text,
    /// A text with the number of its version in front.
    Jsonb,
    Uuid,
    Bytes,
    List(Box<Kind>),
}

/// A type as the catalogue of the server describes it, domains replaced by what they are over.
#[derive(Debug, Clone, Default)]
pub(super) struct CatalogType {
    pub(super) name: String,
    /// `b` for a base type; others are enums, composite types and ranges.
    pub(super) kind: String,
    /// Whether it is one of the server's own, and not one of that name.
    pub(super) is_built_in: bool,
    /// What stands in parentheses behind the name, packed; -1 for nothing.
    pub(super) modifier: i32,
    /// The type of the elements of an array.
    pub(super) element: Option<String>,
    pub(super) element_is_built_in: bool,
    /// The dimensions that were declared for an array; 0 if nothing was.
    pub(super) dimensions: i32,
}

/// How a column is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadAs {
    pub(super) kind: Kind,
    /// The type to cast to on the server first.
    cast: Option<&'static str>,
}

/// How a column of a type is read.
pub(super) fn read_as(of: &CatalogType) -> ReadAs {
    let as_text = ReadAs {
        kind: Kind::Text,
        cast: Some("text"),
    };
    match &of.element {
        Some(_) if of.dimensions > 1 || !of.is_array() => as_text,
        Some(element) => match scalar(element, of.modifier).filter(|_| of.element_is_built_in) {
            Some(kind) => ReadAs {
                kind: Kind::List(Box::new(kind)),
                cast: None,
            },
            None => ReadAs {
                kind: Kind::List(Box::new(Kind::Text)),
                cast: Some("text[]"),
            },
        },
        None if !of.is_built_in || of.kind != "b" => as_text,
        None if of.name == "oid" => ReadAs {
            kind: Kind::Int8,
            cast: Some("bigint"),
        },
        None => match scalar(&of.name, of.modifier) {
            Some(kind) => ReadAs { kind, cast: None },
            None => as_text,
        },
    }
}

/// The kind of a type of the server's own that needs no cast.
fn scalar(name: &str, modifier: i32) -> Option<Kind> {
    // `name` is cast, for what is compared with one is cut to its length.
    Some(match name {
        "bool" => Kind::Boolean,
        "int2" => Kind::Int2,
        "int4" => Kind::Int4,
        "int8" => Kind::Int8,
        "float4" => Kind::Float4,
        "float8" => Kind::Float8,
        "numeric" => numeric(modifier)?,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "timestamp" => Kind::Timestamp,
        "timestamptz" => Kind::TimestampTz,
        "text" | "varchar" => Kind::Text,
        "jsonb" => Kind::Jsonb,
        "uuid" => Kind::Uuid,
        "bytea" => Kind::Bytes,
        _ => return None,
    })
}

/// `numeric(p,s)`; `s` may be negative, or greater than `p`.
fn numeric(modifier: i32) -> Option<Kind> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = (packed >> 16) & 0xffff;
    // Eleven bits with a sign.
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    let (precision, scale) = match scale < 0 {
        true => (precision - scale, 0),
        false => (precision.max(scale), scale),
    };
    let precision = u8::try_from(precision).ok()?;
    (precision <= DECIMAL128_MAX_PRECISION).then_some(Kind::Numeric {
        precision,
        scale: u8::try_from(scale).ok()?,
    })
}

impl CatalogType {
    /// A type as the driver describes it, of a column with this modifier. In results, the server
    /// replaces domains itself.
    pub(super) fn of(described: &Type, modifier: i32) -> Self {
        let is_simple = |described: &Type| {
            *described.kind() == TypeKind::Simple && described.schema() == "pg_catalog"
        };
        let element = match described.kind() {
            TypeKind::Array(element) => Some(element),
            _ => None,
        };
        CatalogType {
            name: described.name().to_owned(),
            kind: match described.kind() {
                TypeKind::Simple | TypeKind::Array(_) => "b".to_owned(),
                _ => String::new(),
            },
            is_built_in: is_simple(described),
            modifier,
            element: element.map(|element| element.name().to_owned()),
            element_is_built_in: element.is_some_and(is_simple),
            dimensions: 0,
        }
    }

    /// Whether a column is read as text, or as a list of texts, although what it holds is none.
    pub(super) fn is_foreign(&self, read: &ReadAs) -> bool {
        let (name, is_built_in) = match &self.element {
            Some(element) if matches!(read.kind, Kind::List(_)) => {
                (element, self.element_is_built_in)
            }
            _ => (&self.name, self.is_built_in),
        };
        let is_text = is_built_in && matches!(name.as_str(), "bpchar" | "json");
        matches!(read.cast, Some("text" | "text[]")) && !is_text
    }

    /// Vectors (`int2vector`) have elements, too, and are no arrays.
    fn is_array(&self) -> bool {
        self.kind == "b" && self.name.starts_with('_')
    }
}

impl ReadAs {
    /// What gives the values of a column.
    pub(super) fn expression(&self, quoted: &str) -> String {
        match self.cast {
            Some(to) => format!("CAST({quoted} AS {to})"),
            None => quoted.to_owned(),
        }
    }

    /// What filters on the column mean on the server what they mean here. Under a collation that is
    /// not deterministic, texts are equal that are not the same.
    pub(super) fn compares(&self, deterministic: bool) -> Compares {
        match (&self.kind, self.cast) {
            (Kind::Boolean, _) => Compares::Boolean,
            (
                Kind::Int2
                | Kind::Int4
                | Kind::Int8
                | Kind::Numeric { .. }
                | Kind::Date
                | Kind::Timestamp
                | Kind::TimestampTz,
                _,
            ) => Compares::Ordered,
            (Kind::Uuid, _) => Compares::Uuid,
            // A cast text has the collation of the database, which is deterministic.
            (Kind::Text, Some(_)) => Compares::Equality,
            (Kind::Text, None) if deterministic => Compares::Equality,
            _ => Compares::Nothing,
        }
    }
}

impl Kind {
    /// What holds the column of an export when it is read back.
    pub(super) fn of(column: ColumnType) -> Self {
        match column {
            ColumnType::Null | ColumnType::Text => Kind::Text,
            ColumnType::Boolean => Kind::Boolean,
            ColumnType::SmallInt => Kind::Int2,
            ColumnType::Integer => Kind::Int4,
            ColumnType::BigInt => Kind::Int8,
            ColumnType::Decimal { precision, scale } => Kind::Numeric { precision, scale },
            ColumnType::Real => Kind::Float4,
            ColumnType::Double => Kind::Float8,
            ColumnType::Date => Kind::Date,
            ColumnType::Time => Kind::Time,
            ColumnType::Timestamp => Kind::Timestamp,
            ColumnType::TimestampTz => Kind::TimestampTz,
            ColumnType::Bytes => Kind::Bytes,
        }
    }

    /// The Arrow type.
    pub(super) fn arrow(&self) -> DataType {
        match self {
            Kind::Boolean => DataType::Boolean,
            Kind::Int2 => DataType::Int16,
            Kind::Int4 => DataType::Int32,
            Kind::Int8 => DataType::Int64,
            Kind::Float4 => DataType::Float32,
            Kind::Float8 => DataType::Float64,
            Kind::Numeric { precision, scale } => {
                DataType::Decimal128(*precision, scale.cast_signed())
            }
            Kind::Date => DataType::Date32,
            Kind::Time => DataType::Time64(TimeUnit::Microsecond),
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Kind::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Text | Kind::Jsonb | Kind::Uuid => DataType::Utf8,
            Kind::Bytes => DataType::Binary,
            Kind::List(items) => DataType::List(item_field(items)),
        }
    }
}

/// The field of the elements of a list.
pub(super) fn item_field(items: &Kind) -> Arc<Field> {
    Arc::new(Field::new_list_field(items.arrow(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, modifier: i32) -> ReadAs {
        read_as(&CatalogType {
            name: name.to_owned(),
            kind: "b".to_owned(),
            is_built_in: true,
            modifier,
            ..CatalogType::default()
        })
    }

    fn packed(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    #[test]
    fn numerics_are_exact_or_text() {
        for (precision, scale, expected) in [
            (12, 2, Some((12, 2))),
            (38, 38, Some((38, 38))),
            (3, -2, Some((5, 0))),
            (2, 5, Some((5, 5))),
            (39, 2, None),
            (1000, 0, None),
        ] {
            let kind = read("numeric", packed(precision, scale)).kind;
            let expected = expected.map_or(Kind::Text, |(precision, scale)| Kind::Numeric {
                precision,
                scale,
            });
            assert_eq!(kind, expected, "numeric({precision},{scale})");
        }
        assert_eq!(
            read("numeric", -1).expression("\"n\""),
            "CAST(\"n\" AS text)"
        );
    }

    #[test]
    fn arrays_are_lists_or_text() {
        let array = |name: &str, element: &str, dimensions| {
            read_as(&CatalogType {
                name: name.to_owned(),
                kind: "b".to_owned(),
                is_built_in: true,
                modifier: -1,
                element: Some(element.to_owned()),
                element_is_built_in: true,
                dimensions,
            })
        };
        let list = |kind| Kind::List(Box::new(kind));
        assert_eq!(array("_int4", "int4", 1).kind, list(Kind::Int4));
        let intervals = array("_interval", "interval", 0);
        assert_eq!(intervals.kind, list(Kind::Text));
        assert_eq!(intervals.expression("\"a\""), "CAST(\"a\" AS text[])");
        assert_eq!(array("_int4", "int4", 2).kind, Kind::Text);
        assert_eq!(array("int2vector", "int2", 0).kind, Kind::Text);
    }

    #[test]
    fn a_type_of_that_name_is_not_the_type() {
        let foreign = read_as(&CatalogType {
            name: "date".to_owned(),
            kind: "b".to_owned(),
            modifier: -1,
            ..CatalogType::default()
        });
        assert_eq!(foreign.expression("\"d\""), "CAST(\"d\" AS text)");
    }
}
