//! The simulator detects every malformed request, and shows no password.

use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex};

use crate::client::{HTTP, PASSWORD, USER, ask, body, options, start, update};
use noip_simulator::{Behaviour, Options, Simulator};

const QUERY: &str = "hostname=a.example.net&myip=203.0.113.7";

/// Sends a valid request after `change`; returns the faults.
fn faults_of(change: impl Fn(String) -> String) -> Vec<String> {
    let sim = start();
    sim.script([Behaviour::Status(503)]);
    let request = change(update(&sim, HTTP, QUERY, USER, PASSWORD));
    let mut socket = crate::client::plain(&sim);
    socket.write_all(request.as_bytes()).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let (answer, _) = crate::client::read_all(&mut socket);
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(body(&answer).starts_with("malformed-request: "), "{answer}");
    assert_eq!(sim.script_left(), 1, "a malformed request uses up nothing");
    assert_eq!(sim.registered("a.example.net"), (None, None));
    assert_eq!(sim.requests()[0].behaviour, "malformed");
    sim.faults()
}

#[test]
fn each_deviation_has_its_sentence() {
    let replaced = |from: &'static str, to: &'static str| {
        move |request: String| {
            assert!(request.contains(from));
            request.replacen(from, to, 1)
        }
    };
    for (from, to, fault) in [
        (" HTTP/1.1\r\n", "\r\n", "the request line has 2 words and single spaces, not 3"),
        (" HTTP/1.1\r\n", " \r\n", "the version is ``, not HTTP/1.1"),
        (" HTTP/1.1\r\n", " HTTP/1.0\r\n", "the version is `HTTP/1.0`, not HTTP/1.1"),
        ("GET /", "GET  /", "the request line has 4 words and single spaces, not 3"),
        ("GET", "POST", "the method is `POST`, not GET"),
        ("/nic/update", "/", "the path is `/`, not /nic/update"),
        ("HTTP/1.1\r\n", "HTTP/1.1\n", "the request line does not end with CR LF"),
        ("Connection: close\r\n", "Connection: close\n", "line 5 does not end with CR LF"),
        ("\r\n\r\n", "\r\n\n", "line 6 does not end with CR LF"),
        ("Host: ", "Other: ", "Host is missing"),
        ("Connection: close", "User-Agent: x", "User-Agent stands twice"),
        ("Connection: close", "user-agent: x", "user-agent stands twice"),
        ("Connection: close", " folded", "line 5 continues the one before"),
        ("Connection: close", "Connection : close", "line 5 has an invalid header name"),
        ("Connection: close", "Connection", "line 5 has no colon"),
        ("Connection: close", "Content-Length: 2", "a body is announced"),
        ("\r\n\r\n", "\r\n\r\nhi", "2 bytes follow the request"),
        ("\r\n\r\n", "\r\n", "the request ends before the empty line"),
        ("me@example.com", "m\u{e9}", "byte 0xc3 stands in the value of User-Agent"),
        ("a.example.net&", "a.example.net&hostname=b&", "`hostname` stands twice in the query"),
        ("a.example.net&", "a%2.example.net&", "a % in the query has no two hexadecimal digits after it"),
        (
            "203.0.113.7",
            "203.0.113.7,203.0.113.8",
            "myip is `203.0.113.7,203.0.113.8`, not one address of a family",
        ),
        ("203.0.113.7", "fritz.box", "myip is `fritz.box`, not one address of a family"),
        (
            "Connection: close",
            "Proxy-Authorization: Basic eDp5",
            "Proxy-Authorization came through to the server",
        ),
        ("Basic ", "Bearer ", "Authorization is not in the form of Basic"),
    ] {
        let faults = faults_of(replaced(from, to));
        assert!(faults.contains(&fault.to_owned()), "{faults:?} lacks `{fault}`");
    }
}

#[test]
fn host_is_the_name_with_its_port() {
    let faults = faults_of(|request| request.replacen("Host: localhost:", "Host: localhost:1", 1));
    assert!(faults[0].starts_with("Host is `localhost:1"), "{faults:?}");
    let values = vec!["dynupdate.no-ip.com".to_owned()];
    let sim = Simulator::start(Options { host_values: values, ..options() }).unwrap();
    let request = update(&sim, HTTP, QUERY, USER, PASSWORD);
    assert!(ask(&sim, &request).starts_with("HTTP/1.1 400 "));
    let mapped = request.replace(&format!("localhost:{}", sim.addr(HTTP).port()), "dynupdate.no-ip.com");
    assert!(ask(&sim, &mapped).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_lenient_server_answers_and_still_reports() {
    let sim = Simulator::start(Options { lenient: true, ..options() }).unwrap();
    let request = update(&sim, HTTP, QUERY, USER, PASSWORD).replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(body(&ask(&sim, &request)), "good 203.0.113.7\r\n");
    assert_eq!(sim.faults(), ["the version is `HTTP/1.0`, not HTTP/1.1"]);
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_password_in_log_debug_or_raw_bytes() {
    let sink = Sink::default();
    let sim = Simulator::start(Options { log: Some(Box::new(sink.clone())), ..options() }).unwrap();
    let good = update(&sim, HTTP, QUERY, USER, PASSWORD);
    ask(&sim, &good);
    ask(&sim, &update(&sim, HTTP, QUERY, USER, "another-password"));
    ask(&sim, &good.replace("Authorization: ", "Authorization : "));
    ask(&sim, &good.replace("Authorization: Basic ", "Authorization:\r\n\t"));
    ask(&sim, &good.replace("&myip", &format!("&password={PASSWORD}&myip")));
    assert!(sim.faults().contains(&"a password stands in the open".to_owned()));

    let requests = sim.requests();
    let raw = String::from_utf8(requests[0].raw.clone()).unwrap();
    assert_eq!(raw, good.replace(&format!("Basic {}", crate::client::basic(USER, PASSWORD)), "[ok]"));
    let mut seen = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert_eq!(seen.lines().count(), 5);
    for request in &requests {
        seen.push_str(&format!("{request:?} {} ", String::from_utf8_lossy(&request.raw)));
    }
    seen.push_str(&format!("{:?}", options().accounts));
    for password in [PASSWORD, "another-password"] {
        assert!(!seen.contains(password));
        assert!(!seen.contains(&crate::client::basic(USER, password)));
    }
}
