//! Log lines to syslog (ident `nicup`, facility daemon), and to standard error with `--verbose`.
//!
//! Does not decide what to log. Drops the lines of libraries, because they may contain headers.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use syslog::{Facility, LogFormat, Logger, LoggerBackend, Severity};

/// The outputs and their levels.
pub struct Setup {
    /// The socket; a missing one means no syslog.
    pub socket: PathBuf,
    /// The least important level for syslog.
    pub syslog: LevelFilter,
    /// Everything to standard error too.
    pub verbose: bool,
}

struct Lines {
    setup: Setup,
    syslog: Mutex<Option<Logger<LoggerBackend, Plain>>>,
}

/// `<PRI>nicup[PID]: message`. The log daemon adds the time, because a router's clock may not be set.
#[derive(Clone)]
struct Plain {
    pid: u32,
}

impl LogFormat<String> for Plain {
    fn format<W: std::io::Write>(
        &self,
        w: &mut W,
        severity: Severity,
        message: String,
    ) -> syslog::Result<()> {
        let priority = Facility::LOG_DAEMON as u32 | severity as u32;
        let written = write!(w, "<{priority}>nicup[{}]: {message}", self.pid);
        written.map_err(syslog::Error::Write)
    }
}

/// Logs a line of any level. In release builds, log's own macros compile nothing below `info`, so that debug lines of
/// libraries, which nicup drops, use no flash. nicup's debug lines use this function.
pub fn log_line(level: Level, line: fmt::Arguments<'_>) {
    if level <= log::max_level() {
        log::logger().log(&Record::builder().level(level).target("nicup").args(line).build());
    }
}

static SYSLOG_LEVEL: OnceLock<LevelFilter> = OnceLock::new();

/// The least important level for syslog, which is not that of [`log`] with `--verbose`.
#[must_use]
pub fn syslog_level() -> LevelFilter {
    SYSLOG_LEVEL.get().copied().unwrap_or(LevelFilter::Off)
}

/// Starts logging. Called once.
pub fn start(setup: Setup) {
    let _ = SYSLOG_LEVEL.set(setup.syslog);
    let level = if setup.verbose { LevelFilter::Debug } else { setup.syslog };
    let lines = Lines { setup, syslog: Mutex::new(None) };
    if log::set_boxed_logger(Box::new(lines)).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("nicup")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // One line, even if text from a server or a file contains line breaks.
        let text = record.args().to_string().replace(char::is_control, " ");
        if self.setup.verbose {
            // Not eprintln, which panics on a closed pipe: a pass must not end between a request and its record.
            let _ = writeln!(std::io::stderr(), "nicup: {text}");
        }
        if record.level() <= self.setup.syslog {
            self.to_syslog(record.level(), text);
        }
    }

    fn flush(&self) {}
}

impl Lines {
    /// `info` is a change of state and becomes syslog's notice; debug becomes its info. Opens the socket with the first
    /// line, because most passes log none.
    fn to_syslog(&self, level: Level, text: String) {
        let Ok(mut syslog) = self.syslog.lock() else { return };
        // A restarted log daemon has a new socket: if the old socket fails, writes the line to the new one.
        for _ in 0..2 {
            if syslog.is_none() {
                *syslog = syslog::unix_custom(Plain { pid: std::process::id() }, &self.setup.socket).ok();
            }
            let Some(logger) = syslog.as_mut() else { return };
            let text = text.clone();
            let written = match level {
                Level::Error => logger.err(text),
                Level::Warn => logger.warning(text),
                Level::Info => logger.notice(text),
                Level::Debug => logger.info(text),
                Level::Trace => logger.debug(text),
            };
            if written.is_ok() {
                return;
            }
            *syslog = None;
        }
    }
}
