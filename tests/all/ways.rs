//! The transport to the server: No-IP's alternative port, plaintext, and the proxy.

use crate::common::{CA, HOME, Router, STATUS, finish, slack};
use noip_simulator::{Account, CertKind, Listen, Options, Simulator, TEST_PASSWORD};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Each test uses its own server address, because the ports 443, 80 and 8245 exist once per address.
fn listen(last: u8, ports: &[(u16, bool)]) -> Options {
    let on = |&(port, tls): &(u16, bool)| Listen { addr: (Ipv4Addr::new(127, 1, 0, last), port).into(), tls };
    Options { listen: ports.iter().map(on).collect(), ..Options::default() }
}

fn configure(r: &Router, last: u8, more: &str) {
    r.configure(&format!("option server '127.1.0.{last}'\noption port '443'\noption timeout '2'\n{more}"));
}

fn transport(r: &Router) -> String {
    let text = r.read(STATUS);
    text.split("\"transport\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn in_clear(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.contains("unencrypted over http:")).count()
}

#[test]
fn tls_on_8245_is_tried_in_the_same_pass_when_443_cannot_be_connected() {
    const STORY: &str = "tls_on_8245_is_tried_in_the_same_pass_when_443_cannot_be_connected";
    let Some(r) = Router::with(STORY, listen(1, &[(8245, true), (80, false)])) else { return };
    configure(&r, 1, "");
    r.pass(0);
    r.shows(HOME, "current", "good");
    assert_eq!((r.requests(), transport(&r).as_str()), (1, "https:8245"));
    assert!(r.sim.requests()[0].tls.is_some());
    assert_eq!(r.problems(), Vec::<String>::new());
}

#[test]
fn without_plaintext_no_password_is_sent_unencrypted() {
    const STORY: &str = "without_plaintext_no_password_is_sent_unencrypted";
    let Some(r) = Router::with(STORY, listen(2, &[(80, false)])) else { return };
    configure(&r, 2, "");
    r.pass(1);
    let message = r.shows(HOME, "waiting", "connect").message.unwrap();
    assert!(message.contains("127.1.0.2:443: connection refused"), "{message}");
    assert_eq!((r.requests(), in_clear(&r.syslog.take())), (0, 0));
}

#[test]
fn plaintext_is_the_last_way_and_is_warned_of_each_time() {
    const STORY: &str = "plaintext_is_the_last_way_and_is_warned_of_each_time";
    let Some(r) = Router::with(STORY, listen(3, &[(80, false)])) else { return };
    configure(&r, 3, "option plaintext '1'");
    let check = r.run(&["check"]);
    assert!(check.err.contains("sends the password unencrypted"), "{check:?}");
    assert!(check.out.contains("to https://127.1.0.3:443, else unencrypted to port 80 or 8245"), "{check:?}");
    r.syslog.take();
    for (round, address) in ["203.0.113.7", "203.0.113.8", "203.0.113.9"].into_iter().enumerate() {
        if round > 0 {
            r.address("flush");
            r.address(&format!("add {address}/32"));
        }
        r.pass(0);
        assert_eq!((r.requests(), transport(&r).as_str()), (round + 1, "http:80"));
        assert_eq!(in_clear(&r.problems()), 1, "{:?}", r.problems());
        let lines = r.syslog.take();
        assert_eq!(in_clear(&lines), 1, "once each time: {lines:?}");
        assert!(!lines.iter().any(|line| line.contains(TEST_PASSWORD)), "{lines:?}");
    }
    assert!(r.sim.requests()[0].tls.is_none());
    r.pass(0);
    assert_eq!(in_clear(&r.syslog.take()), 0, "nothing was sent");
}

#[test]
fn plaintext_on_8245_comes_after_80() {
    const STORY: &str = "plaintext_on_8245_comes_after_80";
    let Some(r) = Router::with(STORY, listen(4, &[(8245, false)])) else { return };
    configure(&r, 4, "option plaintext '1'");
    r.pass(0);
    assert_eq!((r.requests(), transport(&r).as_str()), (1, "http:8245"));
    assert_eq!(in_clear(&r.syslog.take()), 1);
}

#[test]
fn plain_http_on_8245_counts_as_no_server() {
    const STORY: &str = "plain_http_on_8245_counts_as_no_server";
    let Some(r) = Router::with(STORY, listen(10, &[(80, false), (8245, false)])) else { return };
    configure(&r, 10, "");
    r.pass(1);
    let message = r.shows(HOME, "waiting", "connect").message.unwrap();
    assert!(message.contains("127.1.0.10:443: connection refused"), "{message}");
    assert_eq!((r.requests(), in_clear(&r.syslog.take())), (0, 0));
    configure(&r, 10, "option plaintext '1'");
    r.back_off_is_over();
    r.pass(0);
    assert_eq!((r.requests(), transport(&r).as_str()), (1, "http:80"));
}

#[test]
fn a_bad_certificate_on_8245_does_not_fall_back_either() {
    const STORY: &str = "a_bad_certificate_on_8245_does_not_fall_back_either";
    let Some(r) = Router::with(STORY, listen(11, &[(8245, true), (80, false)])) else { return };
    configure(&r, 11, "option plaintext '1'");
    r.sim.use_certificate(CertKind::WrongCa).unwrap();
    r.pass(1);
    r.shows(HOME, "waiting", "tls");
    assert_eq!((r.requests(), in_clear(&r.syslog.take())), (0, 0));
}

#[test]
fn a_tls_failure_never_falls_back() {
    const STORY: &str = "a_tls_failure_never_falls_back";
    let ports = [(443, true), (8245, false), (80, false)];
    let Some(r) = Router::with(STORY, listen(5, &ports)) else { return };
    configure(&r, 5, "option plaintext '1'");
    for (kind, code) in [
        (CertKind::SelfSigned, "tls"),
        (CertKind::Expired, "tls"),
        (CertKind::NotYetValid, "clock"),
        (CertKind::WrongName, "tls"),
    ] {
        r.sim.use_certificate(kind).unwrap();
        r.pass(1);
        r.shows(HOME, "waiting", code);
        std::fs::remove_dir_all(r.root.join("var/run")).unwrap();
    }
    r.sim.use_certificate(CertKind::Good).unwrap();
    for fault in ["garbage", "cut-before-handshake", "hang:handshake"] {
        r.answers(&[fault]);
        r.pass(1);
        assert_eq!(r.host(HOME).state, "waiting", "{fault}");
        std::fs::remove_dir_all(r.root.join("var/run")).unwrap();
    }
    // Nor without a CA bundle. nicup makes no request then.
    std::fs::remove_file(r.root.join(CA)).unwrap();
    r.pass(1);
    r.shows(HOME, "waiting", "tls");
    assert_eq!((r.requests(), in_clear(&r.syslog.take())), (0, 0));
}

#[test]
fn an_answer_is_never_asked_for_again_on_another_port() {
    const STORY: &str = "an_answer_is_never_asked_for_again_on_another_port";
    let ports = [(443, true), (8245, true), (80, false)];
    let Some(r) = Router::with(STORY, listen(6, &ports)) else { return };
    configure(&r, 6, "option plaintext '1'");
    for (round, answer) in ["cut-after-request", "hang:request", "status:503"].into_iter().enumerate() {
        r.answers(&[answer]);
        r.pass(1);
        assert_eq!(r.requests(), round + 1, "{answer}");
        std::fs::remove_dir_all(r.root.join("var/run")).unwrap();
        let _ = std::fs::remove_dir_all(r.root.join("etc/nicup"));
    }
}

#[test]
fn the_usual_way_is_shown_again_when_it_works_again() {
    const STORY: &str = "the_usual_way_is_shown_again_when_it_works_again";
    let Some(r) = Router::with(STORY, listen(7, &[(8245, true)])) else { return };
    configure(&r, 7, "");
    r.pass(0);
    assert_eq!(transport(&r), "https:8245");
    let again = Simulator::start(listen(7, &[(443, true)])).unwrap();
    r.write(CA, r.sim.ca_pem().to_owned() + again.ca_pem());
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(0);
    assert_eq!((again.requests().len(), transport(&r).as_str()), (1, "https:443"));
}

/// A proxy that accepts every client, and the requests that it received.
fn proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let shared = seen.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut head) = (client.unwrap(), Vec::new());
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            shared.lock().unwrap().push(head);
            let Ok(server) = TcpStream::connect(&target) else {
                let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
                continue;
            };
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let pairs = [(&client, &server), (&server, &client)];
            for (from, to) in pairs.map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap())) {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut &from, &mut &to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    (port, seen)
}

