//! The command line: parses arguments, runs the command, and turns its outcome into text and an exit status.

use super::env::Loaded;
use super::plan::{self, RunOptions};
use super::{CommandFailure, Env, Exit, VERSION, check, hooks, import, pass, resume, status, watch};
use crate::policy::config::LogLevel;
use crate::policy::status::Status;
use crate::sys::clock::System;
use crate::sys::file::Root;
use crate::sys::https::Https;
use crate::sys::netlink::Netlink;
use crate::sys::subprocess;
use crate::sys::ubus::Ubus;
use crate::wire::hotplug;
use getopts::{HasArg, Matches, Occur, Options};
use log::LevelFilter;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;

const HELP_HEAD: &str = "\
nicup: keeps a No-IP hostname at this router's address

Usage: nicup [OPTIONS] COMMAND [OPTIONS]

Commands:
    run       send the updates that are due, once, and write the status
    watch     stay resident, and run when an address changes or a wait ends
    status    show the last status
    check     show what a run would send and why, and what is wrong; sends nothing
    resume    clear stops and back-off, so that the next run retries
    import    print the No-IP sections of ddns-scripts as nicup's configuration;
              the output contains passwords";

/// The commands, and which options each of them takes besides the common ones.
const COMMANDS: [(&str, &[&str]); 6] = [
    ("run", &["service", "force", "hotplug", "wait", subprocess::OPTION]),
    ("watch", &["service"]),
    ("status", &["service", "json"]),
    ("check", &["service", "force", "dns"]),
    ("resume", &["service"]),
    ("import", &[]),
];
const COMMON: [&str; 5] = ["config", "root", "verbose", "help", "version"];

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut options = options(false);
    options.optflag("", subprocess::OPTION, ""); // internal to the loop, so not in the help
    let outcome = match options.parse(arguments) {
        Ok(matches) => command(&matches),
        Err(error) => {
            let reason = format!("{}; nicup --help lists the options", lower_first(&error.to_string()));
            Err(CommandFailure::new(Exit::Usage, reason))
        }
    };
    ExitCode::from(match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            print_failure(&failure.message);
            failure.exit
        }
    })
}

/// Messages of getopts begin with a capital letter. The user's own text keeps its case.
fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// Short name, long name, name of the argument, how often, description.
const OPTIONS: [(&str, &str, &str, Occur, &str); 11] = [
    ("c", "config", "DIR", Occur::Optional, "directory of UCI files, default /etc/config"),
    ("", "root", "DIR", Occur::Optional, "put DIR before every absolute path"),
    ("s", "service", "NAME", Occur::Multi, "only this service; may be repeated"),
    ("f", "force", "", Occur::Optional, "send an unchanged address too, at most once in 10 minutes"),
    ("", "json", "", Occur::Optional, "status: print the file as it is"),
    ("", "dns", "", Occur::Optional, "check: also look up the hostnames in DNS"),
    (
        "",
        "hotplug",
        "",
        Occur::Optional,
        "run: handle the hotplug event in the environment; exit at once if it concerns no service",
    ),
    ("v", "verbose", "", Occur::Multi, "also log to standard error"),
    ("", "wait", "", Occur::Optional, "run: stay until every host is current, stopped or without an address"),
    ("h", "help", "", Occur::Optional, "print this help"),
    ("V", "version", "", Occur::Optional, "print the version"),
];

/// The options, described only for the help: getopts copies each text twice.
fn options(is_for_help: bool) -> Options {
    let mut options = Options::new();
    for (short, long, argument, occur, text) in OPTIONS {
        let has = if argument.is_empty() { HasArg::No } else { HasArg::Yes };
        options.opt(short, long, if is_for_help { text } else { "" }, argument, has, occur);
    }
    options
}

