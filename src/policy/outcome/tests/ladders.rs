//! How long what waits.

use super::*;

/// The waits in a row, in seconds, while every try ends so.
fn waits<const N: usize>(story: &mut Story, outcome: &Outcome) -> [u64; N] {
    std::array::from_fn(|_| {
        story.send(outcome);
        let wait = story.wait_of(A).unwrap();
        story.pass(wait - 1);
        assert_eq!(story.restart().wait_of(A), Some(1), "never earlier");
        story.pass(1);
        assert_eq!(story.wait_of(A), Some(0));
        wait
    })
}

fn replied(reply: Reply, retry_after: Option<u64>) -> Outcome {
    Outcome::Replied(vec![reply; 2], retry_after)
}

#[test]
fn the_network_is_tried_after_10_s_30_s_1_2_5_10_and_up_to_60_minutes() {
    let rows = [
        (Failure::Dns, Code::Dns),
        (Failure::Connect, Code::Connect),
        (Failure::Tls, Code::Tls),
        (Failure::Timeout, Code::Timeout),
        (Failure::Proxy, Code::Proxy),
    ];
    for (failure, code) in rows {
        let mut story = Story::new();
        let ladder = waits(&mut story, &failed(failure, false));
        assert_eq!(ladder, [10, 30, 60, 120, 300, 600, 1200, 2400, 3600, 3600, 3600]);
        let retry = story.host(A).retry.clone().unwrap();
        assert_eq!((retry.code, retry.failures), (code, 11));
    }
}

#[test]
fn a_lost_answer_waits_as_the_network_does() {
    for outcome in [failed(Failure::Timeout, true), replied(Reply::Unanswered, None)] {
        let mut story = Story::new();
        assert_eq!(waits(&mut story, &outcome), [10, 30, 60]);
        assert_eq!(story.host(A).retry.as_ref().unwrap().code, Code::Unconfirmed);
    }
}

#[test]
fn what_is_not_no_ips_answer_waits_5_10_20_40_60_minutes() {
    for outcome in [replied(Reply::Unintelligible("x".into()), None), failed(Failure::NotHttp, true)] {
        assert_eq!(waits(&mut Story::new(), &outcome), [300, 600, 1200, 2400, 3600, 3600]);
    }
}

#[test]
fn an_outage_waits_half_an_hour_then_1_2_and_4_hours_with_up_to_ten_percent_more() {
    let blocked = Reply::Forbidden(403, "HTTP 403 <p>".into());
    for reply in [Reply::Outage, Reply::DnsError, Reply::ServerError(500), blocked] {
        let mut story = Story::new();
        assert_eq!(waits(&mut story, &replied(reply.clone(), None)), [1800, 3600, 7200, 14_400, 14_400]);
        for jitter in [1, 500, 999, u64::MAX] {
            let mut story = Story { jitter, ..Story::new() };
            for (wait, least) in
                waits::<5>(&mut story, &replied(reply.clone(), None)).into_iter().zip(OUTAGES)
            {
                assert!(wait >= least && wait <= least + least / 10, "{wait} {least}");
            }
        }
    }
}

const OUTAGES: [u64; 5] = [1800, 3600, 7200, 14_400, 14_400];

#[test]
fn retry_after_counts_for_429_and_503_and_never_below_half_an_hour() {
    let rows =
        [(None, 1800), (Some(0), 1800), (Some(60), 1800), (Some(7000), 7000), (Some(u64::MAX), 30 * DAY)];
    for (asked, wait) in rows {
        assert_eq!(waits(&mut Story::new(), &replied(Reply::TooManyRequests, asked)), [wait, wait]);
        let maintenance = waits(&mut Story::new(), &replied(Reply::ServerError(503), asked));
        assert_eq!(maintenance, [wait, if asked.is_some() { wait } else { 3600 }]);
    }
    assert_eq!(waits(&mut Story::new(), &replied(Reply::ServerError(502), Some(9000))), [1800]);
}

#[test]
fn a_success_ends_the_streak_and_a_captive_portal_does_not() {
    let mut story = Story::new();
    let outage = replied(Reply::Outage, None);
    assert_eq!(waits(&mut story, &outage), [1800, 3600]);
    assert_eq!(waits(&mut story, &replied(Reply::Unintelligible("<html>".into()), None)), [300]);
    assert_eq!(waits(&mut story, &failed(Failure::Dns, false)), [10]);
    assert_eq!(waits(&mut story, &outage), [7200]);
    story.reply(good());
    story.addresses = on(AWAY);
    assert_eq!(waits(&mut story, &outage), [1800]);
}

#[test]
fn a_servers_wait_goes_on_over_a_reboot() {
    let mut story = Story::new();
    story.reply(Reply::Outage);
    story.pass(100).reboot(680);
    assert_eq!(story.wait_of(A), Some(1000));
    assert_eq!(story.wait_of(B), Some(1000));
    story.pass(1000);
    assert_eq!(story.wait_of(A), Some(0));
}

#[test]
fn a_servers_wait_that_ended_while_the_router_was_off_is_over() {
    let mut story = Story::new();
    story.reply(Reply::Outage);
    story.reboot(1800);
    assert_eq!(story.wait_of(A), Some(0));
}

#[test]
fn while_the_clock_is_not_set_a_servers_wait_counts_from_boot_and_no_clock_makes_it_grow() {
    let mut story = Story::new();
    story.reply(Reply::Outage);
    story.reboot(60);
    let real = story.wall;
    for (wall, wait) in [(0, 1800 - 21), (real - 40_000_000, 1800 - 21), (real, 1800 - 80), (real + 9999, 0)]
    {
        story.wall = wall;
        assert_eq!(story.wait_of(A), Some(wait), "{wall}");
    }
}

#[test]
fn within_a_boot_no_clock_moves_a_servers_wait() {
    let mut story = Story::new();
    story.reply(Reply::TooManyRequests);
    for jump in [-86_400 * 3650, 86_400 * 36_500] {
        story.wall += jump;
        assert_eq!(story.restart().wait_of(A), Some(1800));
    }
}

#[test]
fn network_waits_end_with_a_boot() {
    for outcome in [failed(Failure::Dns, false), replied(Reply::Unintelligible("x".into()), None)] {
        let mut story = Story::new();
        story.send(&outcome);
        assert_eq!(story.reboot(1).wait_of(A), Some(0));
    }
}

#[test]
fn streaks_as_long_as_numbers_go_do_not_overflow() {
    let mut story = Story::new();
    story.send(&failed(Failure::Dns, false));
    story.records.host("dynupdate.no-ip.com", "me", A).retry.as_mut().unwrap().failures = u32::MAX;
    story.pass(10).send(&failed(Failure::Dns, false));
    assert_eq!(story.wait_of(A), Some(3600));
    story.pass(3600).reply(Reply::Outage);
    story.records.servers[0].wait.as_mut().unwrap().failures = u32::MAX;
    story.pass(3600).reply(Reply::Outage);
    assert_eq!(story.wait_of(A), Some(14_400));
}
