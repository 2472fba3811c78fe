//! The environment that `/sbin/hotplug-call` gives its scripts, as one event.
//!
//! Does not read the environment (app::cli does) and does not know which interfaces are configured.
//! Source: netifd's system-linux and interface-event.c (`iface`), mwan3track (`iface` too), OpenWrt's ntpd-hotplug (`ntp`).

/// Something that netifd or ntpd reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `iface`: an interface came up, went down or changed its addresses.
    Interface {
        /// What happened.
        action: Action,
        /// netifd's logical name; empty if the caller set only a device.
        interface: String,
        /// Linux device; netifd sets it for ifup and ifupdate only.
        device: Option<String>,
    },
    /// `ntp`: the clock has been set, or its stratum changed.
    Clock,
}

/// The `iface` actions that concern an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `ifup`
    Up,
    /// `ifupdate`
    Update,
    /// `ifdown`
    Down,
    /// mwan3's `connected`: its tracking reaches the internet through the interface.
    Connected,
    /// mwan3's `disconnected`: it does not, although the interface may be up.
    Disconnected,
}

impl Action {
    /// Whether it is mwan3's report on an interface, and not netifd's.
    #[must_use]
    pub const fn is_report(self) -> bool {
        match self {
            Action::Connected | Action::Disconnected => true,
            Action::Up | Action::Update | Action::Down => false,
        }
    }
}

/// Reads the hotplug variables through `get`. None: an event that nicup never handles, e.g. `ifup-failed`.
pub fn event(get: impl Fn(&str) -> Option<String>) -> Option<Event> {
    let filled = |name: &str| get(name).filter(|value| !value.is_empty());
    let interface = filled("INTERFACE");
    let device = filled("DEVICE");
    let action = match (filled("ACTION")?.as_str(), &interface, &device) {
        ("stratum" | "step", None, _) => return Some(Event::Clock),
        ("ifup", ..) => Action::Up,
        ("ifupdate", ..) => Action::Update,
        ("ifdown", ..) => Action::Down,
        ("connected", Some(_), _) => Action::Connected,
        ("disconnected", Some(_), _) => Action::Disconnected,
        _ => return None,
    };
    if interface.is_none() && device.is_none() {
        return None;
    }
    Some(Event::Interface { action, interface: interface.unwrap_or_default(), device })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Option<Event> {
        event(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn netifds_events_are_read() {
        for (action, expected) in [("ifup", Action::Up), ("ifupdate", Action::Update)] {
            let event = read(&[("ACTION", action), ("INTERFACE", "wan"), ("DEVICE", "pppoe-wan")]);
            let (interface, device) = ("wan".to_owned(), Some("pppoe-wan".to_owned()));
            assert_eq!(event, Some(Event::Interface { action: expected, interface, device }));
        }
        let down = read(&[("ACTION", "ifdown"), ("INTERFACE", "wan"), ("DEVICE", "")]);
        assert_eq!(
            down,
            Some(Event::Interface { action: Action::Down, interface: "wan".to_owned(), device: None })
        );
    }

    #[test]
    fn mwan3s_events_are_read() {
        for (action, expected) in [("connected", Action::Connected), ("disconnected", Action::Disconnected)] {
            let event = read(&[("ACTION", action), ("INTERFACE", "wan"), ("DEVICE", "eth1")]);
            let (interface, device) = ("wan".to_owned(), Some("eth1".to_owned()));
            assert_eq!(event, Some(Event::Interface { action: expected, interface, device }));
            assert_eq!(read(&[("ACTION", action), ("DEVICE", "eth1")]), None, "mwan3 names an interface");
        }
        let reports = [Action::Up, Action::Update, Action::Down, Action::Connected, Action::Disconnected];
        assert_eq!(reports.map(Action::is_report), [false, false, false, true, true]);
    }

    #[test]
    fn ntp_events_have_no_interface() {
        assert_eq!(read(&[("ACTION", "stratum"), ("freq_drift_ppm", "0")]), Some(Event::Clock));
        assert_eq!(read(&[("ACTION", "step")]), Some(Event::Clock));
        assert_eq!(read(&[("ACTION", "step"), ("INTERFACE", "wan")]), None);
    }

    #[test]
    fn other_actions_are_never_ours() {
        for action in ["ifup-failed", "create", "free", "reload", "", "IFUP", "Connected"] {
            assert_eq!(read(&[("ACTION", action), ("INTERFACE", "wan")]), None, "{action}");
        }
        assert_eq!(read(&[("INTERFACE", "wan")]), None);
        assert_eq!(read(&[("ACTION", "ifup")]), None);
    }
}
