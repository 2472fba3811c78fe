//! Why a request that is due must wait: the server, a failure, too many changes.
//!
//! Does not know whether a request is due, and knows no stop (both: decide).

use super::{FORCE_PACE, HostContext, RATE_LIMIT_PACE, SETTLE, SendReason, WaitReason};
use crate::policy::code::Kind;
use crate::policy::fingerprint;
use crate::policy::record::Host;
use crate::policy::time::{Now, Uptime};

/// A change of the clock by at least this many seconds means that it was set: NTP slews smaller differences.
const CLOCK_JUMP: u64 = 60;

/// The wait that ends last, if any is not over.
pub(super) fn wait(case: &HostContext<'_>, reason: SendReason) -> Option<(Uptime, WaitReason)> {
    let pace = match reason {
        SendReason::Changed => rate_limit(case.host).map(|until| (until, WaitReason::RateLimit)),
        SendReason::Asked => case.host.forced.map(|at| (at.plus(FORCE_PACE), WaitReason::JustForced)),
        SendReason::New | SendReason::Offline | SendReason::Unconfirmed | SendReason::Interval => None,
    };
    let holds = [server(case), retry(case), pace].into_iter().flatten();
    holds.filter(|(until, _)| *until > case.now.floor()).reduce(|a, b| if b.0 > a.0 { b } else { a })
}

/// Whether a wait that the server ordered is not over.
pub(super) fn by_server(case: &HostContext<'_>) -> bool {
    server(case).is_some_and(|(until, _)| until > case.now.floor())
}

fn server(case: &HostContext<'_>) -> Option<(Uptime, WaitReason)> {
    let ordered = case.records.server(&case.service.endpoint.server)?.wait.as_ref()?;
    Some((ordered.wait.end(case.now), WaitReason::Server(ordered.code, ordered.detail.clone())))
}

fn retry(case: &HostContext<'_>) -> Option<(Uptime, WaitReason)> {
    let retry = case.host.retry.as_ref()?;
    let kind = retry.code.kind();
    let clock_set = case.ask.clock_set || clock_moved(case.now, retry.clock);
    // Kind::Address needs no wait here: a request is due, so there is an address.
    if kind == Kind::Address || (kind == Kind::Clock && clock_set) {
        return None;
    }
    let moved = (case.addresses.ipv4, case.addresses.ipv6) != (retry.ipv4, retry.ipv6);
    let route_changed = retry.print != fingerprint::of_route(case.service);
    let early = route_changed || (kind == Kind::Network && moved);
    let until = if early { retry.last.plus(SETTLE).min(retry.until) } else { retry.until };
    Some((until, WaitReason::Retry(retry.code, retry.detail.clone())))
}

/// Wall time minus boot time, in seconds; 0 if the clock is not set.
#[must_use]
pub fn clock_offset(now: &Now) -> i64 {
    now.wall.map_or(0, |wall| wall.saturating_sub(i64::try_from(now.ceil().0).unwrap_or(0)))
}

/// Whether the clock was set since `then`.
fn clock_moved(now: &Now, then: i64) -> bool {
    clock_offset(now).abs_diff(then) > CLOCK_JUMP
}

/// Until when the rate limit delays a change.
fn rate_limit(host: &Host) -> Option<Uptime> {
    let newest = host.changes.last().filter(|_| host.is_rate_limited)?;
    Some(newest.plus(RATE_LIMIT_PACE))
}
