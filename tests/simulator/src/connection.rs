//! One connection: the handshake, its requests, and the script's behaviours for them.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::answer::{Answer, Framing, GARBAGE};
use crate::behaviour::{Behaviour, Cut, Stage};
use crate::channel::{self, Channel};
use crate::credentials::{Secret, clean};
use crate::delivery::{After, perform};
use crate::received::{Authorization, Received};
use crate::registry::Update;
use crate::request::{self, Rules};
use crate::server::{Shared, host_values, lock};
use crate::tls;

/// How long after the last byte a request may take to become complete, and the next one to begin.
const PATIENCE: Duration = Duration::from_secs(20);
/// A longer header section is truncated, and is a fault.
const LONGEST_HEAD: usize = 64 * 1024;

/// Identifies the connection.
pub(crate) struct Place {
    pub(crate) id: usize,
    pub(crate) peer: SocketAddr,
    pub(crate) listener: usize,
    pub(crate) tls: bool,
}

pub(crate) fn serve(shared: &Shared, socket: TcpStream, place: &Place) {
    // Both fail only on a closed connection, which reading will detect.
    let _ = socket.set_nodelay(true);
    let mut channel = match open(shared, socket, place) {
        Ok(Some(channel)) => channel,
        Ok(None) => return,
        Err(error) => return shared.journal.failed(place.id, place.peer, &error.to_string()),
    };
    let after = match talk(shared, &mut channel, place) {
        Ok(after) => after,
        // The client has closed the connection, or the simulator stops.
        Err(_) => After::Ended,
    };
    match after {
        After::Continue | After::Ended => channel.end(Cut::Fin),
        After::Cut(cut) => channel.end(cut),
        After::Silence => channel::drain(channel.socket(), None),
    }
}

/// Everything before the first request. `None`: this behaviour leads to no request.
fn open(shared: &Shared, socket: TcpStream, place: &Place) -> io::Result<Option<Channel>> {
    let (taken, mut certificate) = {
        let mut script = lock(&shared.script);
        (script.take_at_accept(), script.certificate)
    };
    let mut behaviour = taken.as_ref();
    while let Some(Behaviour::Delay(wait, inner)) = behaviour {
        if !shared.pause(*wait) {
            return Ok(None);
        }
        behaviour = Some(inner);
    }
    let failed = |reason: &str| shared.journal.failed(place.id, place.peer, &format!("by script: {reason}"));
    let mut silent = false;
    match behaviour {
        Some(Behaviour::CutBeforeHandshake(cut)) => {
            failed("cut before the handshake");
            channel::end(&socket, *cut);
            return Ok(None);
        }
        Some(Behaviour::Hang(Stage::Accept)) => {
            failed("silent since accept");
            channel::drain(&socket, None);
            return Ok(None);
        }
        Some(Behaviour::Garbage) => {
            failed("garbage in place of the handshake");
            let mut channel = Channel::plain(socket);
            channel.send(GARBAGE)?;
            channel.end(Cut::Fin);
            return Ok(None);
        }
        Some(Behaviour::Hello(hello)) => {
            failed("a ServerHello that no client may accept");
            let mut channel = Channel::plain(socket);
            channel.set_timeout(PATIENCE);
            channel.read(&mut [0; 4096])?;
            channel.send(&tls::server_hello(*hello))?;
            channel::drain(channel.socket(), None);
            return Ok(None);
        }
        Some(Behaviour::Hang(Stage::Handshake)) => silent = true,
        Some(Behaviour::Certificate(kind)) => certificate = *kind,
        // All other behaviours act on the request.
        _ => {}
    }
    let channel = if place.tls {
        let config = shared.authority.config(certificate)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let channel = Channel::secure(socket, config)?;
        shared.journal.handshake_done();
        channel
    } else if silent || !speaks_tls(&socket)? {
        Channel::plain(socket)
    } else {
        let mut channel = Channel::plain(socket);
        let answer = Answer::text(400, "tls-on-a-plain-port\r\n".to_owned());
        channel.send(&answer.bytes(Framing::Length, true).first)?;
        channel.end(Cut::Fin);
        return Err(io::Error::other("TLS was spoken to a plain listener"));
    };
    if silent {
        failed("silent since the handshake");
        channel::drain(channel.socket(), None);
        return Ok(None);
    }
    channel.set_timeout(PATIENCE);
    Ok(Some(channel))
}

/// Whether the first byte begins a ClientHello. Like a real server, do not wait for the end of such a request; and a
/// client that tries TLS first has not sent a malformed request.
fn speaks_tls(socket: &TcpStream) -> io::Result<bool> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut first = [0];
    Ok(socket.peek(&mut first).is_ok_and(|count| count == 1) && first == [0x16])
}

/// The requests of a connection, one by one.
fn talk(shared: &Shared, channel: &mut Channel, place: &Place) -> io::Result<After> {
    let mut pending = Vec::new();
    loop {
        let (head, mut faults) = read_head(channel, &mut pending);
        if head.is_empty() {
            return Ok(After::Ended);
        }
        let after = answer_one(shared, channel, place, &head, &mut pending, &mut faults)?;
        if after != After::Continue {
            return Ok(after);
        }
    }
}

