//! What a note says about the options that are left out.

use super::*;

#[test]
fn what_nicup_would_refuse_is_left_out_and_keeps_the_service_from_running() {
    for (more, printed) in [
        ("option ip_network 'wan wan6'", "7: home: option ip_network is not an interface name"),
        ("option ip_source interface", "7: home: option ip_interface is missing"),
        ("option ip_source magic", "7: home: option ip_source names an unknown source"),
        (
            "option ip_source script\noption ip_script '/etc/ddns/ip.sh -4'",
            "8: home: option ip_script has parameters",
        ),
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
    let imported = import("\nconfig service a\noption service_name noip.com\noption password 'a\u{1}b'\n");
    assert!(notes(&imported).contains("2: a: option username is missing"));
    assert!(notes(&imported).contains("option password is empty, too long"));
    assert!(notes(&imported).contains("2: a: option domain is missing"));
}

#[test]
fn every_option_without_a_counterpart_says_why() {
    for (names, why) in [
        ("retry_interval retry_max_count retry_count", "nicup chooses each wait by the kind of failure"),
        ("dns_server force_dnstcp is_glue use_api_check", "nicup does not look up the hostname"),
        ("lookup_host", "nicup does not look up the hostname"),
        ("force_ipversion", "nicup sends both addresses in one request"),
        ("use_syslog", "set log_level of section nicup instead"),
        ("use_logfile ddns_logdir ddns_loglines log_dir log_lines", "nicup writes no log file"),
        ("ddns_dateformat date_format", "nicup has no option for the date format"),
        ("ddns_rundir run_dir", "nicup has other files"),
        ("use_curl", "nicup has its own HTTPS client"),
        ("param_enc param_opt", "No-IP's request has no such parameter"),
        ("user_agent", "No-IP prescribes the User-Agent"),
        ("check_interval check_interval_min", "the kernel reports each change of the address"),
        ("ip_interface ip_url ip_script", "ddns-scripts ignores it"),
        ("bind_network", "nicup follows the routes"),
        ("update_url update_script", "nicup implements No-IP's protocol itself"),
        ("my_own", "nicup has no such option"),
    ] {
        for name in names.split(' ') {
            let printed = notes(&home(&format!("option {name} 1")));
            let expected = format!("7: home: option {name} is not carried over: {why}");
            assert!(printed.starts_with(&expected) && printed.lines().count() == 1, "{printed}");
        }
    }
    for name in ["force_dnstcp", "is_glue", "use_api_check", "force_ipversion", "use_logfile", "use_curl"] {
        assert_eq!(notes(&home(&format!("option {name} 0"))), "");
    }
}

#[test]
fn options_with_the_same_reason_share_a_note() {
    let printed = notes(&home(
        "option retry_interval 1\noption retry_unit 1\noption is_glue 1\noption retry_max_count 1\noption retry_count 1",
    ));
    let together =
        "7: home: options retry_interval, retry_unit, retry_max_count and retry_count are not carried over: ";
    assert!(printed.starts_with(together), "{printed}");
    assert!(printed.contains("\n9: home: option is_glue is not carried over: "), "{printed}");
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
fn a_note_is_cut_only_above_its_limit() {
    for (length, shown) in [(NOTE_LIMIT, NOTE_LIMIT), (NOTE_LIMIT + 1, NOTE_LIMIT + 3)] {
        let mut note = "x".repeat(length);
        shorten(&mut note);
        assert_eq!((note.len(), note.ends_with("...")), (shown, shown > length), "{length}");
    }
}
