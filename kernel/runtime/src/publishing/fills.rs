//! Existing records get the default of a field that must have a value: at once where the field is new, and once more
//! by a job, which finds what other servers have created without it before they followed, and what was left when this
//! one was stopped in between.

use anju_records::{Actor, Fill, Impact};
use anju_store::{Job, NewJob, Tx};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::PublishError;
use super::carry_out::Publisher;
use crate::{Error, Result, Runtime};

pub const FILL_JOB: &str = "definitions.fill";
/// After this time every server has followed.
const FOLLOWED_AFTER: SignedDuration = SignedDuration::from_secs(5);
const ATTEMPTS_MAX: u32 = 100;

#[derive(Serialize, Deserialize)]
struct Order {
    /// Entities and fields.
    fields: Vec<(String, String)>,
    reason: String,
    actor: Actor,
}

impl Runtime {
    pub(super) async fn fill<'f>(
        &self,
        publisher: &Publisher<'_>,
        fills: impl Iterator<Item = &'f Fill>,
    ) -> std::result::Result<(), PublishError> {
        for fill in fills {
            let filled = self.records.fill(publisher.actor, fill, publisher.reason).await?;
            tracing::info!(?fill, filled, "existing records were filled");
        }
        Ok(())
    }

    /// Queues the job in the transaction of the publication.
    pub(super) async fn queue_fills(
        &self,
        tx: &mut Tx,
        publisher: &Publisher<'_>,
        number: i64,
        impact: &Impact,
    ) -> std::result::Result<(), PublishError> {
        let fields: Vec<_> = impact.fills.iter().map(Fill::place).collect();
        if fields.is_empty() {
            return Ok(());
        }
        let (actor, reason) = (publisher.actor.clone(), publisher.reason.to_owned());
        let order = Order { fields, reason, actor };
        let payload =
            serde_json::to_value(&order).map_err(|cause| anju_records::Error::Internal(cause.to_string()))?;
        let now = self.clock.now();
        let job = NewJob {
            kind: FILL_JOB.to_owned(),
            key: Some(number.to_string()),
            payload,
            run_at: now.saturating_add(FOLLOWED_AFTER).unwrap_or(now),
            attempts_max: ATTEMPTS_MAX,
            created_by: publisher.actor.account_id.clone(),
            at: now,
        };
        tx.enqueue(&job).await?;
        Ok(())
    }

    /// Fills what is left, by the definitions in force now.
    pub(crate) async fn fill_job(&self, job: &Job) -> Result<()> {
        let order: Order = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        let mut filled = 0;
        for (entity, field) in &order.fields {
            if let Some(fill) = self.records.late_fill(entity, field)? {
                filled += self.records.fill(&order.actor, &fill, &order.reason).await?;
            }
        }
        if filled > 0 {
            self.keep_search_current().await?;
        }
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &json!({ "filled": filled }), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}
