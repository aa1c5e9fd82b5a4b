//! Stuck processes and dead letters: the list for administrators, the alarm for operators.

use std::sync::atomic::Ordering;

use anju_connectors::{CALL_JOB, POLL_JOB};
use anju_process::{EVENT_JOB, Error as Failure, StuckQuery, TIMER_JOB};
use anju_records::Actor;
use anju_store::{Aggregate, ColumnKind, ColumnRef, Condition, Fetch, Group, Job, JobState, Measure, Tx};
use serde_json::{Value, json};

use crate::{Error, Result, Runtime};

/// Jobs without which a process does not go on.
const KINDS: [&str; 4] = [TIMER_JOB, EVENT_JOB, CALL_JOB, POLL_JOB];
/// Outward calls listed at most, the oldest first.
const CALLS_MAX: u64 = 500;

impl Runtime {
    /// What does not go on by itself: instances, and outward calls whose answer could not be taken in.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] without the right to repair.
    pub async fn stuck(&self, actor: &Actor, query: &StuckQuery) -> Result<Value, Failure> {
        let instances = self.processes.stuck(actor, query).await?;
        let calls = match query.process {
            // Calls do not tell of which process they are.
            Some(_) => Vec::new(),
            None => self.store.failed_jobs(&[CALL_JOB, POLL_JOB], CALLS_MAX).await?,
        };
        let calls: Vec<Value> = calls.iter().map(call).collect();
        Ok(json!({ "instances": instances, "calls": calls }))
    }

    /// Gives a timer, an event or an outward call that was given up all its attempts again.
    ///
    /// # Errors
    /// Those of [`anju_process::Processes::retry_job`].
    pub async fn retry_dead_job(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        job: &str,
        reason: &str,
    ) -> Result<(), Failure> {
        self.processes.retry_job(tx, actor, job, &KINDS, reason).await
    }

    /// Counts what is stuck, for the figures of monitoring, and says so in the log.
    pub(crate) async fn watch_stuck(&self) -> Result<()> {
        let system = Actor::system("流程巡检");
        let stuck = self.processes.stuck(&system, &StuckQuery::default()).await;
        let stuck = stuck.map_err(|error| match error {
            Failure::Store(error) => Error::Store(error),
            other => Error::Job(other.to_string()),
        })?;
        let mut instances: Vec<&str> = stuck.iter().map(|stuck| stuck.instance_id.as_str()).collect();
        instances.sort_unstable();
        instances.dedup();
        let (count, before) = (instances.len() as u64, self.stuck_instances.load(Ordering::Relaxed));
        self.stuck_instances.store(count, Ordering::Relaxed);
        if count > before {
            let first = instances.first().copied().unwrap_or_default();
            tracing::error!(count, before, first, "processes are stuck; see the repair console");
        }
        Ok(())
    }

    /// Dead letters by kind, as figures for monitoring.
    pub(crate) async fn dead_job_gauges(&self) -> Result<Vec<(String, u64)>> {
        let failed = Condition::eq("sys_job", "state", JobState::Failed.as_str());
        let by_kind = Aggregate {
            filter: failed.and(Condition::is_in("sys_job", "kind", KINDS)),
            group: vec![Group {
                column: ColumnRef::new("sys_job", "kind"),
                kind: ColumnKind::Text,
                alias: "kind".to_owned(),
                grain: None,
            }],
            measures: vec![Measure::count_rows("jobs")],
            ..Aggregate::of("sys_job")
        };
        let mut gauges: Vec<(String, u64)> =
            KINDS.iter().map(|kind| (format!("anju_dead_jobs{{kind=\"{kind}\"}}"), 0)).collect();
        for row in self.store.reader().aggregate(&by_kind).await? {
            let place = KINDS.iter().position(|kind| row.text(0).is_ok_and(|text| text == *kind));
            if let Some(gauge) = place.and_then(|place| gauges.get_mut(place)) {
                gauge.1 = row.int(1)?.unsigned_abs();
            }
        }
        gauges.push(("anju_stuck_instances".to_owned(), self.stuck_instances.load(Ordering::Relaxed)));
        Ok(gauges)
    }
}

/// A call as the console lists it; what it says is sealed.
fn call(job: &Job) -> Value {
    json!({
        "job": job.id,
        "operation": job.payload["operation"],
        "since": job.finished_at.map(|at| at.to_string()),
        "attempts": job.attempts,
        "error": job.error,
    })
}
