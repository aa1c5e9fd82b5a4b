//! Kills the server at random moments of the work.

use std::{sync::Arc, time::Duration};

use anju::demo::dice::Dice;
use tokio::sync::watch;

use crate::server::Server;

/// After the acknowledgement that a kill was waiting for, so that it meets every phase of a request or job.
const DELAY_MS_MAX: i64 = 120;
/// A start is killed before it is done, in so many of a hundred.
const AT_START_PERCENT: u64 = 20;
const START_MS_MAX: i64 = 400;

pub struct Killer {
    server: Arc<Server>,
    acknowledged: watch::Receiver<u64>,
    dice: Dice,
}

impl Killer {
    pub fn new(server: Arc<Server>, acknowledged: watch::Receiver<u64>, seed: u64) -> Self {
        Self { server, acknowledged, dice: Dice::new(seed) }
    }

    /// So many kills, spread over the work that takes so many acknowledgements in all. Each is followed by a start.
    pub async fn kill(mut self, kills: u32, acknowledgements: u64) {
        let last = i64::try_from(acknowledgements * 95 / 100).unwrap_or(i64::MAX);
        let mut moments: Vec<u64> = (0..kills).map(|_| self.dice.between(1, last).unsigned_abs()).collect();
        moments.sort_unstable();
        let mut starting = false;
        for moment in moments {
            if starting && self.dice.percent(AT_START_PERCENT) {
                self.pause(START_MS_MAX).await;
            } else {
                if starting {
                    self.server.wait_until_back().await;
                }
                let reached = self.acknowledged.wait_for(|count| *count >= moment).await;
                drop(reached.expect("the office is open"));
                self.pause(DELAY_MS_MAX).await;
            }
            self.server.kill().await;
            self.server.restart().await;
            starting = true;
        }
        self.server.wait_until_back().await;
    }

    async fn pause(&mut self, ms_max: i64) {
        let ms = self.dice.between(0, ms_max).unsigned_abs();
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
