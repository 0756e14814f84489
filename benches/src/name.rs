//! Who can take part, declared once: name, key of `--only`, where the version is found.

use std::fmt::{self, Display};

use clap::ValueEnum;

/// A contestant, or a program that shows a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum Name {
    /// The release binary of this workspace
    Tidemill,
    /// The Python package
    #[value(name = "duckdb")]
    DuckDb,
    /// The shell of DuckDB
    #[value(name = "duckdb-shell")]
    DuckDbShell,
    /// The Python package
    Polars,
    /// PySpark on this machine's JVM
    Spark,
    /// The Python package
    ScikitLearn,
    /// The same package, with its other algorithm
    ScikitLearnElkan,
    /// The crate
    Linfa,
    /// The driver of Arrow for Postgres
    Adbc,
    /// The shell of Postgres
    Psql,
    /// The shell of SQLite
    Sqlite,
    /// The shell of DataFusion
    #[value(name = "datafusion")]
    DataFusion,
    /// A program that does nothing
    EmptyProcess,
}

impl Name {
    /// The name on the command line and of folders.
    pub fn key(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Name::Tidemill => "Tidemill",
            Name::DuckDb => "DuckDB",
            Name::DuckDbShell => "DuckDB shell",
            Name::Polars => "Polars",
            Name::Spark => "Spark",
            Name::ScikitLearn => "scikit-learn",
            Name::ScikitLearnElkan => "scikit-learn, Elkan",
            Name::Linfa => "linfa",
            Name::Adbc => "ADBC",
            Name::Psql => "psql",
            Name::Sqlite => "sqlite3 shell",
            Name::DataFusion => "datafusion-cli",
            Name::EmptyProcess => "an empty process",
        })
    }
}
