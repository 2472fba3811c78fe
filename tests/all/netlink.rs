//! Real addresses, created with `ip` in a separate network namespace and read through rtnetlink.
//!
//! Needs root or user namespaces, and veth: the test runs itself again under `unshare`. Where that is not allowed, it
//! prints SKIP and the reason; with CI set, it fails.

use crate::common::skip;
use nicup::sys::netlink::{AddressSource, Netlink};
use nicup::wire::rtnl::{
    Address, Body, DeviceAddresses, DeviceState, EVENT_GROUPS, Flags, Lifetime, Messages, Scope,
};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::net::IpAddr;
use std::process::{Command, Stdio};

const INSIDE: &str = "NICUP_TEST_NAMESPACE";

/// Whether this process is in its own namespace, where `name` may run. If not, runs the test in one.
fn inside(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let probe = "ip link add probe0 type veth peer name probe1";
    let Some(flags) = ["-n", "-rn"]
        .into_iter()
        .find(|flags| quiet(Command::new("unshare").args([*flags, "sh", "-c", probe])))
    else {
        skip(name, "no network namespace with veth (needs unshare and ip, and root or user namespaces)");
        return false;
    };
    let status = Command::new("unshare")
        .arg(flags)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("netlink::{name}"), "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{name} failed in its namespace");
    false
}

fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs lines of `ip` commands.
fn ip(lines: &str) {
    use std::io::Write as _;
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{lines}");
}

fn read(devices: &[&str]) -> Vec<DeviceAddresses> {
    Netlink.addresses(devices).unwrap_or_else(|error| panic!("{}", error.explain()))
}

fn find(device: &DeviceAddresses, ip: &str) -> Address {
    let ip: IpAddr = ip.parse().unwrap();
    *device.addresses.iter().find(|address| address.ip == ip).unwrap_or_else(|| panic!("{ip} in {device:?}"))
}

