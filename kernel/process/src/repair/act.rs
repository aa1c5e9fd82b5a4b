//! What an administrator may do with a stuck instance: try again, skip, set a variable.

use anju_records::{Actor, AuditEntry, FieldError, Object};
use anju_store::{Job, Tx};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bpmn::{Element, Kind};
use crate::commands::{Awaited, reason};
use crate::machine::{self, Event, Token};
use crate::rights::ProcessRight;
use crate::run::Run;
use crate::timers::{EVENT_JOB, TIMER_JOB};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result, form};

/// Longest name of a variable in characters.
const NAME_CHARS_MAX: usize = 100;

impl Processes {
    /// Gives a job that was given up all its attempts again; one of `kinds`, which the caller knows.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right, [`Error::Invalid`] without a reason, [`Error::NotFound`] when no such job
    /// was given up, [`Error::Conflict`] `not_dead` when the same is under way again, `not_running`.
    pub async fn retry_job(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        job_id: &str,
        kinds: &[&str],
        reason_text: &str,
    ) -> Result<()> {
        let reason = self.admit(actor, reason_text)?;
        let job = tx.failed_job(job_id).await?.filter(|job| kinds.contains(&job.kind.as_str()));
        let job = job.ok_or(Error::NotFound)?;
        match awaited(&job) {
            Some(awaited) => {
                let mut run = Run::open(self, tx, actor, &awaited.instance).await?;
                run.repaired("retry", &awaited.element, json!({ "job": job.id }), reason).await?;
                run.finish().await?;
            }
            None => {
                let why = format!("retry {}：{reason}", job.kind);
                let entry = AuditEntry::named("process.repaired").because(Some(&why));
                self.records().audit(tx, actor, &entry).await?;
            }
        }
        match tx.revive_job(&job, self.now()).await? {
            true => Ok(()),
            false => Err(Error::conflict("not_dead", "同一任务已在重新执行")),
        }
    }

    /// Does what a waiting service does once more.
    ///
    /// # Errors
    /// As [`Processes::retry_job`]; [`Error::Conflict`] `not_there` when nothing waits at such a service; what the service
    /// gives.
    pub async fn retry_service(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        element: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = self.admit(actor, reason_text)?;
        let mut run = Run::open(self, tx, actor, instance_id).await?;
        let plan = run.plan.clone();
        let at = plan.graph.element(element).ok_or_else(|| unknown_element(element))?;
        let token = run.stands_at(at).filter(|_| at.kind == Kind::Service).ok_or_else(|| not_there(at))?;
        run.repaired("retry", element, Value::Null, reason).await?;
        let service = plan.service(element)?;
        let pending = run.effects(&token.id, element, &Object::new(), &service.effects).await?;
        if let Some(pending) = pending
            && run.still_there(&token.id, token.visit)
            && !(pending || service.wait)
        {
            run.done(&token.id).await?;
        }
        run.settle().await?;
        run.finish().await.map(drop)
    }

    /// Takes an element as done: one where a token stands, or one that a job that was given up (`job_id`) could not pass.
    ///
    /// # Errors
    /// As [`Processes::retry_job`]; [`Error::Conflict`] `is_task` for what people do, `not_there` when nothing stands
    /// there; [`Error::Invalid`] at `element`.
    pub async fn skip(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        element: &str,
        job_id: Option<&str>,
        reason_text: &str,
    ) -> Result<()> {
        let reason = self.admit(actor, reason_text)?;
        let dead = match job_id {
            Some(id) => Some(dead_job(tx, id, instance_id).await?),
            None => None,
        };
        let mut run = Run::open(self, tx, actor, instance_id).await?;
        let plan = run.plan.clone();
        let at = plan.graph.element(element).ok_or_else(|| unknown_element(element))?;
        if at.kind == Kind::UserTask {
            let message = format!("“{}”由人办理，不能跳过，请使用跳转", plan.title(element));
            return Err(Error::conflict("is_task", message));
        }
        run.repaired("skip", element, json!({ "job": job_id }), reason).await?;
        let is_done = run.skip_here(at).await?;
        if is_done {
            run.settle().await?;
        }
        run.finish().await?;
        match dead {
            None if !is_done => return Err(not_there(at)),
            None => {}
            Some((job, awaited)) => {
                // An event on an activity is not waited for any more; anything else is passed on the way.
                let on_activity = matches!(at.kind, Kind::Boundary { .. }) && awaited.element == element;
                if !is_done && !on_activity {
                    self.fire_awaited(tx, actor, awaited, &job.payload, Some(element)).await?;
                }
                tx.dismiss_job(&job.id, self.now()).await?;
            }
        }
        Ok(())
    }

