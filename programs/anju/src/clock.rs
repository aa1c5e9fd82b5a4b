//! A clock that tests can move while the server runs.

use std::path::PathBuf;

use anju_calendar::Clock;
use jiff::{SignedDuration, Timestamp};

/// The machine's clock, ahead by the seconds written in a file; a missing or unreadable file means none.
pub struct FileClock {
    path: PathBuf,
}

impl FileClock {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let ahead = SignedDuration::from_secs(text.trim().parse().unwrap_or(0));
        let now = Timestamp::now();
        now.saturating_add(ahead).unwrap_or(now)
    }
}
