//! What is removed when its term is over, and what is done once a day.

use jiff::{SignedDuration, Timestamp};

use crate::{Result, Runtime};

/// How often is looked.
const EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How long is kept what came of actions on many records, record by record.
const STEPS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long answers are remembered: a client that was cut off repeats its requests within it.
const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long events that were told, and closed jobs, are kept for operators to look at.
const TRACES_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// When it is time again.
#[derive(Default)]
pub(crate) struct Sweeping(Option<Timestamp>);

impl Sweeping {
    pub(crate) async fn sweep_if_due(&mut self, runtime: &Runtime) {
        let now = runtime.clock.now();
        if self.0.is_some_and(|last| now.duration_since(last) < EVERY) {
            return;
        }
        self.0 = Some(now);
        if let Err(error) = runtime.sweep().await {
            tracing::warn!(%error, "what is over could not be removed");
        }
    }
}

impl Runtime {
    /// Removes exports and reports whose term is over, files that killed servers left behind, the steps of jobs long
    /// done, and traces that nobody needs any more.
    pub async fn sweep(&self) -> Result<()> {
        let now = self.clock.now();
        let results = self.store.forget_results(now).await?;
        let drafts = self.store.forget_drafts().await?;
        let exports = self.settle_exports().await?;
        let mut tx = self.store.begin().await?;
        let steps = tx.forget_steps(self.ago(STEPS_KEPT)).await?;
        tx.commit().await?;
        let traces = self.forget_traces(ANSWERS_KEPT).await?;
        self.keep_integrity_verified().await?;
        self.watch_stuck().await?;
        if results + drafts + steps + exports + traces > 0 {
            tracing::info!(results, drafts, steps, exports, traces, "removed what is over");
        }
        Ok(())
    }

    /// Removes answers that are older, and events and jobs that nobody needs any more; how many there were.
    pub(crate) async fn forget_traces(&self, answers_kept: SignedDuration) -> Result<u64> {
        let mut tx = self.store.begin().await?;
        let traces = tx.forget_answers(self.ago(answers_kept)).await?
            + tx.forget_events(self.ago(TRACES_KEPT)).await?
            + tx.forget_jobs(self.ago(TRACES_KEPT)).await?;
        tx.commit().await?;
        Ok(traces)
    }

    fn ago(&self, span: SignedDuration) -> Timestamp {
        let now = self.clock.now();
        now.saturating_sub(span).unwrap_or(now)
    }
}
