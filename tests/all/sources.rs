//! Addresses from a web page, for a router behind another NAT: when nicup fetches the page, and which responses it
//! accepts.

use crate::common::{HOME, OFFICE, Router, STATE};
use noip_simulator::{CertKind, Options};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A page over http, and the requests that it received.
struct Page {
    port: u16,
    answer: Arc<Mutex<String>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Page {
    fn new(body: &str) -> Page {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, seen) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let page = Page { port, answer: answer.clone(), seen: seen.clone() };
        page.says(body);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap();
                seen.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                let _ = stream.write_all(answer.lock().unwrap().as_bytes());
            }
        });
        page
    }

    fn says(&self, body: &str) {
        self.answers(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    }

    fn answers(&self, whole: &str) {
        *self.answer.lock().unwrap() = whole.to_owned();
    }

    fn asked(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/ip?as=text", self.port)
    }

    /// The options that make a service use this page.
    fn options(&self) -> String {
        format!("option source 'web'\noption source_url '{}'\n", self.url())
    }
}

/// Ends check_interval.
fn time_passes(r: &Router) {
    r.set(STATE, "at", 0);
}

fn sent(r: &Router) -> Vec<String> {
    r.requests();
    r.sim.requests().into_iter().filter_map(|request| request.myip).collect()
}

#[test]
fn a_page_gives_the_address_and_is_queried_once_in_check_interval() {
    let Some(r) = Router::new("a_page_gives_the_address_and_is_queried_once_in_check_interval") else {
        return;
    };
    let page = Page::new(" \r\n203.0.113.50\r\n\n");
    r.configure(&page.options());
    for _ in 0..3 {
        r.pass(0);
    }
    assert_eq!((sent(&r), page.asked()), (vec!["203.0.113.50".to_owned()], 1));
    let request = page.seen.lock().unwrap()[0].clone();
    assert!(request.starts_with("GET /ip?as=text HTTP/1.1\r\n"), "{request}");
    assert!(!request.to_lowercase().contains("authorization"), "{request}");
    assert_eq!(r.service_status("home").ipv4.as_deref(), Some("203.0.113.50"));
    assert!(
        r.problems().iter().any(|problem| problem.contains("http lets anyone on the network path")),
        "{:?}",
        r.problems()
    );

    page.says("203.0.113.51");
    r.move_to("203.0.113.7", "203.0.113.8"); // nicup does not fetch the page earlier because of an event
    r.pass(0);
    assert_eq!(page.asked(), 1);
    time_passes(&r);
    r.pass(0);
    assert_eq!((sent(&r).len(), page.asked()), (2, 2));
    assert_eq!(sent(&r)[1], "203.0.113.51");

    // `check` fetches nothing, and names the source of the address.
    let check = r.run(&["check"]);
    assert_eq!(page.asked(), 2);
    assert!(check.out.contains(&format!("home: {}, 203.0.113.51", page.url())), "{check:?}");
    assert!(check.out.contains("must forward ports to this one"), "{check:?}");
}

#[test]
fn a_body_that_is_not_one_address_is_no_address() {
    let Some(r) = Router::new("a_body_that_is_not_one_address_is_no_address") else { return };
    let page = Page::new("");
    r.configure(&page.options());
    let long = format!("203.0.113.50{}", " ".repeat(5000));
    let bodies = [
        ("", "not an address and nothing else"),
        ("203.0.113.50 203.0.113.51", "not an address and nothing else"),
        ("203.0.113.50\n203.0.113.51\n", "not an address and nothing else"),
        ("<html>203.0.113.50</html>", "not an address and nothing else"),
        ("203.0.113.050", "not an address and nothing else"),
        (&long, "not an address and nothing else"),
    ];
    let wholes = [
        ("HTTP/1.1 404 No\r\nContent-Length: 12\r\n\r\n203.0.113.50", "returned HTTP 404"),
        ("HTTP/1.1 302 There\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "returned HTTP 302"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n203.0.113.50",
            "closed before the response was complete",
        ),
        ("", "closed before the response was complete"),
    ];
    let bodies = bodies
        .map(|(body, why)| (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()), why));
    for (whole, why) in bodies.into_iter().chain(wholes.map(|(whole, why)| (whole.to_owned(), why))) {
        let _ = std::fs::remove_file(r.root.join(STATE));
        page.answers(&whole);
        r.pass(1);
        let host = r.shows(HOME, "waiting", "address-unknown");
        assert!(host.message.as_ref().unwrap().contains(why), "{whole}: {host:?}");
        let wait = host.next_attempt_uptime.unwrap() - r.status().uptime;
        assert!((8..=11).contains(&wait), "{wait} s");
    }
    for (body, code) in [("192.168.1.2", "private-address"), ("2001:db8::7", "no-address")] {
        let _ = std::fs::remove_file(r.root.join(STATE));
        page.says(body);
        r.pass(1);
        r.shows(HOME, "no-address", code);
    }
    assert_eq!(sent(&r), Vec::<String>::new());
}

