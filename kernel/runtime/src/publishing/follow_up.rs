//! What follows a publication. Existing records get the default of a field that must have a value: at once where the
//! field is new. Everything is done once more by a job of the publication's transaction, which finds what other servers
//! have created without it before they followed, and what was left when this one failed or was stopped in between.

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
    /// The publication; 0 in jobs of programs that did not tell it.
    #[serde(default)]
    number: i64,
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

    /// Queues the job in the transaction of the publication. The first one finds no records.
    pub(super) async fn queue_follow_up(
        &self,
        tx: &mut Tx,
        publisher: &Publisher<'_>,
        number: i64,
        impact: &Impact,
    ) -> std::result::Result<(), PublishError> {
        if number == 1 {
            return Ok(());
        }
        let fields: Vec<_> = impact.fills.iter().map(Fill::place).collect();
        let (actor, reason) = (publisher.actor.clone(), publisher.reason.to_owned());
        let order = Order { number, fields, reason, actor };
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

    /// Does what is left, by the definitions in force now.
    pub(crate) async fn fill_job(&self, job: &Job) -> Result<()> {
        let order: Order = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        self.refresh_definitions().await.map_err(|error| match error {
            PublishError::Records(error) => Error::Records(error),
            other => Error::Job(other.to_string()),
        })?;
        let mut filled = 0;
        for (entity, field) in &order.fields {
            if let Some(fill) = self.records.late_fill(entity, field)? {
                filled += self.records.fill(&order.actor, &fill, &order.reason).await?;
            }
        }
        self.settle_keys(order.number).await?;
        self.keep_search_current().await?;
        self.keep_timed_starts().await?;
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &json!({ "filled": filled }), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Unique indexes become those that the definitions in force want. A publication that failed on another server may
    /// have taken one along that was being published here.
    async fn settle_keys(&self, number: i64) -> Result<()> {
        // Nobody publishes here meanwhile.
        let _turn = self.following.turn().await;
        if self.following.number() < number {
            return Err(Error::Job(format!("this program cannot use publication {number}")));
        }
        self.store.extend_schema(&anju_records::tables(&self.catalog.load())?).await?;
        self.drop_stale_keys().await
    }
}
