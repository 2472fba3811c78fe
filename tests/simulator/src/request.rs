//! Parses a request strictly: every deviation from the rules of No-IP and HTTP/1.1 is a fault with a sentence.

/// What is valid on this listener.
pub(crate) struct Rules<'a> {
    /// The valid paths.
    pub(crate) paths: &'a [&'a str],
    /// The valid values of Host.
    pub(crate) hosts: Vec<String>,
}

/// A request, as far as it could be parsed.
#[derive(Clone, Default)]
pub(crate) struct Parsed {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) old_version: bool,
    pub(crate) faults: Vec<String>,
}

/// No-IP limits a query to fewer bytes than this.
const QUERY_LIMIT: usize = 4000;

/// Where the header section ends, including the empty line. Bare line feeds end it, too: they become a fault later.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let after = |pattern: &[u8]| {
        bytes.windows(pattern.len()).position(|window| window == pattern).map(|at| at + pattern.len())
    };
    match (after(b"\n\r\n"), after(b"\n\n")) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Parsed {
    /// The first header with that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first value with that name in the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn keeps_alive(&self) -> bool {
        let tokens = self.header("connection").unwrap_or_default().to_ascii_lowercase();
        let has_token = |token: &str| tokens.split(',').any(|word| word.trim() == token);
        !has_token("close") && (!self.old_version || has_token("keep-alive"))
    }

    /// The length of the body, according to the headers.
    pub(crate) fn body_length(&self) -> usize {
        self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
    }
}

/// `head` is one header section with its empty line, already without secrets.
pub(crate) fn parse(head: &[u8], rules: &Rules<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut lines = head.split_inclusive(|byte| *byte == b'\n').enumerate().map(|(number, line)| {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        (number + 1, text.strip_suffix(b"\r"), text)
    });
    if let Some((_, crlf, text)) = lines.next() {
        if crlf.is_none() {
            parsed.faults.push("the request line does not end with CR LF".to_owned());
        }
        request_line(crlf.unwrap_or(text), rules, &mut parsed);
    }
    for (number, crlf, text) in lines {
        if crlf.is_none() {
            parsed.faults.push(format!("line {number} does not end with CR LF"));
        }
        let text = crlf.unwrap_or(text);
        if !text.is_empty() {
            header_line(number, text, &mut parsed);
        }
    }
    check_headers(rules, &mut parsed);
    parsed
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn request_line(line: &[u8], rules: &Rules<'_>, parsed: &mut Parsed) {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let (method, target, version) = match words[..] {
        [method, target, version] => (method, target, version),
        _ => {
            parsed
                .faults
                .push(format!("the request line has {} words and single spaces, not 3", words.len()));
            let mut words = words.into_iter().filter(|word| !word.is_empty());
            let mut next = || words.next().unwrap_or_default();
            (next(), next(), next())
        }
    };
    parsed.method = lossy(method);
    if method != b"GET" {
        parsed.faults.push(format!("the method is `{}`, not GET", parsed.method));
    }
    parsed.old_version = version != b"HTTP/1.1";
    if parsed.old_version {
        parsed.faults.push(format!("the version is `{}`, not HTTP/1.1", lossy(version)));
    }
    if let Some(byte) = target.iter().find(|byte| !byte.is_ascii_graphic() || b"\"<>\\^`{|}#".contains(byte))
    {
        parsed.faults.push(format!("byte 0x{byte:02x} stands in the request target"));
    }
    let mut parts = target.splitn(2, |byte| *byte == b'?');
    parsed.path = lossy(parts.next().unwrap_or_default());
    if !rules.paths.contains(&parsed.path.as_str()) {
        parsed.faults.push(format!("the path is `{}`, not {}", parsed.path, rules.paths.join(" or ")));
    }
    let query = parts.next().unwrap_or_default();
    if query.len() >= QUERY_LIMIT {
        parsed
            .faults
            .push(format!("the query has {} bytes: No-IP takes less than {QUERY_LIMIT}", query.len()));
    }
    for pair in query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut half = || decode(halves.next().unwrap_or_default(), &mut parsed.faults);
        let (name, value) = (half(), half());
        if parsed.query.iter().any(|(known, _)| *known == name) {
            parsed.faults.push(format!("`{name}` stands twice in the query"));
        }
        parsed.query.push((name, value));
    }
    if let Some(myip) = parsed.query("myip").map(str::to_owned) {
        check_myip(&myip, &mut parsed.faults);
    }
}

fn check_myip(myip: &str, faults: &mut Vec<String>) {
    use std::net::IpAddr;
    let addresses: Vec<Option<IpAddr>> = myip.split(',').map(|address| address.parse().ok()).collect();
    let v4 = addresses.iter().flatten().filter(|address| address.is_ipv4()).count();
    let v6 = addresses.iter().flatten().count() - v4;
    if addresses.contains(&None) || v4 > 1 || v6 > 1 {
        faults.push(format!("myip is `{myip}`, not one address of a family"));
    }
}

fn decode(text: &[u8], faults: &mut Vec<String>) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                faults.push("a % in the query has no two hexadecimal digits after it".to_owned());
                out.push(b'%');
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| {
        faults.push("the query is no UTF-8".to_owned());
        lossy(error.as_bytes())
    })
}

fn header_line(number: usize, line: &[u8], parsed: &mut Parsed) {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        parsed.faults.push(format!("line {number} continues the one before"));
        return;
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        parsed.faults.push(format!("line {number} has no colon"));
        return;
    };
    let (name, value) = line.split_at(colon);
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(token) {
        parsed.faults.push(format!("line {number} has an invalid header name"));
    }
    let name = lossy(name);
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    if let Some(byte) = value.iter().find(|byte| !matches!(byte, b' '..=b'~' | b'\t')) {
        parsed.faults.push(format!("byte 0x{byte:02x} stands in the value of {name}"));
    }
    if parsed.header(&name).is_some() {
        parsed.faults.push(format!("{name} stands twice"));
    }
    parsed.headers.push((name, lossy(value)));
}

fn check_headers(rules: &Rules<'_>, parsed: &mut Parsed) {
    let fault = match parsed.header("host") {
        None => Some("Host is missing".to_owned()),
        Some(host) if !rules.hosts.iter().any(|right| right.eq_ignore_ascii_case(host)) => {
            Some(format!("Host is `{host}`, not one of {}", rules.hosts.join(" ")))
        }
        Some(_) => None,
    };
    parsed.faults.extend(fault);
    if parsed.header("proxy-authorization").is_some() {
        parsed.faults.push("Proxy-Authorization came through to the server".to_owned());
    }
    if parsed.header("transfer-encoding").is_some()
        || parsed.header("content-length").is_some_and(|n| n != "0")
    {
        parsed.faults.push("a body is announced".to_owned());
    }
}
