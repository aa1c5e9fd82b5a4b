//! Timers: jobs of the store that are set when a token arrives and called off when it leaves.

use anju_decisions::Expression;
use anju_store::{ColumnKind, Condition, Fetch, NewJob, Select};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bpmn::{Element, Timer, Trigger};
use crate::run::{NO_TOKEN, Run, awaited_at};
use crate::tables::TRAIL;
use crate::trail::TrailKind;
use crate::{Error, Result};

/// Kind of the jobs that fire timers; their payload is given to [`crate::Processes::fire`].
pub const TIMER_JOB: &str = "process.timer";
/// Kind of the jobs that bring messages and signals to one who waits; as [`TIMER_JOB`].
pub const EVENT_JOB: &str = "process.event";

/// How often a timer, or an event that was told, is tried before it is given up and shown to operators. Attempts at which
/// the database was too busy do not count.
pub(crate) const ATTEMPTS_MAX: u32 = 5;

impl Run<'_> {
    /// Sets one timer, which has fired so many times before.
    pub(crate) async fn schedule(
        &mut self,
        token: &str,
        visit: i64,
        element: &str,
        timer: &Timer,
        fired: u32,
    ) -> Result<()> {
        self.schedule_since(token, visit, element, timer, fired, self.now).await
    }

    /// As [`Run::schedule`], for a token that has waited since then; what is past fires at once.
    pub(crate) async fn schedule_since(
        &mut self,
        token: &str,
        visit: i64,
        element: &str,
        timer: &Timer,
        fired: u32,
        since: Timestamp,
    ) -> Result<()> {
        let evaluated = match timer.expression() {
            Some(source) => {
                let scene = self.scene((token != NO_TOKEN).then_some(token)).await?;
                let value = Expression::compile(source).and_then(|expression| expression.evaluate(&scene));
                value.map_err(|cause| Error::expression(element, cause))?
            }
            None => Value::Null,
        };
        let run_at = timer
            .due(since, &self.processes.calendar(), &evaluated)
            .map_err(|cause| Error::expression(element, cause))?;
        let job = NewJob {
            kind: TIMER_JOB.to_owned(),
            key: Some(self.timer_key(token, visit, element, fired)),
            payload: json!({
                "instance": self.instance.id, "token": token, "visit": visit, "element": element, "fired": fired,
            }),
            run_at,
            attempts_max: ATTEMPTS_MAX,
            created_by: self.actor.account_id.clone(),
            at: since,
        };
        self.tx.enqueue(&job).await?;
        Ok(())
    }

    /// Calls off the timers of the element that a token leaves.
    pub(crate) async fn call_off_timers(&mut self, token: &str, element: &str) -> Result<()> {
        let plan = self.plan.clone();
        let Some(left) = plan.graph.element(element) else { return Ok(()) };
        let visit = self.marking.token(token).map_or(0, |token| token.visit);
        for event in awaited_at(&plan.graph, left) {
            self.call_off_timer(token, visit, event).await?;
        }
        Ok(())
    }

    pub(crate) async fn call_off_timer(&mut self, token: &str, visit: i64, event: &Element) -> Result<()> {
        let Some(Trigger::Timer(timer)) = event.trigger() else { return Ok(()) };
        let fired = match timer {
            Timer::Cycle { .. } => self.times_fired(token, visit, &event.id).await?,
            _ => 0,
        };
        let key = self.timer_key(token, visit, &event.id, fired);
        if self.firing.as_ref() != Some(&key) {
            self.tx.cancel_jobs(TIMER_JOB, &key, self.now).await?;
        }
        Ok(())
    }

    /// How often a timer has fired for a visit; only the trail tells of one that leaves its token where it is.
    pub(crate) async fn times_fired(&mut self, token: &str, visit: i64, element: &str) -> Result<u32> {
        times_fired(self.tx, &self.instance.id, token, visit, element).await
    }

    pub(crate) fn timer_key(&self, token: &str, visit: i64, element: &str, fired: u32) -> String {
        timer_key(&self.instance.id, token, visit, element, fired)
    }
}

/// As [`Run::times_fired`].
pub(crate) async fn times_fired(
    from: &mut impl Fetch,
    instance_id: &str,
    token: &str,
    visit: i64,
    element: &str,
) -> Result<u32> {
    let select = Select::from(TRAIL)
        .column("seq", ColumnKind::Int)
        .filter(Condition::eq(TRAIL, "instance_id", instance_id))
        .filter(Condition::eq(TRAIL, "kind", TrailKind::Timer.as_str()))
        .filter(Condition::eq(TRAIL, "element", element))
        .filter(Condition::eq(TRAIL, "token_id", token))
        .filter(Condition::eq(TRAIL, "visit", visit));
    Ok(u32::try_from(from.count(&select, None).await?).unwrap_or(u32::MAX))
}

/// Key of the job of a timer that has fired so many times before.
pub(crate) fn timer_key(instance_id: &str, token: &str, visit: i64, element: &str, fired: u32) -> String {
    let owner = if token == NO_TOKEN { instance_id } else { token };
    match fired {
        0 => format!("{owner}/{visit}/{element}"),
        again => format!("{owner}/{visit}/{element}/{again}"),
    }
}

/// The job that brings an event to one who waits, or begins a process by it; one of a key at a time.
pub(crate) fn event_job(key: Option<String>, payload: Value, by: &str, now: Timestamp) -> NewJob {
    NewJob {
        kind: EVENT_JOB.to_owned(),
        key,
        payload,
        run_at: now,
        attempts_max: ATTEMPTS_MAX,
        created_by: by.to_owned(),
        at: now,
    }
}
