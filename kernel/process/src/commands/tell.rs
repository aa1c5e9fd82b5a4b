//! Messages and signals from outside, and processes that begin by them.

use anju_definitions::Catalog;
use anju_records::{Actor, Object};
use anju_store::{Condition, Fetch, Tx};
use serde_json::json;

use crate::bpmn::{Kind, Trigger};
use crate::run::{Run, Wait, waits};
use crate::tables::WAIT;
use crate::timers::event_job;
use crate::{Error, Processes, Result};

impl Processes {
    /// Brings a message to whoever waits for it under this key (a record's id, unless the process says otherwise);
    /// when nobody does, starts the processes on the record that begin by it. How many took it in.
    ///
    /// # Errors
    /// [`Error::Conflict`] `nobody_waits`.
    pub async fn tell(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        message: &str,
        key: &str,
        record: Option<(&str, &str)>,
        vars: Object,
    ) -> Result<usize> {
        let waiting = self.waiting(tx, "message", message, key).await?;
        let mut taken = 0;
        for wait in waiting {
            let payload = wait.payload(&json!(vars));
            taken += usize::from(self.fire(tx, &payload).await?);
        }
        if let (0, Some((entity, id))) = (taken, record) {
            let catalog = self.catalog();
            for (process, start) in self.started_by(&catalog, "message", message, entity)? {
                self.start_at(tx, actor, &process, &start, (entity, id), vars.clone()).await?;
                taken += 1;
            }
        }
        match taken {
            0 => Err(Error::conflict("nobody_waits", format!("没有流程在等待消息“{message}”"))),
            taken => Ok(taken),
        }
    }

    /// Tells a signal to all who wait for it, each in a transaction of its own; how many there are.
    pub async fn signal_all(&self, tx: &mut Tx, actor: &Actor, signal: &str, vars: Object) -> Result<usize> {
        let waiting = self.waiting(tx, "signal", signal, "").await?;
        let now = self.now();
        for wait in &waiting {
            let job = event_job(None, wait.payload(&json!(vars)), &actor.account_id, now);
            tx.enqueue(&job).await?;
        }
        Ok(waiting.len())
    }

    /// Those who wait for a message or a signal.
    pub(crate) async fn waiting(&self, tx: &mut Tx, kind: &str, name: &str, key: &str) -> Result<Vec<Wait>> {
        let select = waits(Condition::eq(WAIT, "kind", kind))
            .filter(Condition::eq(WAIT, "name", name))
            .filter(Condition::eq(WAIT, "key", key));
        tx.fetch_all(&select).await?.iter().map(Wait::read).collect()
    }

    /// The processes on an entity that begin by a message or a signal, with their start events.
    pub(crate) fn started_by(
        &self,
        catalog: &Catalog,
        kind: &str,
        name: &str,
        entity: &str,
    ) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for process in catalog.processes.values().filter(|process| process.entity == entity) {
            let plan = self.plans().current(catalog, &process.process)?;
            let begins = |trigger: &Trigger| match trigger {
                Trigger::Message(message) => kind == "message" && message == name,
                Trigger::Signal(signal) => kind == "signal" && signal == name,
                _ => false,
            };
            let starts = plan.graph.within(None).filter(|element| matches!(element.kind, Kind::Start { .. }));
            let starts = starts.filter(|start| start.trigger().is_some_and(begins));
            found.extend(starts.map(|start| (process.process.clone(), start.id.clone())));
        }
        Ok(found)
    }

    /// Looks again at the conditions that a running process waits for: its record has changed.
    ///
    /// # Errors
    /// What the elements that follow give.
    pub async fn reconsider(&self, tx: &mut Tx, instance_id: &str) -> Result<()> {
        let system = Actor::system("系统");
        let mut run = match Run::open(self, tx, &system, instance_id).await {
            Err(Error::Conflict { code, .. }) if code == "not_running" || code == "suspended" => {
                return Ok(());
            }
            other => other?,
        };
        run.settle().await?;
        run.finish().await.map(drop)
    }
}
