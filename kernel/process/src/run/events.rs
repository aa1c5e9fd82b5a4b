//! What tokens wait for, and what events tell.

use anju_decisions::Expression;
use anju_store::{ColumnKind, Condition, Fetch, Row, Select};
use serde_json::{Value, json};

use super::{Run, Work};
use crate::bpmn::{Element, Graph, Kind, Throw, Trigger};
use crate::machine::{self, Catcher, Event};
use crate::tables::WAIT;
use crate::timers::event_job;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Result};

/// The token of what waits for an event sub-process of the instance itself.
pub(crate) const NO_TOKEN: &str = "";

const MESSAGE: &str = "message";
const SIGNAL: &str = "signal";
const CONDITION: &str = "condition";

impl Run<'_> {
    /// Begins to wait for the events on an activity. An item of a repeated one has none of its own.
    pub(super) async fn await_boundary(&mut self, token: &str, visit: i64, element: &str) -> Result<()> {
        if self.token(token)?.item.is_some() {
            return Ok(());
        }
        let plan = self.plan.clone();
        let Some(host) = plan.graph.element(element) else { return Ok(()) };
        for event in &host.boundary {
            self.await_event(token, visit, event).await?;
        }
        Ok(())
    }

    /// As [`Run::await_boundary`], and for the event sub-processes of a sub-process.
    pub(super) async fn await_around(&mut self, token: &str, visit: i64, element: &str) -> Result<()> {
        self.await_boundary(token, visit, element).await?;
        self.await_subs(token, visit, Some(element)).await
    }

    /// Begins to wait for the event sub-processes of a sub-process, or of the process itself.
    pub(crate) async fn await_subs(&mut self, token: &str, visit: i64, scope: Option<&str>) -> Result<()> {
        let plan = self.plan.clone();
        for (_, start) in plan.graph.event_subs(scope) {
            self.await_event(token, visit, &start.id).await?;
        }
        Ok(())
    }

    pub(super) async fn wait_for_first(&mut self, token: &str, visit: i64, gateway: &Element) -> Result<()> {
        let plan = self.plan.clone();
        for flow in plan.graph.leaving(gateway) {
            self.await_event(token, visit, &flow.target).await?;
        }
        Ok(())
    }

    async fn await_event(&mut self, token: &str, visit: i64, event: &str) -> Result<()> {
        let plan = self.plan.clone();
        let Some(element) = plan.graph.element(event) else { return Ok(()) };
        match (&element.kind, element.trigger()) {
            (Kind::Receive(message), _) => {
                self.wait_for(token, visit, event, &Trigger::Message(message.clone())).await
            }
            (_, Some(trigger)) => self.wait_for(token, visit, event, trigger).await,
            _ => Ok(()),
        }
    }

    /// Begins to wait for one thing. What is thrown from within is not waited for but looked for when it happens.
    pub(crate) async fn wait_for(
        &mut self,
        token: &str,
        visit: i64,
        event: &str,
        trigger: &Trigger,
    ) -> Result<()> {
        let (kind, name, key) = match trigger {
            Trigger::Timer(timer) => return self.schedule(token, visit, event, timer, 0).await,
            Trigger::Message(name) => (MESSAGE, name.as_str(), self.message_key(token, name).await?),
            Trigger::Signal(name) => (SIGNAL, name.as_str(), String::new()),
            Trigger::Condition(_) => (CONDITION, "", self.instance.record_id.clone()),
            Trigger::None | Trigger::Error(_) | Trigger::Escalation(_) => return Ok(()),
        };
        let values = vec![
            ("instance_id", self.instance.id.as_str().into()),
            ("token_id", token.into()),
            ("visit", visit.into()),
            ("element", event.into()),
            ("kind", kind.into()),
            ("name", name.into()),
            ("key", key.into()),
        ];
        Ok(self.tx.insert(WAIT, values).await?)
    }

    /// What a message is told apart by.
    async fn message_key(&mut self, token: &str, name: &str) -> Result<String> {
        let plan = self.plan.clone();
        let Some(source) = plan.definition.messages.get(name) else {
            return Ok(self.instance.record_id.clone());
        };
        let token = (token != NO_TOKEN).then_some(token);
        let scene = self.scene(token).await?;
        let source = source.strip_prefix('=').unwrap_or(source);
        let key = Expression::compile(source).and_then(|expression| expression.evaluate(&scene));
        match key.map_err(|cause| Error::expression(name, cause))? {
            Value::String(key) => Ok(key),
            Value::Null => Err(Error::expression(name, "消息的标识为空")),
            other => Ok(other.to_string()),
        }
    }

    /// Ends the waits for event sub-processes of the instance itself.
    pub(super) async fn call_off_root_events(&mut self) -> Result<()> {
        let plan = self.plan.clone();
        if plan.has_waits {
            let own = Condition::eq(WAIT, "instance_id", self.instance.id.as_str());
            self.tx.delete(WAIT, own).await?;
        }
        for (_, start) in plan.graph.event_subs(None) {
            self.call_off_timer(NO_TOKEN, 0, start).await?;
        }
        Ok(())
    }

    /// An event happens that a token waits for: `token` is [`NO_TOKEN`] for an event sub-process of the instance.
    pub(crate) async fn take_in(&mut self, token: &str, visit: i64, event: &str) -> Result<()> {
        let plan = self.plan.clone();
        let element =
            plan.graph.element(event).ok_or_else(|| Error::Internal(format!("no element {event}")))?;
        match &element.kind {
            Kind::Start { interrupts, .. } => {
                if *interrupts {
                    self.stop_waiting(token).await?;
                }
                let scope = (token != NO_TOKEN).then_some(token);
                self.happen(&Event::EventSub { scope, start: event }).await
            }
            Kind::Boundary { cancels, .. } => {
                if *cancels {
                    self.cancel_task(token).await?;
                }
                self.happen(&Event::Boundary { token, event }).await
            }
            _ if self.token(token)?.element == event => {
                self.agenda.push_back(Work { token: token.to_owned(), visit, done: true });
                Ok(())
            }
            // One of those that follow an event-based gateway.
            _ => {
                let flow = element.incoming.clone();
                self.happen(&Event::Leave { token, flows: &flow }).await?;
                if let Some(arrived) = self.agenda.back_mut() {
                    arrived.done = true;
                }
                Ok(())
            }
        }
    }

    /// An event sub-process has taken the place of what was going on around it; nothing else does so any more.
    async fn stop_waiting(&mut self, scope: &str) -> Result<()> {
        let plan = self.plan.clone();
        let (visit, around) = match scope {
            NO_TOKEN => (0, None),
            token => self.token(token).map(|token| (token.visit, Some(token.element)))?,
        };
        for (_, start) in plan.graph.event_subs(around.as_deref()) {
            self.call_off_timer(scope, visit, start).await?;
            self.forget_wait(scope, visit, &start.id).await?;
        }
        Ok(())
    }

    pub(crate) async fn is_waiting(&mut self, wait: &Wait) -> Result<bool> {
        let select = waits(Condition::eq(WAIT, "instance_id", wait.instance.as_str()))
            .filter(Condition::eq(WAIT, "token_id", wait.token.as_str()))
            .filter(Condition::eq(WAIT, "visit", wait.visit))
            .filter(Condition::eq(WAIT, "element", wait.element.as_str()));
        Ok(self.tx.fetch_optional(&select).await?.is_some())
    }

    async fn forget_wait(&mut self, token: &str, visit: i64, event: &str) -> Result<()> {
        let one = Condition::eq(WAIT, "instance_id", self.instance.id.as_str())
            .and(Condition::eq(WAIT, "token_id", token))
            .and(Condition::eq(WAIT, "visit", visit))
            .and(Condition::eq(WAIT, "element", event));
        self.tx.delete(WAIT, one).await?;
        Ok(())
    }

    /// Takes in the first of the awaited conditions that holds; whether there was one.
    pub(super) async fn conditions(&mut self) -> Result<bool> {
        if !self.plan.has_conditions {
            return Ok(false);
        }
        let plan = self.plan.clone();
        let select = waits(Condition::eq(WAIT, "instance_id", self.instance.id.as_str()))
            .filter(Condition::eq(WAIT, "kind", CONDITION));
        for row in self.tx.fetch_all(&select).await? {
            let wait = Wait::read(&row)?;
            let trigger = plan.graph.element(&wait.element).and_then(|element| element.trigger());
            let Some(Trigger::Condition(source)) = trigger else { continue };
            let token = (wait.token != NO_TOKEN).then_some(wait.token.as_str());
            let scene = self.scene(token).await?;
            let failed = |cause: anju_decisions::Error| Error::expression(&wait.element, cause);
            if Expression::compile(source).map_err(failed)?.is_true(&scene).map_err(failed)? {
                self.forget_wait(&wait.token, wait.visit, &wait.element).await?;
                self.note_told(&wait).await?;
                self.take_in(&wait.token, wait.visit, &wait.element).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) async fn note_told(&mut self, wait: &Wait) -> Result<()> {
        let title = self.plan.title(&wait.element);
        let entry = Entry::new(TrailKind::Told, &wait.element, title);
        self.note(Entry { token: Some((&wait.token, wait.visit)), ..entry }).await
    }

    /// An event on the way or at an end tells what it has to tell. Errors are for [`Run::fail`].
    pub(super) async fn tell(&mut self, token: &str, throw: &Throw) -> Result<()> {
        match throw {
            Throw::None | Throw::Terminate | Throw::Error(_) => Ok(()),
            Throw::Message(name) => {
                let key = self.message_key(token, name).await?;
                self.hand_out(MESSAGE, name, &key).await
            }
            Throw::Signal(name) => self.hand_out(SIGNAL, name, "").await,
            Throw::Escalation(_) => self.catch(token, throw).await.map(drop),
        }
    }

    /// Tells all who wait, each in a transaction of its own.
    async fn hand_out(&mut self, kind: &str, name: &str, key: &str) -> Result<()> {
        let vars = json!(self.instance.vars);
        let waiting = self.processes.waiting(self.tx, kind, name, key).await?;
        for wait in &waiting {
            self.put_out(wait.payload(&vars)).await?;
        }
        // A message is for one case: it begins a new one only when none waits for it, as in `Processes::tell`.
        if kind == MESSAGE && !waiting.is_empty() {
            return Ok(());
        }
        let catalog = self.processes.catalog();
        for (process, start) in self.processes.started_by(&catalog, kind, name, &self.instance.entity)? {
            let payload = json!({
                "process": process, "start": start, "entity": self.instance.entity,
                "record": self.instance.record_id, "vars": vars,
            });
            self.put_out(payload).await?;
        }
        Ok(())
    }

    async fn put_out(&mut self, payload: Value) -> Result<()> {
        let job = event_job(None, payload, &self.actor.account_id, self.now);
        self.tx.enqueue(&job).await?;
        Ok(())
    }

    /// Lets whoever catches it take in what a token has thrown; whether somebody did.
    pub(super) async fn catch(&mut self, token: &str, thrown: &Throw) -> Result<bool> {
        match machine::catcher(&self.plan.graph, &self.marking, token, thrown) {
            Some(Catcher::Boundary { token, event }) => self.take_in(&token, 0, &event).await?,
            Some(Catcher::EventSub { scope, start }) => {
                self.take_in(scope.as_deref().unwrap_or(NO_TOKEN), 0, &start).await?;
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    /// An error that nobody here catches ends the instance; the process that called it may catch it.
    pub(super) async fn fail(&mut self, token: &str, throw: &Throw) -> Result<()> {
        if self.catch(token, throw).await? {
            return Ok(());
        }
        if let Throw::Error(code) = throw {
            self.failed_with = Some(code.clone());
        }
        self.happen(&Event::Terminate).await
    }
}

/// Something that is waited for.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    pub instance: String,
    pub token: String,
    pub visit: i64,
    pub element: String,
}

impl Wait {
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            instance: row.text(0)?.to_owned(),
            token: row.text(1)?.to_owned(),
            visit: row.int(2)?,
            element: row.text(3)?.to_owned(),
        })
    }

    /// For the job that tells it.
    pub(crate) fn payload(&self, vars: &Value) -> Value {
        json!({
            "instance": self.instance, "token": self.token, "visit": self.visit, "element": self.element,
            "vars": vars,
        })
    }
}

