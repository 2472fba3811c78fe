//! Why an address is missing, or why nicup could not detect it.
//!
//! Ranks reasons by how much they explain. Does not write to the log or the status.

use crate::policy::code::Code;
use crate::policy::sentence::cut;
use std::net::{IpAddr, Ipv6Addr};

/// The wanted kind of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedFamily {
    /// For the A record.
    Ipv4,
    /// For the AAAA record.
    Ipv6,
}

/// Why netifd's interface is not up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyDown {
    /// `autostart` is off, as after `ifdown`.
    Stopped,
    /// NO_DEVICE, or the protocol's code for it.
    NoDevice,
    /// AUTH_FAILED.
    LoginRejected,
    /// CONNECT_FAILED and similar codes.
    CannotConnect,
    /// `available` is false without an error.
    NoCarrier,
    /// `pending`.
    SettingUp,
    /// Up, but without a device.
    Deviceless,
    /// netifd gives no reason.
    Unexplained,
}

/// Why there is no address that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyAbsent {
    /// The device does not exist.
    DeviceMissing,
    /// netifd's interface is up, and the device that it names is gone.
    DeviceGone,
    /// The device is down.
    DeviceDown,
    /// netifd's interface is not up.
    InterfaceDown(WhyDown),
    /// mwan3 reported the interface disconnected, and not connected since.
    Disconnected,
    /// The device has no address of global scope.
    NoAddress(WantedFamily),
    /// The uplink has no IPv6 address, and may have a prefix for the LAN.
    NoUplinkIpv6,
    /// No IPv4 address, and this public IPv6 one.
    OnlyIpv6(Ipv6Addr),
    /// Only one from a special-purpose range, with the range's name.
    Special(IpAddr, &'static str),
    /// Only a self-assigned one.
    LinkLocal(IpAddr),
    /// Only a unique local address (ULA).
    UniqueLocal(IpAddr),
    /// Only the router's end of a DS-Lite or 464XLAT tunnel.
    DsLite(IpAddr),
    /// Only one behind the provider's CGNAT.
    Shared(IpAddr),
    /// Only one behind another router (RFC 1918).
    Private(IpAddr),
    /// The same on a modem's or a tunnel's device: the other router is the provider's.
    ProviderNat(IpAddr),
    /// Only a temporary one (privacy extensions).
    Temporary(IpAddr),
    /// Only one whose preferred lifetime is over.
    Deprecated(IpAddr),
    /// Only a duplicate: another machine has it too.
    Duplicate(IpAddr),
    /// Only one whose prefix has no room for a host behind the router; the number is the prefix length.
    LongPrefix(Ipv6Addr, u8),
    /// Only a tentative one: the kernel is still checking it.
    Tentative(IpAddr),
}

impl WhyDown {
    /// From netifd's data about an interface: its flags, and the latest of its errors. The codes are those of netifd's
    /// interface.c and of the protocol handlers in OpenWrt's packages.
    #[must_use]
    pub fn of(up: bool, flags: [Option<bool>; 3], error: Option<&str>) -> WhyDown {
        let [autostart, available, pending] = flags;
        match error {
            _ if up => WhyDown::Deviceless,
            _ if autostart == Some(false) => WhyDown::Stopped,
            Some("AUTH_FAILED" | "AUTH_TOPEER_FAILED" | "PIN_FAILED" | "MODEM_AUTH_FAILED") => {
                WhyDown::LoginRejected
            }
            Some("NO_DEVICE" | "NO_IFACE" | "NO_IFNAME" | "MODEM_DISABLED") => WhyDown::NoDevice,
            Some(_) => WhyDown::CannotConnect,
            None if available == Some(false) => WhyDown::NoCarrier,
            None if pending == Some(true) => WhyDown::SettingUp,
            None => WhyDown::Unexplained,
        }
    }

    fn explain(self, name: &str) -> String {
        match self {
            Self::Stopped => format!("{name} is stopped: start it with ifup {name}"),
            Self::NoDevice => {
                format!("{name} has no device: check the modem, and its device in /etc/config/network")
            }
            Self::LoginRejected => {
                format!(
                    "the provider rejected the login of {name}: correct username and password in /etc/config/network"
                )
            }
            Self::CannotConnect => format!("{name} cannot connect: check the line or the modem, and logread"),
            Self::NoCarrier => format!("{name} has no carrier: check the cable or the modem"),
            Self::SettingUp => format!("{name} is being set up: waiting for netifd"),
            Self::Deviceless => {
                format!("{name} is up, but netifd names no device for it: restart it with ifup {name}")
            }
            Self::Unexplained => format!("{name} is down"),
        }
    }
}

