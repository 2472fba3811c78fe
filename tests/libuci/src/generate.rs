//! Random UCI text from a seed: mostly valid, with errors of every kind.
//!
//! Does not know how libuci parses it. There are few names and values, so that they repeat. tests/all/uci.rs uses it,
//! too.

/// xorshift64*: small, fast, and the same on every platform.
pub(crate) struct Dice(u64);

impl Dice {
    /// Neighbouring seeds give unrelated numbers (the mixing step of splitmix64).
    pub(crate) fn new(seed: u64) -> Self {
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Dice((mixed ^ (mixed >> 31)) | 1)
    }

    /// 0 to sides - 1.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick(&mut self, choices: &[&'static str]) -> &'static [u8] {
        choices[self.roll(choices.len())].as_bytes()
    }
}

const KINDS: &[&str] = &["a", "a", "ddns", "service", "'d\"d'", "x.y-z", "\"k\"", "'k#;'", "a\\\\b"];
// The last three are the names that uci generates for unnamed sections of type a and ddns.
const SECTIONS: &[&str] =
    &["n", "n", "m", "home", "'home'", "n1", "_", "cfg01b606", "cfg02b606", "cfg029d6e"];
const OPTIONS: &[&str] = &["o", "o", "p", "q", "'r'", "\"s\"", "t_1", "\\u"];
const PLAIN: &[&str] = &["1", "2", "on", "a.example.net", "::1", "/etc/x", "=", "%41", "$(x)", "\u{fc}"];
const QUOTED: &[&str] =
    &[" ", "\t", "#", ";", "\\", "\r", "\r\n", "\n", "\\\n", "\\\r\n", "config a n\n", "\x0b", "\x1b"];
const SPACES: &[&str] =
    &[" ", " ", " ", " ", " ", " ", "\t", "  ", " \t", "\x0b", "\x0c", " \r", " \\\n", "\\\n ", " \\\r\n"];
const INDENTS: &[&str] = &["", "", "\t", "\t", "\t", "  ", " \t", "\x0b", "\r"];
const ENDS: &[&str] = &[
    "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", " # c\n", "#\n", " \n",
    "\n\n", "", ";\n", " ;\n", " ; ", ";", " ;", "'' ", " '' ", " \"\"\n", " ;# c\n", "\\\n", " \\\n",
    "\x0c\n", "\r",
];
const ODD: &[&str] = &[
    "#",
    "# comment\n",
    "# 'quote\n",
    "#\\\n",
    "foo bar\n",
    "'config' a n\n",
    "options o 1\n",
    "con fig\n",
    "\u{feff}",
    ";",
    "\\",
    "'",
    "\"",
    "config",
    "option",
    "list",
    "package",
    "c",
    "o",
    "l",
    "p",
    "\n",
    "option\n",
    "config\n",
    " ",
    "\t",
    "\r\n",
    "\x0b",
    "-",
];

/// One file.
pub(crate) fn file(dice: &mut Dice) -> Vec<u8> {
    let mut text = Vec::new();
    if dice.one_in(12) {
        for _ in 0..dice.roll(25) {
            soup(dice, &mut text);
        }
    } else {
        if !dice.one_in(12) {
            command(dice, 0, &mut text);
        }
        for _ in 0..dice.roll(12) {
            let which = dice.roll(23);
            command(dice, which, &mut text);
        }
    }
    if dice.one_in(8) {
        damage(dice, &mut text);
    }
    text
}

fn soup(dice: &mut Dice, text: &mut Vec<u8>) {
    let piece = match dice.roll(6) {
        0 => dice.pick(PLAIN),
        1 => dice.pick(QUOTED),
        2 => dice.pick(SPACES),
        3 => dice.pick(ENDS),
        _ => dice.pick(ODD),
    };
    text.extend_from_slice(piece);
}

