//! What is put aside while an instance is suspended, and taken up again: its timers, and what it is told meanwhile.

use anju_calendar::{day_of, zone};
use anju_store::{Condition, Fetch, NewJob, SqlValue, Tx};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use super::{NO_TOKEN, Run, awaited_at};
use crate::bpmn::{Timer, Trigger};
use crate::rows::instant;
use crate::tables::{self, HELD, HELD_COLUMNS, INSTANCE, TASK};
use crate::timers::{EVENT_JOB, TIMER_JOB};
use crate::{Error, Result, task_rows};

/// How often what was put aside is tried when it is taken up again.
const ATTEMPTS_MAX: u32 = 20;

impl Run<'_> {
    /// Stops the clocks of the instance.
    pub(crate) async fn pause(&mut self) -> Result<()> {
        self.set_suspended(Some(self.now)).await?;
        for key in self.timer_keys().await? {
            let Some(job) = self.tx.open_job(TIMER_JOB, &key).await? else { continue };
            self.tx.cancel_jobs(TIMER_JOB, &key, self.now).await?;
            put_aside(self.tx, &self.instance.id, &key, (TIMER_JOB, &job.payload), job.run_at).await?;
        }
        Ok(())
    }

    /// Lets the clocks run on: days allowed and timers that count move by the time it was suspended; what had fallen
    /// due meanwhile, or was told, happens now.
    pub(crate) async fn go_on(&mut self, since: Timestamp) -> Result<()> {
        self.set_suspended(None).await?;
        let calendar = self.processes.calendar();
        let days = calendar.working_days_between(day_of(since), day_of(self.now)).max(0);
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        self.move_due_days(days).await?;
        let select = tables::select(HELD, HELD_COLUMNS).filter(Condition::eq(
            HELD,
            "instance_id",
            self.instance.id.as_str(),
        ));
        for row in self.tx.fetch_all(&select).await? {
            let (key, kind) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
            let payload: Value = serde_json::from_str(row.text(3)?)?;
            let at = instant(row.int(4)?)?;
            let run_at = if kind == TIMER_JOB { self.moved(&payload, at, since, days)? } else { self.now };
            let key = (kind == TIMER_JOB).then_some(key);
            let created_by = self.actor.account_id.clone();
            let at = self.now;
            self.tx
                .enqueue(&NewJob { kind, key, payload, run_at, attempts_max: ATTEMPTS_MAX, created_by, at })
                .await?;
        }
        self.forget_held().await
    }

    /// When a timer fires that was put aside: one that counts has lost no time, a date is a date.
    fn moved(&self, payload: &Value, at: Timestamp, since: Timestamp, days: u32) -> Result<Timestamp> {
        let event = payload["element"].as_str().and_then(|id| self.plan.graph.element(id));
        let broken = |cause: jiff::Error| Error::Internal(cause.to_string());
        match event.and_then(|event| event.trigger()) {
            Some(Trigger::Timer(Timer::WorkingDays(_))) => {
                let last = day_of(at - SignedDuration::from_secs(1));
                let last = self.processes.calendar().add_working_days(last, days);
                let midnight = last.checked_add(1.day()).and_then(|day| day.to_zoned_datetime(zone()));
                midnight.map(|midnight| midnight.timestamp()).map_err(broken)
            }
            Some(Trigger::Timer(Timer::After(_) | Timer::Cycle { .. })) => {
                at.checked_add(self.now.duration_since(since)).map_err(broken)
            }
            _ => Ok(at),
        }
    }

    async fn move_due_days(&mut self, days: u32) -> Result<()> {
        let calendar = self.processes.calendar();
        let later = |due_on: &str| match due_on.parse() {
            Ok(day) => Ok(calendar.add_working_days(day, days).to_string()),
            Err(_) => Err(Error::Internal(format!("“{due_on}” is no day"))),
        };
        if days == 0 {
            return Ok(());
        }
        for task in task_rows::live_of_instance(self.tx, &self.instance.id).await? {
            let Some(due_on) = &task.due_on else { continue };
            let sets: Vec<(&str, SqlValue)> = vec![("due_on", later(due_on)?.into())];
            self.tx.update(TASK, sets, Condition::eq(TASK, "id", task.id.as_str())).await?;
        }
        let Some(due_on) = self.instance.due_on.as_deref().map(later).transpose()? else { return Ok(()) };
        let sets: Vec<(&str, SqlValue)> = vec![("due_on", due_on.as_str().into())];
        self.tx.update(INSTANCE, sets, Condition::eq(INSTANCE, "id", self.instance.id.as_str())).await?;
        self.keep_last_day(Some(&due_on)).await?;
        self.instance.due_on = Some(due_on);
        Ok(())
    }

    async fn set_suspended(&mut self, at: Option<Timestamp>) -> Result<()> {
        let sets: Vec<(&str, SqlValue)> = vec![("suspended_at", at.into())];
        self.tx.update(INSTANCE, sets, Condition::eq(INSTANCE, "id", self.instance.id.as_str())).await?;
        self.instance.suspended_at = at;
        Ok(())
    }

    /// Keys of the timers that may be set.
    async fn timer_keys(&mut self) -> Result<Vec<String>> {
        let plan = self.plan.clone();
        let mut awaited: Vec<(String, i64, &crate::bpmn::Element)> =
            plan.graph.event_subs(None).map(|(_, start)| (NO_TOKEN.to_owned(), 0, start)).collect();
        for token in &self.marking.tokens {
            let Some(at) = plan.graph.element(&token.element) else { continue };
            let events = awaited_at(&plan.graph, at).into_iter();
            awaited.extend(events.map(|event| (token.id.clone(), token.visit, event)));
        }
        let mut keys = Vec::new();
        for (token, visit, event) in awaited {
            let Some(Trigger::Timer(timer)) = event.trigger() else { continue };
            let fired = match timer {
                Timer::Cycle { .. } => self.times_fired(&token, visit, &event.id).await?,
                _ => 0,
            };
            keys.push(self.timer_key(&token, visit, &event.id, fired));
        }
        Ok(keys)
    }

    pub(super) async fn forget_held(&mut self) -> Result<()> {
        self.tx.delete(HELD, Condition::eq(HELD, "instance_id", self.instance.id.as_str())).await?;
        Ok(())
    }
}

/// Keeps for a suspended instance what would have happened to it, once for each key.
pub(crate) async fn put_aside(
    tx: &mut Tx,
    instance_id: &str,
    key: &str,
    (kind, payload): (&str, &Value),
    run_at: Timestamp,
) -> Result<()> {
    let same = Condition::eq(HELD, "instance_id", instance_id).and(Condition::eq(HELD, "key", key));
    if tx.fetch_optional(&tables::select(HELD, HELD_COLUMNS).filter(same)).await?.is_some() {
        return Ok(());
    }
    let values = vec![
        ("instance_id", instance_id.into()),
        ("key", key.into()),
        ("kind", kind.into()),
        ("payload", payload.to_string().into()),
        ("run_at", run_at.into()),
    ];
    Ok(tx.insert(HELD, values).await?)
}

/// As [`put_aside`], for what is told to it.
pub(crate) async fn put_aside_told(
    tx: &mut Tx,
    instance_id: &str,
    payload: &Value,
    now: Timestamp,
) -> Result<()> {
    put_aside(tx, instance_id, &crate::rows::new_id(), (EVENT_JOB, payload), now).await
}
