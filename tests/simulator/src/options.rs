//! The options of a simulator.

use std::fmt;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use crate::tls::TlsOptions;

/// The username of the account in [`Options::default`].
pub const TEST_USERNAME: &str = "test-key";
/// The password of the account in [`Options::default`].
pub const TEST_PASSWORD: &str = "test-password";
/// The hostnames of the account in [`Options::default`].
pub const TEST_HOSTS: [&str; 2] = ["home.example.net", "office.example.net"];

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Port 0 lets the system choose.
    pub addr: SocketAddr,
    /// TLS or plain HTTP.
    pub tls: bool,
}

impl Listen {
    /// TLS on a loopback port that the system chooses.
    #[must_use]
    pub fn tls() -> Self {
        Self { addr: (Ipv4Addr::LOCALHOST, 0).into(), tls: true }
    }

    /// Plain HTTP on a loopback port that the system chooses.
    #[must_use]
    pub fn http() -> Self {
        Self { tls: false, ..Self::tls() }
    }
}

/// A login or DDNS key, and the hostnames that it may update.
#[derive(Clone)]
pub struct Account {
    /// Unencoded.
    pub username: String,
    /// Never printed and never logged.
    pub password: String,
    /// Whether `offline=YES` is allowed.
    pub paid: bool,
    /// Its hostnames; `all.ddnskey.com` means all of them.
    pub hosts: Vec<String>,
    /// Its groups: `hostname=GROUP` means all members, and so does a login as `GROUP:username` for its own hosts.
    pub groups: Vec<Group>,
}

/// A name for several hosts of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// A name without a dot.
    pub name: String,
    /// Hostnames of the same account.
    pub members: Vec<String>,
}

impl Account {
    /// An unpaid account without groups.
    #[must_use]
    pub fn new(username: &str, password: &str, hosts: &[&str]) -> Self {
        Self {
            username: username.to_owned(),
            password: password.to_owned(),
            paid: false,
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            groups: Vec::new(),
        }
    }

    /// The same account, paid.
    #[must_use]
    pub fn paid(self) -> Self {
        Self { paid: true, ..self }
    }

    /// The same account with one more group.
    #[must_use]
    pub fn group(mut self, name: &str, members: &[&str]) -> Self {
        let members = members.iter().map(|host| (*host).to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), members });
        self
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("username", &self.username)
            .field("paid", &self.paid)
            .field("hosts", &self.hosts)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// Settings that never change while a simulator runs.
pub struct Options {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// The valid logins.
    pub accounts: Vec<Account>,
    /// More names and addresses for the certificate and for Host, besides `dynupdate.no-ip.com`, `localhost`, 127.0.0.1
    /// and the address that a client connected to.
    pub names: Vec<String>,
    /// The only valid values of Host. Empty: any of the names, with the listener's port unless it is the default of the
    /// scheme. Set this if clients use a proxy or a port mapping.
    pub host_values: Vec<String>,
    /// The path of the API.
    pub path: String,
    /// A path that returns the client's address, like the pages for `source web`.
    pub address_page: Option<String>,
    /// Answers malformed requests as far as possible. They still count as faults.
    pub lenient: bool,
    /// A User-Agent that is not in No-IP's format gets `badagent`.
    pub strict_agent: bool,
    /// The status of a `badauth` response: 200 or 401.
    pub badauth_status: u16,
    /// For a group, and for `all.ddnskey.com`, the response has a line for each member instead of one for all.
    pub line_per_member: bool,
    /// The TLS settings of all TLS listeners.
    pub tls: TlsOptions,
    /// Receives one line of JSON for each request and for each failed connection.
    pub log: Option<Box<dyn Write + Send>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: vec![Listen::tls()],
            accounts: vec![Account::new(TEST_USERNAME, TEST_PASSWORD, &TEST_HOSTS)],
            names: Vec::new(),
            host_values: Vec::new(),
            path: "/nic/update".to_owned(),
            address_page: None,
            lenient: false,
            strict_agent: false,
            badauth_status: 200,
            line_per_member: false,
            tls: TlsOptions::default(),
            log: None,
        }
    }
}
