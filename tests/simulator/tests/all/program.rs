//! The program: its options, its files, its control channel and how it stops.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_noip-simulator");

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn ask(port: u16, user: &str, password: &str, host: &str) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "GET /nic/update?hostname={host}&myip=203.0.113.7 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Authorization: Basic {}\r\nConnection: close\r\n\r\n",
        crate::client::basic(user, password)
    );
    socket.write_all(request.as_bytes()).unwrap();
    String::from_utf8(crate::client::read_all(&mut socket).0).unwrap()
}

#[test]
fn it_serves_obeys_logs_and_ends_with_its_input() {
    let folder = folder("serves");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(
        file("accounts"),
        "# user password hosts\n\nkey long-secret a.example.net,b.example.net paid\n",
    )
    .unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["--listen", "http:127.0.0.1:0", "--listen", "tls:127.0.0.1", "--control"])
        .args(["--accounts", &file("accounts"), "--log", &file("log")])
        .args(["--ca-out", &file("ca.pem"), "--port-file", &file("ports"), "--behaviour", "status:503"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let ready = out.next().unwrap();
    let ports: Vec<u16> =
        std::fs::read_to_string(file("ports")).unwrap().lines().map(|port| port.parse().unwrap()).collect();
    assert_eq!(
        ready,
        format!("noip-simulator: ready on http://127.0.0.1:{} https://127.0.0.1:{}", ports[0], ports[1])
    );
    assert!(std::fs::read_to_string(file("ca.pem")).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(ask(ports[0], "key", "long-secret", "a.example.net").starts_with("HTTP/1.1 503 "));
    assert!(ask(ports[0], "key", "long-secret", "a.example.net").ends_with("\r\n\r\ngood 203.0.113.7\r\n"));

    let mut input = child.stdin.take().unwrap();
    for (command, reply) in [
        ("script body:911", "ok"),
        ("cert p384", "ok"),
        ("cert x", "error: `x` is no kind of certificate"),
        ("dance", "error: `dance`: say"),
    ] {
        writeln!(input, "{command}").unwrap();
        assert!(out.next().unwrap().starts_with(reply), "{command}");
    }
    assert!(ask(ports[0], "key", "long-secret", "b.example.net").ends_with("\r\n\r\n911"));
    drop(input);
    assert!(child.wait().unwrap().success());
    let log = std::fs::read_to_string(file("log")).unwrap();
    assert_eq!(log.lines().count(), 3);
    assert!(log.contains(r#""username":"key""#) && !log.contains("long-secret"));
}

#[test]
fn wrong_usage_is_status_2_with_a_sentence() {
    let accounts = folder("usage").join("accounts");
    std::fs::write(&accounts, "key long-secret\n").unwrap();
    let accounts = accounts.to_str().unwrap();
    for (args, message) in [
        (&["--behaviour", "x"][..], "`x` is no behaviour: see the list of behaviours in --help"),
        (&["--listen", "tls:here"], "`tls:here` is no place to listen on"),
        (&["--tls", "1.1"], "--tls 1.1: `1.1` is no TLS version: take one of 1.2 1.3 both"),
        (&["serve"], "`serve`: there are only options, see --help"),
        (&["--accounts", accounts], "line 1: it takes `username password host,host [paid]`"),
    ] {
        let output = Command::new(PROGRAM).args(args).output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(printed.contains(message) && !printed.contains("long-secret"), "{printed}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn help_names_the_built_in_account() {
    let output = Command::new(PROGRAM).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("test-key with the password test-password, for home.example.net"), "{help}");
    let output = Command::new(PROGRAM).arg("--version").output().unwrap();
    assert_eq!(output.stdout, b"noip-simulator 0.1.0\n");
}
