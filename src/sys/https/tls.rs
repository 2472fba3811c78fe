//! TLS 1.2 and 1.3 over one connection, as little of it as a public server needs.
//!
//! Does not resume sessions, has no client certificate, negotiates no ALPN, and writes no messages (explain does).

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::client::Resumption;
use rustls::crypto::ring::{cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms};
use rustls::sign::SigningKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, Error, SignatureScheme};
use rustls_pki_types::{PrivateKeyDer, ServerName};
use webpki::ring as algorithm;

use super::explain::{self, cut, tls_failed};
use super::roots::FromFile;
use super::tcp::{Phase, Tcp};
use super::{CertificateClock, Route, failed};
use crate::wire::dyndns2::{Failed, Failure};

/// A TLS session over a connection.
pub(super) struct Tls {
    tcp: Tcp,
    session: ClientConnection,
}

impl Tls {
    /// Completes the handshake. The last flight of TLS 1.3 stays in the session, to be sent with the request in one write.
    pub(super) fn start(
        mut tcp: Tcp,
        route: &Route<'_>,
        roots: File,
        clock: CertificateClock,
    ) -> Result<Tls, Failed> {
        let name = ServerName::try_from(route.server)
            .map_err(|_| {
                failed(Failure::Tls, format!("{} cannot be the name in a certificate", route.server))
            })?
            .to_owned();
        let mut session = config(route, roots, clock)
            .and_then(|config| ClientConnection::new(Arc::new(config), name))
            .map_err(|e| tls_failed(&e, route, explain::Stage::Handshake))?;
        let mut stage = explain::Stage::Hello;
        while session.is_handshaking() {
            while session.wants_write() {
                session.write_tls(&mut tcp).map_err(|e| cut(tcp.deadline, &e, Phase::Handshake))?;
            }
            if session.read_tls(&mut tcp).map_err(|e| cut(tcp.deadline, &e, Phase::Handshake))? == 0 {
                let detail = "the server closed the connection in the TLS handshake";
                return Err(failed(Failure::Connect, detail.into()));
            }
            if let Err(e) = session.process_new_packets() {
                // The alert informs the server why; nicup ignores whether it arrives.
                let _ = session.write_tls(&mut tcp);
                return Err(tls_failed(&e, route, stage));
            }
            stage = explain::Stage::Handshake;
        }
        Ok(Tls { tcp, session })
    }

    /// Sends everything in as few writes as the kernel accepts; sets `sent` once bytes have been written.
    pub(super) fn send(&mut self, bytes: &[u8], sent: &mut bool) -> io::Result<()> {
        self.session.writer().write_all(bytes)?;
        while self.session.wants_write() {
            *sent |= self.session.write_tls(&mut self.tcp)? > 0;
        }
        Ok(())
    }

    /// Reads what there is, at least one byte; 0 if the server ended the session properly.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        loop {
            match self.session.reader().read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                other => return other.map_err(Broken::Cut),
            }
            self.session.read_tls(&mut self.tcp).map_err(Broken::Cut)?;
            self.session.process_new_packets().map_err(Broken::Tls)?;
        }
    }

    pub(super) fn tcp(&self) -> &Tcp {
        &self.tcp
    }
}

/// Why nothing more can be read.
pub(super) enum Broken {
    Cut(io::Error),
    Tls(Error),
}

