//! Parses netifd's answers over ubus: `network.interface.NAME status` and `network.interface dump`, as `ubus call`
//! prints them.
//!
//! Does not run `ubus` (sys::ubus) and does not choose an interface. Only the fields that nicup needs are read.

use super::json::{self, object};

/// One logical interface of netifd.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Interface {
    /// Logical name, e.g. `wan`. In `status` output it is absent.
    pub interface: Option<String>,
    /// Whether it is up, by netifd.
    pub up: bool,
    /// The Linux device that carries the addresses, e.g. `pppoe-wan`. Absent while the interface is down.
    pub l3_device: Option<String>,
    /// The device below it, e.g. `eth0.7`.
    pub device: Option<String>,
    /// Whether netifd is setting it up or taking it down.
    pub pending: Option<bool>,
    /// Whether its device exists and has a carrier.
    pub available: Option<bool>,
    /// Whether netifd or a protocol handler created it, not a section of /etc/config/network.
    pub dynamic: Option<bool>,
    /// Whether netifd brings it up automatically; false after `ifdown`.
    pub autostart: Option<bool>,
    /// The errors that its protocol handler reported, the latest last.
    pub errors: Option<Vec<InterfaceError>>,
}
object!(Interface { interface, up, l3_device, device, pending, available, dynamic, autostart, errors });

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct InterfaceError {
    /// E.g. `AUTH_FAILED` of ppp, `NO_DEVICE` of netifd.
    pub code: Option<String>,
}
object!(InterfaceError { code });

#[derive(Default)]
struct Dump {
    interface: Vec<Interface>,
}
object!(Dump { interface });

/// Output of `ubus call network.interface.NAME status`. None: not what netifd prints.
#[must_use]
pub fn status(name: &str, output: &str) -> Option<Interface> {
    let mut interface: Interface = json::from_text(output)?;
    interface.interface = Some(name.to_owned());
    Some(interface)
}

/// Output of `ubus call network.interface dump`. None: not what netifd prints.
#[must_use]
pub fn dump(output: &str) -> Option<Vec<Interface>> {
    json::from_text::<Dump>(output).map(|dump| dump.interface)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Shape of netifd's blobmsg output: interface_dump_status in netifd's ubus.c.
    const PPPOE: &str = r#"{
	"up": true, "pending": false, "available": true, "autostart": true, "dynamic": false,
	"uptime": 5021, "l3_device": "pppoe-wan", "proto": "pppoe", "device": "eth0.7", "metric": 0,
	"ipv4-address": [ { "address": "203.0.113.7", "mask": 32, "ptpaddress": "203.0.113.1" } ],
	"ipv6-address": [], "route": [ { "target": "0.0.0.0", "mask": 0 } ], "data": { }
}"#;

    #[test]
    fn pppoe_names_the_layer_3_device_not_the_port_below() {
        let wan = status("wan", PPPOE).unwrap();
        assert!(wan.up);
        assert_eq!(wan.l3_device.as_deref(), Some("pppoe-wan"));
        assert_eq!(wan.interface.as_deref(), Some("wan"));
    }

    #[test]
    fn an_interface_that_is_down_has_no_device() {
        let wan = status("wan", r#"{"up":false,"pending":true,"errors":[{"code":"AUTH_FAILED"}]}"#).unwrap();
        assert_eq!((wan.up, wan.l3_device), (false, None));
    }

    #[test]
    fn a_dump_lists_every_interface() {
        let all = dump(&format!(
            r#"{{"interface":[{{"interface":"wan6","up":false}},{{"interface":"wan",{}]}}"#,
            &PPPOE[1..]
        ))
        .unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].l3_device.as_deref(), Some("pppoe-wan"));
    }

    #[test]
    fn garbage_is_not_an_interface() {
        for text in ["", "{}", "[]", "{\"up\":\"yes\"}", "Command failed: Not found", "{\"up\":true"] {
            assert_eq!(status("wan", text), None, "{text}");
        }
        assert_eq!(dump("{\"interface\":{}}"), None);
    }
}