#[test]
fn a_pppoe_device_has_its_own_end() {
    if !inside("a_pppoe_device_has_its_own_end") {
        return;
    }
    ip("link add pppoe-wan type veth peer name p1
        addr add 203.0.113.7 peer 10.64.0.1 dev pppoe-wan
        addr add 2001:db8::7 peer 2001:db8::1 dev pppoe-wan nodad
        link set pppoe-wan up");
    let device = &read(&["pppoe-wan"])[0];
    assert_eq!(device.device, "pppoe-wan");
    assert_eq!(device.state, DeviceState::Up);
    let v4 = find(device, "203.0.113.7");
    assert_eq!((v4.prefix_len, v4.scope, v4.preferred), (32, Scope::Global, Lifetime::Forever));
    assert!(v4.flags.any(Flags::PERMANENT));
    assert_eq!(find(device, "2001:db8::7").prefix_len, 128);
    assert!(
        device
            .addresses
            .iter()
            .all(|address| !["10.64.0.1", "2001:db8::1"].contains(&address.ip.to_string().as_str()))
    );
}

#[test]
fn what_the_kernel_notes_on_addresses_arrives() {
    if !inside("what_the_kernel_notes_on_addresses_arrives") {
        return;
    }
    ip("link add wan type veth peer name w1
        link set w1 up
        link set wan up
        addr add 198.51.100.2/24 dev wan
        addr add 198.51.100.3/24 dev wan
        addr add 192.0.2.9/24 dev wan scope link
        addr add 192.168.1.2/24 dev wan valid_lft 7200 preferred_lft 3600
        addr add fd00::2/64 dev wan nodad
        addr add 2001:db8::2/64 dev wan nodad valid_lft 7200 preferred_lft 0
        addr add 2001:db8::3/64 dev wan nodad valid_lft 7200 preferred_lft 3600
        addr add 2001:db8::4/64 dev wan");
    let device = &read(&["wan"])[0];
    assert!(!find(device, "198.51.100.2").flags.any(Flags::SECONDARY_OR_TEMPORARY));
    assert!(find(device, "198.51.100.3").flags.any(Flags::SECONDARY_OR_TEMPORARY));
    assert_eq!(find(device, "192.0.2.9").scope, Scope::Link);
    assert!(matches!(find(device, "192.168.1.2").preferred, Lifetime::Seconds(3590..=3600)));
    assert!(matches!(find(device, "192.168.1.2").valid, Lifetime::Seconds(7190..=7200)));
    assert_eq!(find(device, "fd00::2").prefix_len, 64);
    let deprecated = find(device, "2001:db8::2");
    assert!(deprecated.flags.any(Flags::DEPRECATED));
    assert_eq!(deprecated.preferred, Lifetime::Seconds(0));
    assert!(!find(device, "2001:db8::3").flags.any(Flags::DEPRECATED));
    assert!(find(device, "2001:db8::4").flags.any(Flags::TENTATIVE));
    let primary = device.addresses.iter().filter(|address| {
        address.ip.is_ipv4()
            && address.scope == Scope::Global
            && !address.flags.any(Flags::SECONDARY_OR_TEMPORARY)
    });
    let order: Vec<_> = primary.map(|address| address.ip.to_string()).collect();
    assert_eq!(order, ["198.51.100.2", "192.168.1.2"], "as they were added");
}

#[test]
fn a_missing_device_is_not_one_without_addresses() {
    if !inside("a_missing_device_is_not_one_without_addresses") {
        return;
    }
    ip("link add wan type veth peer name w1");
    let states = |devices: &[&str]| read(devices).into_iter().map(|found| found.state).collect::<Vec<_>>();
    assert_eq!(states(&["pppoe-wan", "wan"]), [DeviceState::Missing, DeviceState::Down]);
    assert_eq!(states(&["pppoe-wan"]), [DeviceState::Missing]);
    assert_eq!(states(&["a-name-that-no-device-can-have", ""]), [DeviceState::Missing; 2]);
    assert_eq!(read(&[]), []);
    ip("link set wan up
        addr add 203.0.113.7/24 dev wan");
    let found = read(&["wan", "wan"]);
    assert_eq!(found[0].state, DeviceState::Up, "even without a carrier");
    assert_eq!(found[0], found[1], "asked twice, answered twice");
}

#[test]
fn two_devices_are_found_among_many() {
    if !inside("two_devices_are_found_among_many") {
        return;
    }
    let mut lines = String::new();
    for pair in 0..100 {
        lines += &format!("link add a{pair} type veth peer name b{pair}\n");
        for host in 1..=5 {
            lines += &format!(
                "addr add 10.{pair}.0.{host}/24 dev a{pair}\naddr add 10.{pair}.1.{host}/24 dev b{pair}\n"
            );
        }
    }
    ip(&lines);
    let found = read(&["a3", "b97"]);
    let numbers = |prefix: &str| {
        (1..=5).map(|host| format!("{prefix}.{host}").parse().unwrap()).collect::<Vec<IpAddr>>()
    };
    let ips = |at: usize| found[at].addresses.iter().map(|address| address.ip).collect::<Vec<_>>();
    assert_eq!(ips(0), numbers("10.3.0"));
    assert_eq!(ips(1), numbers("10.97.1"));
}

#[test]
fn an_event_is_read_by_the_same_decoder() {
    if !inside("an_event_is_read_by_the_same_decoder") {
        return;
    }
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).unwrap();
    bind(&socket, &SocketAddrNetlink::new(0, EVENT_GROUPS)).unwrap();
    ip("link add wan type veth peer name w1
        addr add 203.0.113.7/24 dev wan
        addr del 203.0.113.7/24 dev wan
        link del wan");
    let (mut bytes, mut buffer) = (vec![], [0; 16 * 1024]);
    while let Ok((length, _)) = recv(&socket, &mut buffer[..], RecvFlags::DONTWAIT) {
        for message in Messages::new(&buffer[..length]) {
            bytes.push(match message.unwrap().body {
                Body::Link(link) => format!("+{}", String::from_utf8_lossy(link.name)),
                Body::LinkGone(link) => format!("-{}", String::from_utf8_lossy(link.name)),
                Body::Address(address) => format!("+{}", address.ip),
                Body::AddressGone(address) => format!("-{}", address.ip),
                Body::Done(_) | Body::Error(_) | Body::Overrun | Body::Other(_) => continue,
            });
        }
    }
    let mut bytes = bytes.into_iter();
    for expected in ["+wan", "+203.0.113.7", "-203.0.113.7", "-wan"] {
        assert!(bytes.any(|event| event == expected), "{expected} in its turn");
    }
}