#[test]
fn a_proxy_gets_its_own_credentials_and_not_the_servers() {
    let Some(r) = Router::new("a_proxy_gets_its_own_credentials_and_not_the_servers") else { return };
    let (port, seen) = proxy();
    r.configure(&format!("option proxy 'http://me:p@ss:word@127.0.0.1:{port}'"));
    r.pass(0);
    assert_eq!(r.requests(), 1);
    let head = seen.lock().unwrap().join("");
    let server = format!("127.0.0.1:{}", r.sim.port());
    // me:p@ss:word
    let wanted = format!(
        "CONNECT {server} HTTP/1.1\r\nHost: {server}\r\nProxy-Authorization: Basic bWU6cEBzczp3b3Jk\r\n\r\n"
    );
    assert_eq!(head, wanted);
    assert!(!r.read(STATUS).contains("p@ss"));
    // If the proxy is unreachable, nicup does not bypass it.
    r.configure("option proxy 'http://127.0.0.1:9'\noption plaintext '1'");
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(1);
    r.shows(HOME, "waiting", "proxy");
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let Some(r) = Router::new("a_proxy_of_the_environment_is_not_used") else { return };
    let (port, seen) = proxy();
    let url = format!("http://127.0.0.1:{port}");
    let names = ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"];
    r.configure("");
    let ran = finish(r.start(&["run"], &names.map(|name| (name, url.as_str()))));
    assert_eq!((ran.exit, r.requests()), (0, 1), "{ran:?}");
    assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn another_dyndns2_server_has_its_port_path_and_name() {
    const STORY: &str = "another_dyndns2_server_has_its_port_path_and_name";
    let options = Options {
        path: "/v3/update".to_owned(),
        accounts: vec![Account::new("me", "secret", &["x.dyn.example"])],
        ..listen(8, &[(4443, true)])
    };
    let Some(r) = Router::with(STORY, options) else { return };
    let service = format!(
        "option server 'localhost'\noption port '4443'\noption path '/v3/update'\noption username 'me'\n\
         option password 'secret'\nlist hostname 'x.dyn.example'\noption device '{}'\n",
        r.device
    );
    r.config(&r.service("other", &service.replace("localhost", "127.1.0.8")));
    r.pass(0);
    r.shows("x.dyn.example", "current", "good");
    assert_eq!((r.requests(), transport(&r).as_str()), (1, "https:4443"));
}

#[test]
fn timeout_is_for_everything_on_one_way() {
    const STORY: &str = "timeout_is_for_everything_on_one_way";
    let Some(r) = Router::with(STORY, listen(9, &[(443, true)])) else { return };
    configure(&r, 9, "option timeout '1'");
    r.answers(&["drip:200"]);
    let began = std::time::Instant::now();
    r.pass(1);
    assert!(began.elapsed() < slack(4000));
    r.shows(HOME, "waiting", "unconfirmed");
}
