//! A server for one connection, and certificates of any kind.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) type Ca = Issuer<'static, KeyPair>;

/// A root and its certificate as PEM.
pub(crate) fn root(name: &str) -> (Ca, String) {
    let key = KeyPair::generate().unwrap();
    let params = ca_params(name);
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

pub(crate) fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A server's certificate chain and key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

pub(crate) fn leaf(issuer: &Ca, name: &str) -> Identity {
    leaf_valid(issuer, name, 2020, 2040)
}

/// Valid from the first of January of `from` until the first of January of `until`.
pub(crate) fn leaf_valid(issuer: &Ca, name: &str, from: i32, until: i32) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_string()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let certificate = params.signed_by(&key, issuer).unwrap();
    Identity { chain: vec![certificate.into()], key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
}

/// How a server closes the connection after its response.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// With TLS a close_notify, then FIN.
    Proper,
    /// FIN, without close_notify.
    Abrupt,
    /// Sends nothing more until the client has closed the connection.
    Hold,
}

/// Pieces of a response, each after a pause in milliseconds.
pub(crate) type Script = Vec<(u64, Vec<u8>)>;

pub(crate) fn answer(text: &str) -> Script {
    vec![(0, text.as_bytes().to_vec())]
}

pub(crate) struct Server {
    pub(crate) port: u16,
    seen: JoinHandle<Vec<u8>>,
}

impl Server {
    /// Serves one connection with `serve`, which returns what it received.
    pub(crate) fn start(serve: impl FnOnce(TcpStream) -> Vec<u8> + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Server { port, seen: thread::spawn(move || serve(listener.accept().unwrap().0)) }
    }

    pub(crate) fn tls(identity: Identity, script: Script, end: End) -> Server {
        Server::versions(identity, &[&rustls::version::TLS13, &rustls::version::TLS12], script, end)
    }

    pub(crate) fn versions(
        identity: Identity,
        versions: &[&'static SupportedProtocolVersion],
        script: Script,
        end: End,
    ) -> Server {
        let config = server_config(identity, versions);
        Server::start(move |tcp| tls_session(config, tcp, script, end))
    }

    pub(crate) fn plain(script: Script, end: End) -> Server {
        Server::start(move |mut tcp| {
            let seen = request(&mut tcp);
            play(&mut tcp, script);
            take_leave(&tcp, end);
            seen
        })
    }

    /// The bytes of the request, as received.
    pub(crate) fn seen(self) -> Vec<u8> {
        self.seen.join().unwrap()
    }
}

pub(crate) fn server_config(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
    Arc::new(config)
}

pub(crate) fn tls_session(config: Arc<ServerConfig>, tcp: TcpStream, script: Script, end: End) -> Vec<u8> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
    let seen = request(&mut stream);
    play(&mut stream, script);
    if let End::Proper = end {
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
    take_leave(&stream.sock, end);
    seen
}

pub(crate) fn request(stream: &mut impl Read) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(length @ 1..) => seen.extend_from_slice(&piece[..length]),
            Ok(_) | Err(_) => break,
        }
    }
    seen
}

fn play(stream: &mut impl Write, script: Script) {
    for (pause, bytes) in script {
        thread::sleep(Duration::from_millis(pause));
        if stream.write_all(&bytes).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

fn take_leave(mut tcp: &TcpStream, end: End) {
    if let End::Hold = end {
        let _ = tcp.set_read_timeout(Some(Duration::from_secs(2)));
        while let Ok(1..) = tcp.read(&mut [0; 64]) {}
    }
}

/// A test's CA file.
pub(crate) fn ca_file(test: &str, pem: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.pem"));
    std::fs::write(&path, pem).unwrap();
    path
}
