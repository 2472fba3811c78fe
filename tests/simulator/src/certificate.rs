//! The simulator's own authority, and every kind of certificate that a client has to judge.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::tls::{TlsOptions, server_config};

const DAY: i64 = 24 * 60 * 60;

/// A certificate on demand. All except those with a noted defect are for the server's names, currently valid and signed
/// by the simulator's authority.
/// simulator's authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertKind {
    /// ECDSA P-256, valid from 2020 to 2049.
    Good,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 4096 bits.
    Rsa4096,
    /// ECDSA P-384.
    P384,
    /// Expired since yesterday.
    Expired,
    /// Valid from tomorrow.
    NotYetValid,
    /// For wrong.example only.
    WrongName,
    /// Signed by another authority.
    WrongCa,
    /// Signed by itself.
    SelfSigned,
    /// Signed by an intermediate certificate of the authority; both are sent.
    WithIntermediate,
    /// Valid between these two moments, in seconds since 1970.
    ValidBetween(i64, i64),
}

/// A text that is not a certificate kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCertKind(String);

impl fmt::Display for UnknownCertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no kind of certificate: take one of {CERT_KINDS}", self.0)
    }
}

impl std::error::Error for UnknownCertKind {}

/// The kinds' names, for `--help`.
pub const CERT_KINDS: &str = "good rsa2048 rsa4096 p384 expired not-yet-valid wrong-name wrong-ca self-signed \
     with-intermediate valid:FROM..UNTIL (unix seconds)";

impl fmt::Display for CertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Rsa2048 => "rsa2048",
            Self::Rsa4096 => "rsa4096",
            Self::P384 => "p384",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongName => "wrong-name",
            Self::WrongCa => "wrong-ca",
            Self::SelfSigned => "self-signed",
            Self::WithIntermediate => "with-intermediate",
            Self::ValidBetween(from, until) => return write!(f, "valid:{from}..{until}"),
        })
    }
}

impl FromStr for CertKind {
    type Err = UnknownCertKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "good" => Self::Good,
            "rsa2048" => Self::Rsa2048,
            "rsa4096" => Self::Rsa4096,
            "p384" => Self::P384,
            "expired" => Self::Expired,
            "not-yet-valid" => Self::NotYetValid,
            "wrong-name" => Self::WrongName,
            "wrong-ca" => Self::WrongCa,
            "self-signed" => Self::SelfSigned,
            "with-intermediate" => Self::WithIntermediate,
            other => {
                let range = other.strip_prefix("valid:").and_then(|range| range.split_once(".."));
                match range.map(|(from, until)| (from.parse(), until.parse())) {
                    Some((Ok(from), Ok(until))) => Self::ValidBetween(from, until),
                    Some(_) | None => return Err(UnknownCertKind(other.to_owned())),
                }
            }
        })
    }
}

/// The authority that clients should trust, another one that they should not, and the certificates made so far.
pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    stranger: CertifiedIssuer<'static, KeyPair>,
    pem: String,
    names: Vec<String>,
    tls: TlsOptions,
    made: Mutex<HashMap<CertKind, Arc<ServerConfig>>>,
}

impl Authority {
    pub(crate) fn new(names: Vec<String>, tls: TlsOptions) -> io::Result<Self> {
        let root = authority("noip-simulator root").map_err(io::Error::other)?;
        let stranger = authority("noip-simulator stranger").map_err(io::Error::other)?;
        Ok(Self { pem: root.pem(), root, stranger, names, tls, made: Mutex::default() })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Made once per kind: RSA and P-384 cost a slow router noticeable time.
    pub(crate) fn config(&self, kind: CertKind) -> io::Result<Arc<ServerConfig>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(&kind) {
            return Ok(Arc::clone(config));
        }
        let (chain, key) = self.make(kind).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = Arc::new(server_config(&self.tls, chain, key.into()).map_err(io::Error::other)?);
        made.insert(kind, Arc::clone(&config));
        Ok(config)
    }

    fn make(&self, kind: CertKind) -> Result<(Vec<CertificateDer<'static>>, KeyPair), rcgen::Error> {
        let key = match kind {
            CertKind::Rsa2048 => KeyPair::from_pem(include_str!("../keys/rsa2048.pem"))?,
            CertKind::Rsa4096 => KeyPair::from_pem(include_str!("../keys/rsa4096.pem"))?,
            CertKind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?,
            CertKind::Good
            | CertKind::Expired
            | CertKind::NotYetValid
            | CertKind::WrongName
            | CertKind::WrongCa
            | CertKind::SelfSigned
            | CertKind::WithIntermediate
            | CertKind::ValidBetween(..) => KeyPair::generate()?,
        };
        let leaf = self.leaf(kind)?;
        let signed = |issuer| -> Result<Certificate, rcgen::Error> { leaf.signed_by(&key, issuer) };
        let chain = match kind {
            CertKind::SelfSigned => vec![leaf.self_signed(&key)?],
            CertKind::WrongCa => vec![signed(&*self.stranger)?],
            CertKind::WithIntermediate => {
                let params = authority_params("noip-simulator intermediate");
                let middle = CertifiedIssuer::signed_by(params, KeyPair::generate()?, &self.root)?;
                let certificate = signed(&*middle)?;
                return Ok((vec![certificate.der().clone(), middle.der().clone()], key));
            }
            CertKind::Good
            | CertKind::Rsa2048
            | CertKind::Rsa4096
            | CertKind::P384
            | CertKind::Expired
            | CertKind::NotYetValid
            | CertKind::WrongName
            | CertKind::ValidBetween(..) => vec![signed(&*self.root)?],
        };
        Ok((chain.iter().map(|certificate| certificate.der().clone()).collect(), key))
    }

    fn leaf(&self, kind: CertKind) -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::default();
        let wrong = [String::from("wrong.example")];
        let names = if kind == CertKind::WrongName { &wrong[..] } else { &self.names[..] };
        for name in names {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(ip) => SanType::IpAddress(ip),
                Err(_) => SanType::DnsName(name.as_str().try_into()?),
            });
        }
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("server", String::as_str));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = i64::try_from(now).unwrap_or(0);
        let (from, until) = match kind {
            CertKind::Expired => (now - 30 * DAY, now - DAY),
            CertKind::NotYetValid => (now + DAY, now + 30 * DAY),
            CertKind::ValidBetween(from, until) => (from, until),
            CertKind::Good
            | CertKind::Rsa2048
            | CertKind::Rsa4096
            | CertKind::P384
            | CertKind::WrongName
            | CertKind::WrongCa
            | CertKind::SelfSigned
            | CertKind::WithIntermediate => {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2049, 12, 31);
                return Ok(params);
            }
        };
        let epoch = date_time_ymd(1970, 1, 1);
        let moment = |seconds: i64| {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 { epoch - distance } else { epoch + distance }
        };
        params.not_before = moment(from);
        params.not_after = moment(until);
        Ok(params)
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate()?)
}
