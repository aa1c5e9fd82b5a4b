//! Running processes taken over to another version of their definition: a job, each instance in its own transaction.

use std::sync::Arc;

use anju_process::{Error as Failure, Migration};
use anju_records::{Actor, AuditEntry};
use anju_store::{Job, NewJob, Tx};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::bulk::{Deed, Work};
use crate::{Error, Result, Runtime};

/// Jobs that migrate instances; their outcomes are told as those of actions on many records.
pub const MIGRATION_JOB: &str = "process.migration";
/// It goes on where a lost attempt left it.
const ATTEMPTS_MAX: u32 = 10;

#[derive(Serialize, Deserialize)]
struct Order {
    migration: Migration,
    instances: Vec<String>,
    actor: Actor,
}

#[async_trait]
impl Deed for Order {
    async fn act(&self, runtime: &Arc<Runtime>, tx: &mut Tx, id: &str) -> Result<(), Failure> {
        runtime.processes.migrate(tx, &self.actor, id, &self.migration).await
    }
}

impl Runtime {
    /// Queues the migration of all instances that it is about at this moment; the job's id.
    ///
    /// # Errors
    /// Those of [`anju_process::Processes::order_migration`].
    pub async fn request_migration(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        migration: &Migration,
    ) -> Result<String, Failure> {
        let ordered = self.processes.order_migration(tx, actor, migration).await?;
        let version = ordered.migration.to.clone().unwrap_or_default();
        let why = format!("{} → {version}：{} 个流程", migration.process, ordered.instances.len());
        let entry = AuditEntry::named("process.migration_ordered").because(Some(&why));
        self.records.audit(tx, actor, &entry).await?;
        let order =
            Order { migration: ordered.migration, instances: ordered.instances, actor: actor.clone() };
        let now = self.clock.now();
        let job = NewJob {
            kind: MIGRATION_JOB.to_owned(),
            key: None,
            payload: serde_json::to_value(order).map_err(|error| Failure::Internal(error.to_string()))?,
            run_at: now,
            attempts_max: ATTEMPTS_MAX,
            created_by: actor.account_id.clone(),
            at: now,
        };
        Ok(tx.enqueue(&job).await?)
    }

    pub(crate) async fn migration_job(self: &Arc<Self>, job: &Job) -> Result<()> {
        let order: Order = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        let names = self.processes.instance_names(&order.instances).await.map_err(|error| match error {
            Failure::Store(error) => Error::Store(error),
            other => Error::Job(other.to_string()),
        })?;
        let work = Work { runtime: self, job, ids: &order.instances, deed: &order, names };
        work.one_by_one().await
    }
}
