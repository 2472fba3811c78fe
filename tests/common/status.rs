//! status.json as tests read it: codes and addresses as text, just as the file has them and LuCI sees them.

use super::STATUS;
use super::disk::Disk;
use nicup::policy::status as typed;

/// The content of status.json, which the page shows.
impl Disk {
    pub(crate) fn status(&self) -> Status {
        read(&self.read(STATUS)).unwrap_or_else(|| panic!("{}", self.read(STATUS)))
    }

    pub(crate) fn service_status(&self, name: &str) -> ServiceStatus {
        self.status().services.into_iter().find(|service| service.name == name).unwrap()
    }

    pub(crate) fn host(&self, hostname: &str) -> HostStatus {
        let services = self.status().services;
        let mut hosts = services.into_iter().flat_map(|service| service.hosts);
        hosts.find(|host| host.hostname == hostname).unwrap_or_else(|| panic!("no {hostname} in the status"))
    }

    /// Checks state and code of a host, as the page shows them.
    pub(crate) fn shows(&self, hostname: &str, state: &str, code: &str) -> HostStatus {
        let host = self.host(hostname);
        assert_eq!((host.state.as_str(), host.code.as_deref().unwrap_or("-")), (state, code), "{host:#?}");
        host
    }

    /// The problems in the status, one line each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let line = |line: Option<u32>| line.map(|line| format!(":{line}")).unwrap_or_default();
        let problems = self.status().problems;
        problems.iter().map(|p| format!("{} {}{}: {}", p.level, p.file, line(p.line), p.message)).collect()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) program: String,
    pub(crate) time: Option<i64>,
    pub(crate) uptime: u64,
    pub(crate) mode: String,
    pub(crate) problems: Vec<Problem>,
    pub(crate) services: Vec<ServiceStatus>,
    pub(crate) events: Vec<EventStatus>,
}

#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) level: String,
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
    pub(crate) message: String,
}

#[derive(Clone, Debug)]
pub(crate) struct ServiceStatus {
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) server: String,
    pub(crate) transport: String,
    pub(crate) interface: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) ipv4: Option<String>,
    pub(crate) ipv6: Option<String>,
    pub(crate) address_note: Option<String>,
    pub(crate) hosts: Vec<HostStatus>,
}

#[derive(Clone, Debug)]
pub(crate) struct HostStatus {
    pub(crate) hostname: String,
    pub(crate) state: String,
    pub(crate) registered_ipv4: Option<String>,
    pub(crate) registered_ipv6: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) last_attempt: Option<i64>,
    pub(crate) last_success: Option<i64>,
    pub(crate) changed: Option<i64>,
    pub(crate) next_attempt: Option<i64>,
    pub(crate) next_attempt_uptime: Option<u64>,
    pub(crate) failures: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct EventStatus {
    pub(crate) time: Option<i64>,
    pub(crate) uptime: u64,
    pub(crate) service: String,
    pub(crate) hostname: String,
    pub(crate) code: String,
    pub(crate) ipv4: Option<String>,
    pub(crate) ipv6: Option<String>,
}

/// Reads a status file. None: damaged, or of another version.
pub(crate) fn read(text: &str) -> Option<Status> {
    let typed::Status { program, time, uptime, mode, problems, services, events, .. } = typed::read(text)?;
    let problems = problems.into_iter().map(|problem| Problem {
        level: problem.level.to_string(),
        file: problem.file,
        line: problem.line,
        message: problem.message,
    });
    Some(Status {
        program,
        time,
        uptime,
        mode: mode.to_string(),
        problems: problems.collect(),
        services: services.into_iter().map(service).collect(),
        events: events.into_iter().map(event).collect(),
    })
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn service(service: typed::ServiceStatus) -> ServiceStatus {
    ServiceStatus {
        name: service.name,
        enabled: service.enabled,
        server: service.server,
        transport: service.transport,
        interface: service.interface,
        device: service.device,
        ipv4: text(service.ipv4),
        ipv6: text(service.ipv6),
        address_note: service.address_note,
        hosts: service.hosts.into_iter().map(host).collect(),
    }
}

fn host(host: typed::HostStatus) -> HostStatus {
    HostStatus {
        hostname: host.hostname,
        state: host.state.to_string(),
        registered_ipv4: text(host.registered_ipv4),
        registered_ipv6: text(host.registered_ipv6),
        code: text(host.code),
        message: host.message,
        last_attempt: host.last_attempt,
        last_success: host.last_success,
        changed: host.changed,
        next_attempt: host.next_attempt,
        next_attempt_uptime: host.next_attempt_uptime,
        failures: host.failures,
    }
}

fn event(event: typed::EventStatus) -> EventStatus {
    EventStatus {
        time: event.time,
        uptime: event.uptime,
        service: event.service,
        hostname: event.hostname,
        code: event.code.to_string(),
        ipv4: text(event.ipv4),
        ipv6: text(event.ipv6),
    }
}
