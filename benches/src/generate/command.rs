//! `tidemill-benches generate`: a data set into a file, or to standard output.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Dataset, generate};

/// What to generate, and where to.
#[derive(Debug, Args)]
pub struct Generate {
    /// The schema and the quirks
    dataset: Dataset,

    /// Rows, not counting the header
    #[arg(long, value_name = "NUMBER")]
    rows: u64,

    /// Where to; - is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// The same seed gives the same bytes
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    seed: u64,
}

impl Generate {
    /// Writes the data. Whoever reads standard output may stop reading early, as `head` does.
    pub fn run(&self) -> io::Result<()> {
        if self.out != Path::new("-") {
            let mut file = File::create(&self.out)?;
            return generate(self.dataset, self.rows, self.seed, &mut file);
        }
        match generate(self.dataset, self.rows, self.seed, &mut io::stdout().lock()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}
