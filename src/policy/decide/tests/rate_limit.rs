//! An address that does not rest.

use super::*;

/// The times within `seconds` at which something is sent, while the address changes every `every` seconds.
fn sent_while_changing(story: &mut Story, every: u64, seconds: u64) -> Vec<u64> {
    let mut times = Vec::new();
    for second in 0..seconds {
        if second % every == 0 {
            let home = story.addresses == on(HOME);
            story.addresses = on(if home { AWAY } else { HOME });
        }
        if !story.reply(good()).is_empty() {
            times.push(second);
        }
        story.restart().pass(1);
    }
    times
}

#[test]
fn five_changes_are_sent_at_once_then_one_every_five_minutes() {
    let times = sent_while_changing(&mut Story::registered(), 10, 1000);
    assert_eq!(times[..5], [0, 10, 20, 30, 40]);
    assert!(times[5..].iter().zip(&times[4..]).all(|(at, before)| at - before >= 300), "{times:?}");
    assert!(times.len() >= 7, "{times:?}");
}

#[test]
fn the_rate_limit_lasts_as_long_as_the_changes() {
    for every in [60, 100, 149] {
        let times = sent_while_changing(&mut Story::registered(), every, 4000);
        assert!(times[5..].iter().zip(&times[4..]).all(|(at, before)| at - before >= 300), "{times:?}");
    }
}

#[test]
fn slow_changes_are_not_rate_limited() {
    // The fifth comes ten minutes after the first.
    let times = sent_while_changing(&mut Story::registered(), 150, 3000);
    assert_eq!(times.len(), 20);
}

#[test]
fn the_last_address_under_the_rate_limit_is_not_lost() {
    let mut story = Story::registered();
    sent_while_changing(&mut story, 10, 60);
    story.addresses = on("192.0.2.99");
    let Decision::WaitUntil { until, cause: WaitReason::RateLimit } = story.decide(A) else { panic!() };
    let wait = until.since(story.now().ceil());
    assert!(wait > 200 && wait <= 300, "{wait}");
    story.pass(wait);
    assert!(is_send(&story.decide(A), SendReason::Changed));
}

#[test]
fn ten_minutes_without_a_change_end_the_rate_limit() {
    let mut story = Story::registered();
    let times = sent_while_changing(&mut story, 10, 50);
    assert_eq!(times.len(), 5);
    story.pass(600);
    let times = sent_while_changing(&mut story, 10, 50);
    assert_eq!(times.len(), 5);
}

#[test]
fn the_rate_limit_survives_a_restart_but_not_a_reboot() {
    let mut story = Story::registered();
    sent_while_changing(&mut story, 10, 50);
    story.addresses = on("192.0.2.99");
    assert_ne!(story.restart().wait_of(A), Some(0));
    assert_eq!(story.reboot(1).wait_of(A), Some(0));
}

#[test]
fn force_does_not_override_the_rate_limit() {
    let mut story = Story::registered();
    sent_while_changing(&mut story, 10, 50);
    story.addresses = on("192.0.2.99");
    story.ask.force = true;
    assert!(matches!(story.decide(A), Decision::WaitUntil { cause: WaitReason::RateLimit, .. }));
}
