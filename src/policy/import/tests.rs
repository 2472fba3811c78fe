use super::*;
use crate::policy::config::{Config, Entry, Family, Level, Service, Source, build};
use crate::wire::uci::parse;

mod notes;
mod pairs;
mod urls;

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
    let printed = notes(&home("option ip_network wanb\noption interface wan"));
    let watched = "8: home: option interface is not carried over: nicup watches the interface that";
    assert!(printed.starts_with(watched), "{printed}");
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
    assert_eq!(forced("option force_interval 24"), (Some(86_400), String::new()));
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
    assert_eq!(service(&home(&format!("{web} 10"))).check_interval, 600);
    assert_eq!(service(&home(&format!("{web} 1\noption check_unit hours"))).check_interval, 3600);
    assert_eq!(service(&home(&format!("{web} 450\noption check_unit seconds"))).check_interval, 450);
    let printed = notes(&home("option check_interval 2\noption check_unit minutes"));
    assert!(
        printed.contains("options check_interval and check_unit are not carried over: the kernel"),
        "{printed}"
    );
}

#[test]
fn a_duration_is_written_in_its_largest_unit() {
    for (number, unit, written) in [
        ("96", "hours", "4d"),
        ("30", "hours", "30h"),
        ("1470", "minutes", "1470m"),
        ("86401", "seconds", "86401"),
        ("0", "days", "0"),
    ] {
        let imported = home(&format!("option force_interval {number}\noption force_unit {unit}"));
        let line = format!("\toption force_interval '{written}'\n");
        assert!(imported.text.contains(&line), "{}", imported.text);
    }
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
fn the_global_section_allows_private_addresses_for_all() {
    let text = format!(
        "config ddns global\noption upd_privateip 1\noption ddns_dateformat '%F %R'\noption ddns_loglines 250\n\
         config service a\noption domain a.b\n{LOGIN}"
    );
    let imported = import(&text);
    assert!(service(&imported).allow_private);
    assert!(notes(&imported).contains("3: global: option ddns_dateformat is not carried over"));
    for other in ["config ddns another", "config other global"] {
        let text = format!("{other}\noption upd_privateip 1\nconfig service a\noption domain a.b\n{LOGIN}");
        assert!(!service(&import(&text)).allow_private, "{other}");
    }
}

#[test]
fn a_section_without_a_provider_is_known_by_its_own_name() {
    let text = "config ddns global\noption service_name no-ip.com\n\
                config service one\noption service_name dyndns.org\n\
                config service two\noption service_name dyndns.org\n\
                config service three\noption service_name custom\n\
                config service four\noption service_name -\nconfig service five\n";
    let package = parse(text.as_bytes()).unwrap();
    assert_eq!(names(&package), ["dyndns.org", "three", "four", "five"]);
}

#[test]
fn the_text_names_the_sections_that_it_was_made_from() {
    let imported = import(&format!(
        "config service four\noption domain a.b\n{LOGIN}\nconfig service other\noption service_name x.example\n\
         config service six\noption use_ipv6 1\noption domain a.b\n{LOGIN}\n"
    ));
    assert!(imported.text.contains("\n# Sections: four six\n"), "{}", imported.text);
}
