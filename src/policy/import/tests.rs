use super::*;
use crate::policy::config::{Config, Entry, Family, Level, Service, Source, build};
use crate::wire::uci::parse;

const LOGIN: &str = "option service_name no-ip.com\noption username me\noption password geheim\n";

fn import(text: &str) -> Imported {
    convert(&parse(text.as_bytes()).unwrap(), &["/opt/certs".to_owned()]).unwrap()
}

/// A section that is whole, and `more`.
fn home(more: &str) -> Imported {
    import(&format!("config service home\noption enabled 1\noption domain home.ddns.net\n{LOGIN}{more}\n"))
}

fn config(imported: &Imported) -> Config {
    build(&parse(imported.text.as_bytes()).unwrap(), "nicup")
}

/// The only service, as nicup reads it.
fn service(imported: &Imported) -> Service {
    let config = config(imported);
    assert!(config.issues.is_empty(), "{:?}\n{}", config.issues, imported.text);
    let [Entry::Valid(service)] = &config.services[..] else { panic!("{}", imported.text) };
    (**service).clone()
}

fn notes(imported: &Imported) -> String {
    imported.notes.iter().map(|note| format!("{}: {}\n", note.line, note.message)).collect()
}

#[test]
fn a_plain_section_is_converted_option_by_option() {
    let imported = home("option lookup_host home.ddns.net\noption use_https 1\noption use_syslog 2");
    assert_eq!(
        imported.text.split_once("\nconfig service").unwrap().1,
        " 'home'\n\toption enabled '1'\n\toption username 'me'\n\toption password 'geheim'\n\
         \toption family 'ipv4'\n\tlist hostname 'home.ddns.net'\n\tlist interface 'wan'\n"
    );
    assert_eq!(notes(&imported), "");
    assert_eq!((imported.sections, imported.services), (1, 1));
}

#[test]
fn no_ip_is_known_by_name_script_or_url() {
    for ours in [
        "option service_name noip.com",
        "option service_name No-IP.com",
        "option update_script /usr/lib/ddns/update_no-ip_com.sh",
        "option service_name custom\noption update_script /etc/ddns/update_No-IP.com.sh",
        "option update_url 'http://[USERNAME]:[PASSWORD]@dynupdate.noip.com/nic/update?hostname=[DOMAIN]&myip=[IP]'",
    ] {
        let text =
            format!("config service a\noption username u\noption password p\noption domain a.b\n{ours}\n");
        let imported = import(&text);
        assert_eq!(service(&imported).hostnames, ["a.b"], "{ours}");
    }
    for other in [
        "option service_name no-ip.pl",
        "option service_name dyndns.org\noption update_script /usr/lib/ddns/update_no-ip_com.sh",
        "option update_url 'http://dynupdate.no-ip.com.example.net/nic/update'",
        "option update_url 'https://members.dyndns.org/?x=dynupdate.no-ip.com'",
        "option update_url 'https://notno-ip.com/'",
        "list service_name no-ip.com",
        "",
    ] {
        let text = format!("config service a\n{other}\nconfig other b\noption service_name no-ip.com\n");
        assert!(convert(&parse(text.as_bytes()).unwrap(), &[]).is_none(), "{other}");
    }
}

#[test]
fn both_families_of_a_host_become_one_service() {
    let v6 = "option use_ipv6 1\noption ip_network wan_6\noption force_interval 7\noption force_unit days\n";
    let text = format!(
        "config service myddns_ipv4\n{LOGIN}option domain Home.ddns.net\noption ip_network wanb\n\
         config service other\noption service_name x.example\n\
         config service myddns_ipv6\n{LOGIN}option domain home.ddns.net\n{v6}"
    );
    let imported = import(&text);
    let service = service(&imported);
    assert_eq!(
        (service.name.as_str(), service.family, service.enabled),
        ("myddns_ipv4", Family::Both, false)
    );
    assert_eq!(service.uplink.interfaces, ["wanb"]);
    assert_eq!(service.uplink.interface6.as_deref(), Some("wan_6"));
    assert_eq!(service.force_interval, Some(25 * 86_400));
    assert_eq!((imported.sections, imported.services), (2, 1));
    let notes = notes(&imported);
    assert!(notes.contains("7: other: is not for No-IP"), "{notes}");
    let joined = "9: myddns_ipv6: joined with myddns_ipv4 into one service for home.ddns.net, family both";
    assert!(notes.contains(joined), "{notes}");
    assert!(notes.contains("nicup uses the values of myddns_ipv4 for: force_interval"), "{notes}");
}

