//! Where results go: the screen, a file for all of them, or a file for the next one.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tempfile::NamedTempFile;

use super::last::{Keeping, Last};
use super::pager::{Paged, Pager};
use super::shell::Settings;
use crate::cli::print::{Screen, print_to};
use crate::cli::progress_line::{AfterLine, ProgressLine};
use crate::cli::runtime::Runtime;
use crate::cli::statement::Reader;
use crate::{Error, Result, report};

/// Where results go.
#[derive(Debug, Default)]
pub struct Output {
    file: Option<(PathBuf, File)>,
    once: Option<PathBuf>,
}

/// Shows the result of a statement and keeps it.
pub struct Viewer<'s> {
    /// How it looks.
    pub settings: &'s Settings,
    /// Where it goes.
    pub output: &'s mut Output,
    /// Where it is kept.
    pub last: &'s mut Last,
    /// Who else may have the terminal.
    pub runtime: &'s Runtime,
}

impl Output {
    /// All results from here on go to this file, from its start.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn redirect(&mut self, path: &Path) -> Result<()> {
        let file = File::create(path).map_err(|error| Error::file("write", path, error))?;
        self.file = Some((path.to_owned(), file));
        self.once = None;
        Ok(())
    }

    /// The next result goes to this file, which appears once all of it is there.
    pub fn redirect_once(&mut self, path: &Path) {
        self.once = Some(path.to_owned());
    }

    /// Results go to the screen again.
    pub fn restore(&mut self) {
        *self = Output::default();
    }

    /// Writes one result with `print`, which gets the screen if there is one.
    ///
    /// # Errors
    /// Those of `print`, or a file that cannot be written.
    pub fn write(
        &mut self,
        pager: &Pager,
        runtime: &Runtime,
        print: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<()> {
        self.show(pager, runtime, &mut ProgressLine::default(), |_, output| {
            print(output).map(|()| None)
        })
    }

    fn show(
        &mut self,
        pager: &Pager,
        runtime: &Runtime,
        line: &mut ProgressLine,
        print: impl FnOnce(Option<&Screen>, &mut dyn Write) -> Result<Option<String>>,
    ) -> Result<()> {
        if let Some(path) = self.once.take() {
            return write_whole(&path, |output| print(None, output).map(drop));
        }
        if let Some((path, file)) = &mut self.file {
            let printed = print(None, file);
            let located = |error: Error| error.context(path.display().to_string());
            return printed.map(drop).map_err(located);
        }
        let mut stdout = std::io::stdout().lock();
        let Some(screen) = Screen::of_stdout() else {
            return print(None, &mut stdout).map(drop);
        };
        let mut output = AfterLine::new(line, &mut stdout);
        let mut paged = Paged::new(pager, &screen, runtime, &mut output);
        let printed = print(Some(&screen), &mut paged);
        // What came before an error is shown before the error.
        paged.finish();
        if let Some(note) = printed? {
            report::note(&note);
        }
        Ok(())
    }
}

impl Reader for Viewer<'_> {
    fn read(
        &mut self,
        schema: &SchemaRef,
        batches: &mut dyn Iterator<Item = Result<RecordBatch>>,
        line: &mut ProgressLine,
    ) -> Result<()> {
        let mut keeping = Keeping::new(schema);
        let mut ended = false;
        let mut batches = batches.fuse();
        let batches = std::iter::from_fn(|| {
            let batch = batches.next();
            match &batch {
                Some(Ok(batch)) => keeping.add(batch),
                Some(Err(_)) => {}
                None => ended = true,
            }
            batch
        });
        let Settings { style, pager, .. } = self.settings;
        let printed = self
            .output
            .show(pager, self.runtime, line, |screen, output| {
                print_to(style, schema, batches, screen, output)
            });
        *self.last = keeping.finish(ended);
        printed
    }
}

/// Writes a file beside its place and moves it there, so that nobody sees half of it and an error
/// leaves the old one. What is no plain file, such as a pipe, is written as it is.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let failed = |error| Error::file("write", path, error);
    if path.exists() && !path.is_file() {
        return write(&mut File::create(path).map_err(failed)?);
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    write(&mut file)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
