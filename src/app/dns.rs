//! `check --dns`: what DNS says of a hostname, beside what is registered. Never used to decide an update.

use crate::sys::resolver;
use std::net::IpAddr;

/// One sentence about `hostname`, by the system's own resolver.
pub(super) fn compare(hostname: &str, registered: &[IpAddr]) -> String {
    if hostname == "all.ddnskey.com" || !hostname.contains('.') || hostname.contains('@') {
        return "DNS is not asked: this names several hosts".to_owned();
    }
    match resolver::addresses(hostname) {
        Ok(found) => verdict(found, registered),
        Err(error) => format!("DNS gives no address for it ({error})"),
    }
}

fn verdict(mut found: Vec<IpAddr>, registered: &[IpAddr]) -> String {
    found.sort_unstable();
    found.dedup();
    let list =
        |addresses: &[IpAddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let says = list(&found);
    if registered.is_empty() {
        return format!("DNS says {says}; nothing is registered by nicup yet");
    }
    // A family that nicup does not register is somebody else's.
    let ours = |ip: &&IpAddr| registered.iter().any(|known| known.is_ipv4() == ip.is_ipv4());
    if registered.iter().all(|ip| found.contains(ip)) && found.iter().filter(ours).count() == registered.len()
    {
        return format!("DNS says {says}, as registered");
    }
    let known = list(registered);
    format!("DNS says {says}, registered is {known}: a cache on the way may be old, ask again in a minute")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_and_the_record_are_compared_as_sets() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let both = [ip("203.0.113.7"), ip("2001:db8::7")];
        assert!(verdict(vec![both[1], both[0], both[0]], &both).ends_with("as registered"));
        assert!(verdict(vec![both[0]], &both).contains("registered is 203.0.113.7 and 2001:db8::7"));
        assert!(verdict(both.to_vec(), &both[..1]).ends_with("as registered"), "the AAAA is not nicup's");
        assert!(verdict(vec![both[0], ip("203.0.113.8")], &both[..1]).contains("registered is"));
        assert!(verdict(vec![both[0]], &[]).contains("nothing is registered"));
        assert!(compare("all.ddnskey.com", &both).contains("several hosts"));
    }
}