#[test]
fn the_ipv6_section_may_come_first_and_sources_are_joined_too() {
    let pair = |v4: &str, v6: &str| {
        let head = format!("{LOGIN}option enabled 1\noption domain a.b\n");
        let first = format!("config service six\n{head}option use_ipv6 1\n{v6}\n");
        import(&format!("{first}config service four\n{head}{v4}\n"))
    };
    let web = "option ip_source web\noption ip_url https://ip.example/";
    let joined = service(&pair(&format!("{web}4"), &format!("{web}6")));
    let page = |text| crate::policy::config::url(text).ok();
    let (url, url6) = (page("https://ip.example/4"), page("https://ip.example/6"));
    assert_eq!((joined.family, joined.source), (Family::Both, Source::Web { url, url6 }));
    let script = "option ip_source script\noption ip_script /etc/ddns/ip.sh";
    assert_eq!(service(&pair(script, script)).source, Source::Script("/etc/ddns/ip.sh".to_owned()));
    let device = "option ip_source interface\noption ip_interface eth1";
    let joined = service(&pair(device, "option ip_network wan6"));
    assert_eq!(
        (joined.uplink.device.as_deref(), joined.uplink.interface6.as_deref()),
        (Some("eth1"), Some("wan6"))
    );

    for (v4, v6) in [(web, device), ("", device), (script, "option ip_source script\noption ip_script /x")] {
        let imported = pair(v4, v6);
        let config = config(&imported);
        let enabled: Vec<bool> =
            config.services.iter().map(|e| matches!(e, Entry::Valid(s) if s.enabled)).collect();
        assert_eq!(enabled, [true, false], "{}", imported.text);
        assert!(config.issues.is_empty(), "{:?}", config.issues);
        assert!(notes(&imported).contains("four: disabled, because six has the same hostname"));
    }
}

#[test]
fn a_disabled_partner_stays_apart() {
    let text = format!(
        "config service four\noption enabled 1\noption domain a.b\n{LOGIN}\
         config service six\noption use_ipv6 1\noption domain a.b\n{LOGIN}"
    );
    let config = config(&import(&text));
    let enabled = |entry: &Entry| matches!(entry, Entry::Valid(s) if s.enabled);
    assert_eq!(config.services.iter().map(enabled).collect::<Vec<_>>(), [true, false]);
    assert!(config.issues.is_empty());
}

#[test]
fn the_address_comes_from_where_it_came_from() {
    let uplink = |more: &str| service(&home(more)).uplink;
    assert_eq!(uplink("option interface wanb").interfaces, ["wanb"]);
    assert_eq!(uplink("option interface wan\noption ip_network wanb").interfaces, ["wanb"]);
    assert_eq!(uplink("option use_ipv6 1").interfaces, ["wan6"]);
    assert_eq!(uplink("option ip_source interface\noption ip_interface '@wan6'").interfaces, ["wan6"]);
    let imported =
        home("option ip_source interface\noption ip_interface pppoe-wan\noption interface pppoe-wan");
    assert_eq!(service(&imported).uplink.device.as_deref(), Some("pppoe-wan"));
    assert_eq!(notes(&imported), "");
    let imported = home(
        "option ip_source script\noption ip_script /etc/ddns/ip.sh\noption interface wanb\noption ip_network wan",
    );
    assert_eq!(service(&imported).uplink.interfaces, ["wanb"]);
    assert!(notes(&imported).contains("option ip_network is not carried over: ddns-scripts ignores it"));
    let bound = |more: &str| service(&home(more)).endpoint.bind;
    assert!(bound("option ip_network wanb\noption bind_network wanb"));
    assert!(!bound("option bind_network wanb"));
}

#[test]
fn intervals_become_durations_and_short_ones_are_raised() {
    let forced = |more: &str| {
        let imported = home(more);
        (service(&imported).force_interval, notes(&imported))
    };
    assert_eq!(forced(""), (Some(25 * 86_400), String::new()));
    assert_eq!(forced("option force_interval 72"), (Some(3 * 86_400), String::new()));
    assert_eq!(forced("option force_interval 100\noption force_unit hours").0, Some(360_000));
    let (seconds, printed) = forced("option force_interval 90\noption force_unit minutes");
    assert_eq!(seconds, Some(86_400));
    assert!(
        printed.contains("option force_interval is shorter than nicup allows: it is raised to 1d"),
        "{printed}"
    );
    let (never, printed) = forced("option force_interval 0");
    assert_eq!(never, None);
    assert!(printed.contains("end after one update"), "{printed}");

    let web = "option ip_source web\noption ip_url https://ip.example/\noption check_interval";
    assert_eq!(service(&home(&format!("{web} 2"))).check_interval, 300);
    assert_eq!(service(&home(&format!("{web} 1\noption check_unit hours"))).check_interval, 3600);
    assert_eq!(service(&home(&format!("{web} 450\noption check_unit seconds"))).check_interval, 450);
    let printed = notes(&home("option check_interval 2\noption check_unit minutes"));
    assert!(
        printed.contains("options check_interval and check_unit are not carried over: the kernel"),
        "{printed}"
    );
}

