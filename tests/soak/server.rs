//! The servers: what is registered there, and how they respond in each mood.

use crate::generate::Dice;
use crate::ledger::Meaning;
use nicup::wire::dyndns2::{Answer, Failed, Failure};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// How a server, or the path to it, behaves for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Fine,
    /// The same response code for every host.
    Word(&'static str),
    /// Different response codes for the hosts.
    Words,
    Http(u16),
    /// 429 with this Retry-After in seconds, or without one if 0.
    TooMany(u64),
    Garbage,
    /// The server acts, but the response is lost.
    AnswerLost,
    /// The request is lost.
    RequestLost,
    Unreachable(Failure),
    /// A different mood for each request.
    Mixed,
}

const WORDS: [&str; 14] = [
    "nohost", "notfqdn", "!yours", "!active", "badauth", "badagent", "badsys", "!donator", "numhost",
    "abuse", "911", "dnserr", "mismatch", "loopback",
];

impl Mood {
    pub(crate) fn any(dice: &mut Dice) -> Mood {
        let unreachable = [Failure::Dns, Failure::Connect, Failure::Timeout, Failure::Tls];
        match dice.roll(16) {
            0 | 1 => Mood::Word("911"),
            2 | 3 => Mood::Word(WORDS[dice.roll(WORDS.len())]),
            4 => Mood::Words,
            5 => Mood::Http([500, 502, 503, 599, 404, 302, 401, 403][dice.roll(8)]),
            6 => Mood::TooMany([0, 60, 3600, 20_000, 40 * 86_400][dice.roll(5)]),
            7 | 8 => Mood::Garbage,
            9 | 10 => Mood::AnswerLost,
            11 => Mood::RequestLost,
            12 | 13 => Mood::Unreachable(unreachable[dice.roll(4)]),
            _ => Mood::Mixed,
        }
    }
}

/// A request as the server understands it.
pub(crate) struct Asked {
    pub(crate) hosts: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Asked {
    pub(crate) fn read(target: &str) -> Asked {
        let query = target.split_once('?').unwrap().1;
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap();
        Asked {
            hosts: value("hostname=").split(',').map(str::to_owned).collect(),
            addresses: value("myip=").split(',').map(|text| text.parse().unwrap()).collect(),
        }
    }
}

/// The addresses that a server has for each host.
pub(crate) type Names = BTreeMap<String, Vec<IpAddr>>;

/// The response, and what it means for each host.
pub(crate) struct Said {
    pub(crate) answer: Result<Answer, Failed>,
    pub(crate) meanings: Vec<Meaning>,
}

/// Responds according to the mood, and registers addresses.
pub(crate) fn answer(mood: Mood, dice: &mut Dice, names: &mut Names, asked: &Asked) -> Said {
    let count = asked.hosts.len();
    let all = |answer, meaning| Said { answer, meanings: vec![meaning; count] };
    match mood {
        Mood::Mixed => {
            let mood = if dice.roll(4) == 0 { Mood::Fine } else { Mood::any(dice) };
            answer(if mood == Mood::Mixed { Mood::Words } else { mood }, dice, names, asked)
        }
        Mood::Unreachable(failure) => {
            let connected = failure == Failure::Tls;
            all(failed(failure, connected, false), Meaning::Network { sent: false })
        }
        Mood::RequestLost | Mood::AnswerLost => {
            if mood == Mood::AnswerLost {
                asked.hosts.iter().for_each(|host| register(names, host, &asked.addresses));
            }
            all(failed(Failure::Timeout, true, true), Meaning::Network { sent: true })
        }
        Mood::Http(401) if dice.roll(2) == 0 => {
            let answer = text(401, "<html>no</html>").map(|answer| Answer { asks_basic: true, ..answer });
            all(answer, Meaning::StopsService)
        }
        Mood::Http(status @ (401 | 403)) => {
            all(text(status, "<html>no</html>"), Meaning::Waits { asked: None })
        }
        Mood::Http(status @ 500..) => all(text(status, "good 203.0.113.7"), Meaning::Waits { asked: None }),
        Mood::Http(status) => all(text(status, "<html>nicht hier</html>"), Meaning::Strange),
        Mood::TooMany(seconds) => {
            let header = (seconds > 0).then(|| seconds.to_string());
            let answer = text(429, "").map(|answer| Answer { retry_after: header, ..answer });
            all(answer, Meaning::Waits { asked: Some(seconds) })
        }
        Mood::Garbage => {
            let pages = ["", "<html>good morning</html>", "good bye", "GOOD 203.0.113.7", "\u{1}\u{2}", "OK"];
            all(text(200, pages[dice.roll(pages.len())]), Meaning::Strange)
        }
        Mood::Word(word @ ("mismatch" | "loopback")) => line_each(vec![word; count], dice, names, asked),
        Mood::Word(word) => all(text(200, &format!("{word}\r\n")), meaning(word)),
        Mood::Fine => line_each(vec!["good"; count], dice, names, asked),
        Mood::Words => {
            let mut word = || if dice.roll(2) == 0 { "good" } else { WORDS[dice.roll(WORDS.len())] };
            let words = (0..count).map(|_| word()).collect();
            line_each(words, dice, names, asked)
        }
    }
}

fn line_each(words: Vec<&str>, dice: &mut Dice, names: &mut Names, asked: &Asked) -> Said {
    let list: Vec<String> = asked.addresses.iter().map(ToString::to_string).collect();
    let mut body = String::new();
    for (word, host) in words.iter().zip(&asked.hosts) {
        match *word {
            "good" => {
                let word = if names.get(host) == Some(&asked.addresses) { "nochg" } else { "good" };
                register(names, host, &asked.addresses);
                body.push_str(&format!("{word} {}", list.join(",")));
            }
            "mismatch" => body.push_str("good 198.51.100.99"),
            "loopback" => body.push_str("good 127.0.0.1"),
            word => body.push_str(word),
        }
        body.push_str(["\n", "\r\n"][dice.roll(2)]);
    }
    Said { answer: text(200, &body), meanings: words.into_iter().map(meaning).collect() }
}

/// Like No-IP: a family that is not in the request keeps its address.
fn register(names: &mut Names, host: &str, addresses: &[IpAddr]) {
    let mut now = addresses.to_vec();
    let old = names.get(host).cloned().unwrap_or_default();
    now.extend(old.into_iter().filter(|ip| !addresses.iter().any(|new| new.is_ipv4() == ip.is_ipv4())));
    now.sort();
    names.insert(host.to_owned(), now);
}

fn meaning(word: &str) -> Meaning {
    match word {
        "good" => Meaning::Accepted,
        "nohost" | "notfqdn" | "!yours" | "!active" | "mismatch" => Meaning::StopsHost,
        "badauth" | "!donator" | "numhost" => Meaning::StopsService,
        "abuse" => Meaning::StopsAccount,
        "badagent" | "badsys" | "loopback" => Meaning::StopsServer,
        "911" | "dnserr" => Meaning::Waits { asked: None },
        other => panic!("{other}"),
    }
}

fn text(status: u16, body: &str) -> Result<Answer, Failed> {
    Ok(Answer { status, body: body.as_bytes().to_vec(), verified: true, ..Answer::default() })
}

pub(crate) fn failed(failure: Failure, connected: bool, sent: bool) -> Result<Answer, Failed> {
    Err(Failed { failure, connected, sent, detail: "the soak said so".to_owned() })
}