pub(crate) fn waits(filter: Condition) -> Select {
    Select::from(WAIT)
        .column("instance_id", ColumnKind::Text)
        .column("token_id", ColumnKind::Text)
        .column("visit", ColumnKind::Int)
        .column("element", ColumnKind::Text)
        .filter(filter)
        .order_by("instance_id", anju_store::Direction::Ascending)
        .order_by("element", anju_store::Direction::Ascending)
        .order_by("token_id", anju_store::Direction::Ascending)
}

/// The events that are waited for while a token stands on an element.
pub(crate) fn awaited_at<'g>(graph: &'g Graph, element: &'g Element) -> Vec<&'g Element> {
    let own = matches!(element.kind, Kind::Catch(_) | Kind::Receive(_)).then_some(element);
    let after = matches!(element.kind, Kind::EventBased)
        .then(|| graph.leaving(element).filter_map(|flow| graph.element(&flow.target)));
    let within = matches!(element.kind, Kind::SubProcess { .. })
        .then(|| graph.event_subs(Some(&element.id)).map(|(_, start)| start));
    let boundary = element.boundary.iter().filter_map(|id| graph.element(id));
    own.into_iter()
        .chain(after.into_iter().flatten())
        .chain(within.into_iter().flatten())
        .chain(boundary)
        .collect()
}
