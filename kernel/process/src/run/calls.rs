//! Call activities: another process that this one waits for.

use anju_decisions::Expression;
use anju_records::Object;
use anju_store::{Condition, Fetch};
use serde_json::Value;

use super::Run;
use crate::bpmn::Throw;
use crate::machine::Event;
use crate::rows::{Instance, InstanceState};
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Result};

impl Run<'_> {
    /// Starts the process that is called.
    pub(super) async fn call(&mut self, token: &str, visit: i64, element: &str, process: &str) -> Result<()> {
        let plan = self.plan.clone();
        let binding = plan.definition.calls.get(element).cloned().unwrap_or_default();
        let scene = self.scene(Some(token)).await?;
        let evaluate = |source: &str| {
            let value = Expression::compile(source).and_then(|expression| expression.evaluate(&scene));
            value.map_err(|cause| Error::expression(element, cause))
        };
        let record = match &binding.record {
            None => self.instance.record_id.clone(),
            Some(source) => match evaluate(source.strip_prefix('=').unwrap_or(source))? {
                Value::String(id) => id,
                other => return Err(Error::expression(element, format!("应为记录的编号，不是 {other}"))),
            },
        };
        let mut vars = Object::new();
        for (name, value) in &binding.vars {
            let value = match value.as_str().and_then(|text| text.strip_prefix('=')) {
                Some(source) => evaluate(source)?,
                None => value.clone(),
            };
            vars.insert(name.clone(), value);
        }
        self.await_boundary(token, visit, element).await?;
        self.flush().await?;
        let key = binding.process.as_deref().unwrap_or(process);
        let parent = (self.instance.id.clone(), token.to_owned());
        let (processes, actor) = (self.processes, self.actor);
        let called = processes.start_called(self.tx, actor, key, &record, vars, parent).await?;
        self.look_again().await?;
        if !self.still_there(token, visit) {
            return Ok(());
        }
        let title = self.plan.title(element);
        let entry = Entry {
            detail: called.instance.id.clone().into(),
            ..Entry::new(TrailKind::Waiting, element, title)
        };
        self.note(Entry { token: Some((token, visit)), ..entry }).await?;
        match called.instance.state {
            InstanceState::Running => Ok(()),
            _ => self.returned(token, &called.instance, called.failed_with.as_deref()).await,
        }
    }

    /// The process that a token called has ended.
    pub(crate) async fn returned(
        &mut self,
        token: &str,
        called: &Instance,
        error: Option<&str>,
    ) -> Result<()> {
        let plan = self.plan.clone();
        let at = self.token(token)?;
        if let Some(code) = error {
            let thrown = Throw::Error(code.to_owned());
            return self.fail(token, &thrown).await;
        }
        let back = plan.definition.calls.get(&at.element).map(|binding| &binding.back);
        let taken = back
            .into_iter()
            .flatten()
            .map(|(here, there)| (here.clone(), called.vars.get(there).cloned().unwrap_or(Value::Null)));
        let mut vars: Object = taken.collect();
        vars.insert("outcome".to_owned(), called.outcome.as_deref().into());
        self.merge(vars)?;
        self.done(token).await
    }

    /// Lets the process that called this one go on.
    pub(super) async fn give_back(&mut self) -> Result<()> {
        let Some((parent, token)) = self.instance.parent.clone() else { return Ok(()) };
        let Some(found) = Instance::lock(self.tx, &parent).await? else { return Ok(()) };
        if found.state != InstanceState::Running {
            return Ok(());
        }
        let mut run = Box::pin(Run::open(self.processes, self.tx, self.actor, &parent)).await?;
        if run.marking.token(&token).is_err() {
            return Ok(());
        }
        run.returned(&token, &self.instance, self.failed_with.as_deref()).await?;
        run.settle().await?;
        Box::pin(run.finish()).await.map(drop)
    }

    /// A token leaves its call activity before the called process has ended: that is ended with it.
    pub(super) async fn end_called(&mut self, token: &str) -> Result<()> {
        let select = tables::select(INSTANCE, INSTANCE_COLUMNS)
            .filter(Condition::eq(INSTANCE, "parent_token", token))
            .filter(Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()));
        for row in self.tx.fetch_all(&select).await? {
            let called = Instance::read(&row)?;
            let opened = Run::open_suspended(self.processes, self.tx, self.actor, &called.id);
            let mut run = Box::pin(opened).await?;
            run.called = true;
            run.happen(&Event::Terminate).await?;
            Box::pin(run.finish()).await?;
        }
        Ok(())
    }
}
