//! Limits of other programs' output, and of what nicup keeps and logs.

use super::exchange::{anew, configure, long_name, name};
use crate::common::{HOME, RECORDS, Router, STATUS};
use std::os::unix::fs::PermissionsExt;

pub(crate) fn script_output(r: &Router, limit: usize) {
    let text = "option source 'script'\noption source_script '/usr/bin/address'\n";
    r.config(&r.service("home", &format!("list hostname '{HOME}'\n{text}")));
    for (surplus, exit, code) in [(0, 0, "good"), (1, 1, "address-unknown")] {
        let printed = format!("203.0.113.7\n{}", " ".repeat(limit + surplus - 12));
        r.write("printed", &printed);
        let script = format!("#!/bin/sh\nexec /bin/cat '{}'\n", r.root.join("printed").display());
        r.write("usr/bin/address", script);
        std::fs::set_permissions(r.root.join("usr/bin/address"), PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(anew(r), exit);
        assert_eq!(r.host(HOME).code.as_deref(), Some(code));
    }
}

pub(crate) fn ubus_output(r: &Router, limit: usize) {
    r.config(&r.service("home", &format!("list hostname '{HOME}'\n")));
    let answer =
        format!("{{\"up\":true,\"pending\":false,\"l3_device\":\"{}\",\"proto\":\"dhcp\"}}", r.device);
    for (surplus, exit, code) in [(0, 0, "good"), (1, 1, "address-unknown")] {
        let padded = answer.clone() + &" ".repeat(limit + surplus - answer.len());
        r.netifd.put("network.interface.wan.status", &padded);
        assert_eq!(anew(r), exit);
        assert_eq!(r.host(HOME).code.as_deref(), Some(code), "{:?}", r.host(HOME));
    }
}

pub(crate) fn records_file(r: &Router, limit: usize) {
    r.pass(0);
    let text = r.read(RECORDS);
    for (surplus, requests) in [(0, 1), (1, 2)] {
        r.write(RECORDS, text.clone() + &" ".repeat(limit + surplus - text.len()));
        r.pass(0);
        assert_eq!((r.requests(), r.problems().len()), (requests, surplus), "{:?}", r.problems());
    }
    let problem = format!(
        "warning /etc/nicup/records.json: cannot be read (larger than {limit} bytes): its content is unknown"
    );
    let _ = std::fs::remove_file(r.root.join(RECORDS));
    r.write(RECORDS, " ".repeat(limit + 1));
    r.pass(0);
    assert_eq!(r.problems(), [problem]);
    r.pass(0);
    assert_eq!(r.problems(), Vec::<String>::new(), "it has been written anew");
}

pub(crate) fn events(r: &Router, limit: usize) {
    for hosts in [limit, limit + 1] {
        configure(r, &(0..hosts).map(name).collect::<Vec<_>>());
        assert_eq!(anew(r), 0);
        let events = r.status().events;
        assert_eq!(events.len(), limit);
        assert_eq!(
            events.iter().any(|event| event.hostname == name(0)),
            hosts == limit,
            "the oldest goes first"
        );
    }
}

/// Disabled hosts with names of `bytes` bytes. Returns the size of the status.
fn hosts(r: &Router, count: usize, bytes: usize) -> usize {
    let name = |at: usize| long_name(at, bytes);
    let names: String = (0..count).map(|at| format!("list hostname '{}'\n", name(at))).collect();
    r.config(&r.service("home", &format!("option enabled '0'\n{names}")));
    let exit = r.run(&["run"]).exit;
    assert_eq!(exit, 0);
    r.read(STATUS).len()
}

pub(crate) fn status_file(r: &Router, limit: usize) {
    const LUCI: usize = 262_144;
    assert!(limit < LUCI);
    // nicup leaves out no host while all fit, and then no more than necessary.
    let (mut whole, mut cut) = (false, false);
    for (count, bytes) in [(950, 20), (1000, 20), (1000, 140), (1000, 240)] {
        let size = hosts(r, count, bytes);
        assert!(size <= limit, "{size}");
        let shown = r.status().services[0].hosts.len();
        let problems = r.problems();
        let left_out =
            problems.iter().any(|problem| problem.contains("left out, because LuCI reads less than 256 KiB"));
        assert!(left_out, "{problems:?}");
        if shown < count {
            assert!(
                problems[0].contains(&format!("{} hosts and all messages", count - shown)),
                "{problems:?}"
            );
            assert!(size > limit - 1000, "{size}");
        }
        whole |= shown == count;
        cut |= shown < count;
    }
    assert!(whole && cut);
    assert!(hosts(r, 500, 30) <= limit && r.problems().is_empty());
    assert!(r.host(&long_name(0, 30)).message.is_some());
}

pub(crate) fn log_lines(r: &Router, limit: usize) {
    let told =
        |lines: &[String], priority: &str| lines.iter().filter(|line| line.starts_with(priority)).count();
    // The first request, then the address disappears and returns: one line each time.
    r.pass(0);
    let mut there = true;
    let mut flap = |times: usize| {
        for _ in 0..times {
            r.address(if there { "flush" } else { "add 203.0.113.7/32" });
            there = !there;
            r.pass(i32::from(!there));
        }
        r.syslog.take()
    };
    let lines = flap(limit - 1);
    assert_eq!((told(&lines, "<29>"), lines.len()), (limit, limit));
    let lines = flap(10);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(
        lines[0].contains(&format!("more than {limit} lines in an hour: further lines are logged at debug"))
    );
}
