//! What the worker does for jobs of connectors and processes, and how people call off theirs.

use std::sync::Arc;

use anju_connectors::{CallError, HandlerError, Reply, ReplyHandler};
use anju_process::Error as Failure;
use anju_records::Actor;
use anju_store::{Job, Tx};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    BULK_JOB, CommandContext, EXPORT_JOB, Error, IMPORT_JOB, MIGRATION_JOB, Result, Runtime,
    error::into_records,
};

/// Hands an answer to the command that waits for it.
struct Answers<'a>(&'a Arc<Runtime>);

#[async_trait]
impl ReplyHandler for Answers<'_> {
    async fn reply(
        &self,
        tx: &mut Tx,
        _call: &str,
        reply: &Reply,
        outcome: std::result::Result<&Value, &CallError>,
    ) -> std::result::Result<(), HandlerError> {
        if anju_messaging::Messaging::takes(reply) {
            return Ok(self.0.messaging.take_reply(tx, reply, outcome).await?);
        }
        let mut values = match &reply.payload {
            Value::Object(values) => values.clone(),
            other => return Err(format!("a reply's payload is an object, not {other}").into()),
        };
        match outcome {
            Ok(answer) => values.insert("answer".to_owned(), answer.clone()),
            Err(failure) => values.insert("failure".to_owned(), json!(failure.to_string())),
        };
        let command = self.0.command(&reply.command)?;
        let actor = Actor::system("外部系统答复");
        let mut context = CommandContext {
            runtime: self.0,
            tx,
            actor: &actor,
            entity: "",
            record_id: "",
            instance_id: None,
            element: None,
        };
        command.run(&mut context, values).await?;
        Ok(())
    }
}

/// Jobs that whoever started them may call off.
const CALLED_OFF: [&str; 4] = [IMPORT_JOB, EXPORT_JOB, BULK_JOB, MIGRATION_JOB];

impl Runtime {
    /// Calls off a job of the actor's; whether it was still open. What it has committed stays; the worker notices when
    /// it next commits.
    pub async fn cancel_job(&self, tx: &mut Tx, actor: &Actor, id: &str) -> Result<bool, Failure> {
        let job = self.store.job(id).await?;
        if job.created_by != actor.account_id || !CALLED_OFF.contains(&job.kind.as_str()) {
            return Err(Failure::NotFound);
        }
        let Some(export) = job.payload["export"].as_str() else {
            return Ok(tx.cancel_job(id, self.clock.now()).await?);
        };
        match self.cancel_export(tx, actor, export).await {
            Ok(()) => Ok(true),
            Err(Failure::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn connector_job(self: &Arc<Self>, job: &Job) -> Result<()> {
        let outcome = self.connectors.handle_job(job, &Answers(self)).await;
        let outcome = outcome.map_err(|error| match error {
            anju_connectors::Error::Store(error) => Error::Store(error),
            anju_connectors::Error::Crypto(error) => Error::Keys(error),
            other => Error::Job(other.to_string()),
        })?;
        tracing::debug!(job = %job.id, ?outcome, "call handled");
        Ok(())
    }

    pub(crate) async fn event_job(&self, job: &Job) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let fired = self.processes.fire(&mut tx, &job.payload).await;
        fired.map_err(|error| Error::Records(into_records(error)))?;
        tx.finish_job(job, &Value::Null, self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Begins the processes whose time has come, and sets the next time.
    pub(crate) async fn start_job(&self, job: &Job) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let begun = self.processes.begin_timed(&mut tx, &job.payload).await;
        let begun = begun.map_err(|error| Error::Records(into_records(error)))?;
        tx.finish_job(job, &json!({ "records": begun }), self.clock.now()).await?;
        self.set_starts(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sets the timers by which processes begin, where they are not set.
    pub(crate) async fn keep_timed_starts(&self) -> Result<()> {
        let mut tx = self.store.begin().await?;
        self.set_starts(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn set_starts(&self, tx: &mut Tx) -> Result<()> {
        let set = self.processes.keep_timed_starts(tx).await;
        set.map_err(|error| Error::Records(into_records(error)))
    }
}
