use super::*;
use crate::policy::config::{Config, Entry, build};
use crate::policy::debounce::IpVersion as Of;

const NOW: u64 = 1_000_000;
const USR1: Input = Input::PassRequested;
const DEVICE: Input = Input::Device(Change::Device);
const V4: Input = Input::Device(Change::Came(Of::Ipv4));
const BOTH_MISSING: Option<MissingFamilies> = Some(MissingFamilies { ipv4: true, ipv6: true });

/// A loop whose first pass is running.
fn started() -> Schedule {
    let mut schedule = Schedule::start(NOW, None, false);
    schedule.on(NOW, Input::PassStarted);
    schedule
}

/// A loop whose pass ended with `wake`.
fn after(wake: Wake) -> Schedule {
    let mut schedule = started();
    schedule.on(NOW, Input::PassFinished(wake));
    schedule
}

fn at(seconds: u64) -> Wake {
    Wake { at: Some(seconds), ..Wake::default() }
}

#[test]
fn a_loop_begins_with_a_pass() {
    assert_eq!(Schedule::start(NOW, None, false).due(), Some(0));
    assert_eq!(started().due(), None, "it runs");
}

#[test]
fn a_loop_that_an_interface_starts_waits_for_its_second_family() {
    assert_eq!(Schedule::start(NOW, BOTH_MISSING, false).due(), Some(NOW + 3000));
    let one_is_there = Some(MissingFamilies { ipv4: false, ipv6: true });
    assert_eq!(Schedule::start(NOW, one_is_there, false).due(), Some(0));
}

#[test]
fn the_loop_sleeps_until_the_very_moment_that_the_status_shows() {
    assert_eq!(after(at(1010)).due(), Some(1_010_000));
    assert_eq!(after(Wake::default()).due(), None);
    assert_eq!(after(at(u64::MAX)).due(), Some(u64::MAX));
}

#[test]
fn a_pass_answers_what_was_planned_before_it() {
    let mut schedule = after(at(1010));
    schedule.on(NOW + 10_000, Input::PassStarted);
    schedule.on(NOW + 10_000, Input::PassFinished(Wake::default()));
    assert_eq!(schedule.due(), None);
}

#[test]
fn an_event_starts_a_pass_after_a_short_silence() {
    let mut schedule = after(at(2000));
    schedule.on(NOW + 5, DEVICE);
    assert_eq!(schedule.due(), Some(NOW + 305));
    schedule.on(NOW + 305, Input::PassStarted);
    schedule.on(NOW + 400, Input::PassFinished(at(2000)));
    assert_eq!(schedule.due(), Some(2_000_000), "it is answered");
}

#[test]
fn an_event_does_not_postpone_what_is_planned() {
    let mut schedule = after(at(NOW / 1000 + 1));
    schedule.on(NOW + 900, DEVICE);
    assert_eq!(schedule.due(), Some(NOW + 1000));
}

#[test]
fn the_first_family_waits_for_the_second_that_the_pass_misses() {
    let mut schedule = after(Wake { pair: BOTH_MISSING, ..Wake::default() });
    schedule.on(NOW, V4);
    assert_eq!(schedule.due(), Some(NOW + 3000));
    let mut schedule = after(Wake { pair: Some(MissingFamilies::default()), ..Wake::default() });
    schedule.on(NOW, V4);
    assert_eq!(schedule.due(), Some(NOW + 300));
}

#[test]
fn a_jump_of_the_clock_starts_what_waits_for_it() {
    let mut schedule = after(at(1600));
    schedule.on(NOW, Input::ClockSet);
    assert_eq!(schedule.due(), Some(1_600_000), "nothing waits for it");
    let mut schedule = after(Wake { clock: true, open: true, ..at(1600) });
    assert_eq!(schedule.due(), Some(1_600_000));
    schedule.on(NOW + 5000, Input::ClockSet);
    assert_eq!(schedule.due(), Some(0));
}

