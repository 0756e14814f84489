//! What suites work with: the binary, the peers, and a folder beside the build results for all data.

use std::path::{Path, PathBuf};

use crate::arguments::Options;
use crate::error::{Error, Result};
use crate::machine;
use crate::name::Name;
use crate::peers::Peers;
use crate::tidemill::Tidemill;

/// Tools and folder of a run.
pub struct Workshop {
    /// Generated data, warehouses, what contestants write.
    pub folder: PathBuf,
    /// The binary that is measured.
    pub tidemill: Tidemill,
    /// The programs beside it.
    pub peers: Peers,
    /// Threads that every contestant may use.
    pub threads: usize,
    only: Vec<Name>,
}

impl Workshop {
    /// Makes the folder and finds the binary.
    ///
    /// # Errors
    /// A folder that cannot be made, or a binary that is missing or does not build.
    pub fn open(options: &Options) -> Result<Self> {
        let target = target_folder()?;
        let folder = options
            .data
            .clone()
            .unwrap_or_else(|| target.join("benches-data"));
        let unusable = |error| Error::file("create", &folder, error);
        std::fs::create_dir_all(&folder).map_err(unusable)?;
        let folder = folder.canonicalize().map_err(unusable)?;
        let threads = options.threads.unwrap_or_else(machine::cores);
        Ok(Workshop {
            tidemill: Tidemill::find(options.tidemill.as_deref(), &target, threads)?,
            peers: Peers::new(folder.join("environment"), threads),
            folder,
            threads,
            only: options.only.clone(),
        })
    }

    /// Whether one is asked for; without `--only` all are.
    pub fn takes_part(&self, name: Name) -> bool {
        self.only.is_empty() || name == Name::Tidemill || self.only.contains(&name)
    }
}

/// The folder of the build results: this program lies in `<target>/<profile>/`.
fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().map_err(|error| Error::new(error.to_string()))?;
    let target = program.parent().and_then(Path::parent).map(Path::to_owned);
    target.ok_or_else(|| Error::new("this program lies in no target folder"))
}
