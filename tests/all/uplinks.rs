//! Where the address comes from: a LAN host's prefix, several uplinks, or none (offline). And what DNS says about it.

use crate::common::{HOME, OFFICE, Router, ip};
use noip_simulator::{Account, Options, TEST_PASSWORD, TEST_USERNAME};
use std::process::Command;

fn paid(hosts: &[&str]) -> Options {
    Options { accounts: vec![Account::new(TEST_USERNAME, TEST_PASSWORD, hosts).paid()], ..Options::default() }
}

fn link(name: &str) {
    ip(&format!("link add {name} type veth peer name p-{name}"));
    ip(&format!("link set {name} up"));
}

#[test]
fn lan_hosts_differ_only_in_their_suffix() {
    const STORY: &str = "lan_hosts_differ_only_in_their_suffix";
    let hosts = ["nas.example.net", "cam.example.net"];
    let options =
        Options { accounts: vec![Account::new(TEST_USERNAME, TEST_PASSWORD, &hosts)], ..Options::default() };
    let Some(r) = Router::with(STORY, options) else { return };
    r.netifd.up("wan", &r.device);
    let service = |name: &str, host: &str, suffix: &str, more: &str| {
        r.service(
            name,
            &format!("list hostname '{host}'\noption family 'ipv6'\noption ip6_suffix '{suffix}'\n{more}"),
        )
    };
    // The WAN has no prefix to delegate: the router has one address of its own, or none.
    r.config(&service("nas", hosts[0], "::1234:5678", ""));
    let wan = format!("{{\"interface\":\"wan\",\"up\":true,\"l3_device\":\"{}\"}}", r.device);
    r.netifd.put("network.interface.dump", &format!("{{\"interface\":[{wan}]}}"));
    let check = r.run(&["check"]);
    assert_eq!(check.exit, 1);
    assert!(check.out.contains("set interface6 to lan"), "{check:?}");
    r.address("add 2001:db8:9::1/128 nodad");
    let check = r.run(&["check"]);
    assert!(check.out.contains("2001:db8:9::1/128, no room for ip6_suffix"), "{check:?}");
    assert!(check.out.contains("set interface6 to lan"), "{check:?}");

    link("br-lan0");
    r.netifd.up("lan", "br-lan0");
    for address in ["2001:db8:1:2::1/64", "fd00:1::1/64"] {
        ip(&format!("addr add {address} dev br-lan0 nodad"));
    }
    let lan = "option interface6 'lan'";
    r.config(&(service("nas", hosts[0], "::1234:5678", lan) + &service("cam", hosts[1], "::a:b:c:d", lan)));
    r.pass(0);
    assert_eq!(r.host(hosts[0]).registered_ipv6.as_deref(), Some("2001:db8:1:2::1234:5678"));
    assert_eq!(r.host(hosts[1]).registered_ipv6.as_deref(), Some("2001:db8:1:2:a:b:c:d"));
    assert_eq!(r.requests(), 2);
    // The provider assigns a new prefix: both hosts get it, and the old one is deprecated.
    ip("addr change 2001:db8:1:2::1/64 dev br-lan0 preferred_lft 0");
    ip("addr add 2001:db8:7:8::1/64 dev br-lan0 nodad");
    r.pass(0);
    assert_eq!(r.host(hosts[0]).registered_ipv6.as_deref(), Some("2001:db8:7:8::1234:5678"));
    assert_eq!(r.host(hosts[1]).registered_ipv6.as_deref(), Some("2001:db8:7:8:a:b:c:d"));
    r.config(&service("nas", hosts[0], "::5", "option family 'ipv4'").replacen(
        "option family 'ipv6'\n",
        "",
        1,
    ));
    assert!(r.run(&["check"]).out.contains("option ip6_suffix is not used"));
}

