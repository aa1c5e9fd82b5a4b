//! Works jobs off and tells listeners of events. Every task has an owner and an end: the worker stops when
//! its token is cancelled and waits for what it has begun. Should it be killed instead, its jobs are taken over when
//! their leases end, or at the next start (docs/decisions/0005-leases.md).

mod held;

use std::{sync::Arc, time::Duration};

use anju_connectors::{CALL_JOB, POLL_JOB};
use anju_process::{EVENT_JOB, START_JOB, TIMER_JOB};
use anju_store::{Job, JobState, JobsWanted, SoleUse};
use jiff::SignedDuration;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use held::HeldJobs;

use crate::{
    BULK_JOB, EXPORT_JOB, Error, FILL_JOB, IMPORT_JOB, MIGRATION_JOB, RETENTION_JOB, Result, Runtime,
    SEARCH_JOB, VERIFY_JOB, calendar::CALENDAR_DAY, contents::CONTENTS_JOB, document::RENDER_JOB,
    error::into_records, sweep::Sweeping,
};

/// Jobs of a moment.
const SHORT: [&str; 7] = [CALL_JOB, POLL_JOB, TIMER_JOB, EVENT_JOB, START_JOB, RENDER_JOB, CONTENTS_JOB];
/// Jobs over many records: few at a time, so that they take neither all memory nor the places of short ones.
const LONG: [&str; 8] =
    [IMPORT_JOB, EXPORT_JOB, BULK_JOB, SEARCH_JOB, RETENTION_JOB, FILL_JOB, VERIFY_JOB, MIGRATION_JOB];
/// How long a job of a killed worker waits, unless the next start takes it over.
pub(crate) const LEASE_MS: i64 = 15_000;
/// Two renewals may fail before a lease runs out.
const RENEWED_EVERY: Duration = Duration::from_secs(4);
const SHORT_JOBS_MAX: usize = 8;
const LONG_JOBS_MAX: usize = 2;
const EVENTS_PER_ROUND: u64 = 1_000;
const IDLE_WAIT: Duration = Duration::from_millis(200);
const RETRY_WAIT_S: i64 = 10;
const BUSY_WAIT_S: i64 = 1;

/// The platform's background work.
pub struct Worker {
    runtime: Arc<Runtime>,
    stop: CancellationToken,
}

impl Worker {
    pub fn new(runtime: Arc<Runtime>, stop: CancellationToken) -> Self {
        Self { runtime, stop }
    }

    /// Frees the jobs that a killed predecessor on the embedded database was at; how many there were.
    pub async fn take_over(runtime: &Runtime, proof: &SoleUse) -> Result<u64> {
        Ok(runtime.store.end_leases(proof, runtime.clock.now()).await?)
    }

    /// Runs until the token is cancelled and what was begun has ended.
    pub async fn run(self) {
        let held = HeldJobs::default();
        tokio::select! {
            () = self.work(&held) => {}
            () = held.keep_leases(&self.runtime) => {}
        }
    }

