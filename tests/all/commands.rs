//! The commands other than a plain run, hotplug events, reboots, crashes, and several passes at once.

use crate::common::{ATTEMPTS, CONFIG, HOME, OFFICE, RECORDS, Router, STATE, STATUS, finish, patience};
use std::time::{Duration, Instant};

#[test]
fn force_sends_once_and_is_then_held_for_ten_minutes() {
    let Some(r) = Router::new("force_sends_once_and_is_then_held_for_ten_minutes") else { return };
    r.pass(0);
    let next = r.host(HOME).next_attempt_uptime;
    let forced = r.run(&["run", "--force"]);
    assert_eq!((forced.exit, r.requests()), (0, 2), "{forced:?}");
    assert!(!forced.out.contains("not sent"), "{forced:?}");
    let host = r.shows(HOME, "current", "nochg");
    assert!(host.next_attempt_uptime.unwrap() >= next.unwrap(), "the interval starts anew");
    let held = r.run(&["run", "-f"]);
    assert_eq!((held.exit, r.requests()), (0, 2));
    let line = "home.example.net: not sent, possible 10 min from now: the unchanged address was sent less than 10 min ago\n";
    assert!(held.out.ends_with(line), "{held:?}");
    // This limit does not apply to a changed address.
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(0);
    assert_eq!(r.requests(), 3);
    r.set(STATE, "forced", 0);
    assert_eq!((r.run(&["run", "--force"]).exit, r.requests()), (0, 4));
}

#[test]
fn force_says_what_holds_it() {
    let Some(r) = Router::new("force_says_what_holds_it") else { return };
    r.answers(&["429:3600"]);
    r.pass(1);
    let held = r.run(&["run", "--force"]);
    assert_eq!((held.exit, r.requests()), (1, 1));
    let line = held.out.lines().last().unwrap();
    assert!(
        line.contains("not sent, possible 60 min from now: the server reports too many requests"),
        "{line}"
    );
}

#[test]
fn the_first_forced_run_shows_the_next_interval() {
    let Some(r) = Router::new("the_first_forced_run_shows_the_next_interval") else { return };
    assert_eq!(r.run(&["run", "--force"]).exit, 0);
    let next = r.shows(HOME, "current", "good").next_attempt_uptime.unwrap();
    assert!(next - r.status().uptime > 24 * 86_400, "{next}");
}

#[test]
fn only_the_named_service_runs() {
    let Some(r) = Router::new("only_the_named_service_runs") else { return };
    let device = format!("option device '{}'", r.device);
    let home = r.service("home", &format!("{device}\nlist hostname '{HOME}'"));
    r.config(&(home + &r.service("work", &format!("{device}\nlist hostname '{OFFICE}'"))));
    assert_eq!(r.run(&["run", "-s", "work"]).exit, 1, "home is still to be sent");
    assert_eq!(r.sim.requests()[0].hostnames, [OFFICE]);
    r.shows(OFFICE, "current", "good");
    let ran = r.run(&["run", "-s", "work", "--service", "home"]);
    assert_eq!((ran.exit, r.requests()), (0, 2));
    let forced = r.run(&["run", "-f", "-s", "home"]);
    assert!(!forced.out.contains(OFFICE), "{forced:?}");
}

#[test]
fn wrong_usage_exits_with_2_and_touches_nothing() {
    let Some(r) = Router::new("wrong_usage_exits_with_2_and_touches_nothing") else { return };
    let before = r.snapshot();
    for (arguments, says) in [
        (&["run", "-s", "nobody"][..], "no service 'nobody' in /etc/config/nicup"),
        (&["check", "-s", "nobody"], "no service 'nobody'"),
        (&["resume", "-s", "nobody"], "no service 'nobody'"),
        (&[], "no command"),
        (&["fly"], "unknown command 'fly'"),
        (&["run", "twice"], "unexpected argument 'twice'"),
        (&["run", "--jump"], "jump"),
        (&["run", "--json"], "--json does not belong to run"),
        (&["status", "--force"], "--force does not belong to status"),
        (&["run", "-s"], "'s' missing"),
        (&["run", "--root"], "root"),
    ] {
        let ran = r.run(arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.starts_with("nicup: ") && ran.err.contains(says), "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    }
    assert_eq!(r.snapshot(), before);
    assert_eq!(r.run(&["--version"]).out, format!("nicup {}\n", nicup::app::VERSION));
    assert!(r.run(&["run", "--help"]).out.contains("Usage: nicup [OPTIONS] COMMAND [OPTIONS]"));
}

#[test]
fn status_shows_the_file() {
    let Some(r) = Router::new("status_shows_the_file") else { return };
    for arguments in [&["status"][..], &["status", "--json"]] {
        let none = r.run(arguments);
        assert_eq!((none.exit, none.out.as_str()), (1, ""));
        assert!(none.err.contains("/var/run/nicup/status.json is missing"), "{none:?}");
    }
    r.pass(0);
    let before = r.snapshot();
    let json = r.run(&["status", "--json"]);
    assert_eq!((json.exit, json.out), (0, r.read(STATUS) + "\n"));
    let table = r.run(&["status"]);
    assert_eq!(table.exit, 0);
    let row: Vec<&str> = table.out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..6], [HOME, "current", "203.0.113.7", "203.0.113.7", "good", "in"]);
    assert_eq!(r.run(&["status", "-s", "nobody"]).exit, 2);
    assert_eq!((r.snapshot(), r.requests()), (before, 1));
    // `status` exits with the same status as the run.
    r.answers(&["words:badauth"]);
    r.move_to("203.0.113.7", "203.0.113.8");
    r.pass(4);
    let stopped = r.run(&["status"]);
    assert_eq!(stopped.exit, 4);
    assert!(stopped.out.contains("home.example.net: username or password rejected"), "{stopped:?}");
}

