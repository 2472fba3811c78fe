//! Passes of the real program in sequence: what nicup sends, when it sends nothing, and what it writes to its files.

use crate::common::{HOME, OFFICE, RECORDS, Router, STATE, STATUS};
use noip_simulator::{Account, CertKind, Options, TEST_PASSWORD, TEST_USERNAME};
use std::time::{Duration, Instant};

#[test]
fn the_first_run_sends_one_request_byte_for_byte() {
    let Some(r) = Router::new("the_first_run_sends_one_request_byte_for_byte") else { return };
    r.write("tmp/sysinfo/model", b"D-Link DIR-860/B1 \xe9\n");
    r.pass(0);
    let requests = r.sim.requests();
    assert_eq!(r.requests(), 1);
    assert!(requests[0].authorization_is(TEST_USERNAME, TEST_PASSWORD));
    let agent = format!(
        "nicup D-Link_DIR-860_B1__/24.10.0-{} {}",
        nicup::app::VERSION,
        nicup::policy::config::DEFAULT_CONTACT.0
    );
    let wanted = format!(
        "GET /nic/update?hostname=home.example.net&myip=203.0.113.7 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
         Authorization: [ok]\r\nUser-Agent: {agent}\r\n\r\n",
        r.sim.port()
    );
    assert_eq!(String::from_utf8_lossy(&requests[0].raw), wanted);
    r.shows(HOME, "current", "good");
}

#[test]
fn the_files_are_as_the_contract_says() {
    let Some(r) = Router::new("the_files_are_as_the_contract_says") else { return };
    r.pass(0);
    assert_eq!((r.mode(STATUS), r.mode(STATE), r.mode(RECORDS)), (0o644, 0o600, 0o600));
    assert!(!r.exists("var/run/nicup/status.json.new") && !r.exists("etc/nicup/records.json.new"));
    let text = r.read(STATUS);
    // Replaces numbers with 0, because times differ.
    let mut shape = String::new();
    let mut digits = false;
    for c in text.chars() {
        let digit = c.is_ascii_digit() && (digits || shape.ends_with("\":"));
        if !digit {
            shape.push(c);
        } else if !digits {
            shape.push('0');
        }
        digits = digit;
    }
    let wanted = concat!(
        r#"{"version":0,"program":"nicup VERSION","time":0,"uptime":0,"mode":"watch","problems":[],"#,
        r#""services":[{"name":"home","enabled":true,"server":"127.0.0.1","transport":"https:PORT","#,
        r#""interface":null,"device":"DEVICE","ipv4":"203.0.113.7","ipv6":null,"address_note":null,"#,
        r#""hosts":[{"hostname":"home.example.net","state":"current","registered_ipv4":"203.0.113.7","#,
        r#""registered_ipv6":null,"code":"good","message":"accepted","message_id":"accepted","#,
        r#""last_attempt":0,"last_success":0,"#,
        r#""changed":0,"next_attempt":0,"next_attempt_uptime":0,"failures":0}]}],"#,
        r#""events":[{"time":0,"uptime":0,"service":"home","hostname":"home.example.net","code":"good","#,
        r#""ipv4":"203.0.113.7","ipv6":null}]}"#
    );
    let wanted = wanted.replace("VERSION", nicup::app::VERSION).replace("DEVICE", &r.device);
    assert_eq!(shape, wanted.replace("PORT", &r.sim.port().to_string()), "{text}");
    let status = r.status();
    let host = &status.services[0].hosts[0];
    let (last, next) = (host.last_attempt.unwrap(), host.next_attempt.unwrap());
    assert_eq!(next - host.last_success.unwrap(), 25 * 86_400);
    assert!((0..=2).contains(&(status.time.unwrap() - last)));
    assert!(host.next_attempt_uptime.unwrap() - status.uptime <= 25 * 86_400);
}

#[test]
fn an_unchanged_address_costs_nothing() {
    let Some(r) = Router::new("an_unchanged_address_costs_nothing") else { return };
    r.pass(0);
    let lines = r.syslog.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("<29>nicup[") && lines[0].contains("home.example.net current"), "{lines:?}");
    let stamps = || (r.stamp(RECORDS), r.stamp(STATE));
    let before = stamps();
    for _ in 0..3 {
        r.pass(0);
    }
    assert_eq!((r.requests(), stamps()), (1, before));
    assert_eq!(r.syslog.take(), Vec::<String>::new());
    assert_eq!(r.netifd.calls(), Vec::<String>::new(), "a device needs no netifd");
}

