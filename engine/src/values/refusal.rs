//! Why a value does not fit a type, in words that complete "value X does not fit column c: ..".

use std::fmt;

/// Why a value was refused. Small and `Copy`, so that refusing costs nothing until it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Empty text where the type has no empty value.
    Empty,
    /// Spaces before or after the value.
    Spaces,
    /// Not `true` or `false`.
    NotBoolean,
    /// Not a whole number.
    NotInteger,
    /// Not a number in decimal notation.
    NotDecimal,
    /// Not a number in decimal or exponent notation.
    NotFloat,
    /// Not `YYYY-MM-DD`, or whichever format the file has.
    NotDate,
    /// Not `YYYY-MM-DD HH:MM[:SS[.ffffff]]`.
    NotTimestamp,
    /// An exponent in a DECIMAL.
    Exponent,
    /// A whole number written with a decimal point, such as `1.0`.
    DecimalPoint,
    /// A whole number was asked for and this one has a fraction.
    Fraction,
    /// Beyond the least or the greatest value of the type.
    OutOfRange,
    /// More digits before the decimal point than the DECIMAL has.
    IntegerDigits {
        /// Precision and scale that hold this value and the declared scale; `None` beyond 38 digits.
        fitting: Option<(u8, u8)>,
    },
    /// More digits after the decimal point than the DECIMAL has.
    FractionalDigits {
        /// Precision and scale that hold this value and the declared places before the point;
        /// `None` beyond 38 digits.
        fitting: Option<(u8, u8)>,
    },
    /// A day that no calendar has, such as 30 February.
    NoSuchDate,
    /// A time that no clock shows, such as 24:00.
    NoSuchTime,
    /// A time of day where only a date fits.
    TimePart,
    /// Digits below the microsecond.
    BelowMicrosecond,
    /// A zone offset where the type has no zone.
    Zone,
    /// No zone offset where the type needs one.
    NoZone,
    /// The nearest value of the type is another value.
    Inexact,
}

impl Refusal {
    /// What to do about it, for a column that is being read from text.
    pub fn hint(self, column: &str) -> Option<String> {
        let advice = match self {
            Refusal::Empty => "leave the field empty without quotes for NULL, or declare {} TEXT",
            Refusal::Spaces => {
                "remove the spaces in the file, or declare {} TEXT and trim it in SQL"
            }
            Refusal::NotBoolean => "write true or false, or declare {} TEXT",
            Refusal::NotInteger | Refusal::NotDecimal | Refusal::NotFloat => {
                "declare {} TEXT to keep such values as they are"
            }
            Refusal::NotDate => {
                "a DATE is written YYYY-MM-DD unless DATE_FORMAT 'DD-MM-YYYY' or the like says otherwise; or declare {} TEXT"
            }
            Refusal::NotTimestamp => {
                "a TIMESTAMP is written YYYY-MM-DD HH:MM:SS unless DATE_FORMAT 'DD-MM-YYYY' or the like says otherwise; or declare {} TEXT"
            }
            Refusal::Exponent => "declare {} DOUBLE",
            Refusal::DecimalPoint | Refusal::Fraction => "declare {} DECIMAL or DOUBLE",
            Refusal::OutOfRange => "declare {} with a wider type, or TEXT",
            Refusal::IntegerDigits { fitting } | Refusal::FractionalDigits { fitting } => {
                return Some(match fitting {
                    Some((precision, scale)) => {
                        format!(
                            "declare {column} DECIMAL({precision},{scale}); it holds this value, others may need more"
                        )
                    }
                    None => format!("no DECIMAL has more than 38 digits; declare {column} TEXT"),
                });
            }
            Refusal::NoSuchDate | Refusal::NoSuchTime => {
                "correct the value in the file, or declare {} TEXT"
            }
            Refusal::TimePart => "declare {} TIMESTAMP",
            Refusal::BelowMicrosecond => {
                "a TIMESTAMP keeps microseconds; declare {} TEXT to keep every digit"
            }
            Refusal::Zone => "declare {} TIMESTAMP WITH TIME ZONE, or TEXT",
            Refusal::NoZone => "declare {} TIMESTAMP, or add an offset such as Z or +02:00",
            Refusal::Inexact => return None,
        };
        Some(advice.replace("{}", column))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Empty => "it is empty text",
            Refusal::Spaces => "it has spaces around it",
            Refusal::NotBoolean => "it is neither true nor false",
            Refusal::NotInteger => "it is not a whole number",
            Refusal::NotDecimal | Refusal::NotFloat => "it is not a number",
            Refusal::NotDate => "it is not a date",
            Refusal::NotTimestamp => "it is not a date with a time",
            Refusal::Exponent => "it is written with an exponent",
            Refusal::DecimalPoint => "it is written with a decimal point",
            Refusal::Fraction => "it would lose its fraction",
            Refusal::OutOfRange => "it is out of range",
            Refusal::IntegerDigits { .. } => "it has too many digits before the decimal point",
            Refusal::FractionalDigits { .. } => "it would lose digits after the decimal point",
            Refusal::NoSuchDate => "there is no such date",
            Refusal::NoSuchTime => "there is no such time",
            Refusal::TimePart => "it would lose its time of day",
            Refusal::BelowMicrosecond => "it would lose digits below the microsecond",
            Refusal::Zone => "it would lose its time zone",
            Refusal::NoZone => "it has no time zone offset",
            Refusal::Inexact => "it would be changed to the nearest value",
        })
    }
}

/// Sharpens a refusal for text that is empty or only badly trimmed; off the fast path.
#[cold]
pub(super) fn malformed(text: &str, otherwise: Refusal) -> Refusal {
    if text.is_empty() {
        Refusal::Empty
    } else if text.trim().len() < text.len() {
        Refusal::Spaces
    } else {
        otherwise
    }
}
