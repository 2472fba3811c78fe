//! The proxy: nicup sends a CONNECT, and starts TLS only after the proxy accepted it.

use super::*;
use nicup::sys::https::ProxyServer;
use std::io::Write;

pub(crate) const TOKEN: &str = "cHJveHk6aHVzaA==";

fn proxy(port: u16, authorization: Option<String>) -> ProxyServer {
    ProxyServer { host: "127.0.0.1".into(), port, authorization }
}

/// A proxy that accepts and then acts as the server. It has seen first the CONNECT, then the request.
fn agreeing(identity: Identity) -> Server {
    let config = server::server_config(identity, &[&rustls::version::TLS13]);
    Server::start(move |mut tcp| {
        let mut seen = server::request(&mut tcp);
        tcp.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").unwrap();
        seen.extend(server::tls_session(config, tcp, answer(GOOD), End::Hold));
        seen
    })
}

#[test]
fn the_request_goes_through_the_tunnel_only() {
    for authorization in [None, Some(format!("Basic {TOKEN}"))] {
        let (ca, pem) = root("tunnel");
        let ca_file = ca_file("tunnel", &pem);
        let server = agreeing(leaf(&ca, "dynupdate.example"));
        let proxy = proxy(server.port, authorization.clone());
        // The proxy resolves the name: this one does not exist in DNS.
        let through = Route { server: "dynupdate.example", proxy: Some(&proxy), ..route(443, &ca_file) };
        assert_eq!(send(&through), Ok(good()));
        let credentials = authorization.map(|a| format!("Proxy-Authorization: {a}\r\n")).unwrap_or_default();
        let connect = format!(
            "CONNECT dynupdate.example:443 HTTP/1.1\r\nHost: dynupdate.example:443\r\n{credentials}\r\n"
        );
        let request = REQUEST.replace("localhost:PORT", "dynupdate.example");
        assert_eq!(String::from_utf8(server.seen()).unwrap(), connect + &request);
    }
}

#[test]
fn a_proxy_that_refuses_is_not_the_server() {
    let secret = Some(format!("Basic {TOKEN}"));
    for (says, authorization, what) in [
        ("HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\n\r\n", None, "requires credentials (407)"),
        ("HTTP/1.1 407 Who?\r\n\r\n", secret.clone(), "rejected the credentials (407)"),
        ("HTTP/1.1 403 No\r\n\r\n", secret, "rejected a connection to localhost:443 (403)"),
        ("SSH-2.0-dropbear\r\n", None, "does not answer as an HTTP proxy"),
        ("HTTP/1.1 200 OK\r\n", None, "does not answer as an HTTP proxy"),
        ("", None, "closed the connection"),
    ] {
        let server = Server::plain(answer(says), End::Proper);
        let ca_file = ca_file("refused", &root("refused").1);
        let proxy = proxy(server.port, authorization);
        let result = send(&Route { proxy: Some(&proxy), ..route(443, &ca_file) });
        let detail = format!("the proxy 127.0.0.1:{} {what}", server.port);
        assert_failed(result, Failure::Proxy, false, &detail);
    }
}

#[test]
fn a_proxy_that_is_not_there_or_silent() {
    let ca_file = ca_file("absent", &root("absent").1);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = proxy(port, None);
    let through = Route { proxy: Some(&proxy), ..route(443, &ca_file) };
    let detail = "timed out after 0.400 s, while waiting for the proxy";
    assert_failed(send(&through), Failure::Timeout, false, detail);
    drop(listener);
    let detail =
        format!("the proxy 127.0.0.1:{port} cannot be reached: 127.0.0.1:{port}: connection refused");
    assert_failed(send(&through), Failure::Proxy, false, &detail);
}