    /// Sets a variable of a running instance, which goes on where that is what was waited for; `null` removes it.
    ///
    /// # Errors
    /// As [`Processes::retry_job`]; [`Error::Invalid`] at `name` or `value` where the definition gives it a type.
    pub async fn set_variable(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        (name, value): (&str, Value),
        reason_text: &str,
    ) -> Result<()> {
        let reason = self.admit(actor, reason_text)?;
        let invalid = |field: &str, code: &str, message: String| {
            Error::Invalid(vec![FieldError::new(field, code, message)])
        };
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            return Err(invalid("name", "length", format!("变量名应为 1 至 {NAME_CHARS_MAX} 个字")));
        }
        let mut run = Run::open(self, tx, actor, instance_id).await?;
        let plan = run.plan.clone();
        let value = match plan.definition.variables.get(name).filter(|_| !value.is_null()) {
            None => value,
            Some(field) => form::parse(&self.catalog(), field, &value)
                .map_err(|(code, message)| invalid("value", code, format!("{}{message}", field.title)))?,
        };
        run.merge(Object::from_iter([(name.to_owned(), value)]))?;
        let start = plan.start().to_owned();
        run.repaired("set_variable", &start, json!({ "name": name }), reason).await?;
        run.settle().await?;
        run.finish().await.map(drop)
    }

    fn admit<'r>(&self, actor: &Actor, text: &'r str) -> Result<&'r str> {
        ProcessRight::Repair.require(&self.catalog(), actor)?;
        reason(text)
    }
}

impl Run<'_> {
    /// Whether the element is the one that counts as done; it does so once.
    pub(crate) async fn skips(&mut self, element: &str) -> Result<bool> {
        if self.skipping.as_deref() != Some(element) {
            return Ok(false);
        }
        self.skipping = None;
        let title = format!("跳过“{}”", self.plan.title(element));
        let detail = json!({ "action": "skipped" });
        self.note(Entry { detail, ..Entry::new(TrailKind::Repaired, element, title) }).await?;
        Ok(true)
    }

    /// Notes what was done, in the trail and in the audit log.
    async fn repaired(&mut self, action: &str, element: &str, about: Value, reason: &str) -> Result<()> {
        let what = match action {
            "retry" => "重试",
            "skip" => "跳过",
            _ => "设置变量",
        };
        let title = format!("修复：{what}“{}”", self.plan.title(element));
        let detail = json!({ "action": action, "about": about });
        let entry =
            Entry { detail, opinion: Some(reason), ..Entry::new(TrailKind::Repaired, element, title) };
        self.note(entry).await?;
        let why = format!("{what} {element}：{reason}");
        let entry = AuditEntry::of("process.repaired", &self.instance.entity, &self.instance.record_id);
        self.processes.records().audit(self.tx, self.actor, &entry.because(Some(&why))).await?;
        Ok(())
    }

    /// A token that stands on an element and has nothing within it.
    fn stands_at(&self, element: &Element) -> Option<Token> {
        let mut here = self.marking.tokens.iter().filter(|token| token.element == element.id);
        here.find(|token| self.marking.within(Some(&token.id)).next().is_none()).cloned()
    }

    /// Takes an element as done where a token waits for it; whether one does.
    async fn skip_here(&mut self, element: &Element) -> Result<bool> {
        if let Some(token) = self.waits_for(element) {
            return self.take_in(&token.id, token.visit, &element.id).await.map(|()| true);
        }
        let Some(token) = self.stands_at(element) else { return Ok(false) };
        if machine::waits_to_join(element, &token) {
            let beside = self.marking.within(token.parent.as_deref());
            let here =
                beside.filter(|other| machine::waits_to_join(element, other) && other.element == element.id);
            let tokens: Vec<String> = here.map(|other| other.id.clone()).collect();
            return self.happen(&Event::Join { tokens: &tokens }).await.map(|()| true);
        }
        if !may_skip(element) {
            return Ok(false);
        }
        self.done(&token.id).await.map(|()| true)
    }

    /// The token at an event-based gateway that the element follows.
    fn waits_for(&self, element: &Element) -> Option<Token> {
        let graph = &self.plan.graph;
        let before = element.incoming.iter().filter_map(|flow| graph.element(&graph.flows.get(flow)?.source));
        let mut gateways = before.filter(|source| source.kind == Kind::EventBased);
        gateways.find_map(|gateway| self.stands_at(gateway))
    }
}

/// Whether an element may count as done without having been done; ends are passed without what they do.
pub(crate) fn may_skip(element: &Element) -> bool {
    matches!(
        element.kind,
        Kind::Service | Kind::Manual | Kind::Receive(_) | Kind::Catch(_) | Kind::Throw(_) | Kind::Call(_)
    )
}

pub(crate) fn not_passed() -> Error {
    let fault = FieldError::new("element", "not_passed", "重新执行时没有经过该环节");
    Error::Invalid(vec![fault])
}

/// What a dead job of the engine is about.
fn awaited(job: &Job) -> Option<Awaited> {
    let own = [TIMER_JOB, EVENT_JOB].contains(&job.kind.as_str());
    own.then(|| Awaited::deserialize(&job.payload).ok()).flatten()
}

async fn dead_job(tx: &mut Tx, id: &str, instance: &str) -> Result<(Job, Awaited)> {
    let job = tx.failed_job(id).await?.ok_or(Error::NotFound)?;
    let awaited = awaited(&job).filter(|awaited| awaited.instance == instance).ok_or(Error::NotFound)?;
    Ok((job, awaited))
}

fn unknown_element(element: &str) -> Error {
    Error::Invalid(vec![FieldError::new("element", "unknown", format!("流程中没有环节“{element}”"))])
}

fn not_there(element: &Element) -> Error {
    Error::conflict("not_there", format!("流程没有停在“{}”", element.title()))
}
