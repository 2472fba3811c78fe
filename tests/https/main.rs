//! One exchange, with a separate server for each test: the request, the response, and each failure.
#![allow(missing_docs, clippy::unwrap_used)]

mod certificates;
mod faults;
#[path = "../common/patience.rs"]
mod patience;
mod server;
mod tunnel;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nicup::sys::https::{CertificateClock, Https, Route, Transport};
use nicup::wire::dyndns2::{Answer, BODY_LIMIT, Failed, Failure, Request};
use server::{End, Identity, Script, Server, answer, ca_file, leaf, root};

const CA_NAME: &str = "/etc/ssl/certs/ca-certificates.crt";
const SECRET: &str = "dXNlcjpzZWNyZXQ=";
const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\ngood 203.0.113.7\n";
/// 2026-01-01, within the validity of [`server::leaf`].
const NOW: CertificateClock = CertificateClock::Fixed(1_767_225_600);

fn request() -> Request {
    Request {
        target: "/nic/update?hostname=a.example.net&myip=203.0.113.7".into(),
        authorization: Some(format!("Basic {SECRET}")),
        user_agent: "nicup Archer_C7/24.10-0.1.0 me@example.com".into(),
    }
}

fn route(port: u16, ca_file: &Path) -> Route<'_> {
    Route {
        server: "localhost",
        port,
        tls: true,
        ca_file,
        ca_name: CA_NAME,
        timeout: Duration::from_millis(400),
        device: None,
        proxy: None,
    }
}

/// Searches everything that is logged, also by libraries, for secrets.
struct Eavesdropper;
static LEAKED: AtomicBool = AtomicBool::new(false);

impl log::Log for Eavesdropper {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        let text = format!("{record:?} {}", record.args());
        if [SECRET, tunnel::TOKEN].iter().any(|secret| text.contains(secret)) {
            LEAKED.store(true, Ordering::Relaxed);
        }
    }
    fn flush(&self) {}
}

fn send(route: &Route<'_>) -> Result<Answer, Failed> {
    if log::set_logger(&Eavesdropper).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
    let result = Https { clock: NOW }.exchange(route, &request());
    assert!(!LEAKED.load(Ordering::Relaxed));
    if let Err(failed) = &result {
        let detail = &failed.detail;
        assert!(!detail.contains(SECRET) && detail.is_ascii() && !detail.ends_with('.'), "{detail}");
    }
    // Only the route decides whether it was verified, so the tests below can leave that out.
    result.map(|answer| {
        assert_eq!(answer.verified, route.tls);
        Answer { verified: false, ..answer }
    })
}

/// One exchange with a server that has a valid certificate.
fn with(test: &str, script: Script, end: End) -> (Result<Answer, Failed>, Vec<u8>) {
    let (ca, pem) = root(test);
    let ca_file = ca_file(test, &pem);
    let server = Server::tls(leaf(&ca, "localhost"), script, end);
    (send(&route(server.port, &ca_file)), server.seen())
}

/// One exchange without TLS.
fn plain(script: Script, end: End) -> Result<Answer, Failed> {
    let server = Server::plain(script, end);
    send(&Route { tls: false, ..route(server.port, Path::new("/nowhere")) })
}

fn good() -> Answer {
    Answer { status: 200, body: b"good 203.0.113.7\n".to_vec(), ..Answer::default() }
}

#[track_caller]
fn assert_failed(result: Result<Answer, Failed>, failure: Failure, sent: bool, detail: &str) {
    let told = result.map_err(|failed| (failed.failure, failed.sent, failed.detail));
    assert_eq!(told, Err((failure, sent, detail.into())));
}

const REQUEST: &str = "GET /nic/update?hostname=a.example.net&myip=203.0.113.7 HTTP/1.1\r\n\
    Host: localhost:PORT\r\n\
    Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\
    User-Agent: nicup Archer_C7/24.10-0.1.0 me@example.com\r\n\r\n";

#[test]
fn the_request_is_these_bytes_and_no_others() {
    for tls in [true, false] {
        let (ca, pem) = root("bytes");
        let ca_file = ca_file("bytes", &pem);
        let server = match tls {
            true => Server::tls(leaf(&ca, "localhost"), answer(GOOD), End::Hold),
            false => Server::plain(answer(GOOD), End::Hold),
        };
        let port = server.port;
        assert_eq!(send(&Route { tls, ..route(port, &ca_file) }), Ok(good()));
        assert_eq!(String::from_utf8(server.seen()).unwrap(), REQUEST.replace("PORT", &port.to_string()));
    }
}

#[test]
fn both_tls_versions_are_spoken() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (ca, pem) = root("versions");
        let ca_file = ca_file("versions", &pem);
        let server = Server::versions(leaf(&ca, "localhost"), &[version], answer(GOOD), End::Proper);
        assert_eq!(send(&route(server.port, &ca_file)), Ok(good()));
    }
}

