//! The table of docs/reference.md#responses, as stories.

use super::*;
use crate::policy::decide::Decision;
use crate::policy::record;
use crate::policy::tests::*;
use crate::wire::dyndns2::{Failure, Reply};

mod between;
mod codes;
mod ladders;
mod pruning;

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
const D: &str = "d.example.net";

/// A household, and one more service of the first user at another server.
fn household_at_two_servers() -> Story {
    let mut story = household();
    let mut more = service("elsewhere", &format!(" list hostname {D}"));
    more.endpoint.server = "other.example".to_owned();
    story.services.push(more);
    story
}

/// Whether something was dropped, which must be true of the records.
fn pruned(story: &mut Story) -> bool {
    let (before, services) = (story.records.clone(), story.services.iter().collect::<Vec<_>>());
    let dropped = prune(&mut story.records, &services, story.contact, story.version);
    assert_eq!(dropped, story.records != before);
    dropped
}

fn new_password() -> crate::policy::config::Secret {
    crate::policy::config::Secret::new("new".into())
}
