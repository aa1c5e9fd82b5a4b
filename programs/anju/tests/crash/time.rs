//! Time, which the platform and the outside systems share: the machine's, ahead by what a file says.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anju::clock::FileClock;
use anju_calendar::Clock;

pub const CLOCK_FILE: &str = "clock";
const HOURS_A_STEP: i64 = 96;
const STEP_EVERY: Duration = Duration::from_millis(2_500);

pub struct Time {
    file: PathBuf,
    hours_ahead: Mutex<i64>,
    waiting: AtomicUsize,
}

/// While it lives, somebody waits for time to pass.
pub struct Waiting<'a>(&'a Time);

impl Time {
    pub fn starting_now(folder: &Path) -> Self {
        Self { file: folder.join(CLOCK_FILE), hours_ahead: Mutex::new(0), waiting: AtomicUsize::new(0) }
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(FileClock::new(self.file.clone()))
    }

    /// The civil day of the platform.
    pub fn today(&self) -> jiff::civil::Date {
        anju_calendar::today(&*self.clock())
    }

    pub fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(self)
    }

    /// Days pass, a step at a time, while somebody waits for it.
    pub async fn pass(self: Arc<Self>) {
        loop {
            tokio::time::sleep(STEP_EVERY).await;
            if self.waiting.load(Ordering::SeqCst) > 0 {
                self.step();
            }
        }
    }

    fn step(&self) {
        let mut hours = self.hours_ahead.lock().expect("no panic inside");
        *hours += HOURS_A_STEP;
        // Renamed into place, so that nobody ever reads half a number.
        let fresh = self.file.with_extension("new");
        std::fs::write(&fresh, (*hours * 3_600).to_string()).expect("the clock can be written");
        std::fs::rename(&fresh, &self.file).expect("the clock can be replaced");
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
