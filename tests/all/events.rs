//! Which hotplug events start a pass: events of a mobile modem's dynamic interfaces and of the device that the last
//! pass found, and mwan3's reports on listed interfaces.

use crate::common::{HOME, Router, STATE, STATUS, ip};

fn up(name: &str, device: &str) -> String {
    format!("{{\"interface\":\"{name}\",\"up\":true,\"l3_device\":\"{device}\",\"proto\":\"dhcp\"}}")
}

fn dump(r: &Router, interfaces: &[String]) {
    r.netifd.put("network.interface.dump", &format!("{{\"interface\":[{}]}}", interfaces.join(",")));
}

fn registered(r: &Router) -> Option<String> {
    r.host(HOME).registered_ipv4
}

#[test]
fn a_mobile_modem_is_registered_by_the_events_of_its_dynamic_interface() {
    const STORY: &str = "a_mobile_modem_is_registered_by_the_events_of_its_dynamic_interface";
    let Some(r) = Router::new(STORY) else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption interface 'wwan'")));
    r.netifd.up("wwan", &r.device);
    let event = |action| [("ACTION", action), ("INTERFACE", "wwan_4"), ("DEVICE", r.device.as_str())];
    assert_eq!(r.hotplug(&event("ifup")).exit, 0);
    assert_eq!((r.requests(), registered(&r).as_deref()), (1, Some("203.0.113.7")));
    r.move_to("203.0.113.7", "203.0.113.8");
    assert_eq!(r.hotplug(&event("ifupdate")).exit, 0);
    assert_eq!((r.requests(), registered(&r).as_deref()), (2, Some("203.0.113.8")));
}

#[test]
fn an_event_of_the_device_that_the_last_pass_found_is_ours() {
    let Some(r) = Router::new("an_event_of_the_device_that_the_last_pass_found_is_ours") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption interface 'wwan'")));
    r.netifd.up("wwan", &r.device);
    let event = [("ACTION", "ifupdate"), ("INTERFACE", "alias"), ("DEVICE", r.device.as_str())];
    assert_eq!(r.hotplug(&event).exit, 0);
    assert!(!r.exists(STATUS), "no pass has found a device yet");
    r.pass(0);
    r.move_to("203.0.113.7", "203.0.113.8");
    let before = r.snapshot();
    let other = [("ACTION", "ifupdate"), ("INTERFACE", "alias"), ("DEVICE", "br-lan")];
    assert_eq!(r.hotplug(&other).exit, 0);
    assert_eq!(r.snapshot(), before, "another device: nothing is touched, and no lock is taken");
    assert_eq!(r.hotplug(&event).exit, 0);
    assert_eq!((r.requests(), registered(&r).as_deref()), (2, Some("203.0.113.8")));
    // The device still belongs to the uplink while the uplink is down.
    r.netifd.put("network.interface.wwan.status", "{\"up\":false}");
    r.pass(1);
    r.netifd.up("wwan", &r.device);
    r.move_to("203.0.113.8", "203.0.113.9");
    assert_eq!(r.hotplug(&event).exit, 0);
    assert_eq!(registered(&r).as_deref(), Some("203.0.113.9"));
    // Events do not concern a disabled service.
    let disabled = format!("list hostname '{HOME}'\noption interface 'wwan'\noption enabled '0'");
    r.config(&r.service("home", &disabled));
    let before = r.snapshot();
    assert_eq!((r.hotplug(&event).exit, r.snapshot() == before), (0, true));
}

/// Two uplinks, which mwan3 reports on.
fn two_uplinks(story: &str, lte: &str) -> Option<Router> {
    let r = Router::new(story)?;
    ip(&format!("link add {lte} type veth peer name p-{lte}"));
    ip(&format!("link set {lte} up"));
    ip(&format!("addr add 198.51.100.9/32 dev {lte}"));
    dump(&r, &[up("wan", &r.device), up("lte", lte)]);
    r.netifd.up("lte", lte);
    let list = "list interface 'wan'\nlist interface 'lte'";
    r.config(&r.service("home", &format!("list hostname '{HOME}'\n{list}")));
    r.pass(0);
    assert_eq!(registered(&r).as_deref(), Some("203.0.113.7"));
    Some(r)
}

#[test]
fn an_uplink_that_mwan3_reports_disconnected_is_down_until_it_is_connected() {
    const STORY: &str = "an_uplink_that_mwan3_reports_disconnected_is_down_until_it_is_connected";
    let Some(r) = two_uplinks(STORY, "lte1") else { return };
    let device = r.device.clone();
    let report =
        |action, interface| [("ACTION", action), ("INTERFACE", interface), ("DEVICE", device.as_str())];
    assert_eq!(r.hotplug(&report("disconnected", "wan")).exit, 0);
    assert_eq!(registered(&r).as_deref(), Some("198.51.100.9"));
    // Neither netifd's events nor plain runs nor a report on the other interface make it usable again.
    r.pass(0);
    assert_eq!(r.hotplug(&report("ifup", "wan")).exit, 0);
    let other = [("ACTION", "connected"), ("INTERFACE", "lte"), ("DEVICE", "lte1")];
    assert_eq!(r.hotplug(&other).exit, 0);
    assert_eq!(registered(&r).as_deref(), Some("198.51.100.9"));
    assert_eq!(r.hotplug(&report("disconnected", "lte")).exit, 1);
    let message = r.shows(HOME, "no-address", "no-address").message.unwrap();
    assert!(message.contains("wan has no connection, as mwan3 reports"), "{message}");
    assert_eq!(r.hotplug(&report("connected", "wan")).exit, 0);
    assert_eq!(registered(&r).as_deref(), Some("203.0.113.7"));
    // A report on an interface outside the list does not concern the service.
    let before = r.snapshot();
    assert_eq!(r.hotplug(&report("disconnected", "guest")).exit, 0);
    assert_eq!(r.snapshot(), before);
}

#[test]
fn a_report_of_mwan3_is_forgotten_at_the_next_boot() {
    let Some(r) = two_uplinks("a_report_of_mwan3_is_forgotten_at_the_next_boot", "lte3") else { return };
    let report = [("ACTION", "disconnected"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    std::fs::remove_dir_all(r.root.join("var/run/nicup")).unwrap();
    assert_eq!(r.hotplug(&report).exit, 0);
    assert!(r.read(STATE).contains("\"disconnected\":[\"wan\"]"), "the first event of a boot");
    assert_eq!(registered(&r).as_deref(), Some("198.51.100.9"));
    r.reboot();
    r.pass(0);
    assert_eq!(registered(&r).as_deref(), Some("203.0.113.7"));
}