#[test]
fn a_jump_of_the_clock_during_the_pass_that_failed_for_it_counts() {
    let mut schedule = started();
    schedule.on(NOW, Input::ClockSet);
    schedule.on(NOW + 100, Input::PassFinished(Wake { clock: true, ..at(1600) }));
    assert_eq!(schedule.due(), Some(0));
    // Where nothing waits for it, there is nothing to do.
    let mut idle = started();
    idle.on(NOW, Input::ClockSet);
    idle.on(NOW + 100, Input::PassFinished(at(1600)));
    assert_eq!(idle.due(), Some(1_600_000));
    // One before it does not: the pass saw the clock as it is.
    schedule.on(NOW + 100, Input::PassStarted);
    schedule.on(NOW + 200, Input::PassFinished(Wake { clock: true, ..at(1600) }));
    assert_eq!(schedule.due(), Some(1_600_000));
}

#[test]
fn a_request_during_a_pass_is_answered_by_the_next_one() {
    let mut schedule = started();
    schedule.on(NOW, USR1);
    schedule.on(NOW + 100, Input::PassFinished(at(2000)));
    assert_eq!(schedule.due(), Some(0));
    assert!(!schedule.is_done(), "run --wait does not end before it");
}

#[test]
fn what_happens_during_a_pass_keeps_run_wait_from_ending() {
    let mut schedule = started();
    schedule.on(NOW, DEVICE);
    schedule.on(NOW + 100, Input::PassFinished(Wake::default()));
    assert!(!schedule.is_done());
    assert_eq!(schedule.due(), Some(NOW + 300));
}

#[test]
fn run_wait_ends_when_the_pass_left_nothing_open() {
    assert!(after(Wake::default()).is_done());
    assert!(after(at(2000)).is_done(), "a forced update is not waited for");
    assert!(!after(Wake { open: true, ..at(2000) }).is_done());
}

#[test]
fn passes_that_want_the_next_one_at_once_are_slowed_down() {
    let mut schedule = started();
    let mut now = NOW;
    let mut starts = Vec::new();
    for _ in 0..6 {
        // As the status rounds what is due now.
        schedule.on(now, Input::PassFinished(at(now.div_ceil(1000))));
        now = schedule.due().unwrap().max(now) + 7;
        schedule.on(now, Input::PassStarted);
        starts.push(now - NOW);
    }
    assert!(starts[0] <= 1000 && starts.windows(2).all(|pair| pair[1] - pair[0] >= PACE), "{starts:?}");
    // One that can wait ends the haste.
    for patient in [Some(now / 1000 + 2), None] {
        schedule.on(now, Input::PassFinished(Wake { at: patient, ..Wake::default() }));
        assert_eq!(schedule.due(), patient.map(|seconds| seconds * 1000));
        schedule.on(now, Input::PassStarted);
        schedule.on(now, Input::PassFinished(at(now / 1000)));
        assert_eq!(schedule.due(), Some(now / 1000 * 1000), "the first of a new haste");
        schedule.on(now, Input::PassStarted);
    }
}

#[test]
fn a_pass_that_is_planned_within_a_second_is_planned_at_once() {
    for (ended, slowed) in [(NOW, true), (NOW - 1, false)] {
        let mut schedule = started();
        for _ in 0..2 {
            schedule.on(ended, Input::PassStarted);
            schedule.on(ended, Input::PassFinished(at(NOW / 1000 + 1)));
        }
        assert_eq!(schedule.due(), Some(if slowed { ended + PACE } else { NOW + 1000 }));
    }
}

#[test]
fn crashes_are_backed_off_and_no_event_hurries_them() {
    let mut schedule = started();
    for pause in [10, 30, 60, 300, 1800, 3600, 3600] {
        schedule.on(NOW, Input::PassCrashed);
        schedule.on(NOW + 5, DEVICE);
        assert_eq!(schedule.due(), Some(NOW + pause * 1000));
        assert!(!schedule.is_done());
        schedule.on(NOW + 5, Input::PassStarted);
        assert!(!schedule.is_done());
    }
    schedule.on(NOW, Input::PassCrashed);
    schedule.on(NOW, USR1);
    assert_eq!(schedule.due(), Some(0), "a user may");
    schedule.on(NOW, Input::PassStarted);
    schedule.on(NOW + 50, Input::PassCrashed);
    schedule.on(NOW + 100, USR1);
    assert_eq!(schedule.due(), Some(NOW + 400), "and again, after a moment");
    schedule.on(NOW + 400, Input::PassStarted);
    schedule.on(NOW + 500, Input::PassFinished(Wake::default()));
    assert!(schedule.is_done());
    schedule.on(NOW + 500, DEVICE);
    assert_eq!(schedule.due(), Some(NOW + 800), "the pause is over");
    schedule.on(NOW + 800, Input::PassStarted);
    schedule.on(NOW + 800, Input::PassCrashed);
    assert_eq!(schedule.due(), Some(NOW + 10_800), "and the next crash is the first again");
}

