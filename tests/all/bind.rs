//! Two uplinks, and the server behind both in its own namespace: which uplink a request uses.

use crate::common::{CA, HOME, Router, ip, patience};
use noip_simulator::{Listen, Options, Simulator};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FOLDER: &str = "NICUP_TEST_SERVER";
const SERVER: &str = "192.0.2.1";

fn wait_for(path: &Path) {
    let end = Instant::now() + patience();
    while !path.exists() {
        assert!(Instant::now() < end, "{} is not there", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The far end of both uplinks. The tests start it as a separate process; without FOLDER it does nothing.
#[test]
fn the_server_behind_both_uplinks() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    ip("link set lo up");
    ip(&format!("addr add {SERVER}/32 dev lo"));
    std::fs::write(folder.join("waiting"), "").unwrap();
    wait_for(&folder.join("links"));
    for (link, address) in [("peer0", "203.0.113.1/24"), ("peerb", "198.51.100.1/24")] {
        ip(&format!("addr add {address} dev {link}"));
        ip(&format!("link set {link} up"));
    }
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let sim = Simulator::start(Options {
        listen: vec![Listen { addr: (SERVER.parse::<std::net::IpAddr>().unwrap(), 443).into(), tls: true }],
        address_page: Some("/ip".to_owned()),
        log: Some(Box::new(log)),
        ..Options::default()
    })
    .unwrap();
    sim.write_ca(folder.join("ca")).unwrap();
    std::fs::write(folder.join("ready"), "").unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// The server's process. It exits when its standard input closes.
struct Server(Child, PathBuf);

impl Server {
    fn start(r: &Router) -> Server {
        let folder = r.root.join("server");
        std::fs::create_dir_all(&folder).unwrap();
        let child = Command::new("unshare")
            .arg("-n")
            .arg(std::env::current_exe().unwrap())
            .args(["bind::the_server_behind_both_uplinks", "--exact"])
            .env(FOLDER, &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(&folder.join("waiting"));
        ip("link add wanb type veth peer name peerb");
        ip("link set wanb up");
        for link in ["peer0", "peerb"] {
            ip(&format!("link set {link} netns {}", child.id()));
        }
        std::fs::write(folder.join("links"), "").unwrap();
        wait_for(&folder.join("ready"));
        r.address("flush");
        r.address("add 203.0.113.7/24");
        ip("addr add 198.51.100.7/24 dev wanb");
        ip(&format!("route add default via 203.0.113.1 dev {} metric 1", r.device));
        ip("route add default via 198.51.100.1 dev wanb metric 2");
        r.write(CA, std::fs::read(folder.join("ca")).unwrap());
        Server(child, folder)
    }

    /// For each request since the last call: whether it came through the second uplink.
    fn through_the_second(&self) -> Vec<bool> {
        let path = self.1.join("log");
        let text = std::fs::read_to_string(&path).unwrap();
        // The server still writes the log at its own offset, so remember how many lines were read and do not truncate
        // it.
        let seen = self.1.join("seen");
        let before: usize = std::fs::read_to_string(&seen).map_or(0, |text| text.parse().unwrap());
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("GET /")).collect();
        std::fs::write(seen, lines.len().to_string()).unwrap();
        lines[before..].iter().map(|line| line.contains("198.51.100.7:")).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn bind_sends_through_the_wan_device_and_no_other() {
    let Some(r) = Router::new("bind_sends_through_the_wan_device_and_no_other") else { return };
    let server = Server::start(&r);
    let devices = [("wan", r.device.as_str()), ("wanb", "wanb"), ("lan", "br-lan")];
    let up = |(name, device): (&str, &str)| {
        r.netifd.up(name, device);
        format!("{{\"interface\":\"{name}\",\"up\":true,\"l3_device\":\"{device}\"}}")
    };
    r.netifd.put("network.interface.dump", &format!("{{\"interface\":[{}]}}", devices.map(up).join(",")));
    let configure = |more: &str| {
        let _ = std::fs::remove_dir_all(r.root.join("etc/nicup"));
        let _ = std::fs::remove_dir_all(r.root.join("var/run"));
        let home = format!("list hostname '{HOME}'\noption server '{SERVER}'\noption port '443'\n{more}");
        r.config(&r.service("home", &home));
    };

    // Without bind, the kernel's route decides, not option interface. Users of other clients complain about this.
    configure("option interface 'wanb'");
    r.pass(0);
    assert_eq!(server.through_the_second(), [false]);
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("198.51.100.7"));
    configure("option interface 'wanb'\noption bind '1'");
    r.pass(0);
    assert_eq!(server.through_the_second(), [true]);
    configure("option device 'wanb'\noption bind '1'");
    r.pass(0);
    assert_eq!(server.through_the_second(), [true]);
    // After a failover the requests use the new uplink, too.
    configure("list interface 'wan'\nlist interface 'wanb'\noption bind '1'");
    r.pass(0);
    r.address("del 203.0.113.7/24");
    r.pass(0);
    assert_eq!(server.through_the_second(), [false, true]);
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("198.51.100.7"));
    r.address("add 203.0.113.7/24");
    ip(&format!("route add default via 203.0.113.1 dev {} metric 1", r.device));

    // The address of a LAN host belongs to the LAN, but the requests leave through the WAN.
    ip("link add br-lan type veth peer name port1");
    ip("link set br-lan up");
    ip("addr add 2001:db8:1:2::1/64 dev br-lan nodad");
    configure(
        "option family 'ipv6'\noption ip6_suffix '::5'\noption interface6 'lan'\noption interface 'wanb'\noption bind '1'",
    );
    r.pass(0);
    assert_eq!(server.through_the_second(), [true]);
    assert_eq!(r.host(HOME).registered_ipv6.as_deref(), Some("2001:db8:1:2::5"));

    // nicup fetches a page through the uplink whose address it detects, and sends an offline update through the uplink,
    // too.
    let page = format!("option source 'web'\noption source_url 'https://{SERVER}/ip'\n");
    configure(&(page.clone() + "option interface 'wanb'\noption bind '1'"));
    r.pass(0);
    assert_eq!(server.through_the_second(), [true, true]);
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("198.51.100.7"));
    configure("option offline '1'\noption interface 'wanb'\noption bind '1'");
    r.run(&["run"]);
    assert_eq!(server.through_the_second(), [true]);

    // A device without IPv4 cannot reach the server.
    configure("option family 'ipv6'\noption interface6 'lan'\noption interface 'lan'\noption bind '1'");
    let message = r.run(&["run"]);
    assert_eq!(message.exit, 1, "{message:?}");
    assert!(message.out.contains("through br-lan (option bind)"), "{message:?}");
    assert_eq!(server.through_the_second(), Vec::<bool>::new());

    // If the device is down, nicup does not use another one.
    r.netifd.put("network.interface.wanb.status", "{\"up\":false}");
    for (more, code) in [
        (page + "option interface 'wanb'\noption bind '1'", "address-unknown"),
        ("option offline '1'\noption interface 'wanb'\noption bind '1'".to_owned(), "connect"),
    ] {
        configure(&more);
        r.pass(1);
        let message = r.shows(HOME, "waiting", code).message.unwrap();
        assert!(message.contains("option bind: wanb is not up"), "{message}");
        assert!(r.run(&["check"]).out.contains("option bind: wanb is not up, so nothing can be sent"));
    }
    assert_eq!(server.through_the_second(), Vec::<bool>::new());
}
