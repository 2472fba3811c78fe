//! A client made from std and rustls that sends exactly the given bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, unreachable_pub)]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use crate::patience::patience;
use base64::Engine as _;
use noip_simulator::{Account, Listen, Options, Simulator};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub const USER: &str = "rv7sc9a";
pub const PASSWORD: &str = "correct-horse";

pub const TLS: usize = 0;
pub const HTTP: usize = 1;

/// A key with three hosts, a paid one, and listeners for TLS and for HTTP.
pub fn options() -> Options {
    Options {
        listen: vec![Listen::tls(), Listen::http()],
        accounts: vec![
            Account::new(USER, PASSWORD, &["a.example.net", "b.example.net", "c.example.net"])
                .group("pair", &["a.example.net", "b.example.net"]),
            Account::new("payer", "a-paid-password", &["paid.example.net"]).paid(),
        ],
        ..Options::default()
    }
}

pub fn start() -> Simulator {
    Simulator::start(options()).unwrap()
}

pub fn basic(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

/// A well-formed request that asks the server to close the connection.
pub fn update(sim: &Simulator, listener: usize, query: &str, user: &str, password: &str) -> String {
    format!(
        "GET /nic/update?{query} HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Basic {}\r\n\
         User-Agent: nicup Archer_C7/24.10-0.1.0 me@example.com\r\nConnection: close\r\n\r\n",
        sim.addr(listener).port(),
        basic(user, password)
    )
}

pub fn plain(sim: &Simulator) -> TcpStream {
    let socket = TcpStream::connect(sim.addr(HTTP)).unwrap();
    socket.set_read_timeout(Some(patience())).unwrap();
    socket
}

pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A completed handshake, or why it failed.
pub fn handshake(sim: &Simulator, name: &str) -> io::Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sim.ca_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(sim.addr(TLS))?;
    socket.set_read_timeout(Some(patience()))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(tls, socket))
}

/// Reads until the end of the connection. Also returns whether it ended in an orderly manner.
pub fn read_all(stream: &mut impl Read) -> (Vec<u8>, io::Result<()>) {
    let mut all = Vec::new();
    let mut buffer = [0; 65536];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (all, Ok(())),
            Ok(count) => all.extend(&buffer[..count]),
            Err(error) => return (all, Err(error)),
        }
    }
}

/// One request over HTTP: the whole response as text.
pub fn ask(sim: &Simulator, request: &str) -> String {
    let mut socket = plain(sim);
    socket.write_all(request.as_bytes()).unwrap();
    let (bytes, end) = read_all(&mut socket);
    end.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The body of a response from [`ask`].
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("an answer has an empty line").1
}

/// One update of the first account over HTTP: the lines of the response.
pub fn lines(sim: &Simulator, query: &str) -> Vec<String> {
    let answer = ask(sim, &update(sim, HTTP, query, USER, PASSWORD));
    body(&answer).lines().map(str::to_owned).collect()
}