impl WhyAbsent {
    /// For a person; `name` is where nicup looked for the address. At most 160 bytes.
    #[must_use]
    pub fn explain(&self, name: &str) -> String {
        cut(match self {
            Self::DeviceMissing => {
                format!("{name} does not exist: its connection is down, or the name is wrong")
            }
            Self::DeviceGone => format!("the device of {name} is gone: waiting for netifd to bring it back"),
            Self::DeviceDown => format!("{name} is down"),
            Self::InterfaceDown(why) => why.explain(name),
            Self::Disconnected => {
                format!(
                    "{name} has no connection, as mwan3 reports: waiting for mwan3 to report it connected"
                )
            }
            Self::NoAddress(WantedFamily::Ipv4) => format!("{name} has no IPv4 address"),
            Self::NoAddress(WantedFamily::Ipv6) => format!("{name} has no public IPv6 address"),
            Self::NoUplinkIpv6 => {
                format!(
                    "{name} has no public IPv6 address: if the provider delegates only a prefix, set interface6 to lan"
                )
            }
            Self::OnlyIpv6(ip) => {
                format!(
                    "{name} has no IPv4 address, but the public IPv6 address {ip}: set option family to ipv6"
                )
            }
            Self::Special(ip, range) => {
                format!("{name} has only {ip} ({range}), which is not public: check the connection")
            }
            Self::LinkLocal(ip) => {
                format!("{name} has only the self-assigned {ip}: no DHCP server answered, check the modem")
            }
            Self::UniqueLocal(ip) => {
                format!(
                    "{name} has only the local IPv6 address {ip}: ask the provider for an IPv6 prefix, or try another interface6"
                )
            }
            Self::DsLite(ip) => {
                format!(
                    "{name} has only {ip} (DS-Lite), which cannot be reached over IPv4: set option family to ipv6"
                )
            }
            Self::Shared(ip) => format!(
                "{name} has only {ip}, shared by several customers (CGNAT): ask for a public address, or set option family to ipv6"
            ),
            Self::Private(ip) => format!(
                "{name} has only the private address {ip}, behind another router: use bridge mode there, or set option source to web"
            ),
            Self::ProviderNat(ip) => format!(
                "{name} has only the private address {ip}, behind the provider's NAT: ask for a public address, or set option family to ipv6"
            ),
            Self::Temporary(ip) => {
                format!(
                    "{name} has only the temporary address {ip}: wait for a permanent one, or turn off IPv6 privacy extensions"
                )
            }
            Self::Deprecated(ip) => {
                format!("{name} has only {ip}, which is deprecated: waiting for a new prefix")
            }
            Self::Duplicate(ip) => {
                format!("another machine on {name} also has {ip}: change the address of one of them")
            }
            Self::LongPrefix(ip, length) => {
                format!("{name} has only {ip}/{length}, no room for ip6_suffix: set interface6 to lan")
            }
            Self::Tentative(ip) => format!(
                "{name} has only {ip}, which the kernel is still checking for duplicates: wait a few seconds"
            ),
        })
    }

    /// The code in status.json.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Special(..)
            | Self::LinkLocal(_)
            | Self::UniqueLocal(_)
            | Self::DsLite(_)
            | Self::Shared(_)
            | Self::Private(_)
            | Self::ProviderNat(_) => Code::PrivateAddress,
            Self::DeviceMissing
            | Self::DeviceGone
            | Self::DeviceDown
            | Self::InterfaceDown(_)
            | Self::NoUplinkIpv6
            | Self::OnlyIpv6(_)
            | Self::Disconnected
            | Self::NoAddress(_)
            | Self::Temporary(_)
            | Self::Deprecated(_)
            | Self::Duplicate(_)
            | Self::LongPrefix(..)
            | Self::Tentative(_) => Code::NoAddress,
        }
    }

    /// How much a reason explains: the closer an address was to being sent, the higher.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::DeviceMissing
            | Self::DeviceGone
            | Self::DeviceDown
            | Self::InterfaceDown(_)
            | Self::Disconnected
            | Self::NoAddress(_)
            | Self::NoUplinkIpv6
            | Self::OnlyIpv6(_) => 0,
            Self::Special(..) => 1,
            Self::LinkLocal(_) => 2,
            Self::UniqueLocal(_)
            | Self::DsLite(_)
            | Self::Shared(_)
            | Self::Private(_)
            | Self::ProviderNat(_) => 3,
            Self::Temporary(_) => 4,
            Self::Deprecated(_) => 5,
            Self::Duplicate(_) => 6,
            Self::LongPrefix(..) => 7,
            Self::Tentative(_) => 8,
        }
    }
}

/// Why nicup could not detect an address. The text is the cause, from the module that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyUnknown {
    /// The kernel did not answer.
    Kernel(String),
    /// netifd did not return the device of an interface.
    Netifd(String),
    /// The web page or script failed.
    Source(String),
}

impl WhyUnknown {
    /// For a person; `name` is where nicup looked for the address. At most 160 bytes.
    #[must_use]
    pub fn explain(&self, name: &str) -> String {
        cut(match self {
            Self::Kernel(cause) => format!("could not read the addresses of {name}: {cause}"),
            Self::Netifd(cause) => format!("could not find the device of {name}: {cause}"),
            Self::Source(cause) => format!("could not detect the address from {name}: {cause}"),
        })
    }

    /// The code in status.json.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::AddressUnknown
    }
}
