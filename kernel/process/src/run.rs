//! Carrying an instance on, in the caller's transaction: the pure core says what changes, this writes it.

use std::{future::Future, pin::Pin, sync::Arc};

use anju_definitions::Effect;
use anju_records::{Actor, Object};
use anju_store::{Condition, SqlValue, Tx};
use jiff::Timestamp;

use crate::gateway::{self, Choice};
use crate::machine::{self, Change, Demand, Ending, Event, Marking};
use crate::plan::Plan;
use crate::rows::{Instance, InstanceState, Task, TaskState, new_id};
use crate::tables::{CANDIDATE, TOKEN};
use crate::trail::{self, Entry, TrailKind};
use crate::{EffectContext, Error, Processes, Result};

/// Elements passed in one transaction, at most.
const STEPS_MAX: u32 = 200;
/// Size of the variables of an instance as JSON, at most.
const VARS_BYTES_MAX: usize = 64 * 1024;

/// The engine's deep futures are boxed, so that no caller has to prove anew that they may cross threads (see
/// `anju_records::Boxed`).
type Boxed<'r, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'r>>;

/// One command's work on one instance.
pub(crate) struct Run<'a> {
    pub processes: &'a Processes,
    pub tx: &'a mut Tx,
    pub actor: &'a Actor,
    pub plan: Arc<Plan>,
    pub instance: Instance,
    pub marking: Marking,
    pub now: Timestamp,
    /// Key of the job that is firing: it is finished by its worker, not called off.
    pub firing: Option<String>,
    steps: u32,
}

impl<'a> Run<'a> {
    /// Takes hold of a running instance.
    pub(crate) async fn open(
        processes: &'a Processes,
        tx: &'a mut Tx,
        actor: &'a Actor,
        instance_id: &str,
    ) -> Result<Self> {
        let mut instance = Instance::lock(tx, instance_id).await?.ok_or(Error::NotFound)?;
        if instance.state != InstanceState::Running {
            return Err(Error::conflict("not_running", "流程已经办结，不能再处理"));
        }
        let expected = instance.revision;
        instance.revision += 1;
        instance.save(tx, expected).await?;
        let plan = processes.plan_of(tx, &instance).await?;
        let marking = instance.marking(tx).await?;
        Ok(Self::new(processes, tx, actor, plan, instance, marking))
    }

    pub(crate) fn new(
        processes: &'a Processes,
        tx: &'a mut Tx,
        actor: &'a Actor,
        plan: Arc<Plan>,
        instance: Instance,
        marking: Marking,
    ) -> Self {
        let now = processes.now();
        Self { processes, tx, actor, plan, instance, marking, now, firing: None, steps: 0 }
    }

    /// Writes the instance; the last thing a command does.
    pub(crate) async fn finish(mut self) -> Result<Instance> {
        self.flush().await?;
        Ok(self.instance)
    }

    async fn flush(&mut self) -> Result<()> {
        self.instance.visits = self.marking.visits;
        self.instance.save(self.tx, self.instance.revision).await
    }

    pub(crate) async fn note(&mut self, entry: Entry<'_>) -> Result<()> {
        self.instance.trail_seq += 1;
        trail::add(self.tx, &self.instance.id, self.instance.trail_seq, self.actor, self.now, entry).await
    }

