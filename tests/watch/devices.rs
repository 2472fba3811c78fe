//! Devices of a router come up in any order: each test ends with the right request, and only one.

use crate::common::{HOME, Router, STATUS, ip, patience};
use crate::place::{alone, alone_with, batch, is_current, nap, start, until, watch};
use noip_simulator::Options;
use std::process::Command;

fn sent(r: &Router) -> Vec<String> {
    assert_eq!(r.requests(), r.sim.requests().len());
    r.sim.requests().into_iter().map(|request| request.myip.unwrap_or_default()).collect()
}

#[test]
fn the_network_is_down_at_the_start() {
    let Some(r) = alone("devices::the_network_is_down_at_the_start") else { return };
    // The address exists before the device is up, so that only the link causes an event.
    ip(&format!("link set {} down", r.device));
    let _running = watch(&r);
    until("no address", 5, || r.host(HOME).state == "no-address");
    nap(500);
    ip(&format!("link set {} up", r.device));
    is_current(&r, "203.0.113.7");
    // A device that goes down needs no update.
    ip(&format!("link set {} down", r.device));
    until("no address", 5, || r.host(HOME).state == "no-address");
    ip(&format!("link set {} up", r.device));
    is_current(&r, "203.0.113.7");
    assert_eq!(sent(&r), ["203.0.113.7"]);
}

#[test]
fn the_name_can_be_resolved_later() {
    let options = Options { names: vec!["noip.test".to_owned()], ..Options::default() };
    let Some(r) = alone_with("devices::the_name_can_be_resolved_later", options) else { return };
    // These files are for this namespace only, where no name server responds.
    let over = |file: &str, text: &str| {
        r.write("names", text);
        let path = r.root.join("names").with_file_name(file.replace('/', "-"));
        std::fs::write(&path, text).unwrap();
        assert!(Command::new("mount").args(["--bind"]).arg(&path).arg(file).status().unwrap().success());
        path
    };
    let hosts = over("/etc/hosts", "127.0.0.1 localhost\n");
    over("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    r.configure("option server 'noip.test'");
    let _running = watch(&r);
    until("no resolution", 15, || r.host(HOME).code.as_deref() == Some("dns"));
    std::fs::write(hosts, "127.0.0.1 localhost noip.test\n").unwrap();
    is_current(&r, "203.0.113.7");
    assert_eq!(sent(&r), ["203.0.113.7"]);
}

#[test]
fn the_device_comes_after_the_start() {
    let Some(r) = alone("devices::the_device_comes_after_the_start") else { return };
    r.configure("option device 'late0'");
    r.config(&r.service("home", &format!("option device 'late0'\nlist hostname '{HOME}'\n")));
    let _running = watch(&r);
    until("no address", 5, || r.host(HOME).state == "no-address");
    batch("link add late0 type veth peer name late1\nlink set late0 up\naddr add 203.0.113.8/32 dev late0\n");
    is_current(&r, "203.0.113.8");
    assert_eq!(sent(&r), ["203.0.113.8"]);
}

#[test]
fn a_pppoe_device_comes_back_with_another_number() {
    let Some(r) = alone("devices::a_pppoe_device_comes_back_with_another_number") else { return };
    let device = r.device.clone();
    let dial = |address: &str| {
        batch(&format!(
            "link add {device} type veth peer name ac0\nlink set {device} up\n\
             addr add {address} peer 198.51.100.1/32 dev {device}\n"
        ));
    };
    let _running = watch(&r);
    is_current(&r, "203.0.113.7");
    ip(&format!("link del {device}"));
    until("no address", 5, || r.host(HOME).state == "no-address");
    dial("203.0.113.8");
    is_current(&r, "203.0.113.8");
    // So fast that the loop sees both events at once.
    for (last, requests) in [(9, 3), (9, 3)] {
        ip(&format!("link del {device}"));
        dial(&format!("203.0.113.{last}"));
        is_current(&r, &format!("203.0.113.{last}"));
        nap(600);
        assert_eq!(sent(&r).len(), requests);
    }
    // While a pass is running, after it has read the addresses.
    r.answers(&["delay:1000:normal"]);
    r.address("add 203.0.113.10/32");
    r.address("del 203.0.113.9 peer 198.51.100.1/32");
    assert!(r.sim.wait_for(4, patience()));
    ip(&format!("link del {device}"));
    dial("203.0.113.11");
    is_current(&r, "203.0.113.11");
    assert_eq!(sent(&r)[1..], ["203.0.113.8", "203.0.113.9", "203.0.113.10", "203.0.113.11"]);
}

/// A PPPoE line as pppd and netifd make one: a new point-to-point device for each session, then the hotplug event.
struct Line<'r>(&'r Router);

