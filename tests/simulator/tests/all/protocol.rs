//! No-IP's side of the protocol, over real connections.

use std::io::{Read as _, Write as _};

use crate::client::{HTTP, PASSWORD, TLS, USER, ask, body, lines, options, start, update};
use noip_simulator::{Authorization, Options, Simulator};

#[test]
fn an_update_over_tls_is_good_then_nochg() {
    let sim = start();
    for word in ["good", "nochg"] {
        let mut stream = crate::client::handshake(&sim, "dynupdate.no-ip.com").unwrap();
        let query = "hostname=a.example.net&myip=203.0.113.7,2001:db8::7";
        stream.write_all(update(&sim, TLS, query, USER, PASSWORD).as_bytes()).unwrap();
        let (answer, end) = crate::client::read_all(&mut stream);
        end.expect("close_notify ends the answer");
        assert_eq!(body(&String::from_utf8(answer).unwrap()), format!("{word} 203.0.113.7,2001:db8::7\r\n"));
    }
    assert_eq!(
        sim.registered("A.example.net"),
        (Some("203.0.113.7".parse().unwrap()), Some("2001:db8::7".parse().unwrap()))
    );
    let requests = sim.requests();
    let first = &requests[0];
    let tls = first.tls.as_ref().unwrap();
    assert_eq!((tls.version, tls.sni.as_deref()), ("1.3", Some("dynupdate.no-ip.com")));
    assert!(first.authorization_is(USER, PASSWORD) && !first.authorization_is(USER, "other"));
    assert_eq!((first.authorization, first.username.as_deref()), (Authorization::Ok, Some(USER)));
    assert_eq!(first.hostnames, ["a.example.net"]);
    assert_eq!(sim.faults(), [""; 0]);
    let connections = sim.connections();
    assert_eq!((connections.accepted, connections.handshakes), (2, 2));
}

#[test]
fn every_host_gets_its_line_in_order() {
    let sim = start();
    sim.register("c.example.net", Some("203.0.113.7".parse().unwrap()), None);
    assert_eq!(
        lines(&sim, "hostname=b.example.net,other.example.net,c.example.net&myip=203.0.113.7"),
        ["good 203.0.113.7", "nohost", "nochg 203.0.113.7"]
    );
    assert_eq!(lines(&sim, "hostname=paid.example.net&myip=203.0.113.7"), ["nohost"]);
    assert_eq!(lines(&sim, "myip=203.0.113.7"), ["notfqdn"]);
    let many = vec!["a.example.net"; 21].join(",");
    assert_eq!(lines(&sim, &format!("hostname={many}&myip=203.0.113.7")), ["numhost"]);
    assert_eq!(lines(&sim, "hostname=a.example.net"), ["good 127.0.0.1"]);
}

#[test]
fn a_key_updates_all_its_hosts() {
    let sim = start();
    assert_eq!(lines(&sim, "hostname=all.ddnskey.com&myip=203.0.113.7"), ["good 203.0.113.7"]);
    for host in ["a.example.net", "b.example.net", "c.example.net"] {
        assert_eq!(sim.registered(host).0, Some("203.0.113.7".parse().unwrap()));
    }
    assert_eq!(sim.registered("paid.example.net"), (None, None));
    assert_eq!(sim.requests()[0].answer, "good 203.0.113.7");
    let sim = Simulator::start(Options { line_per_member: true, ..options() }).unwrap();
    assert_eq!(lines(&sim, "hostname=pair&myip=203.0.113.7"), ["good 203.0.113.7", "good 203.0.113.7"]);
}

#[test]
fn a_group_login_has_its_colon_encoded() {
    let sim = start();
    let query = "hostname=a.example.net,c.example.net&myip=203.0.113.7";
    let answer = ask(&sim, &update(&sim, HTTP, query, &format!("pair%3A{USER}"), PASSWORD));
    assert_eq!(body(&answer), "good 203.0.113.7\r\nnohost\r\n", "c is not in the group");
    let answer = ask(&sim, &update(&sim, HTTP, query, &format!("pair:{USER}"), PASSWORD));
    assert_eq!(body(&answer), "badauth\r\n", "an encoded colon is the only right one");
    assert!(sim.requests()[0].authorization_is(&format!("pair:{USER}"), PASSWORD));
    assert!(!sim.requests()[1].authorization_is(&format!("pair:{USER}"), PASSWORD));
}

#[test]
fn wrong_credentials_are_badauth_with_either_status() {
    for (status, line) in [(200, "HTTP/1.1 200 OK\r\n"), (401, "HTTP/1.1 401 Unauthorized\r\n")] {
        let sim = Simulator::start(Options { badauth_status: status, ..options() }).unwrap();
        let answer = ask(&sim, &update(&sim, HTTP, "hostname=a.example.net", USER, "wrong-password"));
        assert!(answer.starts_with(line), "{answer}");
        assert_eq!(body(&answer), "badauth\r\n");
        assert_eq!(sim.requests()[0].authorization, Authorization::Wrong);
        assert_eq!(sim.registered("a.example.net"), (None, None));
    }
}

#[test]
fn offline_is_for_those_who_paid() {
    let sim = start();
    assert_eq!(lines(&sim, "hostname=a.example.net&offline=YES"), ["!donator"]);
    let query = "hostname=paid.example.net&offline=YES";
    assert_eq!(body(&ask(&sim, &update(&sim, HTTP, query, "payer", "a-paid-password"))), "good\r\n");
    assert!(sim.is_offline("paid.example.net") && !sim.is_offline("a.example.net"));
}

#[test]
fn an_agent_out_of_form_is_refused_if_asked_for() {
    let sim = Simulator::start(Options { strict_agent: true, ..options() }).unwrap();
    let good = update(&sim, HTTP, "hostname=a.example.net&myip=203.0.113.7", USER, PASSWORD);
    assert_eq!(body(&ask(&sim, &good)), "good 203.0.113.7\r\n");
    let bad = good.replace("nicup Archer_C7/24.10-0.1.0 me@example.com", "curl/8.5.0");
    assert_eq!(body(&ask(&sim, &bad)), "badagent\r\n");
}

#[test]
fn a_connection_is_kept_until_the_client_closes_it() {
    let sim = start();
    let mut socket = crate::client::plain(&sim);
    let request = update(&sim, HTTP, "hostname=a.example.net&myip=203.0.113.7", USER, PASSWORD)
        .replace("Connection: close\r\n", "");
    for word in ["good", "nochg"] {
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"203.0.113.7\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        assert!(String::from_utf8(answer).unwrap().ends_with(&format!("\r\n\r\n{word} 203.0.113.7\r\n")));
    }
    let requests = sim.requests();
    assert_eq!((requests[0].connection, requests[1].connection), (0, 0));
}

#[test]
fn the_address_page_wants_no_credentials() {
    let sim = Simulator::start(Options { address_page: Some("/".to_owned()), ..options() }).unwrap();
    let host = format!("Host: localhost:{}\r\nConnection: close\r\n", sim.addr(HTTP).port());
    assert_eq!(body(&ask(&sim, &format!("GET / HTTP/1.1\r\n{host}\r\n"))), "127.0.0.1\r\n");
    assert_eq!(sim.faults(), [""; 0]);
    ask(&sim, &format!("GET / HTTP/1.1\r\n{host}Authorization: Basic eDp5\r\n\r\n"));
    assert_eq!(sim.faults(), ["credentials were sent to the address page"]);
}
