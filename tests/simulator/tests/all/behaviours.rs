//! Every fault on demand works as documented, and its text form can be parsed.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use crate::client::{HTTP, PASSWORD, TLS, USER, body, options, start, update};
use crate::patience::{patience, slack};
use noip_simulator::{Behaviour, CertKind, Cipher, Options, Simulator, TlsOptions, TlsVersions};

const QUERY: &str = "hostname=a.example.net&myip=203.0.113.7";

fn parse(text: &str) -> Behaviour {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The response to an update over HTTP with this behaviour, and how the connection ended.
fn answer(sim: &Simulator, text: &str) -> (String, Option<ErrorKind>) {
    sim.script([parse(text)]);
    let mut socket = crate::client::plain(sim);
    let sent = socket.write_all(update(sim, HTTP, QUERY, USER, PASSWORD).as_bytes());
    let (bytes, end) = crate::client::read_all(&mut socket);
    let end = sent.and(end).err().map(|error| error.kind());
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

#[test]
fn texts_read_back() {
    for text in [
        "normal",
        "body:good 1.2.3.4",
        "body:<html>\\r\\n\\ta\\\\b: c|d</html>\\n",
        "body:",
        "words:good 203.0.113.7|nohost|a\\|b",
        "reply:200\\n\\ngood 1.2.3.4",
        "reply:429\\nRetry-After: 60\\nX: y\\n\\nslow\\n\\ndown",
        "status:503",
        "429:3600",
        "429:Mon, 23 Nov 2026 21:00:00 GMT",
        "redirect:http://x/",
        "delay:1500:normal",
        "delay:10:hang:accept",
        "cut:17",
        "cut:0:rst",
        "cut:3:rst:body:rst",
        "cut:3:fin:delay:5:status:204",
        "cut-before-handshake:fin",
        "cut-after-request:rst",
        "hang:accept",
        "hang:handshake",
        "hang:request",
        "hang:half",
        "drip:200:normal",
        "drip:1:cut:30",
        "huge:1000000000",
        "headers:100000",
        "headers:endless",
        "chunked:normal",
        "unframed:body:nochg",
        "bad-chunks",
        "garbage",
        "garbage-http",
        "raw:HTTP/1.1 200 OK\\r\\n\\r\\na|b",
        "flood:a\\|b\\n|c\\\\",
        "flood:|x",
        "hello:tls-1.0",
        "hello:downgrade",
        "cert:expired",
        "cert:valid:-5..1795409700",
    ] {
        assert_eq!(parse(text).to_string(), text);
    }
    for (short, long) in [
        ("drip:200", "drip:200:normal"),
        ("cut:17:fin", "cut:17"),
        ("cut:17:body:x", "cut:17:fin:body:x"),
        ("chunked", "chunked:normal"),
        ("cut-after-request", "cut-after-request:fin"),
        ("delay:5", "delay:5:normal"),
    ] {
        assert_eq!(parse(short).to_string(), long);
    }
    for wrong in [
        "",
        "Normal",
        "normal:x",
        "body",
        "cut:x",
        "cut:-1",
        "cut:3:garbage",
        "hang:x",
        "status:99999",
        "flood:x|",
        "hello:x",
    ] {
        assert!(wrong.parse::<Behaviour>().is_err(), "{wrong}");
    }
}

#[test]
fn canned_answers() {
    let sim = start();
    for (text, start, end) in [
        ("body:good 1.2.3.4", "HTTP/1.1 200 OK\r\n", "\r\n\r\ngood 1.2.3.4"),
        ("words:good 1.2.3.4|nohost", "HTTP/1.1 200 OK\r\n", "\r\n\r\ngood 1.2.3.4\r\nnohost\r\n"),
        (
            "status:503",
            "HTTP/1.1 503 Service Unavailable\r\n",
            "Content-Length: 0\r\nConnection: close\r\n\r\n",
        ),
        (
            "reply:503\\nX: y\\n\\nz",
            "HTTP/1.1 503 Service Unavailable\r\nServer: noip-simulator\r\nX: y\r\n",
            "\r\n\r\nz",
        ),
        ("chunked:body:good 1", "HTTP/1.1 200 OK\r\n", "\r\n\r\n6\r\ngood 1\r\n0\r\n\r\n"),
        ("unframed:body:good 1", "HTTP/1.1 200 OK\r\n", "Connection: close\r\n\r\ngood 1"),
        ("delay:1:drip:0:body:good 1", "HTTP/1.1 200 OK\r\n", "\r\n\r\ngood 1"),
        ("raw:HTTP/1.0 2\\r\\n", "HTTP/1.0 2\r\n", ""),
        ("bad-chunks", "HTTP/1.1 200 OK\r\n", "zz\r\n203.0.113.7\r\n0\r\n\r\n"),
    ] {
        let (got, how) = answer(&sim, text);
        assert!(got.starts_with(start) && got.ends_with(end) && how.is_none(), "{text}: {got} {how:?}");
    }
    assert!(answer(&sim, "429:3600").0.contains("\r\nRetry-After: 3600\r\n"));
    assert!(answer(&sim, "redirect:http://x/").0.contains("\r\nLocation: http://x/\r\n"));
    assert!(!answer(&sim, "garbage-http").0.starts_with("HTTP/"));
    assert!(!answer(&sim, "garbage").0.starts_with("HTTP/"));
    assert_eq!(body(&answer(&sim, "huge:200001").0).len(), 200_001);
    let headers = answer(&sim, "headers:100000").0;
    assert!(headers.len() > 100_000 && headers.ends_with("\r\n\r\n"));
    assert_eq!(sim.registered("a.example.net"), (None, None), "canned answers register nothing");
}

#[test]
fn endless_headers_end_with_the_client() {
    let sim = start();
    sim.script([parse("headers:endless")]);
    let mut socket = crate::client::plain(&sim);
    socket.write_all(update(&sim, HTTP, QUERY, USER, PASSWORD).as_bytes()).unwrap();
    let mut megabyte = vec![0; 1 << 20];
    socket.read_exact(&mut megabyte).unwrap();
    assert!(!megabyte.windows(4).any(|window| window == b"\r\n\r\n"));
}

#[test]
fn an_answer_is_cut_at_any_byte() {
    let sim = start();
    let whole = crate::client::ask(&sim, &update(&sim, HTTP, QUERY, USER, PASSWORD)).replace("good", "nochg");
    // The whole response grew by one letter, and its length still has two digits.
    for bytes in 0..=whole.len() {
        let (got, end) = answer(&sim, &format!("cut:{bytes}"));
        assert_eq!((got.len(), end), (bytes, None));
        let (got, end) = answer(&sim, &format!("cut:{bytes}:rst"));
        assert_eq!((got.len(), end), (bytes, Some(ErrorKind::ConnectionReset)));
    }
    assert!(sim.registered("a.example.net").0.is_some(), "the server did its work");
    assert_eq!(answer(&sim, "cut-after-request"), (String::new(), None));
    assert_eq!(answer(&sim, "cut-after-request:rst"), (String::new(), Some(ErrorKind::ConnectionReset)));
}

#[test]
fn a_cut_over_tls_has_no_close_notify() {
    let sim = start();
    for bytes in [0, 1, 17, 100] {
        sim.script([parse(&format!("cut:{bytes}"))]);
        let mut stream = crate::client::handshake(&sim, "localhost").unwrap();
        stream.write_all(update(&sim, TLS, QUERY, USER, PASSWORD).as_bytes()).unwrap();
        let (got, end) = crate::client::read_all(&mut stream);
        assert_eq!(got.len(), bytes);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_handshake_fails_on_demand() {
    let sim = start();
    for (text, reason) in [
        ("cut-before-handshake", "by script: cut before the handshake"),
        ("cut-before-handshake:rst", "by script: cut before the handshake"),
        ("garbage", "by script: garbage in place of the handshake"),
        ("cert:expired", "received fatal alert: CertificateExpired"),
    ] {
        sim.script([parse(text)]);
        assert!(crate::client::handshake(&sim, "localhost").is_err(), "{text}");
        assert!(sim.wait_for_connections(|now| now.failures.len() == now.accepted, patience()));
        assert_eq!(sim.connections().failures.last().unwrap(), reason);
    }
    assert!(crate::client::handshake(&sim, "localhost").is_ok());
    assert!(sim.wait_for_connections(|connections| connections.handshakes == 1, patience()));
    assert_eq!(sim.requests().len(), 0);
}

#[test]
fn tls_on_a_plain_port_is_refused_at_once_and_is_no_request() {
    let sim = start();
    let mut socket = crate::client::plain(&sim);
    socket.write_all(b"\x16\x03\x01\x00\x05hello").unwrap();
    let (got, _) = crate::client::read_all(&mut socket);
    assert!(got.starts_with(b"HTTP/1.1 400 "));
    drop(socket);
    assert!(sim.wait_for_connections(|now| now.failures.len() == 1, patience()));
    assert_eq!(sim.connections().failures, ["TLS was spoken to a plain listener"]);
    assert_eq!((sim.requests().len(), sim.faults().len()), (0, 0));
}

#[test]
fn certificates_on_demand() {
    let sim = start();
    let valid = [
        CertKind::Good,
        CertKind::Rsa2048,
        CertKind::Rsa4096,
        CertKind::P384,
        CertKind::WithIntermediate,
        CertKind::ValidBetween(0, 4_000_000_000),
    ];
    for kind in valid {
        sim.use_certificate(kind).unwrap();
        assert_eq!(kind.to_string().parse(), Ok(kind));
        crate::client::handshake(&sim, "127.0.0.1").unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
    for (kind, why) in [
        (CertKind::Expired, "expired"),
        (CertKind::NotYetValid, "not valid yet"),
        (CertKind::WrongName, "not valid for"),
        (CertKind::WrongCa, "UnknownIssuer"),
        (CertKind::SelfSigned, "UnknownIssuer"),
        (CertKind::ValidBetween(0, 1), "expired"),
    ] {
        sim.use_certificate(kind).unwrap();
        assert_eq!(kind.to_string().parse(), Ok(kind));
        let error = crate::client::handshake(&sim, "localhost").map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(why), "{kind}: {error}");
    }
}

#[test]
fn tls_version_and_cipher_can_be_chosen() {
    for (versions, cipher, facts) in [
        (TlsVersions::Only12, Cipher::ChaCha20, ("1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")),
        (TlsVersions::Only12, Cipher::Aes256, ("1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")),
        (TlsVersions::Only13, Cipher::Aes128, ("1.3", "TLS13_AES_128_GCM_SHA256")),
        (TlsVersions::Both, Cipher::ChaCha20, ("1.3", "TLS13_CHACHA20_POLY1305_SHA256")),
    ] {
        let tls = TlsOptions { versions, cipher: Some(cipher), tickets: 0 };
        let sim = Simulator::start(Options { tls, ..options() }).unwrap();
        let mut stream = crate::client::handshake(&sim, "localhost").unwrap();
        stream.write_all(update(&sim, TLS, QUERY, USER, PASSWORD).as_bytes()).unwrap();
        assert!(crate::client::read_all(&mut stream).1.is_ok());
        let tls = sim.requests()[0].tls.clone().unwrap();
        assert_eq!((tls.version, tls.cipher.as_str()), facts);
    }
}

#[test]
fn hanging_connections_do_not_hold_up_the_end() {
    let sim = start();
    let texts = [
        "hang:accept",
        "hang:handshake",
        "hang:request",
        "hang:half",
        "delay:3600000:normal",
        "drip:3600000",
    ];
    let sockets: Vec<TcpStream> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            sim.script([parse(text)]);
            let mut socket = crate::client::plain(&sim);
            socket.write_all(update(&sim, HTTP, QUERY, USER, PASSWORD).as_bytes()).unwrap();
            match index {
                0 | 1 => assert!(sim.wait_for_connections(|now| now.failures.len() == index + 1, patience())),
                _ => assert!(sim.wait_for(index - 1, patience())),
            }
            socket
        })
        .collect();
    // One client that stalls during the handshake, and one during its request.
    let mut stalled = TcpStream::connect(sim.addr(TLS)).unwrap();
    stalled.write_all(b"\x16\x03\x01").unwrap();
    crate::client::plain(&sim).write_all(b"GET /").unwrap();
    let before = Instant::now();
    drop(sim);
    assert!(before.elapsed() < slack(2000));
    drop(sockets);
}