#[test]
fn the_first_uplink_with_a_usable_address_counts() {
    let Some(r) = Router::new("the_first_uplink_with_a_usable_address_counts") else { return };
    link("lte0");
    ip("addr add 198.51.100.9/32 dev lte0");
    r.config(
        &r.service("home", &format!("list hostname '{HOME}'\nlist interface 'wan'\nlist interface 'lte'")),
    );
    let dump = |wan: &str, lte: &str| {
        r.netifd.put("network.interface.dump", &format!("{{\"interface\":[{wan},{lte}]}}"));
    };
    let up = |name: &str, device: &str| {
        format!("{{\"interface\":\"{name}\",\"up\":true,\"l3_device\":\"{device}\"}}")
    };
    let (wan, lte) = (up("wan", &r.device), up("lte", "lte0"));
    let registered = |address: &str, interface: &str| {
        r.pass(0);
        assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some(address));
        assert_eq!(r.service_status("home").interface.as_deref(), Some(interface));
    };
    dump(&wan, &lte);
    registered("203.0.113.7", "wan");
    dump("{\"interface\":\"wan\",\"up\":false}", &lte);
    registered("198.51.100.9", "lte");
    dump(&wan, &lte);
    registered("203.0.113.7", "wan");
    r.address("flush"); // up, but without an address
    registered("198.51.100.9", "lte");
    r.address("add 192.168.1.2/24"); // and with an address that is not public
    registered("198.51.100.9", "lte");
    ip("addr flush dev lte0");
    r.pass(1);
    let message = r.shows(HOME, "no-address", "private-address").message.unwrap();
    assert!(message.contains("wan has only the private address 192.168.1.2"), "{message}");
    assert!(message.ends_with("; no usable address on lte"), "{message}");
    // The event itself names the interface that came up.
    dump("{\"interface\":\"wan\",\"up\":false}", "{\"interface\":\"lte\",\"up\":false}");
    ip("addr add 198.51.100.10/32 dev lte0");
    let event = [("ACTION", "ifup"), ("INTERFACE", "lte"), ("DEVICE", "lte0")];
    assert_eq!(r.hotplug(&event).exit, 0);
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("198.51.100.10"));
}

#[test]
fn an_interface_whose_ipv4_address_is_used_is_not_named_as_one_without_an_address() {
    let Some(r) =
        Router::new("an_interface_whose_ipv4_address_is_used_is_not_named_as_one_without_an_address")
    else {
        return;
    };
    link("lte1");
    ip("addr add 198.51.100.9/32 dev lte1");
    let configure = |family: &str| {
        let lists = format!("list hostname '{HOME}'\nlist interface 'wan'\nlist interface 'lte'");
        r.config(&r.service("home", &format!("{lists}\noption family '{family}'")));
    };
    r.netifd.put(
        "network.interface.dump",
        "{\"interface\":[{\"interface\":\"wan\",\"up\":false},{\"interface\":\"lte\",\"up\":true,\"l3_device\":\"lte1\"}]}",
    );
    configure("both");
    let checked = r.run(&["check"]).out;
    assert!(checked.contains("would send 198.51.100.9"), "{checked}");
    assert!(checked.contains("  wan is down\n") && !checked.contains("no usable address"), "{checked}");
    r.pass(0);
    assert_eq!(r.service_status("home").address_note.as_deref(), Some("wan is down"));
    // With IPv6 only, both interfaces lack an address.
    configure("ipv6");
    let checked = r.run(&["check"]).out;
    assert!(checked.contains("wan is down; no usable address on lte"), "{checked}");
}

/// A 6rd device as netifd's 6rd.sh creates it. The kernel gives it `::` with its IPv4 address in the last bits. Without
/// the sit module, the test adds that address itself.
fn six_rd(device: &str) {
    ip("addr add 203.0.113.153/32 dev lo");
    let tunnel = format!("tunnel add {device} mode sit remote any local 203.0.113.153 ttl 64");
    if Command::new("ip").args(tunnel.split(' ')).output().unwrap().status.success() {
        ip(&format!("link set {device} up"));
    } else {
        link(device);
        ip(&format!("addr add ::203.0.113.153/96 dev {device} nodad"));
    }
}

#[test]
fn the_aaaa_record_of_a_6rd_line_is_not_its_ipv4_address() {
    let Some(r) = Router::new("the_aaaa_record_of_a_6rd_line_is_not_its_ipv4_address") else { return };
    six_rd("6rd-wan");
    r.config(&r.service(
        "home",
        &format!(
            "option device '6rd-wan'\nlist hostname '{HOME}'\noption family 'ipv6'\noption allow_private '1'"
        ),
    ));
    r.pass(1);
    let message = r.shows(HOME, "no-address", "private-address").message.unwrap();
    assert!(message.contains("::cb00:7199 (IPv4-compatible Address), which is not public"), "{message}");
    ip("addr add 2001:db8:cb00:7199::1/64 dev 6rd-wan nodad");
    r.pass(0);
    assert_eq!(r.host(HOME).registered_ipv6.as_deref(), Some("2001:db8:cb00:7199::1"));
    assert_eq!(r.requests(), 1);
    ip("addr del 203.0.113.153/32 dev lo");
}

