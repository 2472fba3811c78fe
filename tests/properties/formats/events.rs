//! hotplug's environment, one line per variable, and the line with which a pass ends.

use super::{Dice, one, within};
use nicup::wire::hotplug::{Action, Event, event};
use nicup::wire::wake::Wake;

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let wake = within(text.as_bytes(), 96, || Wake::parse(&text));
    if let Some(wake) = wake {
        assert_eq!(Wake::parse(&wake.to_string()), Some(wake));
    }
    if let Some(event) = read(&text) {
        assert_eq!(read(&encode(&event)), Some(event));
    }
}

fn read(text: &str) -> Option<Event> {
    let variable = |name: &str| {
        let mut lines = text.split('\n').filter_map(|line| line.split_once('='));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    within(text.as_bytes(), 4, || event(variable))
}

fn encode(event: &Event) -> String {
    match event {
        Event::Clock => "ACTION=step".to_owned(),
        Event::Interface { action, interface, device } => {
            let action = match action {
                Action::Up => "ifup",
                Action::Update => "ifupdate",
                Action::Down => "ifdown",
                Action::Connected => "connected",
                Action::Disconnected => "disconnected",
            };
            assert!(!interface.is_empty() || device.as_ref().is_some_and(|device| !device.is_empty()));
            format!(
                "DEVICE={}\nINTERFACE={interface}\nACTION={action}",
                device.as_deref().unwrap_or_default()
            )
        }
    }
}

pub(crate) fn sample(dice: &mut Dice) -> Vec<u8> {
    if dice.roll(2) == 0 {
        let at = ["-", "0", "5021", "18446744073709551615", "18446744073709551616", "+5"][dice.roll(6)];
        let (open, clock) = (["-", "open"][dice.roll(2)], ["-", "clock"][dice.roll(2)]);
        let pair = ["-", "both", "lacks-4", "lacks-6", "lacks-46", "lacks-5"][dice.roll(6)];
        let devices = one(dice, &["", " wan", " pppoe-wan br-lan", "  ", " \u{a0}"]);
        return format!("wake {at} {open} {clock} {pair}{devices}\n").into_bytes();
    }
    let mut text = String::new();
    for name in ["ACTION", "INTERFACE", "DEVICE", "IFUPDATE_ADDRESSES"] {
        let value = one(
            dice,
            &[
                "ifup",
                "ifupdate",
                "ifdown",
                "stratum",
                "step",
                "connected",
                "disconnected",
                "wan",
                "",
                "pppoe-wan",
            ],
        );
        if dice.roll(4) > 0 {
            text.push_str(&format!("{name}={value}\n"));
        }
    }
    text.into_bytes()
}

pub(crate) const WORDS: &[&[u8]] = &[
    b"wake ",
    b"- ",
    b"open ",
    b"clock ",
    b"both",
    b"lacks-4",
    b"lacks-6",
    b"lacks-46",
    b" pppoe-wan",
    b"ACTION=ifup\n",
    b"ACTION=ifupdate\n",
    b"ACTION=ifdown\n",
    b"ACTION=stratum\n",
    b"ACTION=step\n",
    b"ACTION=connected\n",
    b"ACTION=disconnected\n",
    b"INTERFACE=wan\n",
    b"DEVICE=pppoe-wan\n",
    b"18446744073709551615",
    b"\n",
    b"=",
    b"\xc2\xa0",
];
