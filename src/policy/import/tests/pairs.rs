//! Two sections that become one service, and those that stay apart.

use super::*;

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
    assert!(notes.contains("nicup uses the values of myddns_ipv4 for: force_interval\n"), "{notes}");
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
fn names_stay_unless_they_are_taken() {
    let section = |name: &str, host: &str| format!("config service {name}\noption domain {host}\n{LOGIN}");
    let text = ["main", "main_2", "cfg045ba3", ""].iter().zip(["a.b", "c.d", "e.f", "g.h"]);
    let imported = import(&text.map(|(name, host)| section(name, host)).collect::<String>());
    let names: Vec<String> = config(&imported).services.iter().map(|e| e.name().to_owned()).collect();
    assert_eq!(names[..2], ["main_3", "main_2"]);
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(notes(&imported).contains("1: main: renamed to main_3"));
}

/// An IPv4 and an IPv6 section.
fn four_and_six(four: &str, six: &str) -> Imported {
    import(&format!("config service four\n{four}\nconfig service six\noption use_ipv6 1\n{six}\n"))
}

#[test]
fn sections_with_another_host_login_or_state_stay_apart() {
    let section = |username: &str, domain: &str, enabled: &str| {
        let given = [("username", username), ("domain", domain), ("enabled", enabled)];
        let given = given.iter().filter(|(_, value)| !value.is_empty());
        let lines: String = given.map(|(name, value)| format!("option {name} {value}\n")).collect();
        format!("option service_name no-ip.com\noption password geheim\n{lines}")
    };
    let whole = section("me", "a.b", "1");
    for (four, six, services) in [
        (&whole, &whole, 1),
        (&whole, &section("me", "c.d", "1"), 2),
        (&whole, &section("you", "a.b", "1"), 2),
        (&whole, &section("me", "a.b", "0"), 2),
        (&section("", "a.b", "1"), &section("", "a.b", "1"), 2),
        (&section("me", "", "1"), &section("me", "", "1"), 2),
    ] {
        assert_eq!(four_and_six(four, six).services, services, "{four}{six}");
    }
}

#[test]
fn one_uplink_for_both_families_is_written_once() {
    for more in ["option ip_network wanb", "option ip_source interface\noption ip_interface eth1"] {
        let section = format!("option domain a.b\n{LOGIN}{more}");
        assert_eq!(service(&four_and_six(&section, &section)).uplink.interface6, None, "{more}");
    }
}

#[test]
fn a_joined_service_says_which_settings_differ() {
    let section = format!(
        "option domain a.b\n{LOGIN}option use_https 1\noption interface wanb\n\
         option ip_source script\noption ip_script /etc/ddns/ip.sh\n"
    );
    let joined = "six: joined with four into one service for a.b, family both";
    for (more, differences) in [
        ("", ""),
        ("option check_interval 10", "; nicup uses the values of four for: check_interval"),
        ("option force_interval 48", "; nicup uses the values of four for: force_interval"),
        ("option cacert /etc/my.pem", "; nicup uses the values of four for: cacert"),
        ("option proxy p.lan:3128", "; nicup uses the values of four for: proxy"),
        ("option bind_network wanb", "; nicup uses the values of four for: bind"),
    ] {
        let printed = four_and_six(&section, &format!("{section}{more}"));
        let printed = printed.notes.iter().map(|note| note.message.as_str());
        assert_eq!(printed.collect::<Vec<_>>(), [format!("{joined}{differences}")], "{more}");
    }
}

#[test]
fn a_service_is_disabled_only_if_an_enabled_one_has_its_hostname() {
    for (enabled, hosts, expected) in [
        (["1", "1"], ["a.b", "c.d"], [true, true]),
        (["1", "1"], ["a.b", "a.b"], [true, false]),
        (["0", "1"], ["a.b", "a.b"], [false, true]),
    ] {
        let section = |at: usize| {
            format!(
                "config service s{at}\noption enabled {}\noption domain {}\n{LOGIN}",
                enabled[at], hosts[at]
            )
        };
        let config = config(&import(&format!("{}{}", section(0), section(1))));
        let enabled = |entry: &Entry| matches!(entry, Entry::Valid(s) if s.enabled);
        assert_eq!(config.services.iter().map(enabled).collect::<Vec<_>>(), expected);
    }
}
