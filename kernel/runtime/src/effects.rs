//! The one vocabulary of effects, interpreted (architecture: definition language).

use std::sync::{OnceLock, Weak};

use anju_definitions::Effect;
use anju_process::{EffectContext, EffectError, EffectResult, EffectRunner, Error};
use anju_records::Object;
use anju_store::Tx;
use async_trait::async_trait;
use indexmap::IndexMap;
use serde_json::Value;

use crate::{CommandContext, DocumentRequest, Runtime, context::resolve};

/// Runs effects for processes and actions. Knows the runtime weakly: the runtime owns the processes that
/// own this.
#[derive(Default)]
pub(crate) struct Effects(OnceLock<Weak<Runtime>>);

impl Effects {
    pub(crate) fn attach(&self, runtime: Weak<Runtime>) {
        // Attached once, by the runtime's own constructor.
        let _ = self.0.set(runtime);
    }
}

#[async_trait]
impl EffectRunner for Effects {
    async fn run(
        &self,
        tx: &mut Tx,
        context: &EffectContext<'_>,
        effects: &[Effect],
    ) -> Result<EffectResult, EffectError> {
        let runtime = self
            .0
            .get()
            .and_then(Weak::upgrade)
            .ok_or_else(|| EffectError::Failed("the runtime has ended".to_owned()))?;
        let mut run = Run {
            runtime: &runtime,
            tx,
            context,
            vars: context.vars.clone(),
            result: EffectResult::default(),
        };
        for effect in effects {
            run.apply(effect).await.map_err(|error| match error {
                Error::Thrown(code) => EffectError::Thrown(code),
                other => Box::new(other).into(),
            })?;
        }
        Ok(run.result)
    }
}

struct Run<'a> {
    runtime: &'a Runtime,
    tx: &'a mut Tx,
    context: &'a EffectContext<'a>,
    /// Variables as the effects so far have left them.
    vars: Object,
    result: EffectResult,
}

impl Run<'_> {
    async fn apply(&mut self, effect: &Effect) -> Result<(), Error> {
        let (actor, entity, id) = (self.context.actor, self.context.entity, self.context.record_id);
        match effect {
            Effect::Set(values) => {
                let changes = self.resolve_all(values).await?;
                let system = actor.on_behalf();
                self.runtime.records.patch(self.tx, &system, entity, id, None, changes, None).await?;
            }
            Effect::Create { entity, values } => {
                let values = self.resolve_all(values).await?;
                self.runtime.records.create(self.tx, &actor.on_behalf(), entity, values, None).await?;
            }
            Effect::Start { process } => {
                self.runtime.processes.start(self.tx, actor, process, entity, id, Object::new()).await?;
            }
            Effect::Complete { step, outcome } => {
                self.runtime.processes.complete_step(self.tx, actor, entity, id, step, outcome).await?;
            }
            Effect::Message(message) => {
                self.runtime.send_message(self.tx, actor, message, entity, id).await?;
            }
            Effect::Document { document, into } => {
                let request = DocumentRequest::of(document, entity, id).into_field(entity, id, into);
                self.runtime.request_document(self.tx, actor, request).await?;
            }
            Effect::Call { operation, values } => {
                let values = self.resolve_all(values).await?;
                self.runtime.call(self.tx, operation, values, None).await?;
            }
            Effect::Decide { decision, into } => {
                let input = self.expressions().await?;
                let record = input.get("record").cloned().unwrap_or(Value::Null);
                let outcome = self
                    .runtime
                    .decisions()
                    .decide(decision, &record)
                    .map_err(|error| Error::Internal(format!("{decision}: {error}")))?;
                if let Some(variable) = into {
                    self.remember(Object::from_iter([(variable.clone(), outcome.result)]));
                }
            }
            Effect::Command { command, values } => {
                let values = self.resolve_all(values).await?;
                self.command(command, values).await?;
            }
        }
        Ok(())
    }

    async fn command(&mut self, key: &str, values: Object) -> Result<(), Error> {
        let command = self.runtime.command(key)?;
        let mut context = CommandContext {
            runtime: self.runtime,
            tx: self.tx,
            actor: self.context.actor,
            entity: self.context.entity,
            record_id: self.context.record_id,
            instance_id: Some(self.context.instance_id).filter(|id| !id.is_empty()),
            element: Some(self.context.element).filter(|id| !id.is_empty()),
        };
        let outcome = command.run(&mut context, values).await?;
        self.result.pending |= outcome.pending;
        self.remember(outcome.vars);
        Ok(())
    }

    fn remember(&mut self, vars: Object) {
        self.vars.extend(vars.clone());
        self.result.vars.extend(vars);
    }

    /// Reads the record afresh only when an expression is there to look at it.
    async fn resolve_all(&mut self, values: &IndexMap<String, Value>) -> Result<Object, Error> {
        let plain = |value: &Value| !value.as_str().is_some_and(|text| text.starts_with('='));
        if values.values().all(plain) {
            return Ok(values.iter().map(|(key, value)| (key.clone(), value.clone())).collect());
        }
        let context = Value::Object(self.expressions().await?);
        values.iter().map(|(key, value)| Ok((key.clone(), resolve(value, &context)?))).collect()
    }

    async fn expressions(&mut self) -> Result<Object, Error> {
        let actor = self.context.actor;
        let (entity, id) = (self.context.entity, self.context.record_id);
        let record = self.runtime.records.read_in(self.tx, &actor.on_behalf(), entity, id).await?;
        let mut context = self.runtime.expression_context(entity, &record, actor)?;
        context.insert("input".to_owned(), Value::Object(self.context.input.clone()));
        context.insert("vars".to_owned(), Value::Object(self.vars.clone()));
        Ok(context)
    }
}