fn command(matches: &Matches) -> Result<Exit, CommandFailure> {
    if matches.opt_present("help") {
        print(&format!("{}\n", options(true).usage(HELP_HEAD)));
        return Ok(Exit::Success);
    }
    if matches.opt_present("version") {
        print(&format!("nicup {VERSION}\n"));
        return Ok(Exit::Success);
    }
    let root = matches.opt_str("root").map(|dir| Root::new(dir.into())).unwrap_or_default();
    if let [hooks::COMMAND, log] = matches.free.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let syslog = if log == hooks::LOG_FAILURES { LevelFilter::Warn } else { LevelFilter::Off };
        let socket = root.path("/dev/log");
        crate::sys::log::start(crate::sys::log::Setup { socket, syslog, verbose: false });
        hooks::run(&root);
        return Ok(Exit::Success);
    }
    let name = command_name(matches)?;
    let mut env = Env {
        root,
        config_dir: matches.opt_str("config").unwrap_or_else(|| "/etc/config".to_owned()),
        clock: &mut System::default(),
        kernel: &mut Netlink,
        netifd: &mut Ubus,
        transport: &mut Https::default(),
    };
    // nicup does not know this event.
    let Some(options) = run_options(matches) else { return Ok(Exit::Success) };
    let verbose = matches.opt_present("verbose");
    match name {
        "run" => run(&mut env, &options, matches),
        "watch" => {
            start_log(&env, &env.config(), verbose);
            let arguments = loop_arguments(matches);
            watch::run(&mut env, &watch::LoopMode { until_done: false, options: &options, arguments })
        }
        "status" => {
            let (text, exit) = status::run(&mut env, matches.opt_present("json"), &options.services)?;
            print(&text);
            Ok(exit)
        }
        "check" => {
            start_log_to_stderr(verbose);
            let checked = check::run(&mut env, &options, matches.opt_present("dns"))?;
            checked.problems.iter().for_each(|problem| print_error(&super::format::plain(problem)));
            print(&checked.text);
            Ok(checked.exit)
        }
        "import" => print_import(&env),
        _ => {
            start_log(&env, &env.config(), verbose);
            let (sentence, report) = resume::run(&mut env, &options)?;
            print(&format!("{sentence}\n"));
            Ok(if report.exit == Exit::Config { Exit::Config } else { Exit::Success })
        }
    }
}

/// The command line's command; None: an event that nicup does not know.
fn run_options(matches: &Matches) -> Option<RunOptions> {
    let event = match matches.opt_present("hotplug") {
        true => Some(hotplug::event(|name| std::env::var(name).ok())?),
        false => None,
    };
    Some(RunOptions {
        services: matches.opt_strs("service"),
        force: matches.opt_present("force"),
        event,
        in_loop: matches.opt_present(subprocess::OPTION),
    })
}

/// The command, if it takes all options that were given.
fn command_name(matches: &Matches) -> Result<&str, CommandFailure> {
    let wrong = |reason: String| {
        CommandFailure::new(Exit::Usage, format!("{reason}; nicup --help lists commands and options"))
    };
    let name = match matches.free.as_slice() {
        [name] => name.as_str(),
        [] => return Err(wrong("no command".to_owned())),
        [_, surplus, ..] => return Err(wrong(format!("unexpected argument '{surplus}'"))),
    };
    let Some((_, allowed)) = COMMANDS.iter().find(|(command, _)| *command == name) else {
        return Err(wrong(format!("unknown command '{name}'")));
    };
    let foreign = ["service", "force", "json", "dns", "hotplug", "wait", subprocess::OPTION]
        .into_iter()
        .find(|option| matches.opt_present(option) && !allowed.contains(option) && !COMMON.contains(option));
    if let Some(option) = foreign {
        return Err(wrong(format!("--{option} does not belong to {name}")));
    }
    Ok(name)
}

/// `nicup run`, once or until no host waits.
fn run(env: &mut Env<'_>, options: &RunOptions, matches: &Matches) -> Result<Exit, CommandFailure> {
    let loaded = env.config();
    if let Some(event) = &options.event
        && !options.in_loop
        && hand_over(env, &loaded, event)?
    {
        return Ok(Exit::Success);
    }
    start_log(env, &loaded, matches.opt_present("verbose"));
    if matches.opt_present("wait") {
        drop(loaded);
        let arguments = loop_arguments(matches);
        return watch::run(env, &watch::LoopMode { until_done: true, options, arguments });
    }
    let Some(report) = pass::run_with(env, options, loaded)? else { return Ok(Exit::Success) };
    if options.in_loop {
        print(&format!("{}\n", report.wake));
    } else if options.event.is_none() {
        let problems = report.status.problems.iter();
        problems.for_each(|problem| print_error(&super::format::plain(&problem.to_string())));
        print(&summary(&report.status, &options.services));
        print(&report.unsent.iter().map(|line| format!("{line}\n")).collect::<String>());
    }
    Ok(report.exit)
}

