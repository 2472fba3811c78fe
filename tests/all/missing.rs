//! Why there is no address: each message names the fault of the uplink and the remedy.

use crate::common::{HOME, Router};
use std::process::Command;

const WAN: &str = "network.interface.wan.status";
const DUMP: &str = "network.interface.dump";

/// Replaces all addresses of the WAN device with these.
fn only(r: &Router, device: &str, addresses: &[&str]) {
    let ip = |arguments: &[&str]| {
        assert!(Command::new("ip").args(arguments).args(["dev", device]).status().unwrap().success());
    };
    ip(&["addr", "flush"]);
    for address in addresses {
        if address.contains(':') {
            ip(&["addr", "add", address, "nodad"]);
        } else {
            ip(&["addr", "add", address]);
        }
    }
    assert_eq!(r.requests(), 0);
}

fn message(r: &Router) -> String {
    r.pass(1);
    r.host(HOME).message.unwrap()
}

#[test]
fn an_interface_that_is_not_up_is_explained_by_what_netifd_says() {
    let Some(r) = Router::new("an_interface_that_is_not_up_is_explained_by_what_netifd_says") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    let down = r#""up":false,"pending":false,"available":true,"autostart":true"#;
    for (status, says) in [
        (r#""up":false,"available":true,"autostart":false"#, "wan is stopped: start it with ifup wan"),
        (
            r#""up":false,"available":false,"autostart":true"#,
            "wan has no carrier: check the cable or the modem",
        ),
        (r#""up":false,"pending":true,"available":true"#, "wan is being set up: waiting for netifd"),
        (
            r#""up":true,"pending":false"#,
            "wan is up, but netifd names no device for it: restart it with ifup wan",
        ),
        (down, "wan is down"),
    ] {
        r.netifd.put(WAN, &format!("{{{status}}}"));
        assert_eq!(message(&r), says, "{status}");
    }
    for (code, says) in [
        (
            "AUTH_FAILED",
            "the provider rejected the login of wan: correct username and password in /etc/config/network",
        ),
        ("NO_DEVICE", "wan has no device: check the modem, and its device in /etc/config/network"),
        ("CONNECT_FAILED", "wan cannot connect: check the line or the modem, and logread"),
    ] {
        r.netifd.put(WAN, &format!(r#"{{{down},"errors":[{{"subsystem":"x","code":"{code}"}}]}}"#));
        assert_eq!(message(&r), says, "{code}");
    }
}

#[test]
fn a_device_that_is_gone_is_not_a_wrong_name() {
    let Some(r) = Router::new("a_device_that_is_gone_is_not_a_wrong_name") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    r.netifd.up("wan", "pppoe-wan");
    assert_eq!(message(&r), "the device of wan is gone: waiting for netifd to bring it back");
}

#[test]
fn a_netifd_that_does_not_answer_has_a_message_with_the_reason() {
    let Some(r) = Router::new("a_netifd_that_does_not_answer_has_a_message_with_the_reason") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    for (status, says) in [("7", "netifd gave no answer in time"), ("6", "run nicup as root")] {
        r.netifd.put("exits", status);
        assert!(message(&r).contains(says), "{status}: {}", message(&r));
    }
}

const LAN_AND_WAN: &str = r#"{"interface":[{"interface":"lan","up":true,"l3_device":"br-lan","device":"br-lan"},
    {"interface":"wan","up":true,"l3_device":"pppoe-wan","device":"eth1"}]}"#;

#[test]
fn an_interface_by_another_name_gets_the_right_one() {
    let Some(r) = Router::new("an_interface_by_another_name_gets_the_right_one") else { return };
    r.netifd.put(DUMP, LAN_AND_WAN);
    for (name, remedy) in [
        ("pppoe-wan", "it is a device, so write option device 'pppoe-wan', or option interface 'wan'"),
        ("eth1", "it is a device, so write option device 'eth1', or option interface 'wan'"),
        ("WAN", "write option interface 'wan'"),
        ("wann", "correct option interface (netifd has lan, wan)"),
    ] {
        r.config(&r.service("home", &format!("list hostname '{HOME}'\noption interface '{name}'")));
        r.pass(1);
        let expected = format!("warning /etc/config/nicup:1: netifd has no interface '{name}': {remedy}");
        assert_eq!(r.problems(), [expected]);
        let checked = r.run(&["check"]);
        assert!(checked.err.contains(remedy), "{checked:?}");
    }
}

#[test]
fn a_wrong_interface6_is_named_as_such() {
    let Some(r) = Router::new("a_wrong_interface6_is_named_as_such") else { return };
    r.netifd.put(DUMP, LAN_AND_WAN);
    for (name, remedy) in [
        ("lann", "correct option interface6 (netifd has lan, wan)"),
        ("LAN", "write option interface6 'lan'"),
        ("br-lan", "write option interface6 'lan'"),
    ] {
        r.config(&r.service(
            "home",
            &format!("list hostname '{HOME}'\noption family 'both'\noption interface6 '{name}'"),
        ));
        let checked = r.run(&["check"]);
        assert!(checked.err.contains(&format!("netifd has no interface '{name}': {remedy}")), "{checked:?}");
    }
}

#[test]
fn an_alias_of_netifd_is_no_name_of_an_interface() {
    let Some(r) = Router::new("an_alias_of_netifd_is_no_name_of_an_interface") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption interface '@wan'")));
    let ran = r.pass(3);
    assert!(ran.err.contains("'@wan' is an alias of a device: write the name without @"), "{ran:?}");
}

#[test]
fn an_uplink_without_ipv4_says_which_family_it_has() {
    let Some(r) = Router::new("an_uplink_without_ipv4_says_which_family_it_has") else { return };
    only(&r, &r.device, &["2001:db8::7/64"]);
    let device = r.device.clone();
    assert_eq!(
        message(&r),
        format!(
            "{device} has no IPv4 address, but the public IPv6 address 2001:db8::7: set option family to ipv6"
        )
    );
}

#[test]
fn an_uplink_with_only_a_prefix_names_interface6() {
    let Some(r) = Router::new("an_uplink_with_only_a_prefix_names_interface6") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption family 'ipv6'")));
    r.netifd.put(
        DUMP,
        &format!(r#"{{"interface":[{{"interface":"wan","up":true,"l3_device":"{}"}}]}}"#, r.device),
    );
    assert_eq!(
        message(&r),
        "wan has no public IPv6 address: if the provider delegates only a prefix, set interface6 to lan"
    );
}

#[test]
fn an_interface6_with_only_local_addresses_gets_advice_about_ipv6() {
    let Some(r) = Router::new("an_interface6_with_only_local_addresses_gets_advice_about_ipv6") else {
        return;
    };
    only(&r, &r.device, &["fd00:1::7/64"]);
    r.configure("option family 'ipv6'");
    let device = r.device.clone();
    let says = format!(
        "{device} has only the local IPv6 address fd00:1::7: ask the provider for an IPv6 prefix, or try another interface6"
    );
    assert_eq!(message(&r), says);
    let checked = r.run(&["check"]).out;
    assert!(checked.contains(&says), "{checked}");
    for of_ipv4 in ["source web", "source_url", "forward ports", "bridge", "CGNAT"] {
        assert!(!checked.contains(of_ipv4), "{checked}");
    }
}

#[test]
fn a_private_address_behind_a_modem_is_the_providers_nat() {
    let Some(r) = Router::new("a_private_address_behind_a_modem_is_the_providers_nat") else { return };
    let modem = "wwan0";
    let ip = |words: &str| assert!(Command::new("ip").args(words.split(' ')).status().unwrap().success());
    ip(&format!("link add {modem} type veth peer name modem-peer"));
    ip(&format!("link set {modem} up"));
    ip(&format!("addr add 10.20.30.40/24 dev {modem}"));
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption device '{modem}'")));
    assert_eq!(
        message(&r),
        "wwan0 has only the private address 10.20.30.40, behind the provider's NAT: ask for a public address, or set option family to ipv6"
    );
    ip(&format!("link del {modem}"));
    only(&r, &r.device, &["10.20.30.40/24"]);
    r.configure("");
    assert!(message(&r).contains("use bridge mode there"));
}

#[test]
fn the_ipv4_address_of_a_dynamic_interface_counts_and_others_are_named() {
    const STORY: &str = "the_ipv4_address_of_a_dynamic_interface_counts_and_others_are_named";
    let Some(r) = Router::new(STORY) else { return };
    let ip = |words: &str| assert!(Command::new("ip").args(words.split(' ')).status().unwrap().success());
    ip("link add modem0 type veth peer name modem0-peer");
    ip("link set modem0 up");
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    r.netifd.up("wan", "modem0");
    let dynamic = |name: &str| {
        format!(r#"{{"interface":"{name}","up":true,"dynamic":true,"l3_device":"{}"}}"#, r.device)
    };
    let dump = |name: &str| {
        let (child, guest) = (dynamic(name), dynamic("guest_4"));
        // One that is configured, and one that is down: neither can have the address.
        let others = r#"{"interface":"wan2","up":true},{"interface":"wan_old","up":false,"dynamic":true}"#;
        let wan = r#"{"interface":"wan","up":true,"l3_device":"modem0"}"#;
        r.netifd.put(DUMP, &format!(r#"{{"interface":[{wan},{child},{guest},{others}]}}"#));
    };
    // Which of them has the public address depends on the provider.
    dump("wan6_map");
    let checked = r.run(&["check"]);
    assert!(checked.out.contains("netifd also has wan6_map, which may have the IPv4 address"), "{checked:?}");
    assert_eq!(checked.out.matches("netifd also has").count(), 1, "guest_4 is another uplink's: {checked:?}");
    assert_eq!(r.run(&["run"]).exit, 1);
    dump("wan_4");
    r.pass(0);
    assert_eq!(r.requests(), 1);
    assert_eq!(r.service_status("home").interface.as_deref(), Some("wan_4"));
    assert!(!r.run(&["check"]).out.contains("netifd also has"));
}
