//! `nicup import` as a user runs it: ddns-scripts' file in, a configuration that `nicup check` accepts out.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// ddns-scripts' default configuration as LuCI saves it for No-IP, and sections for two more providers.
const DDNS: &str = r#"#
# Please read https://openwrt.org/docs/guide-user/base-system/ddns
#
config ddns "global"
	option ddns_dateformat "%F %R"
	option ddns_loglines "250"
	option upd_privateip "0"

config service "myddns_ipv4"
	option enabled		"1"
	option service_name	"no-ip.com"
	option lookup_host	"home.ddns.net"
	option domain		"home.ddns.net"
	option username		"me@example.net"
	option password		"it's a Geheimnis"
	option use_https	"1"
	option cacert		"/etc/ssl/certs"
	option interface	"wan"
	option ip_source	"network"
	option ip_network	"wan"
	option use_syslog	"2"
	option check_unit	"minutes"
	option force_interval	"12"
	option force_unit	"hours"
	option retry_max_count	"0"
	option retry_unit	"seconds"

config service "myddns_ipv6"
	option enabled		"1"
	option service_name	"no-ip.com"
	option lookup_host	"home.ddns.net"
	option domain		"home.ddns.net"
	option username		"me@example.net"
	option password		"it's a Geheimnis"
	option use_https	"0"
	option use_ipv6		"1"
	option interface	"wan6"
	option ip_source	"network"
	option ip_network	"wan6"

config service "duck"
	option service_name	"duckdns.org"
	option domain		"other.duckdns.org"
	option password		"other-token"

config service
	option update_script	"/usr/lib/ddns/update_no-ip_com.sh"
	option domain		"off.ddns.net"
	option username		"second"
	option password		"Geheimnis2"
	option ip_source	"web"
	option ip_url		"http://ip1.dynupdate.no-ip.com/"
"#;

struct System(PathBuf);

impl System {
    fn new(test: &str) -> System {
        let dir = std::env::temp_dir().join(format!("nicup-import-{}-{test}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("etc/config")).unwrap();
        System(dir)
    }

    fn write(&self, name: &str, text: &[u8]) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.0.join("etc/config").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn command(&self, command: &str) -> Command {
        let mut nicup = Command::new(env!("CARGO_BIN_EXE_nicup"));
        // without ubus: do not query netifd of the machine that runs the test
        nicup.arg("--root").arg(&self.0).arg(command).env("PATH", "/nonexistent");
        nicup
    }

    fn run(&self, command: &str) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.command(command).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_output_is_a_configuration_that_check_accepts() {
    let (old, new) = (System::new("old"), System::new("new"));
    old.write("ddns", DDNS.as_bytes());
    let (exit, text, notes) = old.run("import");
    assert_eq!(exit, Some(0), "{notes}");
    for line in [
        "config service 'myddns_ipv4'\n\toption enabled '1'\n\toption username 'me@example.net'\n",
        "\toption password 'it'\\''s a Geheimnis'\n\toption interface6 'wan6'\n\toption family 'both'\n",
        "\toption force_interval '1d'\n\tlist hostname 'home.ddns.net'\n\tlist interface 'wan'\n",
        "\toption enabled '0'\n\toption username 'second'\n",
        "\toption source_url 'http://ip1.dynupdate.no-ip.com/'\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    // The header names every section, but only one of the two became a service.
    assert!(!text.contains("duck") && !text.contains("service 'myddns_ipv6'"), "{text}");
    for note in [
        "/etc/config/ddns:5: global: option ddns_dateformat is not carried over",
        "/etc/config/ddns:17: myddns_ipv4: option cacert is not carried over: it is a directory",
        "/etc/config/ddns:23: myddns_ipv4: option force_interval is shorter than nicup allows: it is raised to 1d",
        "/etc/config/ddns:28: myddns_ipv6: joined with myddns_ipv4 into one service",
        "/etc/config/ddns:35: myddns_ipv6: option use_https is not carried over: nicup always uses https",
        "/etc/config/ddns:41: duck: is not for No-IP",
        "imported: 3 sections as 2 services",
    ] {
        assert!(notes.contains(note), "{note:?} is not in\n{notes}");
    }
    for secret in ["Geheimnis", "other-token", &*old.0.to_string_lossy()] {
        assert!(!notes.contains(secret), "{notes}");
    }

    new.write("nicup", text.as_bytes());
    let (exit, report, stderr) = new.run("check");
    assert!(matches!(exit, Some(0 | 1)), "{exit:?} {report} {stderr}");
    assert!(!report.contains("error:") && report.contains("home.ddns.net"), "{report}");
}

#[test]
fn where_there_is_nothing_to_import_it_says_so_and_prints_nothing() {
    let system = System::new("nothing");
    let missing = "nicup: /etc/config/ddns: there is no such file: ddns-scripts has nothing to import here\n";
    assert_eq!(system.run("import"), (Some(1), String::new(), missing.to_owned()));

    system.write("ddns", b"config service duck\n\toption service_name duckdns.org\n");
    let (exit, text, notes) = system.run("import");
    assert_eq!((exit, text.as_str()), (Some(1), ""));
    assert!(notes.starts_with("nicup: /etc/config/ddns: no section of No-IP"), "{notes}");
    assert!(notes.ends_with(": it has sections of duckdns.org\n"), "{notes}");

    // A section that is disabled and incomplete in ddns is no error in nicup's configuration.
    system.write("ddns", b"config service no_ip\n\toption service_name no-ip.com\n\toption enabled 0\n");
    let (exit, text, _) = system.run("import");
    assert_eq!(exit, Some(0));
    let new = System::new("incomplete");
    new.write("nicup", text.as_bytes());
    let (exit, report, errors) = new.run("check");
    assert_eq!(exit, Some(0), "{text}{report}{errors}");

    system.write("ddns", b"config service a\n\toption b 'c\n");
    let (exit, text, notes) = system.run("import");
    assert_eq!((exit, text.as_str()), (Some(3), ""));
    assert_eq!(notes, "nicup: /etc/config/ddns:2: error: parse error: EOF with unterminated '\n");
}

#[test]
fn a_full_disk_is_not_taken_for_success() {
    let system = System::new("full");
    system.write("ddns", DDNS.as_bytes());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = system.command("import").stdout(Stdio::from(full)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("the output cannot be written"));
}

#[test]
fn it_takes_no_option_of_another_command() {
    let output = System::new("usage").command("import").arg("--force").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
