//! Sends one response in the manner of its behaviour: whole, in pieces, slowly, or incompletely.

use std::io;
use std::time::Duration;

use crate::answer::{Answer, Bytes, Framing, bytes_of};
use crate::behaviour::{Behaviour, Cut, Stage};
use crate::channel::Channel;
use crate::server::Shared;

/// What happens to the connection after a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Continue,
    Ended,
    Cut(Cut),
    Silence,
}

/// Sends the normal response as the behaviour modifies it.
pub(crate) fn perform(
    shared: &Shared,
    channel: &mut Channel,
    behaviour: &Behaviour,
    normal: Answer,
    close: bool,
) -> io::Result<After> {
    let mut inner = behaviour;
    let mut framing = Framing::Length;
    let mut limit: Option<(usize, After)> = None;
    let mut pause = None;
    loop {
        if let Behaviour::Delay(wait, next) = inner {
            if !shared.pause(*wait) {
                return Ok(After::Ended);
            }
            inner = next;
        } else if let Behaviour::CutAfter(bytes, cut, next) = inner {
            limit = Some((*bytes, After::Cut(*cut)));
            inner = next;
        } else if let Behaviour::SlowDrip(each, next) = inner {
            pause = Some(*each);
            inner = next;
        } else if let Behaviour::Chunked(next) = inner {
            framing = Framing::Chunked;
            inner = next;
        } else if let Behaviour::Unframed(next) = inner {
            framing = Framing::Connection;
            inner = next;
        } else {
            break;
        }
    }
    let bytes = bytes_of(inner, normal, framing, close);
    if let Behaviour::CutAfterRequest(cut) = inner {
        return Ok(After::Cut(*cut));
    }
    if let Behaviour::Hang(stage) = inner {
        if *stage != Stage::Half {
            return Ok(After::Silence);
        }
        limit = Some((bytes.first.len() / 2, After::Silence));
    }
    if limit.is_none() && pause.is_none() && bytes.repeated == Some(0) {
        if bytes.ends {
            channel.send_last(&bytes.first)?;
            return Ok(After::Ended);
        }
        channel.send(&bytes.first)?;
        return Ok(After::Continue);
    }
    send_slowly(shared, channel, &bytes, limit, pause)
}

/// Sends bytes in pieces, at most `limit` of them, with an optional pause after each byte.
fn send_slowly(
    shared: &Shared,
    channel: &mut Channel,
    bytes: &Bytes,
    limit: Option<(usize, After)>,
    pause: Option<Duration>,
) -> io::Result<After> {
    let mut left = limit.map_or(usize::MAX, |(bytes, _)| bytes);
    for piece in bytes.pieces() {
        let piece = piece.get(..left).unwrap_or(piece);
        if left != usize::MAX {
            left -= piece.len();
        }
        match pause {
            None => channel.send(piece)?,
            Some(pause) => {
                for byte in piece {
                    channel.send(std::slice::from_ref(byte))?;
                    if !shared.pause(pause) {
                        return Ok(After::Ended);
                    }
                }
            }
        }
        if left == 0 {
            break;
        }
    }
    match limit {
        Some((_, after)) => Ok(after),
        None if bytes.ends => channel.send_last(&[]).map(|()| After::Ended),
        None => Ok(After::Continue),
    }
}
