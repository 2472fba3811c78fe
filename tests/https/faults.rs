//! Faults of network and servers: which failure nicup reports, and whether it had sent the request.

use super::*;
use crate::patience::slack;
use std::net::TcpListener;
use std::time::Instant;

const CLOSED: &str = "the connection was closed before the response was complete";

/// A port that no server listens on (any more).
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn any_ca() -> std::path::PathBuf {
    ca_file("any", &root("any").1)
}

#[test]
fn a_closed_port_refuses() {
    let (port, ca_file) = (free_port(), any_ca());
    let literal = Route { server: "127.0.0.1", ..route(port, &ca_file) };
    assert_failed(send(&literal), Failure::Connect, false, &format!("127.0.0.1:{port}: connection refused"));
    let literal = Route { server: "::1", ..route(port, &ca_file) };
    assert_eq!(send(&literal).map_err(|f| (f.failure, f.sent)), Err((Failure::Connect, false)));
}

#[test]
fn a_name_that_does_not_exist_is_dns() {
    let ca_file = any_ca();
    let nowhere =
        Route { server: "no-such-host.invalid", timeout: Duration::from_secs(5), ..route(443, &ca_file) };
    let failed = send(&nowhere).unwrap_err();
    assert_eq!((failed.failure, failed.sent), (Failure::Dns, false));
    assert!(failed.detail.starts_with("cannot resolve no-such-host.invalid: "), "{}", failed.detail);
}

#[test]
fn a_device_that_does_not_exist_is_named() {
    let (port, ca_file) = (free_port(), any_ca());
    let bound = Route { server: "127.0.0.1", device: Some("nodev0"), ..route(port, &ca_file) };
    let failed = send(&bound).unwrap_err();
    assert_eq!((failed.failure, failed.sent), (Failure::Connect, false));
    assert!(failed.detail.ends_with("there is no device nodev0"), "{}", failed.detail);
}

#[track_caller]
fn assert_timeout(took: Instant, result: Result<Answer, Failed>, sent: bool, doing: &str) {
    assert_failed(result, Failure::Timeout, sent, &format!("timed out after 0.300 s, {doing}"));
    let took = took.elapsed();
    let limits = Duration::from_millis(250)..Duration::from_millis(300) + slack(150);
    assert!(limits.contains(&took), "{took:?}");
}

#[test]
fn every_wait_is_bounded() {
    let timeout = Duration::from_millis(300);
    let ca_file = any_ca();

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let took = Instant::now();
    let result = send(&Route { timeout, ..route(port, &ca_file) });
    assert_timeout(took, result, false, "in the TLS handshake; if it is slow, raise option timeout");

    let took = Instant::now();
    let result = send(&Route { timeout, tls: false, ..route(port, &ca_file) });
    assert_timeout(took, result, true, "while waiting for the response; if it is slow, raise option timeout");

    // One byte every 20 ms: no single read times out, but the whole response does.
    let drip = GOOD.bytes().map(|b| (20, vec![b])).collect();
    let server = Server::plain(drip, End::Proper);
    let took = Instant::now();
    let result = send(&Route { timeout, tls: false, ..route(server.port, &ca_file) });
    assert_timeout(took, result, true, "while waiting for the response; if it is slow, raise option timeout");
}

#[test]
fn a_black_hole_is_given_up() {
    // With a full backlog the kernel drops SYNs, just like a firewall that drops packets.
    use rustix::net::{AddressFamily, SocketType, bind, connect, listen, socket};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&listener, 0).unwrap();
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().unwrap();
    let fillers: Vec<_> = (0..4)
        .map(|_| {
            let flags = rustix::net::SocketFlags::NONBLOCK;
            let s = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
            let _ = connect(&s, &address);
            s
        })
        .collect();
    let ca_file = any_ca();
    let took = Instant::now();
    let hole =
        Route { server: "127.0.0.1", timeout: Duration::from_millis(300), ..route(address.port(), &ca_file) };
    assert_timeout(took, send(&hole), false, "while connecting");
    drop(fillers);
}

#[test]
fn a_server_without_tls_has_a_message_of_its_own() {
    let server = Server::start(|mut tcp| {
        use std::io::{Read, Write};
        let _ = tcp.read(&mut [0; 64]);
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        Vec::new()
    });
    let (port, ca_file) = (server.port, any_ca());
    let detail = format!("the server does not speak TLS on port {port}");
    assert_failed(send(&route(port, &ca_file)), Failure::NotTls, false, &detail);
}

#[test]
fn a_server_that_hangs_up_in_the_handshake_got_no_request() {
    let server = Server::start(|mut tcp| {
        use std::io::Read;
        let _ = tcp.read(&mut [0; 4096]);
        Vec::new()
    });
    let ca_file = any_ca();
    let detail = "the server closed the connection in the TLS handshake";
    assert_failed(send(&route(server.port, &ca_file)), Failure::Connect, false, detail);
}

#[test]
fn an_answer_that_is_cut_was_sent_and_failed() {
    let whole = GOOD;
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\ngood 203.0.113.7\n\r\n";
    for cut in ["", "HTTP/1.1 20", &whole[..whole.len() - 1], &chunked[..60], chunked] {
        for end in [End::Proper, End::Abrupt] {
            assert_failed(with("cut", answer(cut), end).0, Failure::Connect, true, CLOSED);
        }
        assert_failed(plain(answer(cut), End::Proper), Failure::Connect, true, CLOSED);
    }
}

#[test]
fn a_response_that_is_not_http_has_a_message_of_its_own() {
    let not_http = [
        "SSH-2.0-dropbear\r\n",
        "good 203.0.113.7\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ngood\r\n0\r\n\r\n",
    ];
    for text in not_http {
        assert_failed(plain(answer(text), End::Hold), Failure::NotHttp, true, "the response is not HTTP");
    }
}

#[test]
fn endless_headers_are_not_read() {
    let head = b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec();
    let detail = "the headers of the response are larger than 16 KiB";
    for script in [
        vec![(0, [head.clone(), vec![b'x'; 17 * 1024]].concat())],
        vec![(0, head.clone()), (0, vec![b'x'; 60_000])],
        vec![(0, [head, vec![b'x'; 17 * 1024], b"\r\n\r\n".to_vec()].concat())],
    ] {
        assert_failed(with("endless", script.clone(), End::Hold).0, Failure::NotHttp, true, detail);
        assert_failed(plain(script, End::Hold), Failure::NotHttp, true, detail);
    }
}
