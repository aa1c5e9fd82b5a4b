//! How an agency misbehaves, as set by the control interface.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nothing is done and no answer comes.
    Timeout,
    /// The work is done, but no answer comes.
    LostAnswer,
    /// The work is done and answered late.
    Slow,
    /// HTTP 500 without doing anything.
    #[serde(rename = "500")]
    Internal,
    /// HTTP 503 without doing anything.
    #[serde(rename = "503")]
    Unavailable,
    /// HTTP 200 with a page instead of JSON.
    Nonsense,
    /// HTTP 200 with well-formed JSON of a form nobody agreed on.
    WrongShape,
    /// HTTP 200 with two megabytes of JSON.
    Huge,
    /// HTTP 302 to another place.
    Redirect,
}

/// Standing and queued misbehaviour of one agency. The default behaves well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Added to every answer.
    pub delay_ms: u64,
    /// Share of requests that get HTTP 500, 0 to 1.
    pub fail_rate: f64,
    /// Faults of the next requests, in order; used up one by one.
    pub next: VecDeque<Fault>,
    /// Every request gets HTTP 503.
    pub down: bool,
}

pub const DELAY_MS_MAX: u64 = 600_000;
pub const FAULTS_MAX: usize = 1_000;

impl Behaviour {
    /// Why it cannot be set, if so.
    pub fn objection(&self) -> Option<String> {
        if self.delay_ms > DELAY_MS_MAX {
            return Some(format!("delay_ms 不得超过 {DELAY_MS_MAX}"));
        }
        if !(0.0..=1.0).contains(&self.fail_rate) {
            return Some("fail_rate 应在 0 与 1 之间".to_owned());
        }
        (self.next.len() > FAULTS_MAX).then(|| format!("next 最多 {FAULTS_MAX} 项"))
    }

    /// The fault of the request at hand, given a number drawn evenly from 0 to 1.
    pub fn fault(&self, drawn: f64) -> Option<Fault> {
        if self.down {
            return Some(Fault::Unavailable);
        }
        self.next.front().copied().or_else(|| (drawn < self.fail_rate).then_some(Fault::Internal))
    }
}
