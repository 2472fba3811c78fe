//! What the loop plans, without passes: the clock, crashes, haste. Time is a number.

use super::*;

const NOW: u64 = 1_000_000;
const CLOCK: Woken = Woken { stop: false, wake: false, clock: true, kernel: false, other: false };
const USR1: Woken = Woken { wake: true, clock: false, ..CLOCK };

fn a_loop() -> Loop {
    Loop {
        events: Events::open().unwrap(),
        place: PathBuf::from("/nonexistent"),
        seat: None,
        links: Links::default(),
        debounce: Debounce::default(),
        next: Next::Never,
        wake: Wake::default(),
        jumped: false,
        forced: false,
        hurried: 0,
        crashes: 0,
        not_before: 0,
        deadline: 60_000,
    }
}

fn finished(wake: &Wake) -> Ended {
    Ended::Finished(wake.clone(), 0)
}

fn at(seconds: u64) -> Wake {
    Wake { at: Some(seconds), ..Wake::default() }
}

fn crashed() -> Ended {
    Ended::Crashed("was ended by signal 6".to_owned())
}

#[test]
fn the_loop_sleeps_until_the_very_moment_that_the_status_shows() {
    let mut turn = a_loop();
    assert_eq!(turn.enter(finished(&at(1010)), NOW), 0);
    assert_eq!(turn.due(), Some(1_010_000));
    turn.next = Next::Never; // a pass begins
    turn.enter(finished(&Wake::default()), NOW);
    assert_eq!(turn.due(), None);
}

#[test]
fn a_jump_of_the_clock_wakes_what_waits_for_it() {
    let mut turn = a_loop();
    turn.take(CLOCK, NOW).unwrap();
    assert_eq!(turn.due(), None, "nothing waits for it");
    let waits = Wake { clock: true, open: true, ..at(1600) };
    turn.jumped = false; // a pass begins
    turn.enter(finished(&waits), NOW);
    assert_eq!(turn.due(), Some(1_600_000));
    turn.take(CLOCK, NOW + 5000).unwrap();
    assert_eq!(turn.next, Next::Now);
}

#[test]
fn a_jump_of_the_clock_during_the_pass_that_failed_for_it_counts() {
    let mut turn = a_loop();
    turn.take(CLOCK, NOW).unwrap();
    turn.enter(finished(&Wake { clock: true, ..at(1600) }), NOW + 100);
    assert_eq!(turn.next, Next::Now);
}

#[test]
fn a_signal_during_a_pass_is_answered_by_the_next_one() {
    let mut turn = a_loop();
    turn.take(USR1, NOW).unwrap();
    turn.enter(finished(&at(2000)), NOW + 100);
    assert_eq!(turn.next, Next::Now);
    assert!(!turn.is_settled(), "run --wait does not end before it");
}

#[test]
fn what_is_due_again_and_again_is_slowed_down() {
    let mut turn = a_loop();
    let mut now = NOW;
    let mut starts = Vec::new();
    for _ in 0..6 {
        turn.next = Next::Never;
        // As the status rounds what is due now.
        turn.enter(finished(&at(now.div_ceil(1000))), now);
        now = turn.due().unwrap().max(now) + 7;
        starts.push(now - NOW);
    }
    assert!(starts[0] <= 1000 && starts.windows(2).all(|pair| pair[1] - pair[0] >= PACE), "{starts:?}");
    turn.next = Next::Never;
    turn.enter(finished(&at(now / 1000 + 2)), now);
    assert_eq!((turn.hurried, turn.due()), (0, Some((now / 1000 + 2) * 1000)));
}

#[test]
fn crashes_are_backed_off_and_no_event_hurries_them() {
    let mut turn = a_loop();
    for pause in [10, 30, 60, 300, 1800, 3600, 3600] {
        turn.enter(crashed(), NOW);
        turn.debounce.note(NOW + 5, Change::Device);
        assert_eq!(turn.due(), Some(NOW + pause * 1000));
        assert!(!turn.is_settled());
    }
    turn.take(USR1, NOW).unwrap();
    assert_eq!(turn.next, Next::Now, "a user may");
    turn.next = Next::Never;
    turn.debounce.pass_started();
    turn.enter(crashed(), NOW + 50);
    turn.take(USR1, NOW + 100).unwrap();
    assert_eq!(turn.due(), Some(NOW + 400), "and again, after a moment");
    turn.next = Next::Never;
    turn.debounce.pass_started();
    turn.enter(finished(&Wake::default()), NOW);
    assert!(turn.is_settled());
    turn.debounce.note(NOW, Change::Device);
    assert_eq!(turn.due(), Some(NOW + 300));
}

#[test]
fn a_pass_may_take_as_long_as_its_requests() {
    use crate::policy::config::{Config, build};
    let config =
        |text: &str| -> Config { build(&crate::wire::uci::parse(text.as_bytes()).unwrap(), "nicup") };
    let service = |name: &str| {
        format!(
            "config service '{name}'\n option username 'u{name}'\n option password 'p'\n option family 'both'\n \
             list hostname '{name}.example.net'\n option timeout '20'\n"
        )
    };
    assert_eq!(deadline(&valid(&config(&service("a")))), (30 + 20 * 7) * 1000);
    let many: String = (0..100).map(|n| service(&format!("s{n}"))).collect();
    assert_eq!(deadline(&valid(&config(&many))), PASS_LIMIT * 1000);
}

#[test]
fn only_an_interface_that_comes_up_brings_both_families() {
    use crate::policy::config::build;
    let text = b"config service 'a'\n option username 'u'\n option password 'p'\n option family 'both'\n \
                 list hostname 'a.example.net'\n";
    let config = build(&crate::wire::uci::parse(text).unwrap(), "nicup");
    let event = |action| Event::Interface { action, interface: "wan".to_owned(), device: None };
    let lacks = Some(Lacks { ipv4: true, ipv6: true });
    for (event, wanted) in [
        (None, None),
        (Some(event(Action::Up)), lacks),
        (Some(event(Action::Update)), lacks),
        (Some(event(Action::Down)), None),
        (Some(Event::Clock), None),
    ] {
        let order = Order { event, ..Order::default() };
        assert_eq!(awaited(&valid(&config), &order), wanted, "{order:?}");
    }
    let order = Order { event: Some(event(Action::Up)), services: vec!["b".to_owned()], ..Order::default() };
    assert_eq!(awaited(&valid(&config), &order), None);
}