#[test]
fn an_unchanged_address_starts_no_process() {
    const STORY: &str = "an_unchanged_address_starts_no_process";
    let Some(r) = Router::new(STORY) else { return };
    r.pass(0);
    let Some(strace) = crate::common::tool("strace") else {
        return crate::common::skip(STORY, "strace is not installed");
    };
    let log = r.root.join("trace");
    let arguments = ["-f", "-e", "trace=execve,clone,clone3,fork,vfork,socket", "-o"];
    let mut traced = r.command(&strace, &arguments);
    traced.arg(&log).args([crate::common::NICUP, "--root", r.root.to_str().unwrap(), "run"]);
    assert!(traced.output().unwrap().status.success());
    let text = std::fs::read_to_string(log).unwrap();
    assert_eq!(text.matches("execve(").count(), 1, "{text}");
    assert!(["clone(", "clone3(", "fork("].iter().all(|call| !text.contains(call)), "{text}");
    assert_eq!(text.matches("socket(").count(), text.matches("AF_NETLINK").count(), "{text}");
}

#[test]
fn an_interface_costs_one_call_of_ubus() {
    let Some(r) = Router::new("an_interface_costs_one_call_of_ubus") else { return };
    let both = r.service("home", &format!("list hostname '{HOME}'"))
        + &r.service("work", &format!("list hostname '{OFFICE}'\noption interface 'wan'"));
    r.config(&both);
    for requests in [2, 2] {
        r.pass(0);
        assert_eq!(
            (r.requests(), r.netifd.calls()),
            (requests, vec!["call network.interface.wan status".into()])
        );
    }
    let home = r.service_status("home");
    assert_eq!((home.interface.as_deref(), home.device), (Some("wan"), Some(r.device.clone())));

    // With IPv6, nicup also queries netifd for dynamic interfaces, with a single call.
    let wan = format!("{{\"interface\":\"wan\",\"up\":true,\"l3_device\":\"{}\"}}", r.device);
    r.netifd.put(
        "network.interface.dump",
        &format!("{{\"interface\":[{wan},{}]}}", wan.replace("wan\"", "wan_6\"")),
    );
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption family 'both'")));
    r.address("add 2001:db8::7/64 nodad");
    r.pass(0);
    assert_eq!(r.netifd.calls(), ["call network.interface dump"]);
    assert_eq!(r.sim.requests()[2].myip.as_deref(), Some("203.0.113.7,2001:db8::7"));
}

#[test]
fn a_changed_address_is_one_request() {
    let Some(r) = Router::new("a_changed_address_is_one_request") else { return };
    r.pass(0);
    let records = r.stamp(RECORDS);
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(0);
    r.pass(0);
    assert_eq!(r.requests(), 2);
    assert_eq!(r.sim.registered(HOME), (Some([203, 0, 113, 8].into()), None));
    assert_ne!(r.stamp(RECORDS), records);
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("203.0.113.8"));
    let codes: Vec<_> = r.status().events.into_iter().map(|event| event.ipv4.unwrap()).collect();
    assert_eq!(codes, ["203.0.113.8", "203.0.113.7"], "newest first");
}

#[test]
fn a_second_address_does_not_take_the_place_of_the_registered_one() {
    let Some(r) = Router::new("a_second_address_does_not_take_the_place_of_the_registered_one") else {
        return;
    };
    r.address("add 203.0.113.9/32");
    r.pass(0);
    r.address("del 203.0.113.7/32");
    r.address("add 203.0.113.7/32"); // now after .9 in the kernel's order
    r.pass(0);
    assert_eq!((r.requests(), r.host(HOME).registered_ipv4.unwrap()), (1, "203.0.113.7".to_owned()));
}

#[test]
fn ipv6_alone_is_sent_alone() {
    let Some(r) = Router::new("ipv6_alone_is_sent_alone") else { return };
    r.configure("option family 'ipv6'");
    r.address("add 2001:db8::7/64 nodad");
    r.pass(0);
    assert_eq!(r.sim.requests()[0].myip.as_deref(), Some("2001:db8::7"));
    assert_eq!(r.requests(), 1);
    let home = r.service_status("home");
    assert_eq!((home.ipv4, home.ipv6.as_deref()), (None, Some("2001:db8::7")));
    r.shows(HOME, "current", "good");
}

#[test]
fn both_families_go_in_one_request_and_the_second_may_come_late() {
    let Some(r) = Router::new("both_families_go_in_one_request_and_the_second_may_come_late") else { return };
    r.configure("option family 'both'");
    r.pass(0);
    let note = r.service_status("home").address_note.unwrap();
    assert!(note.contains("no public IPv6 address"), "{note}");
    r.address("add 2001:db8::7/64 nodad");
    r.pass(0);
    assert_eq!(r.service_status("home").address_note, None);
    r.pass(0);
    let sent: Vec<_> = r.sim.requests().into_iter().map(|request| request.myip.unwrap()).collect();
    assert_eq!((sent, r.requests()), (vec!["203.0.113.7".into(), "203.0.113.7,2001:db8::7".into()], 2));
    // nicup sends nothing when one of them disappears.
    r.address("del 2001:db8::7/64");
    r.pass(0);
    r.shows(HOME, "current", "good");
    assert_eq!(r.requests(), 2);
}

