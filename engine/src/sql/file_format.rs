//! The words for what a file is: its format, its compression, its encoding.

/// An enum that users name by words: the first word of a value is the one it is shown with.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $first:literal $(| $other:literal)*,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $value,)+
        }

        impl $name {
            /// Every word that is understood.
            pub const WORDS: &'static [&'static str] = &[$($first, $($other,)*)+];

            /// The value that a word means, in any case.
            pub fn from_word(word: &str) -> Option<Self> {
                match word.to_lowercase().as_str() {
                    $($first $(| $other)* => Some($name::$value),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $($name::$value => $first,)+
                })
            }
        }
    };
}

pub(super) use words;

words! {
    /// What a file is.
    FileFormat {
        /// Text with a delimiter; a comma unless said otherwise.
        Csv = "csv",
        /// The same with a tab.
        Tsv = "tsv" | "tab",
        /// One JSON object per line, or an array of objects.
        Json = "json" | "ndjson" | "jsonl",
        /// Apache Parquet.
        Parquet = "parquet",
        /// Apache Avro, object container files.
        Avro = "avro",
        /// Apache ORC.
        Orc = "orc",
        /// Arrow IPC, file or stream.
        Arrow = "arrow" | "ipc" | "feather",
        /// A sheet of a workbook: xlsx, xlsm, xlsb, xls or ods.
        Excel = "excel" | "xlsx",
    }
}

words! {
    /// How a whole file is compressed.
    Compression {
        /// Not at all.
        None = "none",
        /// gzip.
        Gzip = "gzip" | "gz",
        /// Zstandard.
        Zstd = "zstd" | "zst",
        /// bzip2.
        Bzip2 = "bzip2" | "bz2",
        /// xz.
        Xz = "xz",
    }
}

words! {
    /// How the text of a file is encoded.
    Encoding {
        /// UTF-8.
        Utf8 = "utf-8" | "utf8",
        /// One byte per character. As everywhere on the web, the name means Windows-1252, which
        /// has letters where ISO 8859-1 has control characters.
        Latin1 = "latin-1" | "latin1" | "iso-8859-1" | "windows-1252",
    }
}

words! {
    /// What becomes of the names of columns.
    Names {
        /// `Billing Amount` becomes `billing_amount`.
        SnakeCase = "snake_case",
        /// They stay as the file writes them.
        Keep = "keep",
    }
}
