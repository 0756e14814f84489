//! The certificate with which a user proves who they are, and its key.
//!
//! As in libpq, `~/.postgresql/postgresql.crt` and `.key` are sent if they are there and nothing else
//! is said, and a key that others may read is refused: it may be anybody's by now.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::parameters::Parameters;
use crate::error::{Error, Result};

/// Files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    certificate: PathBuf,
    key: PathBuf,
}

impl ClientCertificate {
    /// What `sslcert` and `sslkey` name, or the user's own.
    ///
    /// # Errors
    /// A certificate without a key.
    pub(super) fn of(parameters: &Parameters) -> Result<Option<Self>> {
        let file = |parameter: &str, own: &str| match parameters.get(parameter) {
            Some(path) => Some(PathBuf::from(path)),
            None => parameters.own_file(own).filter(|path| path.exists()),
        };
        let Some(certificate) = file("sslcert", "postgresql.crt") else {
            return Ok(None);
        };
        match file("sslkey", "postgresql.key") {
            Some(key) => Ok(Some(ClientCertificate { certificate, key })),
            None => Err(Error::input(format!(
                "there is no key for the client certificate {}",
                certificate.display()
            ))
            .hint("name its file with sslkey, or put it at ~/.postgresql/postgresql.key")),
        }
    }

    /// The certificate with those above it, and the key.
    ///
    /// # Errors
    /// Files that are missing or not PEM, a key that others may read.
    pub(super) fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let unreadable = |what: &str, path: &Path, error: rustls::pki_types::pem::Error| {
            Error::input(format!("cannot read the {what} {}", path.display()))
                .hint("sslcert and sslkey name PEM files; the key must not be encrypted")
                .source(error)
        };
        let certificates = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unreadable("client certificate", &self.certificate, error))?;
        check_permissions(&self.key)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unreadable("client key", &self.key, error))?;
        Ok((certificates, key))
    }
}

/// The owner's alone; one that root owns, as keys of a system are, may be read by a group.
#[cfg(unix)]
fn check_permissions(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    const GROUP_AND_OTHERS: u32 = 0o077;
    const ALL_BUT_READING_BY_GROUP: u32 = 0o037;
    let metadata = std::fs::metadata(path).map_err(|error| Error::file("read", path, error))?;
    let forbidden = match metadata.uid() {
        0 => ALL_BUT_READING_BY_GROUP,
        _ => GROUP_AND_OTHERS,
    };
    match metadata.mode() & forbidden {
        0 => Ok(()),
        _ => Err(Error::input(format!(
            "the client key {} can be read by others",
            path.display()
        ))
        .hint(format!(
            "take their rights away: chmod 0600 {}",
            path.display()
        ))),
    }
}

#[cfg(not(unix))]
fn check_permissions(_path: &Path) -> Result<()> {
    Ok(())
}