#[test]
fn without_an_address_nothing_is_sent() {
    let Some(r) = Router::new("without_an_address_nothing_is_sent") else { return };
    r.pass(0);
    r.address("del 203.0.113.7/32");
    r.pass(1);
    let host = r.shows(HOME, "no-address", "no-address");
    assert_eq!((host.registered_ipv4.as_deref(), host.next_attempt), (Some("203.0.113.7"), None));
    assert!(host.message.unwrap().contains("has no IPv4 address"));
    r.address("add 192.168.1.2/24");
    r.pass(1);
    let host = r.shows(HOME, "no-address", "private-address");
    assert!(host.message.unwrap().contains("private address 192.168.1.2"));
    r.address("add 203.0.113.7/32");
    r.pass(0);
    r.shows(HOME, "current", "good");
    assert_eq!(r.requests(), 1, "the address that came back is the registered one");
    r.address("del 203.0.113.7/32");
    r.configure("option allow_private '1'");
    r.pass(0);
    assert_eq!(r.sim.requests()[1].myip.as_deref(), Some("192.168.1.2"));
}

#[test]
fn a_netifd_that_does_not_answer_is_not_an_address_that_is_gone() {
    let Some(r) = Router::new("a_netifd_that_does_not_answer_is_not_an_address_that_is_gone") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    r.pass(0);
    for (answer, words) in [("Command failed: Request timed out", "not an interface"), ("\u{1}\u{0}", "ubus")]
    {
        r.netifd.put("network.interface.wan.status", answer);
        r.pass(1);
        let host = r.shows(HOME, "waiting", "address-unknown");
        assert!(host.message.as_ref().unwrap().contains(words), "{host:?}");
        assert!(host.next_attempt.is_some() && host.registered_ipv4.is_some(), "{host:?}");
    }
    // ubus is missing.
    r.netifd.remove("ubus");
    r.pass(1);
    assert!(r.shows(HOME, "waiting", "address-unknown").message.unwrap().contains("could not be started"));
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_ubus_that_hangs_is_given_five_seconds_in_all() {
    let Some(r) = Router::new("a_ubus_that_hangs_is_given_five_seconds_in_all") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption family 'both'")));
    r.netifd.put("hangs", "");
    let begun = Instant::now();
    r.pass(1);
    let took = begun.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(8)).contains(&took), "{took:?}");
    assert!(r.shows(HOME, "waiting", "address-unknown").message.unwrap().contains("no answer in 5 s"));
    assert_eq!((r.requests(), r.netifd.calls().len()), (0, 1));
}

#[test]
fn an_interface_that_netifd_does_not_know_is_named() {
    let Some(r) = Router::new("an_interface_that_netifd_does_not_know_is_named") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption interface 'wann'")));
    r.pass(1);
    r.shows(HOME, "no-address", "no-address");
    let problems = r.problems();
    assert!(problems[0].starts_with(
        "warning /etc/config/nicup:1: netifd has no interface 'wann': correct option interface"
    ));
    assert_eq!((r.requests(), problems.len()), (0, 1));
}

#[test]
fn an_interface_that_is_down_has_no_address() {
    let Some(r) = Router::new("an_interface_that_is_down_has_no_address") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    r.netifd.put("network.interface.wan.status", "{\"up\":false,\"pending\":true}");
    r.pass(1);
    assert!(
        r.shows(HOME, "no-address", "no-address")
            .message
            .unwrap()
            .contains("wan is being set up: waiting for netifd")
    );
    assert_eq!(r.problems(), Vec::<String>::new());
}

#[test]
fn the_first_interface_with_an_address_counts() {
    let Some(r) = Router::new("the_first_interface_with_an_address_counts") else { return };
    let options = "list interface 'wan'\nlist interface 'wwan'";
    r.config(&r.service("home", &format!("list hostname '{HOME}'\n{options}")));
    let dump = |up: bool| {
        let of = |name: &str, up: bool| {
            format!("{{\"interface\":\"{name}\",\"up\":{up},\"l3_device\":\"{}\"}}", r.device)
        };
        r.netifd.put(
            "network.interface.dump",
            &format!("{{\"interface\":[{},{}]}}", of("wan", up), of("wwan", true)),
        );
    };
    dump(false);
    r.pass(0);
    assert_eq!(r.service_status("home").interface.as_deref(), Some("wwan"));
    dump(true);
    r.pass(0);
    assert_eq!(r.service_status("home").interface.as_deref(), Some("wan"));
}

