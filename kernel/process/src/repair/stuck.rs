//! Which instances are stuck, and why.

use std::collections::HashMap;

use anju_records::Actor;
use anju_store::{Condition, Fetch, Job};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commands::Awaited;
use crate::plan::Plan;
use crate::rights::ProcessRight;
use crate::rows::Instance;
use crate::run::NO_TOKEN;
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS};
use crate::timers::{EVENT_JOB, TIMER_JOB};
use crate::view::time;
use crate::{InstanceState, Processes, Result};

/// Dead jobs looked at, the oldest first.
const JOBS_MAX: u64 = 1_000;

/// Which stuck instances to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StuckQuery {
    pub process: Option<String>,
    /// Stuck for so many hours at least.
    pub older_than_hours: Option<u32>,
}

/// Why an instance does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StuckCause {
    /// A timer could not be fired.
    Timer,
    /// A message or a signal could not be taken in.
    Event,
    /// All it has waits at gateways to which nothing will come.
    Join,
}

/// An instance that does not go on by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stuck {
    pub instance_id: String,
    pub process: String,
    pub process_title: String,
    pub entity: String,
    pub record_id: String,
    pub record_display: String,
    pub cause: StuckCause,
    /// The event that could not happen, or the gateway.
    pub element: String,
    pub element_title: String,
    pub since: Value,
    /// The job that was given up, with its attempts and why the last one failed.
    pub job: Option<String>,
    pub attempts: Option<i64>,
    pub error: Option<String>,
}

impl Processes {
    /// The instances that are stuck: those with a timer or an event that was given up, and those whose tokens wait at
    /// gateways only.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`] without the right to repair.
    pub async fn stuck(&self, actor: &Actor, query: &StuckQuery) -> Result<Vec<Stuck>> {
        ProcessRight::Repair.require(&self.catalog(), actor)?;
        let hours = query.older_than_hours.unwrap_or_default();
        let before = self.now().saturating_sub(SignedDuration::from_hours(i64::from(hours)));
        let before = before.unwrap_or(Timestamp::MIN);
        let mut found = self.with_dead_jobs(query.process.as_deref(), before).await?;
        for dead in self.dead_joins(query.process.as_deref()).await? {
            if dead.since <= before {
                let of = (&dead.instance, dead.process_title);
                found.push(stuck(of, StuckCause::Join, (dead.gateway, dead.title), dead.since));
            }
        }
        Ok(found)
    }

    async fn with_dead_jobs(&self, process: Option<&str>, before: Timestamp) -> Result<Vec<Stuck>> {
        let dead = self.store().failed_jobs(&[TIMER_JOB, EVENT_JOB], JOBS_MAX).await?;
        let dead: Vec<(Job, Awaited)> = dead
            .into_iter()
            .filter(|job| job.finished_at.is_none_or(|at| at <= before))
            .filter_map(|job| Awaited::deserialize(&job.payload).ok().map(|awaited| (job, awaited)))
            .collect();
        let mut reader = self.reader();
        let ids = dead.iter().map(|(_, awaited)| awaited.instance.as_str());
        let mut running = tables::select(INSTANCE, INSTANCE_COLUMNS)
            .filter(Condition::is_in(INSTANCE, "id", ids))
            .filter(Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()));
        if let Some(process) = process {
            running = running.filter(Condition::eq(INSTANCE, "process", process));
        }
        let mut instances: HashMap<String, Instance> = HashMap::new();
        for row in reader.fetch_all(&running).await? {
            let instance = Instance::read(&row)?;
            instances.insert(instance.id.clone(), instance);
        }
        let mut found = Vec::new();
        for (job, awaited) in dead {
            let Some(instance) = instances.get(&awaited.instance) else { continue };
            let plan = self.plan_of(&mut reader, instance).await?;
            if self.still_waits(&mut reader, instance, &awaited).await? {
                found.push(of_job(instance, &plan, job, awaited));
            }
        }
        Ok(found)
    }

    /// Whether the token that the event was for is still where it was.
    async fn still_waits(
        &self,
        from: &mut impl Fetch,
        instance: &Instance,
        awaited: &Awaited,
    ) -> Result<bool> {
        if awaited.token == NO_TOKEN {
            return Ok(true);
        }
        let marking = instance.marking(from).await?;
        Ok(marking.token(&awaited.token).is_ok_and(|token| token.visit == awaited.visit))
    }
}

fn of_job(instance: &Instance, plan: &Plan, job: Job, awaited: Awaited) -> Stuck {
    let cause = if job.kind == TIMER_JOB { StuckCause::Timer } else { StuckCause::Event };
    let title = plan.title(&awaited.element);
    let since = job.finished_at.unwrap_or(job.created_at);
    let of = (instance, plan.definition.title.clone());
    Stuck {
        job: Some(job.id),
        attempts: Some(job.attempts),
        error: job.error,
        ..stuck(of, cause, (awaited.element, title), since)
    }
}

fn stuck(
    (instance, process_title): (&Instance, String),
    cause: StuckCause,
    (element, element_title): (String, String),
    since: Timestamp,
) -> Stuck {
    Stuck {
        instance_id: instance.id.clone(),
        process: instance.process.clone(),
        process_title,
        entity: instance.entity.clone(),
        record_id: instance.record_id.clone(),
        record_display: instance.record_display.clone(),
        cause,
        element,
        element_title,
        since: time(since),
        job: None,
        attempts: None,
        error: None,
    }
}
