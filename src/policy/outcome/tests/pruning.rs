//! What is dropped from the records, because the configuration no longer needs it.

use super::*;

#[test]
fn a_renamed_section_keeps_everything() {
    let mut story = Story::registered();
    story.services[0].name = "renamed".into();
    assert!(!pruned(&mut story));
    assert!(matches!(story.decide(A), Decision::Leave { .. }));
}

#[test]
fn hosts_that_left_the_configuration_are_forgotten() {
    let mut story = Story::registered();
    story.services[0].hostnames.pop();
    assert!(pruned(&mut story));
    let names: Vec<&str> = story.records.hosts.iter().map(|host| host.key.hostname.as_str()).collect();
    assert_eq!(names, [A]);
}

#[test]
fn a_records_file_keeps_apart_equal_hostnames_of_two_servers() {
    let mut services = vec![service("x", &format!(" list hostname {A}")); 2];
    services[1].endpoint.server = "other.example".into();
    let mut story = Story::with(services);
    story.reply(Reply::NoHost);
    story.send_from(1, &Outcome::Replied(vec![good()], None));
    assert!(!pruned(story.reboot(9)));
    let stopped: Vec<bool> = story.records.hosts.iter().map(|host| host.stop.is_some()).collect();
    assert_eq!(stopped, [true, false]);
}

#[test]
fn a_servers_wait_is_not_forgotten_when_another_server_is_named_for_a_moment() {
    let mut story = Story::new();
    story.reply(Reply::Outage);
    let before = std::mem::replace(&mut story.services[0].endpoint.server, "other.example".into());
    assert!(pruned(&mut story), "the hosts of the server");
    story.services[0].endpoint.server = before;
    assert!(!pruned(&mut story));
    assert_eq!(story.wait_of(A), Some(1800));
}

#[test]
fn a_disabled_service_keeps_its_stop() {
    let mut story = Story::new();
    story.reply(Reply::BadAuth);
    story.services[0].enabled = false;
    assert!(!pruned(&mut story));
    story.services[0].enabled = true;
    assert!(story.stopped(A));
}

#[test]
fn a_block_ends_with_its_user_and_not_with_another_service() {
    let mut story = household();
    story.send_from(2, &Outcome::Replied(vec![Reply::Abuse], None));
    story.send_from(1, &Outcome::Replied(vec![good()], None));
    story.services.remove(1);
    assert!(pruned(&mut story), "the host of the removed service");
    assert!(story.stopped(C));
    story.services[1].username = "them".into();
    assert!(pruned(&mut story));
    assert_eq!(story.records.accounts, []);
}

#[test]
fn a_server_that_left_the_configuration_is_forgotten() {
    let mut story = household_at_two_servers();
    story.send_from(0, &Outcome::Replied(vec![good()], None));
    story.send_from(3, &Outcome::Replied(vec![good()], None));
    assert!(!pruned(&mut story), "both are configured");
    story.services.pop();
    assert!(pruned(&mut story));
    let names: Vec<&str> = story.records.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["dynupdate.no-ip.com"]);
}