#[test]
fn resume_ends_a_stop() {
    let Some(r) = Router::new("resume_ends_a_stop") else { return };
    r.answers(&["words:abuse"]);
    r.pass(4);
    let resumed = r.run(&["resume"]);
    assert_eq!((resumed.exit, r.requests()), (0, 1), "{resumed:?}");
    assert!(resumed.out.contains("stops and back-off cleared: nicup run retries"), "{resumed:?}");
    r.shows(HOME, "waiting", "-");
    r.pass(0);
    assert_eq!(r.requests(), 2);
}

#[test]
fn resume_never_shortens_a_wait_that_the_server_ordered() {
    let Some(r) = Router::new("resume_never_shortens_a_wait_that_the_server_ordered") else { return };
    for word in ["words:911", "429:3600"] {
        let _ = std::fs::remove_file(r.root.join(RECORDS));
        r.answers(&[word]);
        r.pass(1);
        let (requests, next) = (r.requests(), r.host(HOME).next_attempt_uptime);
        let resumed = r.run(&["resume"]);
        assert_eq!(resumed.exit, 0);
        assert!(resumed.out.contains("127.0.0.1 asked nicup to wait ("), "{resumed:?}");
        assert!(!resumed.out.contains("tries again"), "{resumed:?}");
        r.pass(1);
        assert_eq!((r.requests(), r.host(HOME).next_attempt_uptime), (requests, next));
    }
}

#[test]
fn resume_of_one_service_leaves_the_other_stopped() {
    let Some(r) = Router::new("resume_of_one_service_leaves_the_other_stopped") else { return };
    let device = format!("option device '{}'", r.device);
    let home = r.service("home", &format!("{device}\nlist hostname '{HOME}'"));
    r.config(&(home + &r.service("work", &format!("{device}\nlist hostname '{OFFICE}'"))));
    r.answers(&["words:badauth", "words:badauth"]);
    r.pass(4);
    assert_eq!(r.run(&["resume", "-s", "work"]).exit, 0);
    r.pass(4);
    r.shows(HOME, "stopped", "badauth");
    r.shows(OFFICE, "current", "good");
}

#[test]
fn what_is_switched_off_is_disabled() {
    let Some(r) = Router::new("what_is_switched_off_is_disabled") else { return };
    let service = r.service("home", &format!("list hostname '{HOME}'"));
    r.config(&format!("config nicup 'main'\n\toption enabled '0'\n{service}"));
    r.pass(0);
    r.shows(HOME, "disabled", "-");
    r.config(&(service + "option enabled 'no'\n"));
    r.pass(0);
    r.shows(HOME, "disabled", "-");
    assert!(!r.service_status("home").enabled);
    assert_eq!((r.requests(), r.netifd.calls()), (0, vec![]), "netifd is not asked for what nobody needs");
}

