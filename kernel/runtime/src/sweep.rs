//! What is removed when its term is over.

use jiff::{SignedDuration, Timestamp};

use crate::{Result, Runtime};

/// How often is looked.
const EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How long is kept what came of actions on many records, record by record.
const STEPS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

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
    /// Removes exports and reports whose term is over, files that killed servers left behind, and the steps of jobs
    /// long done.
    pub async fn sweep(&self) -> Result<()> {
        let now = self.clock.now();
        let results = self.store.forget_results(now).await?;
        let drafts = self.store.forget_drafts().await?;
        let exports = self.settle_exports().await?;
        let mut tx = self.store.begin().await?;
        let before = now.saturating_sub(STEPS_KEPT).unwrap_or(now);
        let steps = tx.forget_steps(before).await?;
        tx.commit().await?;
        if results + drafts + steps + exports > 0 {
            tracing::info!(results, drafts, steps, exports, "removed what is over");
        }
        Ok(())
    }
}
