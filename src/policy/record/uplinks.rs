//! What a [`Book`] remembers of uplinks until the next boot: devices that events may name, and mwan3's reports.
//!
//! Does not find a device, and does not decide what a report means.

use super::Book;

impl Book {
    /// Keeps the devices that a pass found. One that found none is mostly one while the uplink is down: the devices that
    /// an event may name are still those of the pass before.
    pub fn found(&mut self, mut devices: Vec<String>) {
        devices.sort_unstable();
        devices.dedup();
        if !devices.is_empty() && devices != self.devices {
            self.touch();
            self.devices = devices;
        }
    }

    /// Keeps what mwan3 reported about an interface.
    pub fn track(&mut self, interface: &str, connected: bool) {
        self.touch();
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
        let mut book = Book::default();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        book.untouch();
        book.found(Vec::new());
        assert!(!book.is_touched());
        book.found(names(&["wwan0", "br-lan", "wwan0"]));
        assert_eq!(
            (book.devices.as_slice(), book.is_touched()),
            (names(&["br-lan", "wwan0"]).as_slice(), true)
        );
        book.untouch();
        book.found(names(&["br-lan", "wwan0"]));
        book.found(Vec::new());
        assert_eq!((book.devices.len(), book.is_touched()), (2, false));
    }

    #[test]
    fn an_interface_is_disconnected_until_it_is_connected() {
        let mut book = Book::default();
        for (interface, connected, expected) in [
            ("wan", true, &[][..]),
            ("wan", false, &["wan"]),
            ("lte", false, &["wan", "lte"]),
            ("lte", false, &["wan", "lte"]),
            ("wan", true, &["lte"]),
        ] {
            book.track(interface, connected);
            assert_eq!(book.disconnected, expected);
        }
    }
}