/// If the request waited until the server acknowledges Finished, it would cost a fourth round trip.
#[test]
fn finished_and_request_leave_in_one_write() {
    use std::io::Read;
    let (ca, pem) = root("flight");
    let ca_file = ca_file("flight", &pem);
    let config = server::server_config(leaf(&ca, "localhost"), &[&rustls::version::TLS13]);
    let server = Server::start(move |mut tcp| {
        let mut session = rustls::ServerConnection::new(config).unwrap();
        session.read_tls(&mut tcp).unwrap();
        session.process_new_packets().unwrap();
        while session.wants_write() {
            session.write_tls(&mut tcp).unwrap();
        }
        session.read_tls(&mut tcp).unwrap();
        let plaintext = session.process_new_packets().unwrap().plaintext_bytes_to_read();
        let mut seen = vec![0; plaintext];
        session.reader().read_exact(&mut seen).unwrap();
        seen
    });
    let _ = send(&route(server.port, &ca_file));
    assert!(server.seen().ends_with(b"\r\n\r\n"));
}

#[test]
fn status_and_retry_after_are_passed_on_and_nothing_is_followed() {
    let (result, _) = with(
        "redirect",
        answer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno"),
        End::Hold,
    );
    assert_eq!(result.map(|a| (a.status, a.body)), Ok((302, b"no".to_vec())));
    let (result, _) = with(
        "busy",
        answer("HTTP/1.1 429 Slow down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"),
        End::Hold,
    );
    let busy = Answer { status: 429, retry_after: Some("120".into()), ..Answer::default() };
    assert_eq!(result, Ok(busy));
}

#[test]
fn a_challenge_for_basic_credentials_is_seen() {
    for (headers, asks) in [
        ("WWW-Authenticate: Basic realm=\"No-IP\"\r\n", true),
        ("www-authenticate: BASIC\r\n", true),
        ("WWW-Authenticate: Digest realm=x\r\nWWW-Authenticate: Basic realm=x\r\n", true),
        ("WWW-Authenticate: Negotiate, Basic realm=x\r\n", true),
        ("WWW-Authenticate: Digest realm=Basic\r\n", false),
        ("WWW-Authenticate: Basically\r\n", false),
        ("Proxy-Authenticate: Basic\r\n", false),
        ("", false),
    ] {
        let answer =
            plain(answer(&format!("HTTP/1.1 401 No\r\n{headers}Content-Length: 0\r\n\r\n")), End::Hold);
        assert_eq!(answer.map(|a| a.asks_basic), Ok(asks), "{headers}");
    }
}

#[test]
fn chunks_are_put_together() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ngood \r\nc\r\n203.0.113.7\n\r\n0\r\n\r\n";
    assert_eq!(plain(answer(chunked), End::Hold), Ok(good()));
    let pieces = chunked.bytes().map(|b| (0, vec![b])).collect();
    assert_eq!(with("chunks", pieces, End::Hold).0, Ok(good()));
}

#[test]
fn a_body_that_ends_with_the_connection_is_whole_if_tls_says_so() {
    let open_ended = "HTTP/1.1 200 OK\r\n\r\ngood 203.0.113.7\n";
    assert_eq!(plain(answer(open_ended), End::Proper), Ok(good()));
    assert_eq!(with("proper", answer(open_ended), End::Proper).0, Ok(good()));
    assert_failed(
        with("abrupt", answer(open_ended), End::Abrupt).0,
        Failure::Connect,
        true,
        "the connection was closed before the response was complete",
    );
}

#[test]
fn a_long_body_is_cut_and_the_rest_is_not_waited_for() {
    for length in ["Content-Length: 9999999\r\n", ""] {
        let head = format!("HTTP/1.1 200 OK\r\n{length}\r\n").into_bytes();
        let script = vec![(0, head), (0, vec![b'x'; BODY_LIMIT + 1])];
        let long = Answer { status: 200, body: vec![b'x'; BODY_LIMIT], too_long: true, ..Answer::default() };
        assert_eq!(plain(script, End::Hold), Ok(long));
    }
    let exact = [GOOD.replace("17", "4096").as_bytes(), &[b'x'; BODY_LIMIT - 17]].concat();
    let (result, _) = with("exact", vec![(0, exact)], End::Hold);
    assert_eq!(result.map(|a| (a.body.len(), a.too_long)), Ok((BODY_LIMIT, false)));
}

#[test]
fn headers_up_to_the_limit_are_read() {
    let filler = format!("X-Filler: {}\r\n", "f".repeat(15 * 1024));
    let long = GOOD.replacen("Content-Length", &format!("{filler}Content-Length"), 1);
    assert_eq!(with("headers", answer(&long), End::Hold).0, Ok(good()));
}