    async fn work(&self, held: &HeldJobs) {
        let short = Arc::new(Semaphore::new(SHORT_JOBS_MAX));
        let long = Arc::new(Semaphore::new(LONG_JOBS_MAX));
        let mut running = JoinSet::new();
        let mut sweeping = Sweeping::default();
        while !self.stop.is_cancelled() {
            let begun = self.begin_jobs(&SHORT, &short, held, &mut running).await
                + self.begin_jobs(&LONG, &long, held, &mut running).await;
            sweeping.sweep_if_due(&self.runtime).await;
            let told = self.tell_events().await;
            while let Some(ended) = running.try_join_next() {
                tell_of_panic(&ended);
            }
            if begun == 0 && told == 0 {
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    () = tokio::time::sleep(IDLE_WAIT) => {}
                }
            }
        }
        while let Some(ended) = running.join_next().await {
            tell_of_panic(&ended);
        }
    }

    /// Does every job that is due now, one after the other, and returns how many: for tests that own the
    /// clock.
    pub async fn run_due(runtime: &Arc<Runtime>) -> Result<usize> {
        let mut done = 0;
        loop {
            let kinds = [SHORT.as_slice(), LONG.as_slice()].concat();
            let wanted = JobsWanted::of(&kinds);
            let jobs = runtime.store.lease_jobs(&wanted, runtime.clock.now(), LEASE_MS).await?;
            let Some(job) = jobs.into_iter().next() else { return Ok(done) };
            perform(runtime, job).await;
            done += 1;
        }
    }

    /// Hands committed events to their listeners, at least once: when one fails, all are told again. How many there
    /// were. The listeners are the calendar and the processes that wait for records to change.
    pub async fn tell_pending_events(runtime: &Runtime) -> Result<usize> {
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
        let mut tx = runtime.store.begin().await?;
        let heard = runtime.processes.hear(&mut tx, &events).await;
        heard.map_err(|error| Error::Records(into_records(error)))?;
        tx.commit().await?;
        let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
        runtime.store.mark_dispatched(&ids, runtime.clock.now()).await?;
        Ok(ids.len())
    }

    async fn begin_jobs(
        &self,
        kinds: &[&str],
        places: &Arc<Semaphore>,
        held: &HeldJobs,
        running: &mut JoinSet<()>,
    ) -> usize {
        let free = places.available_permits() as u64;
        if free == 0 {
            return 0;
        }
        let now = self.runtime.clock.now();
        let at_work = held.list();
        let wanted = JobsWanted::of(kinds).at_most(free).besides(&at_work);
        let jobs = match self.runtime.store.lease_jobs(&wanted, now, LEASE_MS).await {
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
            let holding = held.hold(&job);
            running.spawn(async move {
                perform(&runtime, job).await;
                drop((holding, place));
            });
        }
        begun
    }

    async fn tell_events(&self) -> usize {
        match Self::tell_pending_events(&self.runtime).await {
            Ok(told) => told,
            Err(error) => {
                tracing::warn!(%error, "events wait");
                0
            }
        }
    }
}

/// The job itself is tried again when its lease has run out.
fn tell_of_panic(ended: &std::result::Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job broke off");
    }
}

/// Does one job. A failure is written to the job, which is tried again or closed as failed.
async fn perform(runtime: &Arc<Runtime>, job: Job) {
    let outcome = match job.kind.as_str() {
        CALL_JOB | POLL_JOB => runtime.connector_job(&job).await,
        TIMER_JOB | EVENT_JOB => runtime.event_job(&job).await,
        START_JOB => runtime.start_job(&job).await,
        RENDER_JOB => runtime.render_job(&job).await,
        CONTENTS_JOB => runtime.contents_job(&job).await,
        IMPORT_JOB => runtime.import_job(&job).await,
        EXPORT_JOB => runtime.export_job(&job).await,
        BULK_JOB => runtime.bulk_job(&job).await,
        MIGRATION_JOB => runtime.migration_job(&job).await,
        RETENTION_JOB => runtime.retention_job(&job).await,
        FILL_JOB => runtime.fill_job(&job).await,
        SEARCH_JOB => runtime.search_job(&job).await,
        VERIFY_JOB => runtime.verify_job(&job).await,
        other => Err(crate::Error::Job(format!("no worker for `{other}`"))),
    };
    let error = match outcome {
        Ok(()) => return,
        Err(crate::Error::Store(anju_store::Error::LeaseLost(_))) => {
            tracing::info!(job = %job.id, kind = %job.kind, "job called off, or taken over by another worker");
            return;
        }
        Err(error) => error,
    };
    tracing::warn!(job = %job.id, kind = %job.kind, %error, "job failed");
    if let Err(error) = put_back(runtime, &job, &error).await {
        tracing::warn!(job = %job.id, %error, "the job's failure could not be written; its lease will end");
    }
}

/// For a later attempt. One that only met a busy database does not count, and is made soon.
async fn put_back(runtime: &Runtime, job: &Job, error: &crate::Error) -> Result<()> {
    let (now, why) = (runtime.clock.now(), error.to_string());
    let later = |seconds| now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    if error.is_busy() {
        runtime.store.postpone_job(job, later(BUSY_WAIT_S), &why).await?;
    } else {
        let at = later(RETRY_WAIT_S * job.attempts.max(1));
        if runtime.store.retry_job(job, at, &why, now).await? == JobState::Failed {
            tracing::error!(job = %job.id, kind = %job.kind, attempts = job.attempts, why, "job given up");
        }
    }
    Ok(())
}
