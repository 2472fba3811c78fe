//! The command line: parses [`Options`], then serves until it is stopped. No protocol here.

use std::fs::File;
use std::io::{self, BufRead as _, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use getopts::Matches;
use noip_simulator::{
    Account, Behaviour, CERT_KINDS, CertKind, FORMS, Listen, Options, Simulator, TEST_HOSTS, TEST_PASSWORD,
    TEST_USERNAME, TlsOptions,
};

/// Wrong usage, as in nicup itself.
const USAGE: u8 = 2;

fn flags() -> getopts::Options {
    let mut flags = getopts::Options::new();
    flags.optmulti("", "listen", "where to listen; default tls:127.0.0.1:0", "[tls:|http:]ADDR[:PORT]");
    flags.optopt("", "accounts", "who may log in: lines of `username password host,host [paid]`", "FILE");
    flags.optmulti("", "name", "one more name or address for the certificate and for Host", "NAME");
    flags.optmulti("", "host-value", "the only right value of the Host header; may be repeated", "VALUE");
    flags.optopt("", "path", "the path of the API; default /nic/update", "PATH");
    flags.optopt("", "address-page", "a path that answers anybody with their address", "PATH");
    flags.optopt("", "ca-out", "write the authority's certificate there", "FILE");
    flags.optopt("", "log", "write JSON lines there; - is standard output", "FILE");
    flags.optopt("", "port-file", "write the ports there, a line each, when ready", "FILE");
    flags.optmulti("", "behaviour", "what happens next; repeated: one after the other", "TEXT");
    flags.optopt("", "default", "what happens after that; default normal", "TEXT");
    flags.optopt("", "cert", "the kind of certificate", "KIND");
    flags.optopt("", "tls", "1.2, 1.3 or both", "VERSIONS");
    flags.optopt("", "cipher", "aes128, aes256 or chacha20; default all", "CIPHER");
    flags.optopt("", "tickets", "TLS 1.3 tickets after a handshake; default 2", "N");
    flags.optflag("", "lenient", "answer malformed requests too, and only report them; inadyn 2.10 needs it (HTTP/1.0, Host without port)");
    flags.optflag("", "strict-agent", "badagent for a User-Agent that is not in No-IP's form");
    flags.optopt("", "badauth-status", "the status that badauth comes with; default 200", "N");
    flags.optflag("", "line-per-member", "one line for each member of a group");
    flags.optflag("", "until-eof", "stop when standard input ends");
    flags.optflag(
        "",
        "control",
        "obey `script TEXT`, `default TEXT`, `cert KIND` from standard input, each answered with ok or error",
    );
    flags.optflag("h", "help", "print this");
    flags.optflag("V", "version", "print the version");
    flags
}

pub(crate) fn main() -> ExitCode {
    let flags = flags();
    let given = flags.parse(std::env::args_os().skip(1)).map_err(|error| error.to_string());
    let result = given.and_then(|given| run(&flags, &given));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // If standard error fails, there is no place left to report it.
            let _ = writeln!(io::stderr(), "noip-simulator: {message}");
            ExitCode::from(USAGE)
        }
    }
}

fn run(flags: &getopts::Options, given: &Matches) -> Result<(), String> {
    if given.opt_present("help") {
        return say(&help(flags));
    }
    if given.opt_present("version") {
        return say(concat!("noip-simulator ", env!("CARGO_PKG_VERSION")));
    }
    if let Some(extra) = given.free.first() {
        return Err(format!("`{extra}`: there are only options, see --help"));
    }
    let kind: Option<CertKind> = parsed(given, "cert")?;
    let default: Option<Behaviour> = parsed(given, "default")?;
    let script: Vec<Behaviour> =
        given.opt_strs("behaviour").iter().map(|text| read(text)).collect::<Result<_, _>>()?;
    let options = options(given)?;
    let listen = options.listen.clone();
    let sim = Simulator::start(options).map_err(|error| format!("the server does not start: {error}"))?;
    sim.script(script);
    if let Some(default) = default {
        sim.set_default(default);
    }
    if let Some(kind) = kind {
        sim.use_certificate(kind).map_err(|error| format!("no certificate `{kind}`: {error}"))?;
    }
    if let Some(path) = given.opt_str("ca-out") {
        sim.write_ca(&path).map_err(|error| format!("{path}: {error}"))?;
    }
    let bound: Vec<SocketAddr> = (0..listen.len()).map(|index| sim.addr(index)).collect();
    if let Some(path) = given.opt_str("port-file") {
        let ports: String = bound.iter().map(|addr| format!("{}\n", addr.port())).collect();
        replace(&path, &ports).map_err(|error| format!("{path}: {error}"))?;
    }
    let schemes = listen.iter().map(|listen| if listen.tls { "https" } else { "http" });
    let urls: Vec<String> = schemes.zip(&bound).map(|(scheme, addr)| format!("{scheme}://{addr}")).collect();
    let ready = format!("noip-simulator: ready on {}", urls.join(" "));
    print_ready(given, &ready)?;
    serve(&sim, given)
}