#[test]
fn a_failed_look_is_repeated_soon_and_a_wish_or_an_event_looks_again_once_a_minute() {
    const STORY: &str = "a_failed_look_is_repeated_soon_and_a_wish_or_an_event_looks_again_once_a_minute";
    let Some(r) = Router::new(STORY) else { return };
    let page = Page::new("busy");
    r.configure(&(page.options() + "option interface 'wan'"));
    for (seconds, asked) in [(10, 1), (30, 2), (60, 3)] {
        r.pass(1);
        let host = r.shows(HOME, "waiting", "address-unknown");
        let wait = host.next_attempt_uptime.unwrap() - r.status().uptime;
        assert!((seconds - 2..=seconds + 1).contains(&wait), "{wait} s");
        r.pass(1);
        assert_eq!(page.asked(), asked, "too early to look again");
        r.set(STATE, "at", 0);
        r.back_off_is_over();
    }
    page.says("203.0.113.50");
    r.pass(0);
    assert_eq!(sent(&r), ["203.0.113.50"]);
    // nicup sends neither the old address nor a second request to the page within 1 min.
    page.says("203.0.113.51");
    r.run(&["run", "--force"]);
    assert_eq!(page.asked(), 4);
    r.set(STATE, "at", 0);
    r.run(&["run", "--force"]);
    assert_eq!((page.asked(), sent(&r).last().map(String::as_str)), (5, Some("203.0.113.51")));
    page.says("203.0.113.52");
    r.set(STATE, "at", 0);
    let event = [("ACTION", "ifup"), ("INTERFACE", "wan"), ("DEVICE", r.device.as_str())];
    assert_eq!(r.hotplug(&event).exit, 0);
    assert_eq!((page.asked(), sent(&r).last().map(String::as_str)), (6, Some("203.0.113.52")));
    assert_eq!(r.run(&["resume"]).exit, 0);
}

/// Sets the last fetch to `seconds` ago.
fn looked(r: &Router, seconds: u64) {
    r.set(STATE, "at", i64::try_from(r.status().uptime - seconds).unwrap());
}

#[test]
fn force_sends_what_the_page_says_now() {
    let Some(r) = Router::new("force_sends_what_the_page_says_now") else { return };
    let page = Page::new("203.0.113.50");
    r.configure(&page.options());
    r.pass(0);
    page.says("203.0.113.51");
    looked(&r, 61);
    assert_eq!(r.run(&["run", "--force"]).exit, 0);
    assert_eq!((sent(&r), page.asked()), (vec!["203.0.113.50".to_owned(), "203.0.113.51".to_owned()], 2));
    // If the page cannot be read, nicup does not send the old address, and --force works again once it can.
    page.says("away");
    looked(&r, 61);
    r.run(&["run", "--force"]);
    assert_eq!((sent(&r).len(), page.asked()), (2, 3));
    r.shows(HOME, "waiting", "address-unknown");
    page.says("203.0.113.51");
    looked(&r, 61);
    assert_eq!(r.run(&["run", "--force"]).exit, 0);
    assert_eq!((sent(&r).len(), page.asked()), (3, 4));
}

