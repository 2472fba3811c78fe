//! What a [`Records`] remembers of uplinks until the next boot: devices that events may name, and mwan3's reports.
//!
//! Does not find a device, and does not decide what a report means.

use super::Records;

impl Records {
    /// Stores the devices that a pass found. A pass usually finds none while the uplink is down: then events may still
    /// name the devices of the pass before, so those stay. True: the devices changed.
    #[must_use]
    pub fn found(&mut self, mut devices: Vec<String>) -> bool {
        devices.sort_unstable();
        devices.dedup();
        let are_others = !devices.is_empty() && devices != self.devices;
        if are_others {
            self.devices = devices;
        }
        are_others
    }

    /// Stores mwan3's report about an interface.
    pub fn track(&mut self, interface: &str, connected: bool) {
        self.disconnected.retain(|name| name != interface);
        if !connected {
            self.disconnected.push(interface.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_kept_while_none_is_found() {
        let mut records = Records::default();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(!records.found(Vec::new()) && records.devices.is_empty());
        for (devices, are_others) in
            [(&["wwan0", "br-lan", "wwan0"][..], true), (&["br-lan", "wwan0"], false), (&[], false)]
        {
            assert_eq!(records.found(names(devices)), are_others);
            assert_eq!(records.devices, names(&["br-lan", "wwan0"]));
        }
    }

    #[test]
    fn an_interface_is_disconnected_until_it_is_connected() {
        let mut records = Records::default();
        for (interface, connected, expected) in [
            ("wan", true, &[][..]),
            ("wan", false, &["wan"]),
            ("lte", false, &["wan", "lte"]),
            ("lte", false, &["wan", "lte"]),
            ("wan", true, &["lte"]),
        ] {
            records.track(interface, connected);
            assert_eq!(records.disconnected, expected);
        }
    }
}
