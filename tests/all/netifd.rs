//! Parses netifd's real output. The files in tests/fixtures/netifd are the output of `ubus call network.interface.NAME
//! status` and `network.interface dump`, byte for byte, from netifd of June 2025 with ubusd of December 2025. The
//! protocol handlers for dhcp, dhcpv6 and pppoe gave it addresses from the documentation ranges.

use nicup::policy::address::WhyDown;
use nicup::wire::ubus::{Interface, dump, status};
use std::path::Path;

fn output_of(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/netifd").join(file))
        .unwrap()
}

/// The fields of an interface that are compared here.
type Short = (Option<String>, bool, Option<String>);

fn interface(name: &str, up: bool, device: Option<&str>) -> Short {
    (Some(name.to_owned()), up, device.map(str::to_owned))
}

fn short(interface: Interface) -> Short {
    (interface.interface, interface.up, interface.l3_device)
}

#[test]
fn an_interface_that_is_up_has_its_layer_3_device() {
    for (file, name, device) in [
        ("wan-dhcp.json", "wan", "wan0"),
        ("wan6-dhcpv6.json", "wan6", "wan0"),
        ("dsl-pppoe.json", "dsl", "pppoe-dsl"),
        ("dsl_6-dynamic.json", "dsl_6", "pppoe-dsl"),
        ("fixed-static.json", "fixed", "fix0"),
    ] {
        assert_eq!(
            status(name, &output_of(file)).map(short),
            Some(interface(name, true, Some(device))),
            "{file}"
        );
    }
}

#[test]
fn an_interface_that_is_not_up_has_none() {
    for (file, name) in
        [("wan-down.json", "wan"), ("broken-auth-failed.json", "broken"), ("off-no-device.json", "off")]
    {
        assert_eq!(status(name, &output_of(file)).map(short), Some(interface(name, false, None)), "{file}");
    }
    assert_eq!(status("nowhere", &output_of("not-found.txt")), None);
}

#[test]
fn a_dump_has_them_all_with_their_names() {
    let all: Vec<Short> = dump(&output_of("dump.json")).unwrap().into_iter().map(short).collect();
    assert_eq!(
        all,
        [
            interface("dsl", true, Some("pppoe-dsl")),
            interface("dsl_6", true, Some("pppoe-dsl")),
            interface("off", false, None),
            interface("wan", true, Some("wan0")),
            interface("wan6", true, Some("wan0")),
        ]
    );
}

#[test]
fn an_interface_that_is_not_up_says_why() {
    let why = |file: &str| {
        let interface = status("wan", &output_of(file)).unwrap();
        let errors = interface.errors.unwrap_or_default();
        let error = errors.last().and_then(|error| error.code.clone());
        WhyDown::of(
            interface.up,
            [interface.autostart, interface.available, interface.pending],
            error.as_deref(),
        )
    };
    assert_eq!(why("broken-auth-failed.json"), WhyDown::LoginRejected);
    assert_eq!(why("off-no-device.json"), WhyDown::NoDevice);
    assert_eq!(why("wan-down.json"), WhyDown::Stopped);
}