impl Line<'_> {
    const DEVICE: &'static str = "pppoe-wan";

    /// Sets netifd's status of the interface.
    fn is(&self, up: bool) {
        let device = if up { format!(",\"l3_device\":\"{}\"", Line::DEVICE) } else { String::new() };
        let text = format!("{{\"up\":{up},\"pending\":{},\"proto\":\"pppoe\"{device}}}", !up);
        self.0.netifd.put("network.interface.wan.status", &text);
    }

    /// Starts a session, and returns the index of its device.
    fn dial(&self, address: &str) -> String {
        let device = Line::DEVICE;
        let made = Command::new("ip").args(["tuntap", "add", "dev", device, "mode", "tun"]).output().unwrap();
        if !made.status.success() {
            ip(&format!("link add {device} type veth peer name ac0")); // no /dev/net/tun here
        }
        batch(&format!("link set {device} up\naddr add {address} peer 198.51.100.1/32 dev {device}\n"));
        let shown = Command::new("ip").args(["-o", "link", "show", "dev", device]).output().unwrap();
        String::from_utf8(shown.stdout).unwrap().split_once(':').unwrap().0.to_owned()
    }

    fn hang_up(&self) {
        self.is(false);
        ip(&format!("link del {}", Line::DEVICE));
    }

    /// Runs the hotplug script's command.
    fn event(&self, action: &str) {
        let event = [("ACTION", action), ("INTERFACE", "wan"), ("DEVICE", Line::DEVICE)];
        let event = if action == "ifdown" { &event[..2] } else { &event };
        assert_eq!(start(self.0, &["run", "--wait", "--hotplug"], event).ended().exit, 0);
    }
}

#[test]
fn a_pppoe_line_is_dialled_again_and_again() {
    let Some(r) = alone("devices::a_pppoe_line_is_dialled_again_and_again") else { return };
    ip(&format!("link del {}", r.device));
    r.config(&r.service("home", &format!("list hostname '{HOME}'\n")));
    let line = Line(&r);
    line.is(false);
    let _running = watch(&r);
    until("no address", 5, || r.host(HOME).state == "no-address");
    let first = line.dial("203.0.113.7");
    line.is(true);
    line.event("ifup");
    is_current(&r, "203.0.113.7");
    line.hang_up();
    line.event("ifdown");
    until("no address", 5, || r.host(HOME).state == "no-address");
    // The kernel's event comes first, and netifd still reports the interface as down.
    let before = r.stamp(STATUS);
    let second = line.dial("203.0.113.8");
    assert_ne!(first, second, "another device has the name");
    until("a look", 5, || r.stamp(STATUS) != before);
    assert_eq!((sent(&r).len(), r.host(HOME).state.as_str()), (1, "no-address"));
    line.is(true);
    line.event("ifup");
    is_current(&r, "203.0.113.8");
    // Everything at once, with a new address and then with the same.
    for address in ["203.0.113.9", "203.0.113.9"] {
        line.hang_up();
        line.event("ifdown");
        line.dial(address);
        line.is(true);
        line.event("ifup");
        is_current(&r, address);
        nap(600);
        is_current(&r, address);
    }
    assert_eq!(sent(&r), ["203.0.113.7", "203.0.113.8", "203.0.113.9"]);
    assert_eq!(r.service_status("home").device.as_deref(), Some(Line::DEVICE));
}

#[test]
fn a_device_takes_the_name_of_another() {
    let Some(r) = alone("devices::a_device_takes_the_name_of_another") else { return };
    let device = r.device.clone();
    batch("link add spare0 type veth peer name spare1\naddr add 203.0.113.8/32 dev spare0\n");
    let _running = watch(&r);
    is_current(&r, "203.0.113.7");
    batch(&format!("link set {device} down\nlink set {device} name old0\nlink set old0 up\n"));
    until("no address", 5, || r.host(HOME).state == "no-address");
    batch(&format!("link set spare0 name {device}\nlink set {device} up\n"));
    is_current(&r, "203.0.113.8");
    // Events of the old device no longer concern the service.
    ip("addr add 203.0.113.9/32 dev old0");
    nap(600);
    assert_eq!(sent(&r), ["203.0.113.7", "203.0.113.8"]);
}

#[test]
fn ipv6_comes_two_seconds_after_ipv4() {
    let Some(r) = alone("devices::ipv6_comes_two_seconds_after_ipv4") else { return };
    r.configure("option family 'both'");
    r.address("del 203.0.113.7/32");
    let running = watch(&r);
    until("no address", 5, || r.host(HOME).state == "no-address");
    r.address("add 203.0.113.7/32");
    nap(100);
    // netifd's event.
    let ifup = [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    assert_eq!(r.hotplug(&ifup).exit, 0);
    nap(1900);
    r.address("add 2001:db8::7/64 nodad");
    is_current(&r, "203.0.113.7");
    assert_eq!(r.host(HOME).registered_ipv6.as_deref(), Some("2001:db8::7"));
    nap(500);
    assert_eq!(sent(&r), ["203.0.113.7,2001:db8::7"]);
    // Without an IPv6 address, nicup sends IPv4 alone after 3 s.
    r.address("del 2001:db8::7/64");
    nap(3500);
    r.move_to("203.0.113.7", "203.0.113.8");
    nap(2500);
    assert_eq!(sent(&r).len(), 1);
    is_current(&r, "203.0.113.8");
    assert_eq!(sent(&r)[1..], ["203.0.113.8"]);
    drop(running);
}

#[test]
fn ipv6_is_used_when_its_uniqueness_is_proven() {
    let Some(r) = alone("devices::ipv6_is_used_when_its_uniqueness_is_proven") else { return };
    r.configure("option family 'ipv6'");
    let number = r.device.trim_start_matches("wan").to_owned();
    ip(&format!("link set peer{number} up"));
    let _running = watch(&r);
    until("no address", 5, || r.host(HOME).state == "no-address");
    r.address("add 2001:db8::7/64");
    until("current", 10, || r.host(HOME).registered_ipv6.as_deref() == Some("2001:db8::7"));
    assert_eq!(sent(&r), ["2001:db8::7"]);
}