#[test]
fn resume_and_events_look_again_once_a_minute() {
    let Some(r) = Router::new("resume_and_events_look_again_once_a_minute") else { return };
    let page = Page::new("203.0.113.50");
    r.configure(&page.options());
    r.pass(0);
    let hotplug = |action: &str, interface: &str, device: &str| {
        let event = [("ACTION", action), ("INTERFACE", interface), ("DEVICE", device)];
        assert_eq!(r.hotplug(&event).exit, 0);
    };
    let device = r.device.as_str();
    let wishes: [(&str, &dyn Fn()); 4] = [
        ("ifup", &|| hotplug("ifup", "wan", device)),
        ("ifupdate", &|| hotplug("ifupdate", "wan", device)),
        ("NTP", &|| hotplug("stratum", "", "")),
        ("resume", &|| {
            r.run(&["resume"]);
            r.run(&["run"]);
        }),
    ];
    for (name, wish) in wishes {
        let before = page.asked();
        looked(&r, 40);
        wish();
        assert_eq!(page.asked(), before, "{name}: within a minute");
        looked(&r, 61);
        wish();
        assert_eq!(page.asked(), before + 1, "{name}");
    }
    let before = page.asked();
    looked(&r, 61);
    hotplug("ifdown", "wan", device);
    hotplug("ifup", "lan", "br-lan");
    r.run(&["run"]);
    assert_eq!(page.asked(), before, "no reason to look again");
}

#[test]
fn each_family_has_its_page_and_both_go_in_one_request() {
    let Some(r) = Router::new("each_family_has_its_page_and_both_go_in_one_request") else { return };
    let (four, six) = (Page::new("203.0.113.50"), Page::new("2001:db8::50\n"));
    r.configure(&format!("{}option source_url6 '{}'\noption family 'both'", four.options(), six.url()));
    r.pass(0);
    r.configure(&format!("{}option source_url6 '{}'\noption family 'ipv4'", four.options(), six.url()));
    time_passes(&r);
    r.pass(0);
    assert_eq!((four.asked(), six.asked()), (2, 1), "a family that is not wanted is not asked for");
    assert_eq!(sent(&r), ["203.0.113.50,2001:db8::50"]);
}

#[test]
fn no_source_is_queried_during_a_stop_or_a_servers_wait() {
    let Some(r) = Router::new("no_source_is_queried_during_a_stop_or_a_servers_wait") else { return };
    for answer in ["words:badauth", "words:911", "429:60", "words:abuse", "words:badagent", "words:nohost"] {
        let page = Page::new("203.0.113.50");
        r.configure(&page.options());
        r.answers(&[answer]);
        r.run(&["run"]);
        assert_eq!(page.asked(), 1, "{answer}");
        time_passes(&r);
        r.run(&["run"]);
        r.run(&["run", "--force"]);
        // The detected address is lost, but the stop or wait is not.
        std::fs::remove_dir_all(r.root.join("var/run")).unwrap();
        for _ in 0..2 {
            r.run(&["run"]);
        }
        assert_eq!(page.asked(), 1, "{answer}");
        let next = r.host(HOME).next_attempt_uptime;
        assert!(next.is_none_or(|next| next > r.status().uptime + 5), "{answer}: no tight loop: {next:?}");
        let _ = std::fs::remove_dir_all(r.root.join("etc/nicup"));
        let _ = std::fs::remove_dir_all(r.root.join("var/run"));
    }
    // Disabled and offline services need no address.
    let page = Page::new("203.0.113.50");
    r.configure(&(page.options() + "option enabled '0'"));
    r.pass(0);
    r.configure(&(page.options() + "option offline '1'"));
    r.run(&["run"]);
    assert_eq!(page.asked(), 0);
}

#[test]
fn a_page_over_https_is_verified_and_gets_no_password() {
    const STORY: &str = "a_page_over_https_is_verified_and_gets_no_password";
    let options = Options { address_page: Some("/ip".to_owned()), ..Options::default() };
    let Some(r) = Router::with(STORY, options) else { return };
    let web = format!("option source 'web'\noption source_url 'https://127.0.0.1:{}/ip'\n", r.sim.port());
    r.configure(&web);
    r.sim.use_certificate(CertKind::SelfSigned).unwrap();
    r.pass(1);
    let host = r.shows(HOME, "waiting", "address-unknown");
    assert!(host.message.unwrap().contains("certificate"), "the page's certificate counts");
    r.sim.use_certificate(CertKind::Good).unwrap();
    time_passes(&r);
    r.back_off_is_over();
    r.answers(&["body:203.0.113.61\n"]);
    r.pass(0);
    assert_eq!(r.host(HOME).registered_ipv4.as_deref(), Some("203.0.113.61"));
    assert_eq!(r.problems(), Vec::<String>::new(), "https is nothing to warn about");
}

