//! The options of a COPY INTO that lands files, checked once.

use super::formats::ReadOptions;
use super::rejects::Policy;
use crate::sql::{CopyOptions, Layout, ReloadOptions};
use crate::{Error, Result};

/// Checked options.
#[derive(Debug, Clone)]
pub(super) struct LandingOptions {
    /// How to read the files.
    pub read: ReadOptions,
    /// The layout of a table that is still to be made.
    pub layout: Layout,
    /// What to do with what the table has already.
    pub reload: ReloadOptions,
    /// What to do with rows that do not fit.
    pub on_error: Policy,
}

impl LandingOptions {
    /// Checks what was typed, for readers that use so many threads.
    ///
    /// # Errors
    /// An option that belongs to an export, or a value that cannot be one.
    pub fn checked(options: &CopyOptions, threads: usize) -> Result<Self> {
        if let Some((option, _)) = options.export.given().first() {
            return Err(
                Error::input(format!("{option} belongs to an export into a database"))
                    .hint(format!("files land once each; leave {option} out")),
            );
        }
        let reload = &options.reload;
        if reload.watermark.is_some() && (reload.on_change.is_some() || reload.force) {
            return Err(
                Error::input("WATERMARK does not go with ON_CHANGE and FORCE").hint(
                    "with WATERMARK only new rows are loaded; leave it out to load all of them",
                ),
            );
        }
        let mut read = ReadOptions::checked(&options.file, threads)?;
        let on_error = Policy::checked(&options.rejects)?;
        read.on_loss = options.rejects.on_loss.unwrap_or_default();
        read.sets_aside = on_error != Policy::Abort;
        Ok(LandingOptions {
            read,
            layout: options.layout.clone(),
            reload: options.reload.clone(),
            on_error,
        })
    }
}
