//! The table of docs/reference.md#responses, as stories.

use super::*;
use crate::policy::decide::Decision;
use crate::policy::record;
use crate::policy::tests::*;
use crate::wire::dyndns2::{Failure, Reply};

mod between;
mod codes;
mod ladders;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Two services of the same server and user, and one more of another user.
fn household() -> Story {
    let mut services = vec![
        service("one", &format!(" list hostname {A}")),
        service("two", &format!(" list hostname {B}")),
        service("other", " list hostname c.example.net"),
    ];
    services[2].username = "you".to_owned();
    Story::with(services)
}

const C: &str = "c.example.net";