#[test]
fn services_share_a_page_but_not_one_that_is_asked_another_way() {
    let Some(r) = Router::new("services_share_a_page_but_not_one_that_is_asked_another_way") else { return };
    let page = Page::new("203.0.113.50");
    let two = |more: &str| {
        r.service("home", &format!("list hostname '{HOME}'\n{}", page.options()))
            + &r.service("work", &format!("list hostname '{OFFICE}'\n{}{more}", page.options()))
    };
    r.config(&two(""));
    r.pass(0);
    assert_eq!((page.asked(), sent(&r).len()), (1, 2));
    // The second service fetches through its own uplink, which has no route to the page.
    r.config(&two(&format!("option bind '1'\noption device '{}'", r.device)));
    r.run(&["run"]);
    r.shows(HOME, "current", "good");
    r.shows(OFFICE, "waiting", "address-unknown");
    assert_eq!(page.asked(), 1);
}

#[test]
fn netifd_is_queried_before_a_page_is_read() {
    let Some(r) = Router::new("netifd_is_queried_before_a_page_is_read") else { return };
    let page = Page::new("203.0.113.50");
    r.config(
        &(r.service("home", &format!("list hostname '{HOME}'"))
            + &r.service("work", &format!("list hostname '{OFFICE}'\n{}", page.options()))),
    );
    // wan_4 has the IPv4 address. Once nicup has fetched the page, its dropped privileges no longer let it start `ubus`.
    r.netifd.put("network.interface.wan.status", r#"{"up":true,"l3_device":"lo"}"#);
    let beside = format!(r#"{{"interface":"wan_4","up":true,"dynamic":true,"l3_device":"{}"}}"#, r.device);
    r.netifd.put("network.interface.dump", &format!(r#"{{"interface":[{beside}]}}"#));
    r.pass(0);
    assert_eq!(sent(&r), ["203.0.113.7", "203.0.113.50"]);
}

#[test]
fn a_private_address_is_explained_with_what_helps() {
    let Some(r) = Router::new("a_private_address_is_explained_with_what_helps") else { return };
    for (address, says, is_behind_a_router) in [
        ("192.168.1.7", "behind another router: use bridge mode there, or set option source to web", true),
        ("100.64.3.7", "shared by several customers (CGNAT)", false),
        ("10.0.0.7", "behind another router", true),
    ] {
        r.address("flush");
        r.address(&format!("add {address}/32"));
        let check = r.run(&["check"]);
        assert_eq!(check.exit, 1);
        assert!(check.out.contains(says), "{check:?}");
        // With CGNAT, no port leads to this router, so source web helps only behind the user's own router.
        for line in ["must forward ports to this one", "http://ip1.dynupdate.no-ip.com/", "has no https"] {
            assert_eq!(check.out.contains(line), is_behind_a_router, "{check:?}");
        }
        r.pass(1);
        let host = r.shows(HOME, "no-address", "private-address");
        assert!(host.message.unwrap().contains(says));
    }
    // A page reports the address of the router in front.
    let page = Page::new("203.0.113.50");
    r.configure(&page.options());
    r.pass(0);
    assert_eq!(sent(&r), ["203.0.113.50"]);
}

#[test]
fn mode_hotplug_is_warned_of_what_needs_a_loop() {
    let Some(r) = Router::new("mode_hotplug_is_warned_of_what_needs_a_loop") else { return };
    let page = Page::new("203.0.113.50");
    let config = |mode: &str, more: &str| {
        let home = format!("option device '{}'\nlist hostname '{HOME}'\n{more}", r.device);
        r.config(&(format!("config nicup 'main'\noption mode '{mode}'\n") + &r.service("home", &home)));
        r.run(&["check"]).out
    };
    for (mode, more, web, interval) in [
        ("hotplug", page.options(), true, false),
        ("hotplug", "option force_interval '10d'".to_owned(), false, true),
        ("hotplug", "option force_interval '0'".to_owned(), false, false),
        ("watch", page.options(), false, false),
    ] {
        let printed = config(mode, &more);
        assert_eq!(printed.contains("source web and script raise no event"), web, "{printed}");
        assert_eq!(printed.contains("force_interval needs the resident loop"), interval, "{printed}");
    }
}