#[test]
fn a_page_that_is_no_bare_address_leaves_the_service_running_on_the_interface() {
    for more in [
        "option ip_source web",
        "option ip_source web\noption ip_url http://checkip.dyndns.com",
        "option ip_source web\noption ip_url https://checkip.dyn.com/\noption interface wanb",
    ] {
        let imported = home(more);
        let service = service(&imported);
        assert!(service.enabled, "{more}");
        assert_eq!(service.source, Source::Interface);
        let printed = notes(&imported);
        assert!(printed.contains("nicup uses the address of the interface"), "{printed}");
    }
}

#[test]
fn units_without_numbers_say_nothing() {
    let imported = home("option check_unit minutes\noption force_unit hours\noption retry_unit seconds");
    assert_eq!(notes(&imported), "");
    assert!(!imported.text.contains("force_interval"), "{}", imported.text);
}

#[test]
fn no_ips_servers_are_its_service_names_too() {
    for name in ["dynupdate.no-ip.com", "www.no-ip.com", "NO-IP.com", "noip.com"] {
        let text = format!("config service a\noption service_name {name}\noption domain a.b\n{LOGIN}");
        assert_eq!(service(&import(&text)).hostnames, ["a.b"], "{name}");
    }
}

#[test]
fn tls_stays_on() {
    let printed = |more: &str| {
        let imported = home(more);
        assert!(!service(&imported).endpoint.plaintext);
        (service(&imported).endpoint.cacert, notes(&imported))
    };
    assert!(printed("option use_https 0").1.contains("nicup always uses https"));
    let (path, note) = printed("option use_https 1\noption cacert IGNORE");
    assert!(path.is_none() && note.contains("always verified"), "{note}");
    for directory in ["/etc/ssl/certs/", "/opt/certs"] {
        let (path, note) = printed(&format!("option use_https 1\noption cacert {directory}"));
        assert!(path.is_none() && note.contains("it is a directory"), "{note}");
    }
    assert_eq!(
        printed("option use_https 1\noption cacert /etc/my.pem"),
        (Some("/etc/my.pem".into()), String::new())
    );
    assert!(printed("option cacert /etc/my.pem").0.is_none());
}

#[test]
fn a_url_of_ones_own_says_path_port_and_login() {
    let url = |url: &str| {
        let text = format!(
            "config service a\noption enabled 1\noption username u\noption password p\noption domain a.b\noption update_url '{url}'\n"
        );
        import(&text)
    };
    let own = url("https://dynupdate.no-ip.com:8443/other/update?hostname=[DOMAIN]&myip=[IP]");
    let endpoint = service(&own).endpoint;
    let printed = "6: a: option update_url: requests go to /nic/update, not to /other/update\n";
    assert_eq!((endpoint.path.as_str(), endpoint.port, notes(&own).as_str()), ("/nic/update", 8443, printed));
    for other in ["http://www.no-ip.com/dns?username=u", "https://dynupdate.no-ip.com/ducupdate.php"] {
        let imported = url(other);
        assert_eq!(service(&imported).endpoint.path, "/nic/update");
        assert!(notes(&imported).contains("requests go to /nic/update, not to /d"), "{}", notes(&imported));
    }

    let own =
        url("http://me%40x:pa%3Ass@dynupdate6.noip.com:8245/nic/update?hostname=x.y,z.y&myip=[IP]&token=abc");
    let read = service(&own);
    assert_eq!((read.username.as_str(), read.password.reveal()), ("me@x", "pa:ss"));
    assert_eq!(read.hostnames, ["x.y", "z.y"]);
    assert_eq!((read.endpoint.port, read.endpoint.path.as_str()), (443, "/nic/update"));
    let printed = notes(&own);
    assert!(
        printed.contains("go to dynupdate.no-ip.com") && printed.contains("other parameters"),
        "{printed}"
    );
    assert!(!printed.contains("abc") && !printed.contains("me@") && !printed.contains("pa:ss"), "{printed}");
}