#[test]
fn an_event_of_ours_needs_no_netifd() {
    let Some(r) = Router::new("an_event_of_ours_needs_no_netifd") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    let event = |action| [("ACTION", action), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    assert_eq!(r.hotplug(&event("ifup")).exit, 0);
    assert_eq!((r.requests(), r.netifd.calls()), (1, vec![]));
    r.move_to("203.0.113.7", "203.0.113.8");
    let renewed = event("ifupdate").into_iter().chain([("IFUPDATE_ADDRESSES", "1")]).collect::<Vec<_>>();
    assert_eq!(r.hotplug(&renewed).exit, 0);
    assert_eq!((r.requests(), r.netifd.calls()), (2, vec![]));
    assert_eq!(r.hotplug(&[("ACTION", "ifdown"), ("INTERFACE", "wan")]).exit, 1);
    r.shows(HOME, "no-address", "no-address");
    assert_eq!((r.requests(), r.netifd.calls()), (2, vec![]));
    // The event finds a service with option device by its device.
    r.configure("");
    r.move_to("203.0.113.8", "203.0.113.9");
    assert_eq!(r.hotplug(&[("ACTION", "ifup"), ("INTERFACE", "other"), ("DEVICE", &r.device)]).exit, 0);
    assert_eq!(r.requests(), 3);
}

#[test]
fn an_event_of_others_touches_nothing() {
    let Some(r) = Router::new("an_event_of_others_touches_nothing") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    let before = r.snapshot();
    let device = r.device.as_str();
    for event in [
        &[("ACTION", "ifup"), ("INTERFACE", "lan"), ("DEVICE", "br-lan")][..],
        &[("ACTION", "connected"), ("INTERFACE", "wan"), ("DEVICE", device)],
        &[("ACTION", "ifup-failed"), ("INTERFACE", "wan")],
        &[("ACTION", "step"), ("INTERFACE", "wan")],
        &[("ACTION", "periodic")],
        &[],
    ] {
        let ran = r.hotplug(event);
        assert_eq!((ran.exit, ran.out.as_str(), ran.err.as_str()), (0, "", ""), "{event:?}");
    }
    assert_eq!(r.snapshot(), before);
    assert_eq!((r.requests(), r.netifd.calls()), (0, vec![]));
}

#[test]
fn an_event_of_the_ipv6_sibling_is_ours() {
    let Some(r) = Router::new("an_event_of_the_ipv6_sibling_is_ours") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'\noption family 'ipv6'")));
    let (wan, device) = ("{\"interface\":\"wan\",\"up\":true,\"l3_device\":\"none\"}", r.device.as_str());
    r.netifd.put("network.interface.dump", &format!("{{\"interface\":[{wan}]}}"));
    r.address("add 2001:db8::7/64 nodad");
    assert_eq!(r.hotplug(&[("ACTION", "ifup"), ("INTERFACE", "wan_6"), ("DEVICE", device)]).exit, 0);
    assert_eq!(r.sim.requests()[0].myip.as_deref(), Some("2001:db8::7"));
    assert_eq!(r.service_status("home").interface.as_deref(), Some("wan_6"));
}

#[test]
fn what_must_survive_a_reboot_does() {
    let Some(r) = Router::new("what_must_survive_a_reboot_does") else { return };
    r.pass(0);
    r.reboot();
    r.pass(0);
    r.shows(HOME, "current", "good");
    assert_eq!(r.requests(), 1, "the registered address is not sent again");

    for (answer, exit, code) in [
        ("words:badauth", 4, "badauth"),
        ("words:badagent", 4, "badagent"),
        ("words:abuse", 4, "abuse"),
        ("words:911", 1, "911"),
        ("429:7200", 1, "http-429"),
    ] {
        let _ = std::fs::remove_file(r.root.join(RECORDS));
        r.answers(&[answer]);
        r.pass(exit);
        let (sent, before) = (r.requests(), r.host(HOME));
        if exit == 1 {
            // This machine may have been up for longer than the wait; a router that just restarted has not.
            r.set(RECORDS, "seconds", i64::try_from(r.status().uptime).unwrap() + 7200);
        }
        r.reboot();
        r.pass(exit);
        r.shows(HOME, &before.state, code);
        assert_eq!(r.requests(), sent, "{code}");
    }
}

#[test]
fn what_need_not_survive_a_reboot_does_not() {
    let Some(r) = Router::new("what_need_not_survive_a_reboot_does_not") else { return };
    r.answers(&["body:<html>"]);
    r.pass(1);
    r.reboot();
    r.pass(0);
    r.shows(HOME, "current", "good");
    assert_eq!(r.status().events.len(), 1);
}

#[test]
fn a_killed_pass_is_not_repeated_at_once() {
    let Some(r) = Router::new("a_killed_pass_is_not_repeated_at_once") else { return };
    r.answers(&["hang:request"]);
    let mut child = r.start(&["run"], &[]);
    assert!(r.sim.wait_for(1, patience()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!r.exists(RECORDS));
    r.pass(1);
    let host = r.shows(HOME, "waiting", "unconfirmed");
    assert!(host.message.unwrap().contains("could not confirm"));
    assert_eq!((r.requests(), host.failures), (1, 1));
    r.back_off_is_over();
    r.pass(0);
    r.shows(HOME, "current", "nochg");
    assert_eq!(r.requests(), 2);
}

#[test]
fn passes_wait_for_each_other_and_events_for_none() {
    let Some(r) = Router::new("passes_wait_for_each_other_and_events_for_none") else { return };
    let event = [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    r.answers(&["delay:1500:normal"]);
    let first = r.start(&["run"], &[]);
    assert!(r.sim.wait_for(1, patience()));
    let second = r.start(&["run"], &[]);
    let seat = r.root.join("var/run/nicup/wait.lock");
    let begun = Instant::now();
    while !seat.exists() && begun.elapsed() < patience() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100)); // it creates the file first and then locks it
    let third = r.hotplug(&event);
    assert_eq!(
        (third.exit, begun.elapsed() < Duration::from_millis(1300)),
        (0, true),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!((finish(first).exit, finish(second).exit), (0, 0));
    assert_eq!(r.requests(), 1, "the second saw what the first had done");
}

#[test]
fn a_burst_of_events_costs_two_passes_at_most() {
    let Some(r) = Router::new("a_burst_of_events_costs_two_passes_at_most") else { return };
    r.config(&r.service("home", &format!("list hostname '{HOME}'")));
    let event = [("ACTION", "ifupdate"), ("INTERFACE", "wan")];
    r.answers(&["delay:1000:normal"]);
    let children: Vec<_> = (0..10).map(|_| r.start(&["run", "--hotplug"], &event)).collect();
    assert!(children.into_iter().all(|child| finish(child).exit == 0));
    let passes = r.netifd.calls().len();
    assert!((1..=2).contains(&passes), "{passes}");
    assert_eq!(r.requests(), 1);
}

#[test]
fn quick_changes_are_rate_limited_and_the_last_address_is_kept() {
    let Some(r) = Router::new("quick_changes_are_rate_limited_and_the_last_address_is_kept") else { return };
    r.pass(0);
    for last in 8..13 {
        r.move_to(&format!("203.0.113.{}", last - 1), &format!("203.0.113.{last}"));
        r.pass(0);
    }
    assert_eq!(r.requests(), 6);
    r.move_to("203.0.113.12", "203.0.113.13");
    r.pass(1);
    let host = r.shows(HOME, "waiting", "storm");
    assert!((290..=301).contains(&(host.next_attempt_uptime.unwrap() - r.status().uptime)));
    assert_eq!(r.requests(), 6);
    let text = r.read(STATE);
    let (head, rest) = text.split_once("\"changes\":[").unwrap();
    let (_, rest) = rest.split_once(']').unwrap();
    r.write(STATE, format!("{head}\"changes\":[1,2,3,4,5]{rest}"));
    r.pass(0);
    assert_eq!(r.sim.registered(HOME).0, Some([203, 0, 113, 13].into()));
}

#[test]
fn another_folder_of_configuration() {
    let Some(r) = Router::new("another_folder_of_configuration") else { return };
    r.write("srv/conf/nicup", r.read(CONFIG));
    std::fs::remove_file(r.root.join(CONFIG)).unwrap();
    assert_eq!(r.run(&["run", "-c", "/srv/conf/"]).exit, 0);
    assert!(r.problems()[0].contains("warning /srv/conf/nicup: its mode 644"), "{:?}", r.problems());
    assert_eq!(r.requests(), 1);
}

#[test]
fn a_pass_over_many_services_that_is_killed_repeats_none() {
    let Some(r) = Router::new("a_pass_over_many_services_that_is_killed_repeats_none") else { return };
    let name = |number| format!("h{number}.example.net");
    let service = |number| {
        r.service(&format!("s{number}"), &format!("list hostname '{}'\noption timeout 60", name(number)))
    };
    r.config(&(0..25).map(service).collect::<String>());
    let good = "words:good 203.0.113.7";
    r.answers(&[&[good; 22][..], &["hang:request"], &[good; 2]].concat());
    let mut child = r.start(&["run"], &[]);
    assert!(r.sim.wait_for(23, patience()));
    child.kill().unwrap();
    child.wait().unwrap();
    // For 20 hosts the outcome is in the state, for two in the records, and for one nowhere.
    assert!(r.exists(STATE) && r.exists(ATTEMPTS));
    r.pass(1);
    assert_eq!((r.requests(), r.exists(ATTEMPTS)), (25, false));
    for number in 0..25 {
        let (state, code) = if number == 22 { ("waiting", "unconfirmed") } else { ("current", "good") };
        r.shows(&name(number), state, code);
    }
    assert_eq!(r.status().events.len(), 25);
}
