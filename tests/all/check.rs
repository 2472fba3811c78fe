//! What `check` prints besides problems.

use crate::common::{HOME, RECORDS, Router, ip};

#[test]
fn check_says_what_would_be_sent_and_sends_and_writes_nothing() {
    let Some(r) = Router::new("check_says_what_would_be_sent_and_sends_and_writes_nothing") else { return };
    let before = r.snapshot();
    let new = r.run(&["check"]);
    assert_eq!((new.exit, r.snapshot() == before), (0, true), "{new:?}");
    assert!(
        new.out.contains("home.example.net: would send 203.0.113.7: nothing is registered yet"),
        "{new:?}"
    );
    assert!(new.out.contains(&format!("{}, 203.0.113.7; to https://127.0.0.1:{}", r.device, r.sim.port())));
    r.pass(0);
    let before = r.snapshot();
    let same = r.run(&["check", "-v"]);
    assert_eq!((same.exit, r.snapshot() == before), (0, true), "{same:?}");
    assert!(same.out.contains("home.example.net: current, sent again in"), "{same:?}");
    r.move_to("203.0.113.7", "203.0.113.8");
    let changed = r.run(&["check"]);
    assert_eq!(changed.exit, 0, "a run sends it at once");
    assert!(
        changed.out.contains("would send 203.0.113.8: the registered address is different"),
        "{changed:?}"
    );
    // Not even a damaged file, which a run would set aside.
    r.write(RECORDS, "{");
    let before = r.snapshot();
    let damaged = r.run(&["check"]);
    assert!(damaged.err.contains("/etc/nicup/records.json: warning: is damaged: a run would set it aside"));
    assert_eq!((r.snapshot() == before, r.requests()), (true, 1));
    assert_eq!(r.syslog.take().len(), 1, "that of the run");
}

#[test]
fn check_names_the_uplink_of_each_address() {
    let Some(r) = Router::new("check_names_the_uplink_of_each_address") else { return };
    ip("link add br-lan0 type veth peer name p-br-lan0");
    ip("link set br-lan0 up");
    ip("addr add 2001:db8:1::1/64 dev br-lan0 nodad");
    let device = r.device.clone();
    r.netifd.put(
        "network.interface.dump",
        &format!(
            r#"{{"interface":[{{"interface":"wan","up":true,"l3_device":"{device}"}},
            {{"interface":"lan","up":true,"l3_device":"br-lan0"}}]}}"#
        ),
    );
    let checked = |options: &str| {
        r.config(&r.service("home", &format!("list hostname '{HOME}'\noption family 'both'\n{options}")));
        r.run(&["check"]).out
    };
    let out = checked("option interface6 'lan'");
    let uplinks = format!("home: wan is {device}, 203.0.113.7; lan is br-lan0, 2001:db8:1::1; to https://");
    assert!(out.contains(&uplinks), "{out}");
    // If one uplink has both addresses, `check` prints its name once.
    ip(&format!("addr add 2001:db8:2::2/64 dev {device} nodad"));
    let out = checked("");
    assert!(
        out.contains(&format!("home: wan is {device}, 203.0.113.7 and 2001:db8:2::2; to https://")),
        "{out}"
    );
}

#[test]
fn check_says_what_is_true_of_no_ips_server_only_of_no_ips_server() {
    let Some(r) = Router::new("check_says_what_is_true_of_no_ips_server_only_of_no_ips_server") else {
        return;
    };
    ip("link add bound0 type veth peer name p-bound0");
    ip("link set bound0 up");
    ip("addr add 2001:db8:3::1/64 dev bound0 nodad");
    let of_no_ip = [
        "option bind: bound0 has no IPv4 address, but No-IP's server has no IPv6 address",
        "users report that an update with IPv6 only also sets the A record",
    ];
    for (server, is_no_ip) in [
        ("dynupdate.no-ip.com", true),
        ("no-ip.com", true),
        ("update.example.org", false),
        ("no-ip.com.example.org", false),
        ("my-no-ip.com", false),
    ] {
        let home = "option device 'bound0'\noption family 'ipv6'\noption bind '1'";
        r.config(&r.service("home", &format!("list hostname '{HOME}'\n{home}\noption server '{server}'")));
        let out = r.run(&["check"]).out;
        assert!(out.contains("would send 2001:db8:3::1"), "{out}");
        for sentence in of_no_ip {
            assert_eq!(out.contains(sentence), is_no_ip, "{server}: {out}");
        }
    }
}

#[test]
fn check_says_which_contact_is_sent_and_who_set_it() {
    let Some(r) = Router::new("check_says_which_contact_is_sent_and_who_set_it") else { return };
    let line = |out: &str| out.lines().next().unwrap_or_default().to_owned();
    let (default, of) = match option_env!("NICUP_CONTACT") {
        Some(packager) if !packager.is_empty() => (packager.to_owned(), "the package's"),
        Some(_) | None => (format!("{}/issues", env!("CARGO_PKG_REPOSITORY")), "the project's"),
    };
    let unset = format!(
        "contact sent to the server: {default} ({of} default: set option contact to your email address)"
    );
    assert_eq!(line(&r.run(&["check"]).out), unset);
    // An empty option counts as unset.
    for (option, says) in [
        ("", unset.as_str()),
        ("you@example.org", "contact sent to the server: you@example.org (from option contact)"),
        (&default, &format!("contact sent to the server: {default} (from option contact)")),
    ] {
        let home = format!("option device '{}'\nlist hostname '{HOME}'", r.device);
        r.config(&(format!("config nicup 'main'\noption contact '{option}'\n") + &r.service("home", &home)));
        let check = r.run(&["check"]);
        assert_eq!((check.exit, line(&check.out).as_str(), check.err.as_str()), (0, says, ""));
    }
    // nicup really sends the contact that `check` prints.
    r.pass(0);
    let raw = r.sim.requests().remove(0).raw;
    assert!(String::from_utf8_lossy(&raw).contains(&format!(" {default}\r\n")));
}
