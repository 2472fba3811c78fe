//! The text form of a behaviour, for command lines, control channels and logs. `Display` writes what `FromStr` reads.
//!
//! In free text `\n`, `\r`, `\t` and `\\` mean the same as in C, and `\|` is a bar in `words:`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::behaviour::{Behaviour, Cut, Hello, Stage};

/// Every form, one per line, for `--help` and for the error that lists the valid forms.
pub const FORMS: &str = "\
normal                       as No-IP answers
body:TEXT                    status 200 with this body (\\n for a new line)
words:LINE|LINE              status 200, a line for each
reply:STATUS\\nNAME: VALUE\\n\\nBODY   status, headers, body
status:N                     this status, empty body
429:VALUE                    status 429 with this Retry-After
redirect:URL                 status 302
delay:MS:BEHAVIOUR           wait first
cut:N[:fin|rst][:BEHAVIOUR]  cut after N bytes of the answer
cut-before-handshake[:rst]   cut at accept (taken at accept)
cut-after-request[:rst]      cut instead of an answer
hang:accept|handshake        silence from there on (taken at accept)
hang:request|half            silence in place of the answer, or after half of it
drip:MS[:BEHAVIOUR]          one byte of the answer every MS milliseconds
huge:N                       a body of N bytes
headers:N|endless            N bytes of headers
chunked[:BEHAVIOUR]          the answer in chunks
bad-chunks                   a chunk without a valid length
unframed[:BEHAVIOUR]         the answer without a length, ended by the end of the connection
garbage                      bytes that are no TLS (taken at accept)
garbage-http                 bytes that are no HTTP
raw:TEXT                     exactly these bytes, then the end of the connection
flood:FIRST|AGAIN            these bytes, then those again and again without end
hello:tls-1.0|downgrade      a ServerHello of TLS 1.0, or of a TLS 1.2 that was forced (taken at accept)
cert:KIND                    another certificate for this connection (taken at accept)
";

/// A text that is not a behaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBehaviour(String);

impl fmt::Display for UnknownBehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for UnknownBehaviour {}

fn wrong<T>(text: &str, want: &str) -> Result<T, UnknownBehaviour> {
    Err(UnknownBehaviour(format!("`{text}` is no behaviour: {want}")))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            other => out.push(other),
        }
    }
    out
}

/// An unknown escape stays unchanged, so that a lone backslash is no error.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('|') => out.push('|'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out
}

/// Splits at bars without a preceding backslash.
fn split_bars(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == '|' && !escaped {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts.iter().map(|part| unescape(part)).collect()
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "accept",
            Self::Handshake => "handshake",
            Self::Request => "request",
            Self::Half => "half",
        })
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Body(text) => write!(f, "body:{}", escape(text)),
            Self::Reply { status, headers, body } => {
                let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
                write!(f, "reply:{}", escape(&format!("{status}\n{head}\n{body}")))
            }
            Self::Words(lines) => {
                let lines: Vec<String> = lines.iter().map(|l| escape(l).replace('|', "\\|")).collect();
                write!(f, "words:{}", lines.join("|"))
            }
            Self::Status(status) => write!(f, "status:{status}"),
            Self::TooManyRequests(after) => write!(f, "429:{}", escape(after)),
            Self::Redirect(location) => write!(f, "redirect:{}", escape(location)),
            Self::Delay(wait, inner) => write!(f, "delay:{}:{inner}", wait.as_millis()),
            Self::CutAfter(bytes, Cut::Fin, inner) if **inner == Self::Normal => write!(f, "cut:{bytes}"),
            Self::CutAfter(bytes, cut, inner) if **inner == Self::Normal => write!(f, "cut:{bytes}:{cut}"),
            Self::CutAfter(bytes, cut, inner) => write!(f, "cut:{bytes}:{cut}:{inner}"),
            Self::CutBeforeHandshake(cut) => write!(f, "cut-before-handshake:{cut}"),
            Self::CutAfterRequest(cut) => write!(f, "cut-after-request:{cut}"),
            Self::Hang(stage) => write!(f, "hang:{stage}"),
            Self::SlowDrip(pause, inner) => write!(f, "drip:{}:{inner}", pause.as_millis()),
            Self::HugeBody(bytes) => write!(f, "huge:{bytes}"),
            Self::HugeHeaders(Some(bytes)) => write!(f, "headers:{bytes}"),
            Self::HugeHeaders(None) => f.write_str("headers:endless"),
            Self::Chunked(inner) => write!(f, "chunked:{inner}"),
            Self::BadChunks => f.write_str("bad-chunks"),
            Self::Unframed(inner) => write!(f, "unframed:{inner}"),
            Self::Garbage => f.write_str("garbage"),
            Self::GarbageHttp => f.write_str("garbage-http"),
            Self::Raw(text) => write!(f, "raw:{}", escape(text)),
            Self::Flood(first, again) => {
                let [first, again] = [first, again].map(|text| escape(text).replace('|', "\\|"));
                write!(f, "flood:{first}|{again}")
            }
            Self::Hello(Hello::Tls10) => f.write_str("hello:tls-1.0"),
            Self::Hello(Hello::Downgrade) => f.write_str("hello:downgrade"),
            Self::Certificate(kind) => write!(f, "cert:{kind}"),
        }
    }
}