#[test]
fn offline_is_sent_once_and_taken_back() {
    const STORY: &str = "offline_is_sent_once_and_taken_back";
    let Some(r) = Router::with(STORY, paid(&[HOME])) else { return };
    r.pass(0);
    r.configure("option offline '1'");
    let check = r.run(&["check"]);
    assert!(check.out.contains("would send offline=YES"), "{check:?}");
    r.address("flush"); // nicup does not need an address here
    r.pass(0);
    r.pass(0);
    assert!(r.sim.is_offline(HOME));
    let last = r.sim.requests().pop().unwrap();
    let raw = String::from_utf8_lossy(&last.raw);
    assert_eq!(r.requests(), 2);
    assert!(raw.starts_with("GET /nic/update?hostname=home.example.net&offline=YES HTTP"), "{raw}");
    assert_eq!(r.shows(HOME, "current", "good").message.as_deref(), Some("accepted as offline"));
    r.configure("");
    r.address("add 203.0.113.7/32");
    r.pass(0);
    assert!(!r.sim.is_offline(HOME));
    assert_eq!(r.requests(), 3);
}

#[test]
fn offline_without_the_paid_feature_stops_until_it_is_switched_off() {
    const STORY: &str = "offline_without_the_paid_feature_stops_until_it_is_switched_off";
    let Some(r) = Router::new(STORY) else { return };
    r.configure("option offline '1'");
    r.pass(4);
    let message = r.shows(HOME, "stopped", "!donator").message.unwrap();
    assert!(message.contains("set option offline to 0"), "{message}");
    r.configure("");
    r.pass(0);
    r.shows(HOME, "current", "good");
}

#[test]
fn check_dns_compares_what_dns_says_with_the_record() {
    const STORY: &str = "check_dns_compares_what_dns_says_with_the_record";
    let options = Options {
        accounts: vec![
            Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME, OFFICE, "lost.invalid"])
                .group("group", &[HOME]),
        ],
        ..Options::default()
    };
    let Some(r) = Router::with(STORY, options) else { return };
    // Name resolution of this namespace only, not of the machine.
    let hosts = r.root.join("hosts");
    std::fs::write(
        &hosts,
        "203.0.113.7 home.example.net\n2001:db8::9 home.example.net\n203.0.113.99 office.example.net\n",
    )
    .unwrap();
    let mounted = Command::new("mount").arg("--bind").arg(&hosts).arg("/etc/hosts").status();
    assert!(mounted.unwrap().success());
    r.configure(&format!("list hostname '{OFFICE}'\nlist hostname 'lost.invalid'"));
    let before = r.run(&["check", "--dns"]);
    assert!(before.out.contains("which nicup did not set"), "{before:?}");
    r.pass(0);
    let files = r.snapshot();
    let check = r.run(&["check", "--dns"]);
    assert_eq!(check.exit, 0, "DNS decides nothing: {check:?}");
    let after = |name: &str| {
        let mut lines = check.out.lines().skip_while(|line| !line.contains(&format!("  {name}: ")));
        lines.nth(1).unwrap_or_else(|| panic!("{name}: {check:?}")).to_owned()
    };
    let home = "DNS has 203.0.113.7, as registered, and 2001:db8::9, which nicup did not set";
    assert!(after(HOME).ends_with(home), "{check:?}");
    let office = after(OFFICE);
    assert!(office.contains("DNS has 203.0.113.99, but nicup registered 203.0.113.7"), "{check:?}");
    assert!(office.ends_with("nicup run --force"), "{check:?}");
    let lost = after("lost.invalid");
    assert!(lost.contains("DNS has no address for it: check that") && !lost.contains("Name or"), "{check:?}");
    assert!(!r.run(&["check"]).out.contains("DNS has"));
    assert_eq!((r.requests(), r.snapshot() == files), (1, true), "nothing sent, nothing written");
    assert!(Command::new("umount").arg("/etc/hosts").status().unwrap().success());
}
