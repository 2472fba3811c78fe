//! What each option takes, and what it does not.

use super::*;

#[test]
fn durations_have_a_unit_and_a_least_value() {
    assert_eq!(duration("90"), Ok(90));
    assert_eq!(duration("90s"), Ok(90));
    assert_eq!(duration("10m"), Ok(600));
    assert_eq!(duration("2h"), Ok(7200));
    assert_eq!(duration("25d"), Ok(2_160_000));
    for wrong in ["", "m", "-1", "+1", "1.5h", "1w", "10 m", "99999999999999999999d", "20y"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
    assert_eq!(duration("3650d"), Ok(315_360_000), "ten years");
    assert_eq!(duration("315360001"), Err("is too long: at most 3650d"));
    assert!(check_interval("299").is_err() && check_interval("5m").is_ok());
    assert_eq!(force_interval("0"), Ok(None));
    assert!(force_interval("86399").is_err() && force_interval("1d") == Ok(Some(86_400)));
    assert!(timeout("0").is_err() && timeout("1").is_ok() && timeout("10m").is_ok());
    assert!(timeout("601").is_err());
}

#[test]
fn an_option_with_fixed_values_takes_each_of_them_and_no_other() {
    for (texts, value) in [("1 true yes enabled on", true), ("0 false no disabled off", false)] {
        for text in texts.split(' ') {
            assert_eq!(boolean(text), Ok(value), "{text}");
        }
    }
    assert_eq!([mode("watch"), mode("hotplug")], [Ok(Mode::Watch), Ok(Mode::Hotplug)]);
    let levels = ["err", "warning", "notice", "info", "debug"].map(log_level);
    let expected = [LogLevel::Err, LogLevel::Warning, LogLevel::Notice, LogLevel::Info, LogLevel::Debug];
    assert_eq!(levels, expected.map(Ok));
    let families = ["ipv4", "ipv6", "both"].map(family);
    assert_eq!(families, [Family::Ipv4, Family::Ipv6, Family::Both].map(Ok));
    for wrong in ["", "2", "ON", "auto", "ipv5"] {
        assert!(boolean(wrong).is_err() && mode(wrong).is_err(), "{wrong}");
        assert!(log_level(wrong).is_err() && family(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_port_is_a_number_from_1_to_65535() {
    assert_eq!([port("1"), port("443"), port("65535")], [Ok(1), Ok(443), Ok(65535)]);
    for wrong in ["", "0", "65536", "+443", "-1", "https"] {
        assert_eq!(port(wrong), Err("is not a port: 1 to 65535"), "{wrong}");
    }
}

#[test]
fn hostnames_are_no_ips_names_and_nothing_else() {
    for right in ["home.ddns.net", "all.ddnskey.com", "group", "a.example.net@label", "x_y.example"] {
        assert!(hostname(right).is_ok(), "{right}");
    }
    let long = "a".repeat(64);
    for wrong in ["", "a..b", ".a", "a.", "a..", "a,b", "a&b", "a@b@c", "a@b.c", "a@", &long] {
        assert!(hostname(wrong).is_err_and(|why| why.starts_with("is not a hostname")), "{wrong}");
    }
    for same in ["Home.Example.NET", "home.example.net."] {
        assert_eq!(hostname(same).as_deref(), Ok("home.example.net"));
    }
    for (wrong, what_to_do) in [
        ("https://home.example.net/", "write only the hostname"),
        ("home.example.net:8080", "write only the hostname"),
        ("a/b", "write only the hostname"),
        ("*.example.net", "write each hostname in full"),
        ("a.net b.net", "write one line `list hostname`"),
        ("münchen.example", "write its xn-- form"),
    ] {
        assert!(hostname(wrong).is_err_and(|why| why.contains(what_to_do)), "{wrong}");
    }
}

#[test]
fn a_hostname_has_labels_of_at_most_63_letters_and_253_in_all() {
    let label = |length: usize| "a".repeat(length);
    let longest = format!("{0}.{0}.{0}.{1}", label(63), label(61));
    assert_eq!((longest.len(), hostname(&longest).is_ok()), (253, true));
    assert_eq!(hostname(&format!("{longest}.")).as_ref(), Ok(&longest), "the root dot does not count");
    assert!(hostname(&format!("{0}.{0}.{0}.{1}", label(63), label(62))).is_err());
    assert!(hostname(&format!("a.example@{}", label(63))).is_ok());
    assert!(hostname(&format!("a.example@{}", label(64))).is_err());
    assert!(hostname("my-home.example").is_ok() && hostname("my\thome.example").is_err());
}

#[test]
fn a_proxy_needs_a_port_and_keeps_its_password() {
    let full = proxy("http://me:p@ss@proxy.lan:3128").unwrap();
    assert_eq!((full.host.as_str(), full.port), ("proxy.lan", 3128));
    assert_eq!(full.credentials.as_ref().unwrap().reveal(), "me:p@ss");
    assert!(!format!("{full:?}").contains("p@ss"));
    assert_eq!(proxy("http://[2001:db8::1]:8080/").unwrap().host, "2001:db8::1");
    for wrong in ["proxy:3128", "http://proxy", "https://proxy:1", "http://me@proxy:1", "socks5://p:1"] {
        assert!(proxy(wrong).is_err(), "{wrong}");
    }
    for wrong in ["http://me:p ss@proxy:1", "http://me:p\u{e4}ss@proxy:1", "http://proxy:x", "http://[::1:1"]
    {
        assert!(proxy(wrong).is_err(), "{wrong}");
    }
    assert_eq!(proxy("http://proxy"), Err("has no port: write http://host:port"));
    assert_eq!(proxy("http://proxy:8080").unwrap().credentials, None);
}

#[test]
fn a_host_part_is_the_lower_half() {
    assert!(suffix("::1234:5678").is_ok() && suffix("::1:2:3:4").is_ok());
    for wrong in ["", "::", "2001:db8::1", "1234:5678", "::1.2.3"] {
        assert!(suffix(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn names_that_another_program_reads_are_plain() {
    let longest = "w".repeat(64);
    for right in ["wan", "wan_6", "wan-b", "eth0.2", "6rd", &longest] {
        assert_eq!(interface(right).as_deref(), Ok(right));
    }
    for wrong in ["", "-c", "wan wan6", "a/b", "a;b", "$(x)", &"w".repeat(65)] {
        assert!(interface(wrong).is_err_and(|why| why.starts_with("is not an interface")), "{wrong}");
    }
    assert_eq!(interface("@wan"), Err("is an alias of a device: write the name without @"));
    for right in ["pppoe-wan", "eth0.2", "fifteen-letters", "-", "...", "@wan", "w\u{e4}n"] {
        assert_eq!(device(right).as_deref(), Ok(right));
    }
    for wrong in ["", "a/b", "a:b", "sixteen-chars-xx", "a b", "a\tb", "a\u{7f}", ".", ".."] {
        assert!(device(wrong).is_err(), "{wrong}");
    }
    for wrong in ["nic/update", "/nic update", "/a?b", "/a#b", &format!("/{}", "a".repeat(512))] {
        assert!(path(wrong).is_err(), "{wrong}");
    }
    for right in ["/", "/nic/update", "/a-b_c.d~e%20", &format!("/{}", "a".repeat(511))] {
        assert_eq!(path(right).as_deref(), Ok(right));
    }
}

#[test]
fn a_server_is_a_name_or_an_address_and_nothing_more() {
    for wrong in ["https://x", "x/y", "user@host", "a b", "[::g]", ""] {
        assert!(server(wrong).is_err(), "{wrong}");
    }
    assert_eq!(server("[2001:DB8::1]").unwrap(), "2001:db8::1");
    assert_eq!(server("2001:DB8::1").unwrap(), "2001:db8::1");
    assert_eq!(server("DynUpdate.example.").unwrap(), "dynupdate.example");
    assert_eq!(server("192.0.2.1").unwrap(), "192.0.2.1");
}

#[test]
fn a_page_has_a_scheme_a_host_and_a_path() {
    for (text, host, port, path) in [
        ("https://Ip.Example", "ip.example", 443, "/"),
        ("http://ip.example/", "ip.example", 80, "/"),
        ("https://ip.example:8443/ip?x=y", "ip.example", 8443, "/ip?x=y"),
        ("https://[2001:db8::1]/ip", "2001:db8::1", 443, "/ip"),
        ("http://[2001:db8::]:8080", "2001:db8::", 8080, "/"),
    ] {
        let page = url(text).unwrap();
        assert_eq!((page.host.as_str(), page.port, page.path.as_str()), (host, port, path), "{text}");
        assert_eq!((page.text.as_str(), page.tls), (text, text.starts_with("https")));
    }
    let length = |length: usize| format!("https://h/{}", "a".repeat(length - 10));
    assert!(url(&length(512)).is_ok() && url(&length(513)).is_err());
    for wrong in ["ip.example", "ftp://h/", "https://", "https:///ip", "https://h:0/", "https://h:x/"] {
        assert!(url(wrong).is_err_and(|why| why.starts_with("is not a page's address")), "{wrong}");
    }
    for character in [' ', '#', '"', '<', '>', '\t', '\u{7f}', '\u{e4}'] {
        assert!(url(&format!("https://h/a{character}b")).is_err(), "{character:?}");
    }
    assert_eq!(url("http://u:p@h/"), Err("contains a login: remove it, a page with an address needs none"));
    assert!(url("https://h/@home").is_ok(), "only the host may have a login before it");
}

#[test]
fn a_credential_may_have_blanks_and_no_control_characters() {
    for right in ["me", "a b", "p\u{e4}ss", "group:me", &"p".repeat(256)] {
        assert_eq!(credential(right).as_deref(), Ok(right));
    }
    for wrong in ["", "a\tb", "a\nb", &"p".repeat(257)] {
        assert!(credential(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_contact_has_no_blanks_and_at_most_128_characters() {
    for right in ["me@example.org", "https://example.org/issues", "!", "~", &"c".repeat(128)] {
        assert_eq!(contact(right).as_deref(), Ok(right));
    }
    for wrong in ["", "a b", "a\tb", "m\u{e4}@example.org", &"c".repeat(129)] {
        assert!(contact(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_file_or_a_folder_is_an_absolute_path() {
    for (text, path) in [("/etc/nicup", "/etc/nicup"), ("/srv/nicup/", "/srv/nicup"), ("/a b//", "/a b")] {
        assert_eq!(absolute_path(text).as_deref(), Ok(path));
    }
    for wrong in ["", "/", "//", "etc/nicup", "./x", "a\nb"] {
        assert_eq!(absolute_path(wrong), Err("is not an absolute path: begin it with /"), "{wrong}");
    }
    for wrong in ["/a\nb", "/a\u{7}", "/\u{85}/"] {
        let why = absolute_path(wrong).unwrap_err();
        assert!(why.ends_with("has a control character in it"), "{wrong:?}: {why}");
    }
}
