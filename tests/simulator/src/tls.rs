//! The TLS settings of the server.

use std::str::FromStr;
use std::sync::Arc;

use crate::behaviour::Hello;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CipherSuite, ServerConfig, SupportedProtocolVersion, version};

/// A record that contains only a ServerHello; its fields are those of RFC 5246, section 7.4.1.3.
pub(crate) fn server_hello(hello: Hello) -> Vec<u8> {
    const NO_SESSION_NO_COMPRESSION: usize = 4;
    let (minor, cipher, mark) = match hello {
        // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
        Hello::Tls10 => (1, [0xc0, 0x13], *b"\x55\x55\x55\x55\x55\x55\x55\x55"),
        // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        Hello::Downgrade => (3, [0xc0, 0x2b], *b"DOWNGRD\x01"),
    };
    let random = [[0x55; 24].as_slice(), mark.as_slice()].concat();
    let length = 2 + random.len() + NO_SESSION_NO_COMPRESSION;
    let mut body = vec![2, 0, 0, u8::try_from(length).unwrap_or(0), 3, minor];
    body.extend(random);
    body.extend([0, cipher[0], cipher[1], 0]);
    let mut record = vec![0x16, 3, minor, 0, u8::try_from(body.len()).unwrap_or(0)];
    record.append(&mut body);
    record
}

/// Versions, cipher and session tickets of all TLS listeners.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// Which protocol versions are offered.
    pub versions: TlsVersions,
    /// The only cipher offered; `None`: all that rustls supports.
    pub cipher: Option<Cipher>,
    /// The number of TLS 1.3 tickets after the handshake. Real servers send 2.
    pub tickets: usize,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self { versions: TlsVersions::Both, cipher: None, tickets: 2 }
    }
}

/// The protocol versions that a server offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    Both,
    /// 1.2 only.
    Only12,
    /// 1.3 only.
    Only13,
}

/// The selectable bulk ciphers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES-128-GCM.
    Aes128,
    /// AES-256-GCM.
    Aes256,
    /// ChaCha20-Poly1305.
    ChaCha20,
}

impl FromStr for TlsVersions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "both" => Ok(Self::Both),
            "1.2" => Ok(Self::Only12),
            "1.3" => Ok(Self::Only13),
            other => Err(format!("`{other}` is no TLS version: take one of 1.2 1.3 both")),
        }
    }
}

impl FromStr for Cipher {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "aes128" => Ok(Self::Aes128),
            "aes256" => Ok(Self::Aes256),
            "chacha20" => Ok(Self::ChaCha20),
            other => Err(format!("`{other}` is no cipher: take one of aes128 aes256 chacha20")),
        }
    }
}

fn suites(cipher: Cipher) -> [CipherSuite; 3] {
    match cipher {
        Cipher::Aes128 => [
            CipherSuite::TLS13_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        Cipher::Aes256 => [
            CipherSuite::TLS13_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ],
        Cipher::ChaCha20 => [
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ],
    }
}

pub(crate) fn server_config(
    options: &TlsOptions,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut provider: CryptoProvider = ring::default_provider();
    if let Some(cipher) = options.cipher {
        let wanted = suites(cipher);
        provider.cipher_suites.retain(|suite| wanted.contains(&suite.suite()));
    }
    let versions: &[&SupportedProtocolVersion] = match options.versions {
        TlsVersions::Both => &[&version::TLS13, &version::TLS12],
        TlsVersions::Only12 => &[&version::TLS12],
        TlsVersions::Only13 => &[&version::TLS13],
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.send_tls13_tickets = options.tickets;
    Ok(config)
}
