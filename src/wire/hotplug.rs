//! The environment that `/sbin/hotplug-call` gives its scripts, as one event.
//!
//! Does not read the environment (app::cli does) and does not know which interfaces are configured.
//! Source: netifd's system-linux and interface-event.c (`iface`), OpenWrt's ntpd-hotplug (`ntp`).

/// Something that netifd or ntpd reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `iface`: an interface came up, went down or changed its addresses.
    Interface {
        /// What happened.
        action: Action,
        /// netifd's logical name; empty where the caller gave only a device.
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
}

/// Reads the hotplug variables through `get`. None: an event that is never ours, e.g. mwan3's `connected`.
pub fn event(get: impl Fn(&str) -> Option<String>) -> Option<Event> {
    let filled = |name: &str| get(name).filter(|value| !value.is_empty());
    let interface = filled("INTERFACE");
    let device = filled("DEVICE");
    let action = match (filled("ACTION")?.as_str(), &interface, &device) {
        ("stratum" | "step", None, _) => return Some(Event::Clock),
        ("ifup", ..) => Action::Up,
        ("ifupdate", ..) => Action::Update,
        ("ifdown", ..) => Action::Down,
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
        let up = read(&[("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", "pppoe-wan")]);
        assert_eq!(
            up,
            Some(Event::Interface {
                action: Action::Up,
                interface: "wan".to_owned(),
                device: Some("pppoe-wan".to_owned())
            })
        );
        let down = read(&[("ACTION", "ifdown"), ("INTERFACE", "wan"), ("DEVICE", "")]);
        assert_eq!(
            down,
            Some(Event::Interface { action: Action::Down, interface: "wan".to_owned(), device: None })
        );
    }

    #[test]
    fn ntp_events_have_no_interface() {
        assert_eq!(read(&[("ACTION", "stratum"), ("freq_drift_ppm", "0")]), Some(Event::Clock));
        assert_eq!(read(&[("ACTION", "step")]), Some(Event::Clock));
        assert_eq!(read(&[("ACTION", "step"), ("INTERFACE", "wan")]), None);
    }

    #[test]
    fn other_actions_are_never_ours() {
        for action in ["ifup-failed", "connected", "disconnected", "create", "free", "reload", "", "IFUP"] {
            assert_eq!(read(&[("ACTION", action), ("INTERFACE", "wan")]), None, "{action}");
        }
        assert_eq!(read(&[("INTERFACE", "wan")]), None);
        assert_eq!(read(&[("ACTION", "ifup")]), None);
    }
}
