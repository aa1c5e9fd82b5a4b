//! Taking one instance over: its tokens, waits, timers and tasks.

use std::collections::HashSet;
use std::sync::Arc;

use anju_records::{Actor, AuditEntry};
use anju_store::{Condition, SqlValue, Tx};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::judge::Judge;
use super::mapping::Mapping;
use super::standing::{Awaited, Pending, Standing};
use super::{Migration, tasks};
use crate::bpmn::{Element, Graph, Kind, Timer, Trigger};
use crate::plan::Plan;
use crate::rights::ProcessRight;
use crate::run::{NO_TOKEN, Run, awaited_at};
use crate::tables::{INSTANCE, TOKEN, WAIT};
use crate::timers::TIMER_JOB;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

impl Processes {
    /// Takes an instance over to the version named in the migration, and carries it on where it need not wait any more.
    /// One that is there already is left alone.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right; [`Error::Conflict`] `not_migratable` with all that stands against it,
    /// `not_running`; [`Error::Expression`] when something cannot be waited for in the new version.
    pub async fn migrate(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        migration: &Migration,
    ) -> Result<()> {
        ProcessRight::Migrate.require(&self.catalog(), actor)?;
        let version = migration.to.as_deref().unwrap_or_default();
        let new = self.plans().of_version(tx, &migration.process, version).await?;
        let run = Run::open(self, tx, actor, instance_id).await?;
        if run.instance.process != migration.process {
            return Err(Error::NotFound);
        }
        if run.instance.definition_version == new.version {
            return Ok(());
        }
        let old = run.plan.clone();
        let standing = Standing::of(run.tx, &run.instance, &old).await?;
        let mapping = Mapping::new(&migration.mapping, &new.graph);
        let judge = Judge { old: &old, new: &new, mapping, standing: &standing };
        let obstacles = judge.obstacles(&self.catalog(), &run.instance.vars);
        if !obstacles.is_empty() {
            let all: Vec<String> = obstacles.into_iter().map(|obstacle| obstacle.message).collect();
            return Err(Error::conflict("not_migratable", all.join("；")));
        }
        let carrying = Carrying { run, old: &old, new: &new, mapping, standing: &standing };
        Box::pin(carrying.carry()).await
    }
}

struct Carrying<'a, 'r> {
    run: Run<'r>,
    old: &'a Arc<Plan>,
    new: &'a Arc<Plan>,
    mapping: Mapping<'a>,
    standing: &'a Standing,
}

impl Carrying<'_, '_> {
    async fn carry(mut self) -> Result<()> {
        let moved = self.move_tokens().await?;
        self.change_plan().await?;
        self.keep_waits().await?;
        self.keep_timers().await?;
        self.await_new_events().await?;
        let (old, new, mapping) = (self.old, self.new, self.mapping);
        tasks::take_along(self.run.tx, &self.run.instance.id, old, new, mapping).await?;
        self.note(moved).await?;
        self.run.settle().await?;
        self.run.finish().await.map(drop)
    }

    /// Puts the tokens where they stand now; what has another name, for the trail.
    async fn move_tokens(&mut self) -> Result<Vec<Value>> {
        let mut moved = Vec::new();
        for token in &self.standing.marking.tokens {
            let element = self.mapping.element(&token.element).unwrap_or(&token.element);
            let via = token.via.as_deref().and_then(|flow| self.mapping.flow(flow));
            let back_to = token.back_to.as_deref().and_then(|back| self.mapping.element(back));
            if (element, via, back_to)
                == (token.element.as_str(), token.via.as_deref(), token.back_to.as_deref())
            {
                continue;
            }
            let sets: Vec<(&str, SqlValue)> =
                vec![("element", element.into()), ("via", via.into()), ("back_to", back_to.into())];
            self.run.tx.update(TOKEN, sets, Condition::eq(TOKEN, "id", token.id.as_str())).await?;
            if element != token.element {
                moved.push(json!({ "from": token.element, "to": element }));
            }
        }
        self.run.marking = self.run.instance.marking(self.run.tx).await?;
        Ok(moved)
    }

    async fn change_plan(&mut self) -> Result<()> {
        let due_on = self.run.instance.due_on.clone();
        let moves_due = self.old.definition.due_field != self.new.definition.due_field;
        if moves_due {
            self.run.keep_last_day(None).await?;
        }
        self.run.plan = self.new.clone();
        self.run.instance.definition_version.clone_from(&self.new.version);
        let sets: Vec<(&str, SqlValue)> = vec![("definition_version", self.new.version.as_str().into())];
        let this = Condition::eq(INSTANCE, "id", self.run.instance.id.as_str());
        self.run.tx.update(INSTANCE, sets, this).await?;
        if moves_due {
            self.run.keep_last_day(due_on.as_deref()).await?;
        }
        Ok(())
    }

    /// What is waited for is waited for as the new version says: another name, another key.
    async fn keep_waits(&mut self) -> Result<()> {
        let own = Condition::eq(WAIT, "instance_id", self.run.instance.id.as_str());
        self.run.tx.delete(WAIT, own).await?;
        for wait in &self.standing.waits {
            let Some(event) = self.counterpart(&wait.event) else { continue };
            let trigger = match &event.kind {
                Kind::Receive(message) => Trigger::Message(message.clone()),
                _ => event.trigger().cloned().unwrap_or(Trigger::None),
            };
            self.run.wait_for(&wait.token, wait.visit, &event.id, &trigger).await?;
        }
        Ok(())
    }