fn command(dice: &mut Dice, which: usize, text: &mut Vec<u8>) {
    text.extend_from_slice(dice.pick(INDENTS));
    match which {
        0..=4 => {
            text.extend_from_slice(dice.pick(&["config", "config", "config", "c"]));
            argument(dice, KINDS, text);
            if !dice.one_in(3) {
                argument(dice, SECTIONS, text);
            }
        }
        5..=13 => setting(dice, &["option", "option", "option", "o"], text),
        14..=20 => setting(dice, &["list", "list", "list", "l"], text),
        21 => {
            text.extend_from_slice(dice.pick(&["package", "p"]));
            argument(dice, &["t", "other", "a-b", "a.b"], text);
        }
        _ => {
            // Most of these break a command, so they are rare.
            let piece = if dice.one_in(4) { dice.pick(ODD) } else { dice.pick(&["# c", "", "", "#'\""]) };
            text.extend_from_slice(piece);
        }
    }
    if dice.one_in(150) {
        argument(dice, PLAIN, text);
    }
    text.extend_from_slice(if dice.one_in(9) { dice.pick(ENDS) } else { b"\n" });
}

fn setting(dice: &mut Dice, keywords: &[&'static str], text: &mut Vec<u8>) {
    text.extend_from_slice(dice.pick(keywords));
    argument(dice, OPTIONS, text);
    if dice.one_in(15) {
        return;
    }
    separator(dice, text);
    for _ in 0..1 + dice.roll(3) {
        value(dice, text);
    }
}

fn separator(dice: &mut Dice, text: &mut Vec<u8>) {
    text.extend_from_slice(if dice.one_in(8) { dice.pick(SPACES) } else { b" " });
}

fn argument(dice: &mut Dice, choices: &[&'static str], text: &mut Vec<u8>) {
    separator(dice, text);
    match dice.roll(90) {
        0 => value(dice, text),
        1 => soup(dice, text),
        2 => {
            text.extend_from_slice(dice.pick(choices));
            text.extend_from_slice(b"''");
        }
        _ => text.extend_from_slice(dice.pick(choices)),
    }
}

fn value(dice: &mut Dice, text: &mut Vec<u8>) {
    match dice.roll(8) {
        0..=2 => text.extend_from_slice(dice.pick(PLAIN)),
        3 | 4 => quoted(dice, b'\'', "\"", text),
        5 => quoted(dice, b'"', "\\\"", text),
        6 => {
            text.push(b'\\');
            text.push(b" '\"\\#;nat"[dice.roll(9)]);
        }
        // libuci's line buffer starts with 32 bytes and doubles.
        _ => text.extend(std::iter::repeat_n(b'y', [1, 8, 20, 31, 64, 130][dice.roll(6)])),
    }
}

fn quoted(dice: &mut Dice, quote: u8, other: &str, text: &mut Vec<u8>) {
    text.push(quote);
    for _ in 0..dice.roll(4) {
        match dice.roll(5) {
            0 | 1 => text.extend_from_slice(dice.pick(PLAIN)),
            2 => text.extend_from_slice(other.as_bytes()),
            _ => text.extend_from_slice(dice.pick(QUOTED)),
        }
    }
    if !dice.one_in(40) {
        text.push(quote);
    }
}

/// The effects of a crash, an editor or a bad transfer on a file.
fn damage(dice: &mut Dice, text: &mut Vec<u8>) {
    if text.is_empty() {
        return;
    }
    let at = dice.roll(text.len());
    match dice.roll(6) {
        0 | 1 => text.truncate(at),
        2 => {
            text.remove(at);
        }
        3 => text[at] = u8::try_from(dice.roll(256)).unwrap_or(b'?'),
        4 => text.insert(at, b"'\"\\#;\n\r \t\x0b\xff\x01"[dice.roll(12)]),
        _ => {
            let to = at + dice.roll(text.len() - at);
            let again = text[at..to].to_vec();
            text.extend(again);
        }
    }
}