fn config(route: &Route<'_>, roots: File, clock: CertificateClock) -> Result<ClientConfig, Error> {
    let verifier = FromFile { file: roots, ca_name: route.ca_name.to_string(), algorithms: ALGORITHMS };
    let mut cipher_suites = vec![
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    // MIPS and 32-bit ARM have no instructions for AES: there ChaCha20 comes first in each row of three.
    if cfg!(target_pointer_width = "32") {
        cipher_suites.chunks_mut(3).for_each(|row| row.rotate_right(1));
    }
    let provider = CryptoProvider {
        cipher_suites,
        // X25519 takes half of P-256's instructions where no assembler helps, for 15,504 bytes on mipsel. P-256 is the one
        // group that every TLS 1.3 server must have (RFC 8446, 9.1), and its code is there anyway for certificates.
        // P-384: in TLS 1.2, this list also restricts the curve of the server's own key.
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        signature_verification_algorithms: ALGORITHMS,
        secure_random: &KERNEL,
        key_provider: &NoKeys,
    };
    let mut config = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(clock))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        // "dangerous" is rustls' name for setting a custom verifier; this one delegates to webpki.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// As rustls' own list, without Ed25519, which no public authority signs with.
static ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        algorithm::ECDSA_P256_SHA256,
        algorithm::ECDSA_P256_SHA384,
        algorithm::ECDSA_P384_SHA256,
        algorithm::ECDSA_P384_SHA384,
        algorithm::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        algorithm::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        algorithm::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        algorithm::RSA_PKCS1_2048_8192_SHA256,
        algorithm::RSA_PKCS1_2048_8192_SHA384,
        algorithm::RSA_PKCS1_2048_8192_SHA512,
    ],
    // TLS 1.3 takes the first of each row; in TLS 1.2 the scheme does not fix the curve.
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[algorithm::ECDSA_P256_SHA256, algorithm::ECDSA_P384_SHA256],
        ),
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[algorithm::ECDSA_P384_SHA384, algorithm::ECDSA_P256_SHA384],
        ),
        (SignatureScheme::RSA_PSS_SHA256, &[algorithm::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA384, &[algorithm::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA512, &[algorithm::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[algorithm::RSA_PKCS1_2048_8192_SHA256]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[algorithm::RSA_PKCS1_2048_8192_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[algorithm::RSA_PKCS1_2048_8192_SHA512]),
    ],
};

/// The kernel's random bytes. rustls asks for those of a ClientHello in three parts; this asks the kernel once.
#[derive(Debug)]
struct Kernel(Mutex<Vec<u8>>);

/// The ClientHello's random, its session, and the seed for its order: 66 bytes (RFC 8446, 4.1.2).
const GREETING: usize = 66;

static KERNEL: Kernel = Kernel(Mutex::new(Vec::new()));

impl SecureRandom for Kernel {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        let mut pool = self.0.lock().map_err(|_| GetRandomFailed)?;
        if pool.len() < buffer.len() {
            let mut fresh = vec![0; GREETING.max(buffer.len())];
            SystemRandom::new().fill(&mut fresh).map_err(|_| GetRandomFailed)?;
            *pool = fresh;
        }
        // Never returns a byte twice.
        let rest = pool.len() - buffer.len();
        buffer.copy_from_slice(&pool[rest..]);
        pool.truncate(rest);
        Ok(())
    }
}

/// Signing keys are for client certificates, and their code is not small.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("client certificates are not supported".into()))
    }
}

impl TimeProvider for CertificateClock {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        use std::time::{Duration, SystemTime, UNIX_EPOCH};
        let since = match self {
            CertificateClock::System => SystemTime::now().duration_since(UNIX_EPOCH).ok()?,
            CertificateClock::Fixed(seconds) => Duration::from_secs(*seconds),
        };
        Some(rustls_pki_types::UnixTime::since_unix_epoch(since))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_fetched_together_and_given_once() {
        let kernel = Kernel(Mutex::new(Vec::new()));
        let (mut random, mut session, mut long) = ([0; 32], [0; 32], [0; 100]);
        kernel.fill(&mut random).unwrap();
        let left = kernel.0.lock().unwrap().clone();
        kernel.fill(&mut session).unwrap();
        assert_eq!((left.len(), &left[2..]), (GREETING - 32, &session[..]));
        assert_ne!(random, session);
        kernel.fill(&mut long).unwrap();
        assert!(kernel.0.lock().unwrap().is_empty() && long.iter().any(|byte| *byte != 0));
    }
}
