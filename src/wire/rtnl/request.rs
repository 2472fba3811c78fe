//! Requests to rtnetlink.
//!
//! Does not send them, and has no request that changes anything. Queries one link by name, because a dump of all links
//! has 1.5 KB per link (300 KB for 200 links), and the caller wants one or two.

use super::{
    ADDRESS_HEADER, ATTRIBUTE_HEADER, HEADER, IFLA_EXT_MASK, IFLA_IFNAME, LINK_HEADER, NLM_F_DUMP,
    NLM_F_REQUEST, RTM_GETADDR, RTM_GETLINK, aligned,
};

/// Bytes of a device's name at most: IFNAMSIZ without the final NUL.
pub const NAME_LIMIT: usize = 15;

/// RTEXT_FILTER_SKIP_STATS: leave out IPv6's counters, a quarter of the answer. Old kernels still send them.
const SKIP_STATS: u32 = 1 << 3;

/// Asks for one link. None: no device can have this name.
#[must_use]
pub fn link(name: &str, sequence: u32) -> Option<Vec<u8>> {
    let name = name.as_bytes();
    if name.is_empty() || name.len() > NAME_LIMIT || name.contains(&0) {
        return None;
    }
    let named = ATTRIBUTE_HEADER + name.len() + 1;
    let mut bytes =
        message(RTM_GETLINK, NLM_F_REQUEST, sequence, LINK_HEADER + aligned(named) + ATTRIBUTE_HEADER + 4);
    bytes.resize(HEADER + LINK_HEADER, 0);
    attribute(&mut bytes, IFLA_IFNAME, named, name);
    attribute(&mut bytes, IFLA_EXT_MASK, ATTRIBUTE_HEADER + 4, &SKIP_STATS.to_ne_bytes());
    Some(bytes)
}

/// Asks for all addresses of both families. One dump for both: AF_UNSPEC.
///
/// Kernels since 4.20 would filter by device, but only for sockets with NETLINK_GET_STRICT_CHK; without it the
/// field is ignored, so nicup leaves it at 0 and gets the same answer everywhere.
#[must_use]
pub fn addresses(sequence: u32) -> Vec<u8> {
    let mut bytes = message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sequence, ADDRESS_HEADER);
    bytes.resize(HEADER + ADDRESS_HEADER, 0);
    bytes
}

/// The header of a message with `payload` bytes after it. The kernel fills in the sender.
fn message(kind: u16, flags: u16, sequence: u32, payload: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + payload);
    bytes.extend_from_slice(&((HEADER + payload) as u32).to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&sequence.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

/// `length` counts the attribute's header and may be one more than the value: a final NUL.
fn attribute(bytes: &mut Vec<u8>, kind: u16, length: usize, value: &[u8]) {
    let end = bytes.len() + aligned(length);
    bytes.extend_from_slice(&(length as u16).to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(end, 0);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_asked_for_by_name() {
        let bytes = link("pppoe-wan", 7).unwrap();
        assert_eq!(bytes[0..4], (bytes.len() as u32).to_ne_bytes());
        assert_eq!(bytes[4..6], 18u16.to_ne_bytes());
        assert_eq!(bytes[6..8], 1u16.to_ne_bytes(), "a request, and no dump");
        assert_eq!(bytes[8..12], 7u32.to_ne_bytes());
        assert_eq!(bytes[32..34], 14u16.to_ne_bytes());
        assert_eq!(&bytes[36..48], b"pppoe-wan\0\0\0");
        assert_eq!(bytes[52..], 8u32.to_ne_bytes());
    }

    #[test]
    fn a_name_that_no_device_can_have_is_not_asked_for() {
        for name in ["", "a\0b", "sixteen-bytes-xx"] {
            assert_eq!(link(name, 1), None, "{name:?}");
        }
        for length in 1..=NAME_LIMIT {
            let bytes = link(&"x".repeat(length), 1).unwrap();
            assert_eq!(bytes.len() % 4, 0);
            assert_eq!(bytes[0..4], (bytes.len() as u32).to_ne_bytes());
        }
    }

    #[test]
    fn addresses_are_dumped_for_both_families() {
        let bytes = addresses(9);
        assert_eq!(bytes.len(), 24);
        assert_eq!(bytes[4..6], 22u16.to_ne_bytes());
        assert_eq!(bytes[6..8], 0x301u16.to_ne_bytes());
        assert_eq!(bytes[16..], [0; 8]);
    }
}