    fn counterpart(&self, event: &str) -> Option<Element> {
        let id = self.mapping.element(event)?;
        self.new.graph.element(id).cloned()
    }

    /// Timers that stay the same are left alone; others count from when they were set, and are due now at the earliest.
    async fn keep_timers(&mut self) -> Result<()> {
        for pending in &self.standing.timers {
            let event = self.counterpart(&pending.at.event);
            let timer = event.as_ref().and_then(Element::trigger).and_then(|trigger| match trigger {
                Trigger::Timer(timer) => Some(timer),
                _ => None,
            });
            let same_name = event.as_ref().is_some_and(|event| event.id == pending.at.event);
            if same_name && timer == Some(&pending.timer) {
                continue;
            }
            self.run.tx.cancel_jobs(TIMER_JOB, &pending.key, self.run.now).await?;
            if let (Some(event), Some(timer)) = (&event, timer) {
                self.set_again(pending, &event.id, timer, same_name).await?;
            }
        }
        Ok(())
    }

    async fn set_again(
        &mut self,
        pending: &Pending,
        event: &str,
        timer: &Timer,
        same_name: bool,
    ) -> Result<()> {
        // The trail counts by name how often a timer has fired.
        let fired = if same_name { pending.fired } else { 0 };
        if fired > 0 && !timer.fires_again(fired) {
            return Ok(());
        }
        let Awaited { token, visit, .. } = &pending.at;
        self.run.schedule_since(token, *visit, event, timer, fired, pending.job.created_at).await
    }

    /// Events that the new version waits for and the old one did not.
    async fn await_new_events(&mut self) -> Result<()> {
        let tokens = self.run.marking.tokens.clone();
        for token in tokens.iter().filter(|token| token.item.is_none()) {
            let was = self.standing.marking.token(&token.id).ok().map(|was| was.element.as_str());
            let old = was.and_then(|was| self.old.graph.element(was));
            let known = old.map(|old| awaited_at(&self.old.graph, old)).unwrap_or_default();
            let Some(at) = self.new.graph.element(&token.element) else { continue };
            let new = self.unknown(awaited_at(&self.new.graph, at), &known);
            let is_over = is_interrupted(&self.old.graph, self.standing, Some(&token.id));
            let since = self.standing.arrived.get(&token.id).copied();
            for event in new {
                if is_over && event.is_start() {
                    continue;
                }
                self.await_since(&token.id, token.visit, &event, since).await?;
            }
        }
        if is_interrupted(&self.old.graph, self.standing, None) {
            return Ok(());
        }
        let starts = |graph: &'_ Graph| -> Vec<Element> {
            graph.event_subs(None).map(|(_, start)| start.clone()).collect()
        };
        let (known, new) = (starts(&self.old.graph), starts(&self.new.graph));
        let since = Some(self.run.instance.started_at);
        for event in self.unknown(new.iter().collect(), &known.iter().collect::<Vec<_>>()) {
            self.await_since(NO_TOKEN, 0, &event, since).await?;
        }
        Ok(())
    }

    /// Those that are no counterparts of known ones.
    fn unknown(&self, new: Vec<&Element>, known: &[&Element]) -> Vec<Element> {
        let known: HashSet<&str> =
            known.iter().filter_map(|event| self.mapping.element(event.id.as_str())).collect();
        new.into_iter().filter(|event| !known.contains(event.id.as_str())).cloned().collect()
    }

    async fn await_since(
        &mut self,
        token: &str,
        visit: i64,
        event: &Element,
        since: Option<Timestamp>,
    ) -> Result<()> {
        let since = since.unwrap_or(self.run.now);
        match event.trigger() {
            Some(Trigger::Timer(timer)) => {
                self.run.schedule_since(token, visit, &event.id, timer, 0, since).await
            }
            Some(trigger) => self.run.wait_for(token, visit, &event.id, trigger).await,
            None => Ok(()),
        }
    }

    async fn note(&mut self, moved: Vec<Value>) -> Result<()> {
        let (from, to) = (self.old.version.as_str(), self.new.version.as_str());
        let title = format!("迁移到新版本（{}）", self.new.definition.title);
        let detail = json!({ "from": from, "to": to, "moved": moved });
        let start = self.new.start().to_owned();
        self.run.note(Entry { detail, ..Entry::new(TrailKind::Migrated, &start, title) }).await?;
        let instance = &self.run.instance;
        let why = format!("{}：{from} → {to}", instance.process);
        let entry = AuditEntry::of("process.migrated", &instance.entity, &instance.record_id);
        let entry = entry.because(Some(&why));
        self.run.processes.records().audit(self.run.tx, self.run.actor, &entry).await?;
        Ok(())
    }
}

/// Whether an event sub-process has taken the place of what was going on around it; nothing else does so any more.
fn is_interrupted(graph: &Graph, standing: &Standing, scope: Option<&str>) -> bool {
    let interrupts = |sub: &str| {
        graph.within(Some(sub)).any(|start| matches!(start.kind, Kind::Start { interrupts: true, .. }))
    };
    standing.marking.within(scope).any(|token| {
        graph
            .element(&token.element)
            .is_some_and(|at| matches!(at.kind, Kind::SubProcess { by_event: true }) && interrupts(&at.id))
    })
}
