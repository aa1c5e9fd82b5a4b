//! Hearing of publications that another replica has made.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

use super::assemble::files_of;
use super::{PublishError, publications};
use crate::Runtime;

/// How often a replica asks for newer publications without a reason.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// How long one waits between looks at whether the swap has been made.
const SWAP_WAIT: Duration = Duration::from_millis(5);

/// Which publication this replica has, and whose turn it is to change that.
#[derive(Debug)]
pub(crate) struct Following {
    number: AtomicI64,
    turn: Mutex<Asked>,
}

/// When was asked last, and the newest publication that this program cannot use.
#[derive(Debug)]
pub(crate) struct Asked {
    at: Option<Instant>,
    unusable: i64,
}

impl Following {
    pub(crate) fn from(number: i64) -> Self {
        Self { number: AtomicI64::new(number), turn: Mutex::new(Asked { at: None, unusable: 0 }) }
    }

    pub(crate) fn number(&self) -> i64 {
        self.number.load(Ordering::Acquire)
    }

    pub(super) fn reached(&self, number: i64) {
        self.number.store(number, Ordering::Release);
    }

    /// Held while a publication is made or loaded.
    pub(super) async fn turn(&self) -> MutexGuard<'_, Asked> {
        self.turn.lock().await
    }
}

impl Runtime {
    /// Takes over what another replica has published; asks at most once a second. Called all the time by the worker.
    pub(crate) async fn follow_publications(&self) -> Result<(), PublishError> {
        let Ok(mut asked) = self.following.turn.try_lock() else { return Ok(()) };
        if asked.at.is_some_and(|at| at.elapsed() < ASKED_EVERY) {
            return Ok(());
        }
        asked.at = Some(Instant::now());
        self.load_newest(&mut asked).await
    }

    /// As [`Runtime::follow_publications`], at once: a statement has told that the definitions are outdated.
    pub async fn refresh_definitions(&self) -> Result<(), PublishError> {
        let newest = publications::newest_number(&mut self.store.reader()).await?;
        while self.following.number() < newest {
            // Whoever publishes here swaps long before they give their turn back.
            match self.following.turn.try_lock() {
                Ok(mut asked) => return self.load_newest(&mut asked).await,
                Err(_) => tokio::time::sleep(SWAP_WAIT).await,
            }
        }
        Ok(())
    }

    /// As [`Runtime::refresh_definitions`], by whoever has the turn already.
    pub(super) async fn catch_up(&self) -> Result<(), PublishError> {
        self.load_newest(&mut Asked { at: None, unusable: 0 }).await
    }

    async fn load_newest(&self, asked: &mut Asked) -> Result<(), PublishError> {
        let mut reader = self.store.reader();
        let newest = publications::newest_number(&mut reader).await?;
        if newest <= self.following.number() || newest == asked.unusable {
            return Ok(());
        }
        let files = files_of(&mut reader, newest).await?;
        let sources = anju_definitions::overlay::compose(&files.shipped, &files.site);
        let inspected = self.inspector.inspect(&sources);
        if !inspected.is_sound() {
            // A newer program has published what this one does not know; it goes on with what it has until it is
            // replaced, and what it can no longer do fails.
            asked.unusable = newest;
            let problems = inspected.report(sources.len()).errors;
            tracing::error!(number = newest, ?problems, "a newer publication does not fit this program");
            return Ok(());
        }
        let mut catalog = inspected.catalog;
        catalog.generations = files.generations;
        self.swap(catalog, inspected.decisions, newest)?;
        tracing::info!(number = newest, "definitions published elsewhere are in force here");
        Ok(())
    }
}