/// Whether this process need not handle a hotplug event: it concerns no service, or a resident loop handles it.
fn hand_over(env: &mut Env<'_>, loaded: &Loaded, event: &hotplug::Event) -> Result<bool, CommandFailure> {
    if !pass::concerns(env, loaded, event) {
        return Ok(true);
    }
    let run_dir = plan::main_of(loaded).run_dir;
    let resident = watch::loop_pid(env, &run_dir).is_some();
    let is_report = match event {
        hotplug::Event::Clock => false,
        hotplug::Event::Interface { action, .. } => action.is_report(),
    };
    if resident || is_report {
        let noted = pass::note_event(env, loaded, event);
        noted.map_err(|error| CommandFailure::unwritable(&run_dir, &error))?;
    }
    // If the loop ended just now, it cannot be woken, and this process handles the event.
    Ok(resident && watch::wake_loop(env, &run_dir))
}

/// `nicup import`.
fn print_import(env: &Env<'_>) -> Result<Exit, CommandFailure> {
    let printed = import::run(env)?;
    // Users redirect this to a file, and half a configuration must not look like a whole one.
    let mut stdout = std::io::stdout();
    let written = stdout.write_all(printed.text.as_bytes()).and_then(|()| stdout.flush());
    let cannot = |error| CommandFailure::new(Exit::Retry, format!("the output cannot be written: {error}"));
    written.map_err(cannot)?;
    printed.notes.iter().for_each(|note| print_error(note));
    Ok(Exit::Success)
}

/// The options that the loop passes on to each of its passes.
fn loop_arguments(matches: &Matches) -> Vec<OsString> {
    let pair = |option: &str, value: String| [format!("--{option}"), value];
    let with_value = ["config", "root", "service"].into_iter();
    let pairs =
        with_value.flat_map(|option| matches.opt_strs(option).into_iter().flat_map(move |v| pair(option, v)));
    let verbose = matches.opt_present("verbose").then(|| "--verbose".to_owned());
    pairs.chain(verbose).map(OsString::from).collect()
}

fn start_log(env: &Env<'_>, loaded: &Loaded, verbose: bool) {
    let main = plan::main_of(loaded);
    let syslog = match main.log_level {
        LogLevel::Err => LevelFilter::Error,
        LogLevel::Warning => LevelFilter::Warn,
        LogLevel::Notice => LevelFilter::Info,
        LogLevel::Info | LogLevel::Debug => LevelFilter::Debug,
    };
    crate::sys::log::start(crate::sys::log::Setup { socket: env.root.path("/dev/log"), syslog, verbose });
}

fn start_log_to_stderr(verbose: bool) {
    let socket = std::path::PathBuf::new();
    crate::sys::log::start(crate::sys::log::Setup { socket, syslog: LevelFilter::Off, verbose });
}

/// One line for each host, for the person who typed `nicup run`.
fn summary(status: &Status, only: &[String]) -> String {
    let mut text = String::new();
    for service in status.services.iter().filter(|s| only.is_empty() || only.contains(&s.name)) {
        for host in &service.hosts {
            let _ = write!(text, "{}: {}", host.hostname, host.state);
            let (ipv4, ipv6) = (host.registered_ipv4.map(IpAddr::V4), host.registered_ipv6.map(IpAddr::V6));
            for address in [ipv4, ipv6].into_iter().flatten() {
                let _ = write!(text, " {address}");
            }
            let _ = writeln!(text, " ({})", host.message.as_deref().unwrap_or(""));
        }
    }
    super::format::plain_lines(&text)
}

/// A closed pipe is the reader's decision, not an error.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn print_failure(reason: &str) {
    print_error(&format!("nicup: {}", super::format::plain(reason)));
}

#[allow(clippy::print_stderr)] // where errors go
fn print_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
