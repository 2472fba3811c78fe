//! Passwords are only in the configuration and on the wire: not on the terminal, in logs, in files or in /proc.

use crate::common::{HOME, Ran, Router, finish, patience};
use noip_simulator::{Account, Options, TEST_USERNAME};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

const PASSWORD: &str = "Zq7-pass%word:x";
/// The same after the username, in Basic's base64. After some other usernames its middle third is the same.
const BASE64: &str = "dGVzdC1rZXk6WnE3LXBhc3Mld29yZDp4";
const PROXY_USER: &str = "proxyman";
const PROXY_PASSWORD: &str = "Wv9-proxy-pass";
const PROXY_BASE64: &str = "cHJveHltYW46V3Y5LXByb3h5LXBhc3M=";

fn router(story: &str) -> Option<Router> {
    let accounts = vec![Account::new(TEST_USERNAME, PASSWORD, &[HOME])];
    let r = Router::with(story, Options { accounts, ..Options::default() })?;
    configure(&r, "");
    Some(r)
}

fn configure(r: &Router, more: &str) {
    let options = format!("option password '{PASSWORD}'\noption timeout '1'\nlist hostname '{HOME}'\n{more}");
    r.config(&(r.service("home", &options) + "config nicup 'main'\n\toption log_level 'debug'\n"));
}

#[track_caller]
fn no_secret(text: &[u8], place: &str) {
    for secret in [PASSWORD, BASE64, PROXY_PASSWORD, PROXY_BASE64, "Zq7-pass", "WnE3LXBhc3", "Wv9-proxy"] {
        let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} in {place}: {}", String::from_utf8_lossy(text));
    }
}

/// Searches everything that other users could read.
#[track_caller]
fn nothing_leaked(r: &Router, ran: &Ran) {
    no_secret(ran.out.as_bytes(), "stdout");
    no_secret(ran.err.as_bytes(), "stderr");
    no_secret(r.syslog.take().join("\n").as_bytes(), "syslog");
    no_secret(r.netifd.saw().as_bytes(), "what ubus saw");
    let config = r.root.join("etc/config");
    crate::common::walk(&r.root, &mut |path| {
        if path.is_file() && !path.starts_with(&config) {
            no_secret(&std::fs::read(path).unwrap(), &path.display().to_string());
        }
    });
}

#[test]
fn no_response_makes_nicup_print_a_secret() {
    let Some(r) = router("no_response_makes_nicup_print_a_secret") else { return };
    for answer in [
        "normal",
        "words:good 198.51.100.1",
        "words:badauth",
        "words:nohost",
        "words:abuse",
        "words:badagent",
        "words:!donator",
        "words:911",
        "status:401",
        "status:503",
        "429:1",
        "redirect:https://x/",
        "body:<html>",
        "body:",
        "huge:9000",
        "headers:endless",
        "garbage-http",
        "bad-chunks",
        "cut:30",
        "cut-after-request",
        "cut-before-handshake",
        "hang:accept",
        "hang:request",
        "hang:half",
        "garbage",
        "cert:wrong-ca",
        "cert:wrong-name",
        "cert:expired",
        "cert:not-yet-valid",
        "cert:self-signed",
    ] {
        let _ = std::fs::remove_dir_all(r.root.join("etc/nicup"));
        let _ = std::fs::remove_dir_all(r.root.join("var/run/nicup"));
        r.answers(&[answer]);
        let ran = r.run(&["run", "-v"]);
        assert!(ran.err.contains("sending"), "{answer}: {ran:?}");
        nothing_leaked(&r, &ran);
        assert_eq!(r.sim.script_left(), 0, "{answer}");
    }
    for arguments in
        [&["status"][..], &["status", "--json"], &["check", "-v"], &["resume", "-v"], &["run", "-f", "-v"]]
    {
        nothing_leaked(&r, &r.run(arguments));
    }
}

#[test]
fn a_page_that_repeats_the_request_is_not_repeated() {
    let Some(r) = router("a_page_that_repeats_the_request_is_not_repeated") else { return };
    // Truncated at 80 characters, the message would keep a part of the secret.
    let late = format!("body:{}{PASSWORD}", "x".repeat(70));
    for answer in [format!("body:Basic {BASE64}"), format!("body:user {TEST_USERNAME} {PASSWORD}"), late] {
        let _ = std::fs::remove_dir_all(r.root.join("var/run/nicup"));
        r.answers(&[&answer]);
        let ran = r.run(&["run", "-v"]);
        r.shows(HOME, "waiting", "unintelligible");
        nothing_leaked(&r, &ran);
    }
}

