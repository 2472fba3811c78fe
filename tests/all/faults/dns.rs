//! A name server in the tests' network. Tests choose what it answers for a name, with immediate effect.

use std::collections::HashMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// These addresses, in this order.
    Addresses(Vec<Ipv4Addr>),
    /// It never answers.
    Nothing,
    /// NXDOMAIN.
    UnknownName,
    /// SERVFAIL.
    Failure,
    /// Bytes that are not a DNS response.
    Garbage,
    /// A response to another question: its ID does not match the query's.
    Forged(Ipv4Addr),
}

const SERVER: &str = "127.0.0.53:53";

fn names() -> &'static Mutex<HashMap<String, Says>> {
    static NAMES: OnceLock<Mutex<HashMap<String, Says>>> = OnceLock::new();
    NAMES.get_or_init(Mutex::default)
}

/// Sets the answer for a name from now on.
pub(crate) fn say(name: &str, says: Says) {
    static SERVING: OnceLock<()> = OnceLock::new();
    SERVING.get_or_init(|| {
        let socket = UdpSocket::bind(SERVER).unwrap();
        std::thread::spawn(move || serve(&socket));
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults-resolv.conf");
        std::fs::write(&file, "nameserver 127.0.0.53\n").unwrap();
        let mut mount = Command::new("mount");
        assert!(mount.arg("--bind").arg(file).arg("/etc/resolv.conf").status().unwrap().success());
    });
    names().lock().unwrap().insert(name.to_owned(), says);
}

fn serve(socket: &UdpSocket) {
    let mut query = [0; 512];
    while let Ok((length, client)) = socket.recv_from(&mut query) {
        let answer = question(&query[..length]).and_then(|(name, kind, end)| {
            let says = names().lock().unwrap().get(&name).cloned().unwrap_or(Says::UnknownName);
            answer(&query[..end], kind, &says)
        });
        if let Some(answer) = answer {
            let _ = socket.send_to(&answer, client);
        }
    }
}

/// Name and type of the only question, and the offset of its end (RFC 1035, 4.1).
fn question(query: &[u8]) -> Option<(String, u16, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = query.get(at..at + 2)?;
    Some((labels.join("."), u16::from_be_bytes([kind[0], kind[1]]), at + 4))
}

fn answer(query: &[u8], kind: u16, says: &Says) -> Option<Vec<u8>> {
    const A: u16 = 1;
    let (code, addresses) = match says {
        Says::Nothing => return None,
        Says::Garbage => return Some(b"\xff\x00good 203.0.113.8".repeat(20)),
        Says::Addresses(addresses) => (0, addresses.clone()),
        Says::Forged(address) => (0, vec![*address]),
        Says::Failure => (2, Vec::new()),
        Says::UnknownName => (3, Vec::new()),
    };
    let addresses = if kind == A { addresses } else { Vec::new() };
    let mut answer = query.to_vec();
    if let Says::Forged(_) = says {
        answer[0] ^= 0x55;
    }
    answer[2..12].copy_from_slice(&[
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::try_from(addresses.len()).unwrap(),
        0,
        0,
        0,
        0,
    ]);
    for address in addresses {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}
