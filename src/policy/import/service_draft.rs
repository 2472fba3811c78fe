//! A converted service, before it is written.
//!
//! Does not validate: each option was validated when it was set.

use crate::policy::config::{Family, Secret, Source};

pub(super) struct Draft {
    pub(super) name: String,
    /// The line of its section in ddns-scripts' file.
    pub(super) line: u32,
    pub(super) enabled: bool,
    pub(super) login: Login,
    pub(super) hostnames: Vec<String>,
    pub(super) family: Family,
    pub(super) address: DraftAddress,
    pub(super) settings: Settings,
}

#[derive(PartialEq, Eq)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    /// The port of No-IP's server; None: nicup's default.
    pub(super) port: Option<String>,
}

/// Where the address comes from.
pub(super) struct DraftAddress {
    pub(super) uplink: DraftUplink,
    pub(super) source: Source,
}

/// Where the address is.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct DraftUplink {
    pub(super) interface: Option<String>,
    /// Only for a service with both families.
    pub(super) interface6: Option<String>,
    pub(super) device: Option<String>,
}

/// Settings in which two sections of the same host may differ and still become one service. Texts as nicup writes them.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) check_interval: Option<String>,
    pub(super) force_interval: Option<String>,
    pub(super) allow_private: bool,
    pub(super) cacert: Option<String>,
    /// May contain a password.
    pub(super) proxy: Option<Secret>,
    pub(super) bind: bool,
}

impl Settings {
    /// The names of those that are not the same.
    pub(super) fn differences(&self, other: &Settings) -> Vec<&'static str> {
        let pairs = [
            ("check_interval", self.check_interval == other.check_interval),
            ("force_interval", self.force_interval == other.force_interval),
            ("cacert", self.cacert == other.cacert),
            ("proxy", self.proxy == other.proxy),
            ("bind", self.bind == other.bind),
        ];
        pairs.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}
