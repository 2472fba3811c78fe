//! `check --dns`: compares what DNS has for a hostname with what is registered. Never used to decide an update.

use crate::sys::https;
use std::net::IpAddr;

/// One sentence about `hostname`, from the system's resolver.
pub(super) fn compare(hostname: &str, registered: &[IpAddr]) -> String {
    if hostname == "all.ddnskey.com" || !hostname.contains('.') || hostname.contains('@') {
        return "not looked up in DNS: it is a name for several hosts".to_owned();
    }
    match https::look_up(hostname) {
        Ok(found) => verdict(found, registered),
        // The resolver does not distinguish an unknown name from a missing response here.
        Err(_) => {
            "DNS has no address for it: check that the hostname exists, and the router's DNS".to_owned()
        }
    }
}

fn verdict(mut found: Vec<IpAddr>, registered: &[IpAddr]) -> String {
    found.sort_unstable();
    found.dedup();
    let list =
        |addresses: &[IpAddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let says = list(&found);
    if registered.is_empty() {
        return format!("DNS has {says}, which nicup did not set");
    }
    // nicup does not change a family that it does not register.
    let ours = |ip: &IpAddr| registered.iter().any(|known| known.is_ipv4() == ip.is_ipv4());
    let (ours, others): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(ours);
    if registered.iter().all(|ip| ours.contains(ip)) && ours.len() == registered.len() {
        return match others.as_slice() {
            [] => format!("DNS has {says}, as registered"),
            _ => format!(
                "DNS has {}, as registered, and {}, which nicup did not set",
                list(&ours),
                list(&others)
            ),
        };
    }
    let known = list(registered);
    format!(
        "DNS has {says}, but nicup registered {known}: a cache may be outdated, so check again in 5 min; if it stays, run nicup run --force"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_and_the_record_are_compared_as_sets() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let both = [ip("203.0.113.7"), ip("2001:db8::7")];
        assert!(verdict(vec![both[1], both[0], both[0]], &both).ends_with("as registered"));
        assert!(verdict(vec![both[0]], &both).contains("but nicup registered 203.0.113.7 and 2001:db8::7"));
        assert_eq!(
            verdict(both.to_vec(), &both[..1]),
            "DNS has 203.0.113.7, as registered, and 2001:db8::7, which nicup did not set"
        );
        assert!(
            verdict(vec![both[0], ip("203.0.113.8")], &both[..1])
                .contains("but nicup registered 203.0.113.7")
        );
        assert!(verdict(vec![both[0], ip("203.0.113.8")], &both[..1]).contains("nicup run --force"));
        assert!(verdict(vec![both[0]], &[]).ends_with("which nicup did not set"));
        assert!(compare("all.ddnskey.com", &both).contains("several hosts"));
    }
}