#[test]
fn what_nicup_would_refuse_is_left_out_and_keeps_the_service_from_running() {
    for (more, printed) in [
        ("option ip_network 'wan wan6'", "option ip_network is not an interface name"),
        ("option ip_source interface", "option ip_interface is missing"),
        ("option ip_source magic", "option ip_source names an unknown source"),
        ("option ip_source script\noption ip_script '/etc/ddns/ip.sh -4'", "option ip_script has parameters"),
        ("option proxy 'me:geheim@proxy'", "option proxy has no port"),
        ("option force_interval ten", "option force_interval is not a number"),
        ("option force_interval 99999999999999999999", "option force_interval is not a number"),
        (
            "option force_interval 4000\noption force_unit days",
            "option force_interval is too long: at most 3650d",
        ),
    ] {
        let imported = home(more);
        assert!(!service(&imported).enabled, "{more}");
        let all = notes(&imported);
        assert!(all.contains(printed) && all.contains("the service is disabled"), "{all}");
        assert!(!all.contains("geheim"));
    }
    let imported = import(&format!("config service a\noption enabled 1\n{LOGIN}option domain 'a b.net'\n"));
    assert_eq!(imported.notes.len(), 1);
    assert!(notes(&imported).starts_with("6: a: option domain has a blank in it"), "{}", notes(&imported));
    assert!(imported.text.contains("\toption enabled '0'\n") && !imported.text.contains("hostname '"));
    let imported = import("config service\noption service_name noip.com\noption password 'a\u{1}b'\n");
    assert!(notes(&imported).contains("option username is missing"));
    assert!(notes(&imported).contains("option password is empty, too long"));
    assert!(notes(&imported).contains("option domain is missing"));
}

#[test]
fn every_option_without_a_counterpart_is_named() {
    let known = [
        "retry_interval",
        "retry_unit",
        "retry_max_count",
        "retry_count",
        "dns_server",
        "force_dnstcp",
        "is_glue",
        "use_api_check",
        "force_ipversion",
        "use_syslog",
        "use_logfile",
        "param_enc",
        "param_opt",
        "user_agent",
        "check_interval_min",
        "bind_network",
        "lookup_host",
        "update_url",
        "update_script",
        "ip_url",
        "my_own",
    ];
    let options: String = known.iter().map(|name| format!("option {name} 1\n")).collect();
    let printed = notes(&home(&options));
    for name in known {
        assert!(printed.contains(name), "{name} in {printed}");
    }
    assert!(
        printed
            .contains("options retry_interval, retry_unit, retry_max_count and retry_count are not carried"),
        "{printed}"
    );
    assert!(printed.contains("my_own is not carried over: nicup has no such option"), "{printed}");
    assert_eq!(notes(&home("option is_glue 0\noption force_dnstcp 0\noption use_logfile 0")), "");
}

#[test]
fn the_global_section_allows_private_addresses_for_all() {
    let text = format!(
        "config ddns global\noption upd_privateip 1\noption ddns_dateformat '%F %R'\noption ddns_loglines 250\n\
         config service a\noption domain a.b\n{LOGIN}"
    );
    let imported = import(&text);
    assert!(service(&imported).allow_private);
    assert!(notes(&imported).contains("3: global: option ddns_dateformat is not carried over"));
}

#[test]
fn names_stay_unless_they_are_taken() {
    let section = |name: &str, host: &str| format!("config service {name}\noption domain {host}\n{LOGIN}");
    let text = ["main", "main_2", "cfg045ba3", ""].iter().zip(["a.b", "c.d", "e.f", "g.h"]);
    let imported = import(&text.map(|(name, host)| section(name, host)).collect::<String>());
    let names: Vec<String> = config(&imported).services.iter().map(|e| e.name().to_owned()).collect();
    assert_eq!(names[..2], ["main_3", "main_2"]);
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(notes(&imported).contains("1: main: renamed to main_3"));
}

#[test]
fn quotes_survive_and_no_secret_is_in_a_note() {
    let text = "config service a\noption enabled 1\noption service_name no-ip.com\noption domain a.b\n\
                option username \"o'neil\"\noption password \"se'cret\\\\\"\noption proxy 'u:geheim@p.lan:3128'\n\
                option param_opt topsecret\noption ip_source script\noption ip_script '/x.sh hidden'\n";
    let imported = import(text);
    let service = service(&imported);
    assert_eq!((service.username.as_str(), service.password.reveal()), ("o'neil", "se'cret\\"));
    assert_eq!(service.endpoint.proxy.unwrap().credentials.unwrap().reveal(), "u:geheim");
    let printed = notes(&imported);
    for secret in ["cret", "geheim", "topsecret", "hidden", "o'neil"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(config(&imported).issues.iter().all(|issue| issue.level != Level::Error));
}

#[test]
fn a_name_of_any_length_makes_no_note_of_any_length() {
    let long = "o".repeat(100_000);
    let imported =
        import(&format!("config service home\noption domain home.ddns.net\n{LOGIN}option {long} 1\n"));
    let longest = imported.notes.iter().map(|note| note.message.len()).max();
    assert_eq!(longest, Some(603), "{:.500?}", imported.notes);
}

#[test]
fn the_text_names_the_sections_that_it_was_made_from() {
    let imported = import(&format!(
        "config service four\noption domain a.b\n{LOGIN}\nconfig service other\noption service_name x.example\n\
         config service six\noption use_ipv6 1\noption domain a.b\n{LOGIN}\n"
    ));
    assert!(imported.text.contains("\n# Sections: four six\n"), "{}", imported.text);
}
