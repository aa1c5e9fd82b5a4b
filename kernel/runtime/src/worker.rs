//! Works jobs off and tells listeners of events. Every task has an owner and an end: the worker stops when
//! its token is cancelled and waits for what it has begun.

use std::{sync::Arc, time::Duration};

use anju_connectors::{CALL_JOB, POLL_JOB};
use anju_process::TIMER_JOB;
use anju_store::Job;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{IMPORT_JOB, RETENTION_JOB, Result, Runtime, calendar::CALENDAR_DAY, document::RENDER_JOB};

const KINDS: [&str; 6] = [CALL_JOB, POLL_JOB, TIMER_JOB, RENDER_JOB, IMPORT_JOB, RETENTION_JOB];
const LEASE_MS: i64 = 120_000;
const CONCURRENT_JOBS_MAX: usize = 8;
const EVENTS_PER_ROUND: u64 = 200;
const IDLE_WAIT: Duration = Duration::from_millis(200);
const RETRY_WAIT_S: i64 = 10;

/// The platform's background work.
pub struct Worker {
    runtime: Arc<Runtime>,
    stop: CancellationToken,
}

impl Worker {
    pub fn new(runtime: Arc<Runtime>, stop: CancellationToken) -> Self {
        Self { runtime, stop }
    }

    /// Runs until the token is cancelled.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(CONCURRENT_JOBS_MAX));
        let mut running = JoinSet::new();
        while !self.stop.is_cancelled() {
            let begun = self.begin_jobs(&places, &mut running).await;
            let told = self.tell_events().await;
            while running.try_join_next().is_some() {}
            if begun == 0 && told == 0 {
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    () = tokio::time::sleep(IDLE_WAIT) => {}
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Does every job that is due now, one after the other, and returns how many: for tests that own the
    /// clock.
    pub async fn run_due(runtime: &Arc<Runtime>) -> Result<usize> {
        let mut done = 0;
        loop {
            let jobs = runtime.store.lease_jobs(&KINDS, runtime.clock.now(), LEASE_MS, 1).await?;
            let Some(job) = jobs.into_iter().next() else { return Ok(done) };
            perform(runtime, job).await;
            done += 1;
        }
    }

    async fn begin_jobs(&self, places: &Arc<Semaphore>, running: &mut JoinSet<()>) -> usize {
        let free = places.available_permits() as u64;
        if free == 0 {
            return 0;
        }
        let now = self.runtime.clock.now();
        let jobs = match self.runtime.store.lease_jobs(&KINDS, now, LEASE_MS, free).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(%error, "no jobs could be leased");
                return 0;
            }
        };
        let begun = jobs.len();
        for job in jobs {
            let runtime = self.runtime.clone();
            // As many permits as jobs were asked for are free, and only this loop takes them.
            let Ok(place) = places.clone().try_acquire_owned() else { break };
            running.spawn(async move {
                perform(&runtime, job).await;
                drop(place);
            });
        }
        begun
    }

    async fn tell_events(&self) -> usize {
        match tell_pending_events(&self.runtime).await {
            Ok(told) => told,
            Err(error) => {
                tracing::warn!(%error, "events wait");
                0
            }
        }
    }
}

/// Hands committed events to their listeners. The one listener so far keeps the calendar current.
async fn tell_pending_events(runtime: &Runtime) -> Result<usize> {
    if let Err(error) = runtime.follow_publications().await {
        tracing::warn!(%error, "newer publications cannot be read");
    }
    let events = runtime.store.pending_events(EVENTS_PER_ROUND).await?;
    if events.is_empty() {
        return Ok(0);
    }
    if events.iter().any(|event| event.entity == CALENDAR_DAY) {
        runtime.reload_calendar().await?;
    }
    let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    runtime.store.mark_dispatched(&ids, runtime.clock.now()).await?;
    Ok(ids.len())
}

/// Does one job. A failure is written to the job, which is tried again or closed as failed.
async fn perform(runtime: &Arc<Runtime>, job: Job) {
    let outcome = match job.kind.as_str() {
        CALL_JOB | POLL_JOB => runtime.connector_job(&job).await,
        TIMER_JOB => runtime.timer_job(&job).await,
        RENDER_JOB => runtime.render_job(&job).await,
        IMPORT_JOB => runtime.import_job(&job).await,
        RETENTION_JOB => runtime.retention_job(&job).await,
        other => Err(crate::Error::Job(format!("no worker for `{other}`"))),
    };
    let Err(error) = outcome else { return };
    tracing::warn!(job = %job.id, kind = %job.kind, %error, "job failed");
    let now = runtime.clock.now();
    let again = now
        .saturating_add(jiff::SignedDuration::from_secs(RETRY_WAIT_S * job.attempts.max(1)))
        .unwrap_or(now);
    if let Err(error) = runtime.store.retry_job(&job, again, &error.to_string(), now).await {
        tracing::warn!(job = %job.id, %error, "the job's failure could not be written; its lease will end");
    }
}
