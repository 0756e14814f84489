//! TLS to Postgres, with the meaning that libpq gives to each `sslmode`. The one place in which a
//! certificate check is ever switched off; read every line before you change one.
//!
//! | sslmode | tried | certificate chain | host name |
//! |---|---|---|---|
//! | `disable` | plain | | |
//! | `allow` | plain, then TLS if the login is refused | if there are roots | not checked |
//! | `prefer` (default) | TLS, then plain if that is refused | if there are roots | not checked |
//! | `require` | TLS | if there are roots | not checked |
//! | `verify-ca` | TLS | checked | not checked |
//! | `verify-full` | TLS | checked | checked |
//!
//! The roots are in the PEM file that `sslrootcert` names, else in `~/.postgresql/root.crt` if that is
//! there; `sslrootcert=system` takes those of the operating system, and goes with `verify-full` only,
//! which it makes the default. A name is looked for among the subject alternative names. The
//! signature of the handshake is checked in every mode: it ties the connection to the certificate
//! that SCRAM channel binding is about. `ring` is named as provider because another one is linked as
//! well, and `rustls` cannot choose between two.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::client_certificate::ClientCertificate;
use super::parameters::Parameters;
use crate::error::{Error, Result};

const SYSTEM: &str = "system";
static TLS_1_3_ONLY: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// The authorities that are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those of the operating system.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

/// How a connection is protected.
#[derive(Debug, Clone)]
pub(crate) struct Security {
    pub(crate) mode: Mode,
    pub(crate) roots: Option<Roots>,
    certificate: Option<ClientCertificate>,
    versions: &'static [&'static SupportedProtocolVersion],
}

impl Mode {
    /// Whether each attempt to log in is encrypted, in order.
    pub(super) fn attempts(self) -> &'static [bool] {
        match self {
            Mode::Disable => &[false],
            Mode::Allow => &[false, true],
            Mode::Prefer => &[true, false],
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => &[true],
        }
    }
}

impl Security {
    /// None at all: what goes over a unix socket stays on the machine.
    pub(super) fn none() -> Self {
        Security {
            mode: Mode::Disable,
            roots: None,
            certificate: None,
            versions: rustls::DEFAULT_VERSIONS,
        }
    }

    /// What the parameters ask for. Files are not looked at yet.
    ///
    /// # Errors
    /// An unknown mode, one that is too weak for the roots.
    pub(super) fn of(parameters: &Parameters) -> Result<Self> {
        let modes = [
            ("disable", Mode::Disable),
            ("allow", Mode::Allow),
            ("prefer", Mode::Prefer),
            ("require", Mode::Require),
            ("verify-ca", Mode::VerifyCa),
            ("verify-full", Mode::VerifyFull),
        ];
        let mode = parameters.choice("sslmode", &modes)?;
        let roots = match parameters.get("sslrootcert") {
            Some(SYSTEM) => Some(Roots::System),
            Some(path) => Some(Roots::File(PathBuf::from(path))),
            None => {
                let own = parameters.own_file("root.crt");
                own.filter(|path| path.exists()).map(Roots::File)
            }
        };
        let mode = match (mode, &roots) {
            (None, Some(Roots::System)) => Mode::VerifyFull,
            (Some(mode), Some(Roots::System)) if mode != Mode::VerifyFull => {
                let what = "is too weak for sslrootcert=system";
                let hint =
                    "public authorities give certificates to everybody: use sslmode=verify-full";
                return Err(parameters.wrong("sslmode", what, hint));
            }
            (mode, _) => mode.unwrap_or(Mode::Prefer),
        };
        let versions = parameters.choice(
            "ssl_min_protocol_version",
            &[
                ("TLSv1", rustls::DEFAULT_VERSIONS),
                ("TLSv1.1", rustls::DEFAULT_VERSIONS),
                ("TLSv1.2", rustls::DEFAULT_VERSIONS),
                ("TLSv1.3", TLS_1_3_ONLY),
            ],
        )?;
        Ok(Security {
            mode,
            roots,
            certificate: match mode {
                Mode::Disable => None,
                _ => ClientCertificate::of(parameters)?,
            },
            versions: versions.unwrap_or(rustls::DEFAULT_VERSIONS),
        })
    }
}

/// What `tokio-postgres` needs to speak TLS.
///
/// # Errors
/// A file of roots, a certificate or a key that cannot be read, roots that are missing.
pub(super) fn connector(security: &Security) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match (security.mode, &security.roots) {
        // No attempt is encrypted.
        (Mode::Disable, _) => Arc::new(EncryptOnly(Arc::clone(&provider))),
        (Mode::VerifyFull, Some(roots)) => chain(roots, &provider)?,
        (Mode::VerifyFull | Mode::VerifyCa, None) => {
            return Err(Error::input("there are no root certificates to check the server's with").hint(
                "name a PEM file with sslrootcert, put one at ~/.postgresql/root.crt, or trust the authorities of the system: sslrootcert=system",
            ));
        }
        (_, Some(roots)) => Arc::new(ChainOnly(chain(roots, &provider)?)),
        (_, None) => Arc::new(EncryptOnly(Arc::clone(&provider))),
    };
    let broken = |error| Error::input("TLS cannot be set up").source(error);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(security.versions)
        .map_err(broken)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match &security.certificate {
        None => builder.with_no_client_auth(),
        Some(certificate) => {
            let (certificates, key) = certificate.read()?;
            let config = builder.with_client_auth_cert(certificates, key);
            config.map_err(|error| {
                Error::input("the client certificate cannot be used with its key")
                    .hint("the key must be the one that the certificate was made for, and that an X.509 certificate of version 3")
                    .source(error)
            })?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn chain(roots: &Roots, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
    let mut store = RootCertStore::empty();
    match roots {
        // Among those of a system, some are broken; the others still count.
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
        }
        Roots::File(path) => {
            for certificate in certificates(path)? {
                let added = store.add(certificate);
                added.map_err(|error| unreadable(path).source(error))?;
            }
        }
    }
    let none = match roots {
        Roots::System => "the system has no root certificates".to_owned(),
        Roots::File(path) => format!("the file {} holds no certificate", path.display()),
    };
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|error| Error::input(none).hint(ROOTS).source(error))
}

const ROOTS: &str = "sslrootcert names a PEM file of authorities, or is `system`";

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path).source(error))
}

fn unreadable(path: &Path) -> Error {
    Error::input(format!(
        "cannot read the root certificates in {}",
        path.display()
    ))
    .hint(ROOTS)
}

/// Accepts every certificate, as libpq does for `require`.
#[derive(Debug)]
struct EncryptOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for EncryptOnly {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Checks the chain, and accepts a certificate that was issued for another name.
#[derive(Debug)]
struct ChainOnly(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for ChainOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        // The verifier looks at the name last: this error means that all else is right.
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