#[test]
fn many_hosts_go_by_twenty() {
    let names: Vec<String> = (0..45).map(|i| format!("h{i:02}.example.net")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let options =
        Options { accounts: vec![Account::new(TEST_USERNAME, TEST_PASSWORD, &hosts)], ..Options::default() };
    let Some(r) = Router::with("many_hosts_go_by_twenty", options) else { return };
    let list: String = names.iter().map(|name| format!("list hostname '{name}'\n")).collect();
    r.config(&r.service("home", &format!("option device '{}'\n{list}", r.device)));
    r.pass(0);
    let sizes: Vec<usize> = r.sim.requests().iter().map(|request| request.hostnames.len()).collect();
    assert_eq!((sizes, r.requests()), (vec![20, 20, 5], 3));
    let sent: Vec<String> = r.sim.requests().into_iter().flat_map(|request| request.hostnames).collect();
    assert_eq!(sent, names);
    r.pass(0);
    assert_eq!(r.requests(), 3);
}

#[test]
fn a_key_and_a_group_go_alone() {
    let account = Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME, OFFICE, "x.example.net"]);
    let account = account.group("friends", &[HOME, OFFICE]);
    let options = Options { accounts: vec![account], line_per_member: true, ..Options::default() };
    let Some(r) = Router::with("a_key_and_a_group_go_alone", options) else { return };
    let list = "list hostname 'x.example.net'\nlist hostname 'all.ddnskey.com'\nlist hostname 'friends'\n\
                list hostname 'office.example.net'";
    r.config(&r.service("home", &format!("option device '{}'\n{list}", r.device)));
    r.pass(0);
    let sent: Vec<String> = r.sim.requests().iter().map(|request| request.hostnames.join(",")).collect();
    assert_eq!(sent, ["x.example.net", "all.ddnskey.com", "friends", "office.example.net"]);
    assert_eq!(r.requests(), 4);
    r.shows("friends", "current", "nochg");
}

#[test]
fn two_services_have_two_logins_and_a_group_has_its_colon() {
    let first = Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME]);
    let second = Account::new("key2", "p:w %\u{fc}", &[OFFICE]).group("grp", &[OFFICE]);
    let options = Options { accounts: vec![first, second], ..Options::default() };
    let Some(r) = Router::with("two_services_have_two_logins_and_a_group_has_its_colon", options) else {
        return;
    };
    let device = format!("option device '{}'", r.device);
    let other = format!(
        "{device}\nlist hostname '{OFFICE}'\noption username 'grp:key2'\noption password 'p:w %\u{fc}'"
    );
    r.config(&(r.service("home", &format!("{device}\nlist hostname '{HOME}'")) + &r.service("work", &other)));
    r.pass(0);
    let requests = r.sim.requests();
    assert!(requests[0].authorization_is(TEST_USERNAME, TEST_PASSWORD));
    assert!(requests[1].authorization_is("grp:key2", "p:w %\u{fc}"));
    assert_eq!(r.requests(), 2);
}

#[test]
fn a_name_in_etc_hosts_is_resolved() {
    let Some(r) = Router::new("a_name_in_etc_hosts_is_resolved") else { return };
    r.configure("option server 'localhost'");
    r.pass(0);
    assert_eq!(r.sim.requests()[0].header("host"), Some(format!("localhost:{}", r.sim.port()).as_str()));
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_clock_that_is_not_set_waits_for_ntp() {
    let Some(r) = Router::new("a_clock_that_is_not_set_waits_for_ntp") else { return };
    r.sim.use_certificate(CertKind::NotYetValid).unwrap();
    r.pass(1);
    let host = r.shows(HOME, "waiting", "clock");
    assert_eq!(host.failures, 0);
    assert!(host.message.unwrap().contains("NTP"));
    r.sim.use_certificate(CertKind::Good).unwrap();
    r.pass(1);
    assert_eq!(r.requests(), 0, "every 10 minutes, or when NTP says so");
    assert_eq!(r.hotplug(&[("ACTION", "stratum"), ("stratum", "3")]).exit, 0);
    r.shows(HOME, "current", "good");
    assert_eq!(r.requests(), 1);
}

#[test]
fn offline_is_sent_in_place_of_an_address() {
    let account = Account::new(TEST_USERNAME, TEST_PASSWORD, &[HOME]).paid();
    let options = Options { accounts: vec![account], ..Options::default() };
    let Some(r) = Router::with("offline_is_sent_in_place_of_an_address", options) else { return };
    r.configure("option offline '1'");
    r.pass(0);
    assert!(r.sim.is_offline(HOME) && r.sim.requests()[0].request_line().ends_with("&offline=YES HTTP/1.1"));
    r.pass(0);
    assert_eq!(r.requests(), 1);
    r.configure("");
    r.pass(0);
    assert!(!r.sim.is_offline(HOME));
    assert_eq!(r.requests(), 2);
}
