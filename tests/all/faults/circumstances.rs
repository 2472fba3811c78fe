//! Faults in nicup's environment: network, DNS, clock, certificates.
//!
//! Faults of a server are in the table itself, as a behaviour of the simulator.

use super::aid;
use super::dns::{self, Says};
use crate::common::{CA, HOME, Router, ip};
use noip_simulator::{Account, Listen, Options, Simulator, TEST_PASSWORD, TEST_USERNAME};
use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds for each transport to the server.
pub(crate) const TIMEOUT: u64 = 3;
/// No server listens on this address.
const DEAD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
const ALIVE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Another server listens here, on the same port as the right one.
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const DAY: i64 = 86_400;

/// How nicup reaches the server.
enum Place {
    Loopback,
    /// An address whose routes and links the test can change.
    Far(Ipv4Addr),
    /// By a name that only this row uses.
    Name(String),
}

fn place(row: &str) -> Place {
    let far = |last| Place::Far(Ipv4Addr::new(198, 51, 100, last));
    match row {
        "unreachable" => far(1),
        "no_route" => far(2),
        "refused" => far(3),
        "black_hole_syn" => far(4),
        "tls_stripped" => far(5),
        _ if row.starts_with("dns_") => Place::Name(format!("{}.test", row.replace('_', "-"))),
        _ => Place::Loopback,
    }
}

/// What the fault changes around the router.
#[derive(Default)]
pub(crate) struct Scene {
    /// Seconds that the wall clock is wrong by, one number per reading.
    pub(crate) clock: Option<String>,
    /// Servers that must not receive a password.
    others: Vec<Simulator>,
}

pub(crate) fn options(row: &str) -> Options {
    let usual = Options::default();
    match place(row) {
        Place::Loopback => usual,
        Place::Name(name) => Options { names: vec![name], ..usual },
        Place::Far(address) => Options {
            listen: vec![Listen { addr: (Ipv4Addr::UNSPECIFIED, 0).into(), tls: true }],
            names: vec![address.to_string()],
            ..usual
        },
    }
}

/// Sets up the network as it should be.
pub(crate) fn prepare(row: &str, r: &Router) {
    match place(row) {
        Place::Loopback => {}
        Place::Name(name) => dns::say(&name, Says::Addresses(vec![ALIVE])),
        Place::Far(address) => ip(&format!("addr add {address}/32 dev lo")),
    }
    configure(row, r, "");
}

fn configure(row: &str, r: &Router, more: &str) {
    let server = match place(row) {
        Place::Loopback => ALIVE.to_string(),
        Place::Name(name) => name,
        Place::Far(address) => address.to_string(),
    };
    r.configure(&format!("option server '{server}'\noption timeout '{TIMEOUT}'\n{more}"));
}

/// Causes the fault.
pub(crate) fn begin(row: &str, r: &Router) -> Scene {
    let mut scene = Scene::default();
    match place(row) {
        Place::Loopback => {}
        Place::Name(name) => dns::say(&name, names(row, r, &mut scene)),
        Place::Far(address) => far(row, r, address, &mut scene),
    }
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let wrong = match row {
        "clock_in_1970" => Some((1000 - now).to_string()),
        "clock_in_2100" => Some((4_102_444_800 - now).to_string()),
        "clock_jumps_ahead" => Some((19 * 365 * DAY).to_string()),
        "clock_jumps_back" => Some((-DAY / 2).to_string()),
        // The pass begins in 1970, and NTP sets the clock before nicup has a connection.
        "clock_set_meanwhile" => Some(format!("{0},{0},0", 1000 - now)),
        _ => None,
    };
    if row.starts_with("clock_jumps") {
        let requests = r.requests();
        r.move_to("203.0.113.8", "203.0.113.7");
        let (ran, _) = aid::run(r, &["run"], wrong.as_deref());
        assert_eq!((ran.exit, r.requests()), (0, requests), "no forced update is due: {ran:?}");
        r.move_to("203.0.113.7", "203.0.113.8");
    }
    scene.clock = wrong;
    let right = r.sim.ca_pem();
    // Looks like base64, but is not a certificate.
    let garbage = |lines: usize| {
        let block =
            format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", "QUJD".repeat(16) + "\n");
        block.repeat(lines) + &"\u{1}\0\u{7f} no line end".repeat(70 * lines)
    };
    match row {
        "bundle_missing" => std::fs::remove_file(r.root.join(CA)).unwrap(),
        "bundle_empty" => r.write(CA, ""),
        "bundle_garbage" => r.write(CA, garbage(10)),
        "bundle_of_10_mb" => r.write(CA, garbage(8_000) + "\n" + right),
        "bundle_of_10_mb_garbage" => r.write(CA, garbage(8_000)),
        "redirect_to_itself" => {
            let itself = format!("https://127.0.0.1:{}/nic/update?hostname={HOME}", r.sim.port());
            r.answers(&[&format!("redirect:{itself}")]);
        }
        _ => {}
    }
    scene
}

fn names(row: &str, r: &Router, scene: &mut Scene) -> Says {
    match row {
        "dns_never" => Says::Nothing,
        "dns_unknown_name" => Says::UnknownName,
        "dns_server_failure" => Says::Failure,
        "dns_no_address" => Says::Addresses(Vec::new()),
        "dns_garbage" => Says::Garbage,
        "dns_forged" => Says::Forged(OTHER),
        "dns_wrong_server" => {
            let listen = vec![Listen { addr: (OTHER, r.sim.port()).into(), tls: true }];
            scene.others.push(Simulator::start(Options { listen, ..Options::default() }).unwrap());
            Says::Addresses(vec![OTHER])
        }
        "dns_sinkhole" | "dns_changes" => Says::Addresses(vec![DEAD]),
        "dns_one_address_dead" => Says::Addresses(vec![DEAD, ALIVE]),
        _ => panic!("{row}: what does the name server say?"),
    }
}

fn far(row: &str, r: &Router, address: Ipv4Addr, scene: &mut Scene) {
    let device = &r.device;
    let away = || ip(&format!("addr del {address}/32 dev lo"));
    match row {
        "unreachable" => away(),
        "no_route" => {
            away();
            ip(&format!("route add unreachable {address}/32"));
        }
        "black_hole_syn" => {
            away();
            ip(&format!("route add {address}/32 dev {device}"));
            ip(&format!("neigh add {address} lladdr 02:00:00:00:00:01 dev {device}"));
        }
        "refused" => configure(row, r, "option port '1'"),
        "tls_stripped" => {
            let listen = [8245, 80].map(|port| Listen { addr: (address, port).into(), tls: false });
            let accounts = vec![Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME])];
            let options = Options { listen: listen.to_vec(), accounts, ..Options::default() };
            scene.others.push(Simulator::start(options).unwrap());
            configure(row, r, "option port '1'");
        }
        _ => panic!("{row}: what is wrong with its network?"),
    }
}

/// Ends the fault.
pub(crate) fn end(row: &str, r: &Router, scene: &mut Scene) {
    for other in scene.others.drain(..) {
        assert_eq!(other.requests().len(), 0, "a password went to the wrong server");
    }
    match place(row) {
        Place::Loopback => {}
        Place::Name(name) => dns::say(&name, Says::Addresses(vec![ALIVE])),
        // A local address takes precedence over any route.
        Place::Far(address) if row != "refused" && row != "tls_stripped" => {
            ip(&format!("addr add {address}/32 dev lo"));
        }
        Place::Far(_) => configure(row, r, ""),
    }
    scene.clock = None;
    r.write(CA, r.sim.ca_pem());
}
