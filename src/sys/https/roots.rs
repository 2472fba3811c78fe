//! Finds the root certificate of a server's chain in the CA file, once the chain has arrived.
//!
//! webpki verifies the chain, with the few roots whose subject the chain names as an issuer.
//! Verification cannot be switched off. No revocation lists: nothing on a router updates them.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::pem::{self, Pem};
use crate::sys::file;

/// What is wrong with a CA file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaProblem {
    /// There is no such file.
    Missing,
    /// It cannot be opened or read, and why.
    Unreadable(String),
    /// It contains no certificate.
    Empty,
}

impl CaProblem {
    /// The problem for a person; `ca_name` is the file as messages name it.
    pub fn explain(&self, ca_name: &str) -> String {
        match self {
            CaProblem::Missing => format!("{ca_name} is missing: {}", remedy(ca_name)),
            CaProblem::Unreadable(why) => format!("{ca_name} cannot be read: {why}"),
            CaProblem::Empty => format!("{ca_name} contains no certificate: {}", remedy(ca_name)),
        }
    }

    #[allow(clippy::wildcard_enum_match_arm)] // std's enum grows
    fn from_io(error: &io::Error) -> CaProblem {
        match error.kind() {
            io::ErrorKind::NotFound => CaProblem::Missing,
            io::ErrorKind::PermissionDenied => CaProblem::Unreadable("permission denied".into()),
            io::ErrorKind::IsADirectory => CaProblem::Unreadable("it is a directory".into()),
            _ => CaProblem::Unreadable(error.to_string()),
        }
    }
}

/// The CA bundle of OpenWrt's package ca-bundle.
pub const CA_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// How the user gets a CA file: a package contains the bundle, but not the file of option cacert.
fn remedy(ca_name: &str) -> &'static str {
    if ca_name == CA_BUNDLE { "install the package ca-bundle" } else { "correct option cacert" }
}

/// How many certificates a CA file contains. Checks the outline of each only; verifying a chain checks the rest.
pub fn inspect_ca(path: &Path) -> Result<usize, CaProblem> {
    let file = open(path)?;
    let mut pem = Pem::new(&file);
    let mut certificates = 0;
    while pem.next().map_err(|e| CaProblem::from_io(&e))?.is_some() {
        certificates += 1;
    }
    if certificates == 0 { Err(CaProblem::Empty) } else { Ok(certificates) }
}

pub(super) fn open(path: &Path) -> Result<File, CaProblem> {
    file::open(path).map_err(|e| CaProblem::from_io(&e))
}

/// Verifies one server's chain against a CA file.
pub(super) struct FromFile {
    pub(super) file: File,
    pub(super) ca_name: String,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl FromFile {
    fn chain(
        &self,
        certificate: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
        wanted: &[&[u8]],
        now: UnixTime,
    ) -> Result<(), Error> {
        let unusable = |problem: CaProblem| Error::General(problem.explain(&self.ca_name));
        let verify = |roots: &RootCertStore| {
            let all = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(certificate, roots, intermediates, now, all)
        };
        let mut roots = RootCertStore::empty();
        let mut verdict = Err(CertificateError::UnknownIssuer.into());
        let mut pem = Pem::new(&self.file);
        let mut empty = true;
        while let Some(block) = pem.next().map_err(|e| unusable(CaProblem::from_io(&e)))? {
            empty = false;
            let root = if block.has_subject(wanted) { block.der() } else { None };
            if root.is_none_or(|der| roots.add(der.into()).is_err()) {
                continue;
            }
            // The first candidate is nearly always the right one, and then half of the file is never read. More attempts
            // than this and one at the end would let a hostile chain use up processor time.
            if roots.len() == 1 {
                verdict = verify(&roots);
                if verdict.is_ok() {
                    return verdict;
                }
            }
        }
        if empty {
            return Err(unusable(CaProblem::Empty));
        }
        if roots.len() > 1 { verify(&roots) } else { verdict }
    }
}

impl ServerCertVerifier for FromFile {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let chain = std::iter::once(end_entity).chain(intermediates);
        let wanted: Vec<&[u8]> = chain.filter_map(|c| pem::issuer(c)).collect();
        self.chain(&certificate, intermediates, &wanted, now)?;
        verify_server_name(&certificate, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for FromFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ca_name)
    }
}