/// Standard output may be the log, which contains only JSON.
fn print_ready(given: &Matches, text: &str) -> Result<(), String> {
    if given.opt_str("log").as_deref() == Some("-") {
        return writeln!(io::stderr(), "{text}").map_err(|error| format!("standard error: {error}"));
    }
    say(text)
}

fn serve(sim: &Simulator, given: &Matches) -> Result<(), String> {
    let control = given.opt_present("control");
    if !control && !given.opt_present("until-eof") {
        loop {
            std::thread::park();
        }
    }
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("standard input: {error}"))?;
        if control {
            match obey(sim, line.trim_end()) {
                Ok(()) => print_ready(given, "ok")?,
                Err(message) => print_ready(given, &format!("error: {message}"))?,
            }
        }
    }
    Ok(())
}

fn obey(sim: &Simulator, line: &str) -> Result<(), String> {
    match line.split_once(' ') {
        Some(("script", text)) => sim.script([read::<Behaviour>(text)?]),
        Some(("default", text)) => sim.set_default(read(text)?),
        Some(("cert", text)) => sim.use_certificate(read(text)?).map_err(|error| error.to_string())?,
        Some(_) | None => return Err(format!("`{line}`: say `script TEXT`, `default TEXT` or `cert KIND`")),
    }
    Ok(())
}

fn options(given: &Matches) -> Result<Options, String> {
    let mut options = Options {
        names: given.opt_strs("name"),
        host_values: given.opt_strs("host-value"),
        address_page: given.opt_str("address-page"),
        lenient: given.opt_present("lenient"),
        strict_agent: given.opt_present("strict-agent"),
        line_per_member: given.opt_present("line-per-member"),
        tls: TlsOptions {
            versions: parsed(given, "tls")?.unwrap_or_default(),
            cipher: parsed(given, "cipher")?,
            tickets: parsed(given, "tickets")?.unwrap_or(2),
        },
        ..Options::default()
    };
    if given.opt_present("listen") {
        options.listen =
            given.opt_strs("listen").iter().map(|text| listen(text)).collect::<Result<_, _>>()?;
    }
    if let Some(path) = given.opt_str("path") {
        options.path = path;
    }
    if let Some(status) = parsed(given, "badauth-status")? {
        options.badauth_status = status;
    }
    if let Some(path) = given.opt_str("accounts") {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        options.accounts = accounts(&text).map_err(|message| format!("{path}, {message}"))?;
    }
    options.log = match given.opt_str("log").as_deref() {
        None => None,
        Some("-") => Some(Box::new(io::stdout())),
        Some(path) => Some(Box::new(File::create(path).map_err(|error| format!("{path}: {error}"))?)),
    };
    Ok(options)
}

fn listen(text: &str) -> Result<Listen, String> {
    let (tls, place) = match (text.strip_prefix("tls:"), text.strip_prefix("http:")) {
        (Some(place), _) => (true, place),
        (None, Some(place)) => (false, place),
        (None, None) => (true, text),
    };
    let addr = place.parse::<SocketAddr>().or_else(|_| place.parse::<IpAddr>().map(|ip| (ip, 0).into()));
    let port = || place.parse::<u16>().map(|port| (Ipv4Addr::LOCALHOST, port).into());
    let addr = addr.or_else(|_| port()).map_err(|_| format!("`{text}` is no place to listen on"))?;
    Ok(Listen { addr, tls })
}

/// Messages name only the line number: the line contains a password.
fn accounts(text: &str) -> Result<Vec<Account>, String> {
    let mut accounts = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let account =
            |user, password, hosts: &str| Account::new(user, password, &hosts.split(',').collect::<Vec<_>>());
        match words[..] {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            [user, password, hosts] => accounts.push(account(user, password, hosts)),
            [user, password, hosts, "paid"] => accounts.push(account(user, password, hosts).paid()),
            _ => return Err(format!("line {}: it takes `username password host,host [paid]`", index + 1)),
        }
    }
    Ok(accounts)
}

fn read<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn parsed<T: FromStr<Err: ToString>>(given: &Matches, name: &str) -> Result<Option<T>, String> {
    let text = given.opt_str(name);
    text.map(|text| read(&text).map_err(|message| format!("--{name} {text}: {message}"))).transpose()
}

/// Replaces the file atomically: a process that waits for it must not see half of it.
fn replace(path: &str, text: &str) -> io::Result<()> {
    let new = format!("{path}.new");
    std::fs::write(&new, text)?;
    std::fs::rename(Path::new(&new), path)
}

fn say(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| format!("standard output: {error}"))
}

fn help(flags: &getopts::Options) -> String {
    let usage = flags.usage("A No-IP server for tests.\n\nUsage: noip-simulator [OPTIONS]");
    let hosts = TEST_HOSTS.join(" and ");
    format!(
        "{usage}\nWithout --accounts there is one: {TEST_USERNAME} with the password {TEST_PASSWORD}, for {hosts}.\n\
         It runs until SIGTERM, or until standard input ends with --until-eof or --control.\n\n\
         Behaviours:\n{FORMS}\nCertificates: {CERT_KINDS}"
    )
}