#[test]
fn a_request_that_a_pass_answered_hurries_no_later_event() {
    let mut schedule = started();
    schedule.on(NOW, USR1);
    schedule.on(NOW + 100, USR1); // deferred
    schedule.on(NOW + 200, Input::PassFinished(Wake::default()));
    schedule.on(NOW + 200, Input::PassStarted);
    schedule.on(NOW + 300, Input::PassCrashed);
    schedule.on(NOW + 400, DEVICE);
    assert_eq!(schedule.due(), Some(NOW + 10_300));
}

#[test]
fn an_event_during_a_pass_that_crashes_waits_for_the_pause() {
    let mut schedule = started();
    schedule.on(NOW, DEVICE);
    schedule.on(NOW, Input::PassCrashed);
    assert_eq!(schedule.due(), Some(NOW + 10_000));
    assert!(!schedule.is_done());
}

#[test]
fn force_is_carried_out_by_one_pass_that_ends() {
    let mut schedule = Schedule::start(NOW, None, true);
    assert!(schedule.is_forced());
    schedule.on(NOW, Input::PassStarted);
    schedule.on(NOW, Input::PassCrashed);
    assert!(schedule.is_forced(), "a pass that crashed has not done it");
    schedule.on(NOW + 10_000, Input::PassStarted);
    schedule.on(NOW + 10_000, Input::PassFinished(Wake::default()));
    assert!(!schedule.is_forced());
    assert!(!Schedule::start(NOW, None, false).is_forced());
}

fn config(text: &str) -> Config {
    build(&crate::wire::uci::parse(text.as_bytes()).unwrap(), "nicup")
}

fn services(config: &Config) -> Vec<&Service> {
    let entries = config.services.iter();
    entries
        .filter_map(|entry| match entry {
            Entry::Valid(service) => Some(service.as_ref()),
            Entry::Invalid(_) => None,
        })
        .collect()
}

fn service(name: &str, more: &str) -> String {
    format!(
        "config service '{name}'\n option username 'u{name}'\n option password 'p'\n option family 'both'\n \
         list hostname '{name}.example.net'\n{more}"
    )
}

#[test]
fn a_pass_may_take_as_long_as_its_requests() {
    let limit = |text: &str| pass_limit(Some(&services(&config(text))));
    let twenty = |name: &str| service(name, " option timeout '20'\n");
    assert_eq!(limit(&twenty("a")), (30 + 20 * 7) * 1000);
    let many: String = (0..100).map(|n| twenty(&format!("s{n}"))).collect();
    assert_eq!(limit(&many), PASS_LIMIT * 1000);
    assert_eq!(pass_limit(None), PASS_LIMIT * 1000);
}

#[test]
fn only_an_interface_that_comes_up_brings_both_families() {
    let event = |action| Event::Interface { action, interface: "wan".to_owned(), device: None };
    let both = config(&service("a", ""));
    for (event, wanted) in [
        (None, None),
        (Some(event(Action::Up)), BOTH_MISSING),
        (Some(event(Action::Update)), BOTH_MISSING),
        (Some(event(Action::Down)), None),
        (Some(Event::Clock), None),
    ] {
        assert_eq!(expected(&services(&both), event.as_ref(), &[]), wanted, "{event:?}");
    }
    let up = event(Action::Up);
    assert_eq!(expected(&services(&both), Some(&up), &["b".to_owned()]), None);
    for no_pair in [" option enabled '0'\n", " option offline '1'\n", " option family 'ipv6'\n"] {
        let one = config(&service("a", no_pair));
        assert_eq!(expected(&services(&one), Some(&up), &[]), None, "{no_pair}");
    }
}