#[test]
fn a_wrong_configuration_repeats_no_secret() {
    let Some(r) = router("a_wrong_configuration_repeats_no_secret") else { return };
    let proxy = format!("http://{PROXY_USER}:{PROXY_PASSWORD}@");
    for wrong in [
        format!("config service 'home'\n\toption passwrod '{PASSWORD}'\n"),
        format!("config service 'home'\n\toption password '{PASSWORD}\u{1}'\n"),
        format!("config service 'home'\n\tlist password '{PASSWORD}'\n"),
        format!("config service 'home'\n\toption password '{PASSWORD}\n"),
        format!("config service 'home'\n\toption password {PASSWORD} and more\n"),
        format!("config service 'home'\n\toption proxy '{proxy}:x'\n"),
        format!("config service 'home'\n\toption proxy '{proxy}host'\n"),
    ] {
        r.config(&wrong);
        let ran = r.run(&["run", "-v"]);
        assert_eq!(ran.exit, 3, "{wrong}");
        nothing_leaked(&r, &ran);
        nothing_leaked(&r, &r.run(&["check", "-v"]));
    }
}

/// Everything that other processes can read about a process and its threads.
fn spied(pid: u32) -> Vec<u8> {
    let proc = Path::new("/proc").join(pid.to_string());
    let mut seen = Vec::new();
    for file in ["cmdline", "environ", "comm", "status"] {
        seen.extend(std::fs::read(proc.join(file)).unwrap());
    }
    let children = std::fs::read_to_string(proc.join(format!("task/{pid}/children"))).unwrap_or_default();
    for child in children.split_whitespace() {
        seen.extend(spied(child.parse().unwrap()));
    }
    seen
}

#[test]
fn a_running_process_shows_nothing() {
    let Some(r) = router("a_running_process_shows_nothing") else { return };
    for (arguments, last) in [(&["run"][..], 7), (&["run", "--wait"], 8)] {
        r.answers(&["delay:300:normal"]);
        let before = r.requests();
        let child = r.start(arguments, &[]);
        assert!(r.sim.wait_for(before + 1, patience()));
        let seen = spied(child.id());
        assert!(String::from_utf8_lossy(&seen).contains("nicup"));
        no_secret(&seen, "/proc");
        let ran = finish(child);
        assert_eq!(ran.exit, 0, "{ran:?}");
        nothing_leaked(&r, &ran);
        r.move_to(&format!("203.0.113.{last}"), &format!("203.0.113.{}", last + 1));
    }
    assert!(r.netifd.saw().contains("nicup"), "ubus looked at its parent");
}

/// An HTTP proxy: rejects the first CONNECT and repeats the request in the response, then accepts the following ones.
fn proxy(to: SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let mut client = client.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            assert!(head.contains(PROXY_BASE64) && !head.contains(BASE64), "{head}");
            if number == 0 {
                client
                    .write_all(format!("HTTP/1.1 407 {PROXY_BASE64}\r\nX: {head}\r\n\r\n{head}").as_bytes())
                    .unwrap();
                continue;
            }
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let server = TcpStream::connect(to).unwrap();
            let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut up, &mut { server }));
            std::thread::spawn(move || std::io::copy(&mut down, &mut { client }));
        }
    });
    port
}

#[test]
fn a_proxys_password_goes_to_the_proxy_only() {
    let Some(r) = router("a_proxys_password_goes_to_the_proxy_only") else { return };
    let port = proxy(r.sim.addr(0));
    configure(&r, &format!("option proxy 'http://{PROXY_USER}:{PROXY_PASSWORD}@127.0.0.1:{port}'"));
    let refused = r.run(&["run", "-v"]);
    r.shows(HOME, "waiting", "proxy");
    nothing_leaked(&r, &refused);
    r.back_off_is_over();
    let ran = r.run(&["run", "-v"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    nothing_leaked(&r, &ran);
    assert_eq!(r.requests(), 1);
    assert!(r.sim.requests()[0].header("proxy-authorization").is_none());
}