    /// Lets an event happen: the core says what changes, and every change is written.
    pub(crate) fn happen<'r>(&'r mut self, event: &'r Event<'_>) -> Boxed<'r, ()> {
        Box::pin(self.happen_inner(event))
    }

    async fn happen_inner(&mut self, event: &Event<'_>) -> Result<()> {
        let changes = machine::step(&self.plan.graph, &self.marking, event)
            .map_err(|illegal| Error::Internal(format!("{}: {illegal}", self.instance.id)))?;
        for change in &changes {
            self.write(change).await?;
            self.marking.apply(change);
        }
        Ok(())
    }

    async fn write(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Placed { token, element, visit } => {
                let values: Vec<(&str, SqlValue)> = vec![
                    ("id", token.as_str().into()),
                    ("instance_id", self.instance.id.as_str().into()),
                    ("element", element.as_str().into()),
                    ("visit", (*visit).into()),
                    ("waiting", false.into()),
                    ("entered_at", self.now.into()),
                ];
                self.tx.insert(TOKEN, values).await?;
                self.note_entered(token, element, *visit).await
            }
            Change::Moved { token, from, flow, element, visit } => {
                self.call_off_timers(token, from).await?;
                let sets: Vec<(&str, SqlValue)> = vec![
                    ("element", element.as_str().into()),
                    ("visit", (*visit).into()),
                    ("waiting", false.into()),
                    ("entered_at", self.now.into()),
                ];
                let moved = self.tx.update(TOKEN, sets, Condition::eq(TOKEN, "id", token.as_str())).await?;
                self.expect_one(moved, "token")?;
                if let Some(flow) = flow {
                    let title =
                        self.plan.graph.flows.get(flow).map(|flow| flow.name.clone()).unwrap_or_default();
                    self.note(Entry {
                        token: Some((token, *visit)),
                        ..Entry::new(TrailKind::Flow, flow, title)
                    })
                    .await?;
                }
                self.note_entered(token, element, *visit).await
            }
            Change::Removed { token, element } => {
                self.call_off_timers(token, element).await?;
                let removed = self.tx.delete(TOKEN, Condition::eq(TOKEN, "id", token.as_str())).await?;
                self.expect_one(removed, "token")?;
                self.cancel_task(token).await
            }
            Change::Ended(ending) => {
                self.instance.state = match ending {
                    Ending::Completed => InstanceState::Completed,
                    Ending::Terminated => InstanceState::Terminated,
                    Ending::Withdrawn => InstanceState::Withdrawn,
                };
                self.instance.ended_at = Some(self.now);
                self.keep_last_day(None).await?;
                let outcome = self.instance.outcome.clone().unwrap_or_default();
                let title = self.plan.title(&outcome);
                self.note(Entry::new(TrailKind::Ended, &outcome, title)).await
            }
        }
    }

    async fn note_entered(&mut self, token: &str, element: &str, visit: i64) -> Result<()> {
        let title = self.plan.title(element);
        self.note(Entry { token: Some((token, visit)), ..Entry::new(TrailKind::Entered, element, title) })
            .await
    }

    fn expect_one(&self, rows: u64, what: &str) -> Result<()> {
        if rows == 1 {
            return Ok(());
        }
        Err(Error::Internal(format!("{rows} {what}s of {} instead of one", self.instance.id)))
    }

    /// Carries a token on until it waits or is gone.
    pub(crate) fn settle<'r>(&'r mut self, token: &'r str) -> Boxed<'r, ()> {
        Box::pin(self.settle_inner(token))
    }

    async fn settle_inner(&mut self, token: &str) -> Result<()> {
        loop {
            let Ok(at) = self.marking.token(token).cloned() else { return Ok(()) };
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err(Error::Endless {
                    process: self.plan.definition.title.clone(),
                    element: self.plan.title(&at.element),
                    steps: STEPS_MAX,
                });
            }
            let plan = self.plan.clone();
            let element = plan
                .graph
                .element(&at.element)
                .ok_or_else(|| Error::Internal(format!("no element {}", at.element)))?;
            match machine::demand(element) {
                Demand::Pass => self.happen(&Event::Leave { token }).await?,
                Demand::OpenTask => return self.open_task(token, &at.element, at.visit).await,
                Demand::RunService => {
                    if !self.run_service(token, &at.element, at.visit).await? {
                        return Ok(());
                    }
                    self.happen(&Event::Leave { token }).await?;
                }
                Demand::Choose => {
                    let flow = self.choose(token, &at.element, at.visit).await?;
                    self.happen(&Event::LeaveBy { token, flow: &flow }).await?;
                }
                Demand::AwaitTimer(timer) => {
                    return self.schedule(token, at.visit, &at.element, timer).await;
                }
                Demand::Finish => {
                    let effects = plan.definition.ends.get(&at.element).map_or(&[][..], Vec::as_slice);
                    self.instance.outcome = Some(at.element.clone());
                    if self.effects(&at.element, &Object::new(), effects).await?.is_none()
                        || !self.still_there(token, at.visit)
                    {
                        return Ok(());
                    }
                    return self.happen(&Event::Finish { token }).await;
                }
            }
        }
    }

    /// Whether the token is to go on.
    async fn run_service(&mut self, token: &str, element: &str, visit: i64) -> Result<bool> {
        let plan = self.plan.clone();
        let service = plan.service(element)?;
        if service.wait {
            // Before the effects, for they may be answered at once.
            self.wait(token, element, visit).await?;
        }
        let Some(pending) = self.effects(element, &Object::new(), &service.effects).await? else {
            return Ok(false);
        };
        if !self.still_there(token, visit) {
            return Ok(false);
        }
        if pending && !service.wait {
            self.wait(token, element, visit).await?;
        }
        Ok(!(pending || service.wait))
    }

    async fn wait(&mut self, token: &str, element: &str, visit: i64) -> Result<()> {
        let sets: Vec<(&str, SqlValue)> = vec![("waiting", true.into())];
        self.tx.update(TOKEN, sets, Condition::eq(TOKEN, "id", token)).await?;
        let title = self.plan.title(element);
        self.note(Entry { token: Some((token, visit)), ..Entry::new(TrailKind::Waiting, element, title) })
            .await?;
        self.schedule_boundary(token, visit, element).await
    }

    async fn open_task(&mut self, token: &str, element: &str, visit: i64) -> Result<()> {
        let plan = self.plan.clone();
        let step = plan.step(element)?;
        if self.effects(element, &Object::new(), &step.on_enter).await?.is_none()
            || !self.still_there(token, visit)
        {
            return Ok(());
        }
        let (entity, record_id) = (self.instance.entity.clone(), self.instance.record_id.clone());
        let (display, scope) = self.processes.whereabouts(self.tx, &entity, &record_id).await?;
        self.instance.record_display.clone_from(&display);
        let excluded_account = match &step.not_by {
            Some(step) => crate::task_rows::latest_worker(self.tx, &self.instance.id, step).await?,
            None => None,
        };
        let task = Task {
            id: new_id(),
            instance_id: self.instance.id.clone(),
            token_id: token.to_owned(),
            process: self.instance.process.clone(),
            definition_version: self.instance.definition_version.clone(),
            step: element.to_owned(),
            title: step.title.clone(),
            entity,
            record_id,
            record_display: display,
            state: TaskState::Open,
            claim: step.claim,
            assignee: None,
            assignee_name: None,
            excluded_account,
            scope,
            created_at: self.now,
            due_on: self.processes.due_on(step.due.as_ref()),
            completed_at: None,
            outcome: None,
            outcome_title: None,
            opinion: None,
        };
        task.insert(self.tx).await?;
        let mut roles: Vec<&String> = step.roles.iter().collect();
        roles.sort();
        roles.dedup();
        let candidates = roles.iter().map(|role| vec![task.id.as_str().into(), role.as_str().into()]);
        self.tx.insert_many(CANDIDATE, &["task_id", "role"], candidates.collect()).await?;
        self.schedule_boundary(token, visit, element).await
    }

    /// Calls off the open task of a token, if there is one.
    pub(crate) async fn cancel_task(&mut self, token: &str) -> Result<()> {
        let Some(task) = crate::task_rows::open_of_token(self.tx, token).await? else { return Ok(()) };
        crate::task_rows::close(self.tx, &task.id, TaskState::Cancelled, self.now, Vec::new()).await?;
        self.note(Entry::new(TrailKind::Cancelled, &task.step, task.title)).await
    }

    /// Runs effects and takes over what they changed. `None` when the instance ended meanwhile; otherwise
    /// whether the work goes on elsewhere.
    pub(crate) fn effects<'r>(
        &'r mut self,
        element: &'r str,
        input: &'r Object,
        effects: &'r [Effect],
    ) -> Boxed<'r, Option<bool>> {
        Box::pin(self.effects_inner(element, input, effects))
    }

    async fn effects_inner(
        &mut self,
        element: &str,
        input: &Object,
        effects: &[Effect],
    ) -> Result<Option<bool>> {
        if effects.is_empty() {
            return Ok(Some(false));
        }
        // Effects may work on this very instance (signal it, withdraw it): they must find it as it is now.
        self.flush().await?;
        let context = EffectContext {
            actor: self.actor,
            entity: &self.instance.entity,
            record_id: &self.instance.record_id,
            instance_id: &self.instance.id,
            element,
            input,
            vars: &self.instance.vars,
        };
        let runner = self.processes.effects();
        let result = runner.run(self.tx, &context, effects).await.map_err(|error| error.at(element))?;
        let found = Instance::find(self.tx, &self.instance.id).await?.ok_or(Error::NotFound)?;
        if found.revision != self.instance.revision {
            self.marking = found.marking(self.tx).await?;
            self.instance = found;
        }
        if self.instance.state != InstanceState::Running {
            return Ok(None);
        }
        self.merge(result.vars)?;
        Ok(Some(result.pending))
    }

    pub(crate) fn still_there(&self, token: &str, visit: i64) -> bool {
        self.marking.token(token).is_ok_and(|token| token.visit == visit)
    }

    /// Merges variables; `null` removes one.
    pub(crate) fn merge(&mut self, vars: Object) -> Result<()> {
        for (name, value) in vars {
            if value.is_null() {
                self.instance.vars.shift_remove(&name);
            } else {
                self.instance.vars.insert(name, value);
            }
        }
        let bytes = serde_json::to_string(&self.instance.vars)?.len();
        if bytes > VARS_BYTES_MAX {
            return Err(Error::TooMuch { message: format!("流程变量超过 {VARS_BYTES_MAX} 字节") });
        }
        Ok(())
    }

    async fn choose(&mut self, token: &str, element: &str, visit: i64) -> Result<String> {
        let scene = self.processes.scene(self.tx, &self.instance).await?;
        let plan = self.plan.clone();
        let gateway =
            plan.graph.element(element).ok_or_else(|| Error::Internal(format!("no element {element}")))?;
        let catalog = self.processes.catalog();
        let hidden = |path: &str| gateway::is_sensitive(&catalog, &plan.definition.entity, path);
        let Choice { flow, why } = gateway::choose(&plan.graph, gateway, &scene, &hidden)?;
        let entry = Entry {
            token: Some((token, visit)),
            detail: why,
            ..Entry::new(TrailKind::Gateway, element, plan.title(element))
        };
        self.note(entry).await?;
        Ok(flow)
    }
}
