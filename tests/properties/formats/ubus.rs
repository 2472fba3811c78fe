//! What `ubus call` prints about interfaces.

use super::{Dice, one, within};
use miniserde::json;
use nicup::wire::ubus::{Interface, InterfaceError, dump, status};

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(interface) = within(text.as_bytes(), 96, || status("wan", &text)) {
        assert_eq!(interface.interface.as_deref(), Some("wan"));
        assert_eq!(status("wan", &encode(&interface)), Some(interface));
    }
    if let Some(all) = within(text.as_bytes(), 96, || dump(&text)) {
        let rows: Vec<String> = all.iter().map(encode).collect();
        assert_eq!(dump(&format!("{{\"interface\":[{}]}}", rows.join(","))), Some(all));
    }
}

fn encode(interface: &Interface) -> String {
    let text = |text: &Option<String>| text.as_ref().map_or("null".to_owned(), json::to_string);
    let flag = |flag: Option<bool>| flag.map_or("null".to_owned(), |flag| flag.to_string());
    let error = |error: &InterfaceError| format!("{{\"subsystem\":\"ppp\",\"code\":{}}}", text(&error.code));
    let errors = interface.errors.as_ref().map_or("null".to_owned(), |errors| {
        format!("[{}]", errors.iter().map(error).collect::<Vec<_>>().join(","))
    });
    format!(
        "{{\"l3_device\":{},\"extra\":[{{}}],\"up\":{},\"interface\":{},\"device\":{},\"pending\":{},\"available\":{},\
         \"dynamic\":{},\"autostart\":{},\"errors\":{errors}}}",
        text(&interface.l3_device),
        interface.up,
        text(&interface.interface),
        text(&interface.device),
        flag(interface.pending),
        flag(interface.available),
        flag(interface.dynamic),
        flag(interface.autostart),
    )
}

pub(crate) fn sample(dice: &mut Dice) -> Vec<u8> {
    let rows: Vec<String> = (0..dice.roll(4)).map(|_| row(dice)).collect();
    match dice.roll(3) {
        0 => row(dice).into_bytes(),
        _ => format!("{{ \"interface\": [ {} ] }}\n", rows.join(", ")).into_bytes(),
    }
}

fn row(dice: &mut Dice) -> String {
    let name = one(dice, &["wan", "wan6", "wan_6", "lan", "w\\u00e4n", "\\ud83d\\ude00"]);
    let up = ["true", "false", "1", "\"yes\""][dice.roll(9).saturating_sub(5)];
    let device = ["\"pppoe-wan\"", "\"eth0.7\"", "null", "7"][dice.roll(8).saturating_sub(4)];
    let state = ["", "\"pending\":true,", "\"available\":false,\"autostart\":true,", "\"dynamic\":null,"]
        [dice.roll(4)];
    let errors = ["", "\"errors\":[],", "\"errors\":[{\"subsystem\":\"ppp\",\"code\":\"AUTH_FAILED\"},{}],"]
        [dice.roll(3)];
    let addresses = r#""ipv4-address":[{"address":"203.0.113.7","mask":32}],"data":{"a":[1,-2,3.5e7,true]}"#;
    format!(
        "{{\"interface\":\"{name}\",\"up\":{up},\"l3_device\":{device},{state}{errors}\"uptime\":{},{addresses}}}",
        dice.roll(9999)
    )
}

pub(crate) const WORDS: &[&[u8]] = &[
    b"\"interface\":",
    b"\"up\":",
    b"true",
    b"false",
    b"null",
    b"\"l3_device\":",
    b"\"pending\":",
    b"\"autostart\":",
    b"\"errors\":",
    b"\"code\":",
    b"\"pppoe-wan\"",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\"wan\"",
    b",",
    b":",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"-",
    b"\"",
    b"\\",
    b"[[[[[[[[[[[[[[[[",
    b"Command failed: Not found",
];
