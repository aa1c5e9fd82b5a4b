//! What is done where a token stands: tasks for people, effects.

use anju_definitions::Effect;
use anju_records::Object;
use anju_store::SqlValue;

use super::{Boxed, Run, candidates::kept_away, write::this};
use crate::bpmn::Throw;
use crate::rows::{Instance, InstanceState, Task, TaskState, new_id};
use crate::tables::{CANDIDATE, TOKEN};
use crate::trail::{Entry, TrailKind};
use crate::{EffectContext, EffectError, Error, Result};

impl Run<'_> {
    pub(super) async fn open_task(&mut self, token: &str, element: &str, visit: i64) -> Result<()> {
        let plan = self.plan.clone();
        let step = plan.step(element)?;
        if self.effects(token, element, &Object::new(), &step.on_enter).await?.is_none()
            || !self.still_there(token, visit)
        {
            return Ok(());
        }
        let (entity, record_id) = (self.instance.entity.clone(), self.instance.record_id.clone());
        let (display, scope) = self.processes.whereabouts(self.tx, &entity, &record_id).await?;
        self.instance.record_display.clone_from(&display);
        let makers = self.makers(step).await?;
        let mut candidates = self.candidates(token, element, step).await?;
        candidates.extend(kept_away(&makers));
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
            excluded_account: makers.into_iter().next(),
            scope,
            created_at: self.now,
            due_on: self.processes.due_on(step.due.as_ref()),
            completed_at: None,
            outcome: None,
            outcome_title: None,
            opinion: None,
            help: None,
            acted_for: None,
            urged: None,
        };
        task.insert(self.tx).await?;
        let candidates = candidates.into_iter().map(|one| vec![task.id.as_str().into(), one.into()]);
        self.tx.insert_many(CANDIDATE, &["task_id", "role"], candidates.collect()).await?;
        self.await_boundary(token, visit, element).await
    }

    /// Does what is bound to an event on the way; whether the token is to go on.
    pub(super) async fn run_bound(&mut self, token: &str, visit: i64, element: &str) -> Result<bool> {
        let plan = self.plan.clone();
        let Some(service) = plan.definition.services.get(element) else { return Ok(true) };
        let done = self.effects(token, element, &Object::new(), &service.effects).await?;
        Ok(done.is_some() && self.still_there(token, visit))
    }

    /// Whether the token is to go on.
    pub(super) async fn run_service(&mut self, token: &str, element: &str, visit: i64) -> Result<bool> {
        let plan = self.plan.clone();
        let service = plan.service(element)?;
        if service.wait {
            // Before the effects, for they may be answered at once.
            self.wait(token, element, visit).await?;
        }
        let Some(pending) = self.effects(token, element, &Object::new(), &service.effects).await? else {
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
        self.tx.update(TOKEN, sets, this(token)).await?;
        let title = self.plan.title(element);
        self.note(Entry { token: Some((token, visit)), ..Entry::new(TrailKind::Waiting, element, title) })
            .await?;
        self.await_boundary(token, visit, element).await
    }

    /// Runs effects and takes over what they changed. `None` when the instance ended meanwhile, or when an error that
    /// they threw was caught; otherwise whether the work goes on elsewhere.
    pub(crate) fn effects<'r>(
        &'r mut self,
        token: &'r str,
        element: &'r str,
        input: &'r Object,
        effects: &'r [Effect],
    ) -> Boxed<'r, Option<bool>> {
        Box::pin(self.effects_inner(token, element, input, effects))
    }

    async fn effects_inner(
        &mut self,
        token: &str,
        element: &str,
        input: &Object,
        effects: &[Effect],
    ) -> Result<Option<bool>> {
        if effects.is_empty() || self.skips(element).await? {
            return Ok(Some(false));
        }
        let mut vars = self.instance.vars.clone();
        if self.marking.token(token).is_ok()
            && let Some(item) = self.item_of(token).await?
        {
            vars.insert("item".to_owned(), item);
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
            vars: &vars,
        };
        let runner = self.processes.effects();
        let result = runner.run(self.tx, &context, effects).await;
        self.look_again().await?;
        if self.instance.state != InstanceState::Running {
            return Ok(None);
        }
        match result {
            Ok(result) => {
                self.merge(result.vars)?;
                Ok(Some(result.pending))
            }
            Err(EffectError::Thrown(code)) if self.marking.token(token).is_ok() => {
                match self.catch(token, &Throw::Error(code.clone())).await? {
                    true => Ok(None),
                    false => Err(Error::Effect {
                        element: element.to_owned(),
                        cause: format!("没有人处理错误“{code}”"),
                    }),
                }
            }
            Err(error) => Err(error.at(element)),
        }
    }

    /// Takes over what others have changed of the instance in this transaction.
    pub(super) async fn look_again(&mut self) -> Result<()> {
        let found = Instance::find(self.tx, &self.instance.id).await?.ok_or(Error::NotFound)?;
        if found.revision != self.instance.revision {
            self.marking = found.marking(self.tx).await?;
            self.instance = found;
        }
        Ok(())
    }
}