/// One header section with its empty line; empty if the client sends nothing more. `pending` keeps the bytes after it.
/// An incomplete section comes with a fault that says so.
fn read_head(channel: &mut Channel, pending: &mut Vec<u8>) -> (Vec<u8>, Vec<String>) {
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = request::end_of_head(pending) {
            let rest = pending.split_off(end);
            return (std::mem::replace(pending, rest), Vec::new());
        }
        let fault = if pending.len() > LONGEST_HEAD {
            format!("the header section is longer than {LONGEST_HEAD} bytes")
        } else {
            match channel.read(&mut buffer) {
                Ok(0) => "the request ends before the empty line".to_owned(),
                Ok(count) => {
                    pending.extend(buffer.iter().take(count));
                    continue;
                }
                Err(error) => format!("the request is not complete: {error}"),
            }
        };
        return (std::mem::take(pending), vec![fault]);
    }
}

fn answer_one(
    shared: &Shared,
    channel: &mut Channel,
    place: &Place,
    head: &[u8],
    pending: &mut Vec<u8>,
    faults: &mut Vec<String>,
) -> io::Result<After> {
    let rules = &shared.rules;
    let at = shared.journal.now();
    let login = |secret: &Secret| lock(&shared.registry).login(&secret.decode()?);
    let cleaned =
        clean(head, &rules.accounts, |secret| if login(secret).is_some() { "[ok]" } else { "[wrong]" });
    let mut paths = vec![rules.path.as_str()];
    paths.extend(rules.address_page.as_deref());
    let hosts = host_values(rules, channel.socket().local_addr()?, place.tls);
    let mut parsed = request::parse(&cleaned.raw, &Rules { paths: &paths, hosts });
    parsed.faults.append(faults);
    if cleaned.leaked {
        parsed.faults.push("a password stands in the open".to_owned());
    }
    let credentials = cleaned.secret.decode();
    if !cleaned.secret.is_missing() && credentials.is_none() {
        parsed.faults.push("Authorization is not in the form of Basic".to_owned());
    }
    let on_address_page = rules.address_page.as_ref() == Some(&parsed.path);
    if on_address_page && !cleaned.secret.is_missing() {
        parsed.faults.push("credentials were sent to the address page".to_owned());
    }
    if rules.lenient {
        skip_body(channel, pending, parsed.body_length())?;
    } else if !pending.is_empty() {
        parsed.faults.push(format!("{} bytes follow the request", pending.len()));
    }
    let refused = !rules.lenient && !parsed.faults.is_empty();
    let behaviour = if refused { Behaviour::Normal } else { lock(&shared.script).take_for_request() };
    let login = login(&cleaned.secret);
    let hostnames: Vec<String> = parsed
        .query("hostname")
        .map(|names| names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
        .unwrap_or_default();
    let normal = if refused {
        Answer::text(400, format!("malformed-request: {}\r\n", parsed.faults.join("; ")))
    } else if on_address_page {
        Answer::lines(200, &[place.peer.ip().to_canonical().to_string()])
    } else if parsed.path != rules.path {
        Answer::text(404, "no-such-page\r\n".to_owned())
    } else {
        let update = Update {
            hostnames: &hostnames,
            myip: parsed.query("myip"),
            offline: parsed.query("offline") == Some("YES"),
            peer: place.peer.ip(),
            user_agent: parsed.header("user-agent"),
        };
        let lines = lock(&shared.registry).update(login.as_ref(), &update, behaviour.registers());
        let status = if lines == ["badauth"] { rules.badauth_status } else { 200 };
        Answer::lines(status, &lines)
    };
    let close = refused || !parsed.keeps_alive();
    shared.journal.received(Received {
        raw: cleaned.raw,
        listener: place.listener,
        connection: place.id,
        tls: channel.facts(),
        peer: place.peer,
        at,
        hostnames,
        myip: parsed.query("myip").map(str::to_owned),
        username: credentials.map(|credentials| credentials.username),
        user_agent: parsed.header("user-agent").map(str::to_owned),
        authorization: match &login {
            Some(_) => Authorization::Ok,
            None if cleaned.secret.is_missing() => Authorization::Missing,
            None => Authorization::Wrong,
        },
        answer: if refused || behaviour.registers() {
            normal.body.trim_end().to_owned()
        } else {
            String::new()
        },
        behaviour: if refused { "malformed".to_owned() } else { behaviour.to_string() },
        secret: cleaned.secret,
        method: parsed.method,
        path: parsed.path,
        query: parsed.query,
        headers: parsed.headers,
        faults: parsed.faults,
    });
    perform(shared, channel, &behaviour, normal, close)
}

fn skip_body(channel: &mut Channel, pending: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while pending.len() < length {
        match channel.read(&mut buffer)? {
            0 => break,
            count => pending.extend(buffer.iter().take(count)),
        }
    }
    pending.drain(..length.min(pending.len()));
    Ok(())
}
