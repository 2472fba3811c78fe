//! Which sections are for No-IP, and what an update URL says.

use super::*;

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
fn no_ips_servers_are_its_service_names_too() {
    for name in ["dynupdate.no-ip.com", "www.no-ip.com", "NO-IP.com", "noip.com"] {
        let text = format!("config service a\noption service_name {name}\noption domain a.b\n{LOGIN}");
        assert_eq!(service(&import(&text)).hostnames, ["a.b"], "{name}");
    }
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
fn only_another_https_port_of_dynupdate_is_kept_and_a_note_names_where_requests_go_instead() {
    for (server, port, elsewhere) in [
        ("https://dynupdate.no-ip.com", None, false),
        ("https://dynupdate.no-ip.com:443", None, false),
        ("https://dynupdate.no-ip.com:8443", Some("8443"), false),
        ("http://dynupdate.no-ip.com", None, false),
        ("http://dynupdate.no-ip.com:80", None, false),
        ("http://dynupdate.no-ip.com:8080", None, true),
        ("https://www.no-ip.com", None, true),
        ("https://www.no-ip.com:8443", None, true),
    ] {
        for path in ["", "/nic/update"] {
            let imported = import(&format!(
                "config service a\noption username u\noption password p\noption domain a.b\n\
                 option update_url '{server}{path}?hostname=[DOMAIN]&myip=[IP]'\n"
            ));
            let written = imported.text.lines().find_map(|line| line.strip_prefix("\toption port "));
            assert_eq!(written, port.map(|port| format!("'{port}'")).as_deref(), "{server}");
            let note = "5: a: option update_url: requests go to dynupdate.no-ip.com over https, port 443\n";
            assert_eq!(notes(&imported), if elsewhere { note } else { "" }, "{server}{path}");
        }
    }
}

#[test]
fn a_url_counts_only_without_a_provider_and_without_a_script() {
    for (more, username) in [
        ("", "[you"),
        ("option service_name custom", "[you"),
        ("option service_name -", "[you"),
        ("option service_name no-ip.com", "me"),
        ("option update_script /etc/ddns/update_no-ip.sh", "me"),
    ] {
        let imported = import(&format!(
            "config service a\noption username me\noption password p\noption domain a.b\n{more}\n\
             option update_url 'https://[you:word]@dynupdate.no-ip.com/nic/update'\n"
        ));
        assert_eq!(service(&imported).username, username, "{more}");
    }
}