impl FromStr for Cut {
    type Err = UnknownBehaviour;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" | "fin" => Ok(Self::Fin),
            "rst" => Ok(Self::Rst),
            other => wrong(other, "a connection is cut by fin or by rst"),
        }
    }
}

impl FromStr for Behaviour {
    type Err = UnknownBehaviour;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = match text.split_once(':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (text, None),
        };
        let argument = || rest.map_or_else(|| wrong(text, "it needs a value after a colon"), Ok);
        let bare = |behaviour| if rest.is_none() { Ok(behaviour) } else { wrong(text, "it takes no value") };
        match name {
            "normal" => bare(Self::Normal),
            "body" => Ok(Self::Body(unescape(argument()?))),
            "reply" => reply(text, &unescape(argument()?)),
            "words" => Ok(Self::Words(split_bars(argument()?))),
            "status" => Ok(Self::Status(number(text, argument()?)?)),
            "429" => Ok(Self::TooManyRequests(unescape(argument()?))),
            "redirect" => Ok(Self::Redirect(unescape(argument()?))),
            "delay" => {
                let (wait, inner) = timed(text, argument()?)?;
                Ok(Self::Delay(wait, inner.parse::<Self>().map(Box::new)?))
            }
            "cut" => cut(text, argument()?),
            "cut-before-handshake" => Ok(Self::CutBeforeHandshake(rest.unwrap_or_default().parse()?)),
            "cut-after-request" => Ok(Self::CutAfterRequest(rest.unwrap_or_default().parse()?)),
            "hang" => Ok(Self::Hang(match argument()? {
                "accept" => Stage::Accept,
                "handshake" => Stage::Handshake,
                "request" => Stage::Request,
                "half" => Stage::Half,
                _ => return wrong(text, "it can hang after accept, handshake, request or half"),
            })),
            "drip" => {
                let (pause, inner) = timed(text, argument()?)?;
                Ok(Self::SlowDrip(pause, answer(text, inner)?))
            }
            "huge" => Ok(Self::HugeBody(number(text, argument()?)?)),
            "headers" => Ok(Self::HugeHeaders(match argument()? {
                "endless" => None,
                bytes => Some(number(text, bytes)?),
            })),
            "chunked" => Ok(Self::Chunked(answer(text, rest.unwrap_or("normal"))?)),
            "bad-chunks" => bare(Self::BadChunks),
            "unframed" => Ok(Self::Unframed(answer(text, rest.unwrap_or("normal"))?)),
            "garbage" => bare(Self::Garbage),
            "garbage-http" => bare(Self::GarbageHttp),
            "raw" => Ok(Self::Raw(unescape(argument()?))),
            "flood" => match split_bars(argument()?).as_slice() {
                [first, again] if !again.is_empty() => Ok(Self::Flood(first.clone(), again.clone())),
                _ => wrong(text, "it takes two texts, and what comes again is not empty"),
            },
            "hello" => Ok(Self::Hello(match argument()? {
                "tls-1.0" => Hello::Tls10,
                "downgrade" => Hello::Downgrade,
                _ => return wrong(text, "there are tls-1.0 and downgrade"),
            })),
            "cert" => match argument()?.parse() {
                Ok(kind) => Ok(Self::Certificate(kind)),
                Err(error) => Err(UnknownBehaviour(format!("{error}"))),
            },
            _ => wrong(text, "see the list of behaviours in --help"),
        }
    }
}

fn number<T: FromStr>(text: &str, digits: &str) -> Result<T, UnknownBehaviour> {
    digits.parse().or_else(|_| wrong(text, &format!("`{digits}` is no number, or too large")))
}

/// `MS` or `MS:INNER`.
fn timed<'a>(text: &str, rest: &'a str) -> Result<(Duration, &'a str), UnknownBehaviour> {
    let (millis, inner) = rest.split_once(':').unwrap_or((rest, "normal"));
    Ok((Duration::from_millis(number(text, millis)?), inner))
}

/// An inner behaviour with a response that can be cut, chunked or dripped.
fn answer(text: &str, inner: &str) -> Result<Box<Behaviour>, UnknownBehaviour> {
    let inner: Behaviour = inner.parse()?;
    if inner.at_accept() {
        return wrong(text, "the inner one acts before there is any answer");
    }
    Ok(Box::new(inner))
}

fn cut(text: &str, rest: &str) -> Result<Behaviour, UnknownBehaviour> {
    let (bytes, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let (first, after) = rest.split_once(':').unwrap_or((rest, ""));
    let (how, inner) = match first {
        "" | "fin" | "rst" => (first.parse()?, after),
        _ => (Cut::Fin, rest),
    };
    let inner = if inner.is_empty() { "normal" } else { inner };
    Ok(Behaviour::CutAfter(number(text, bytes)?, how, answer(text, inner)?))
}

fn reply(text: &str, written: &str) -> Result<Behaviour, UnknownBehaviour> {
    let Some((head, body)) = written.split_once("\n\n") else {
        return match number(text, written.trim_end()) {
            Ok(status) => Ok(Behaviour::Reply { status, headers: Vec::new(), body: String::new() }),
            Err(_) => wrong(text, "an empty line is missing between the headers and the body"),
        };
    };
    let mut lines = head.split('\n');
    let status = number(text, lines.next().unwrap_or_default())?;
    let mut headers = Vec::new();
    for line in lines {
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => return wrong(text, "a header has no colon"),
        }
    }
    Ok(Behaviour::Reply { status, headers, body: body.to_owned() })
}
