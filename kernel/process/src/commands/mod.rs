//! What is done to instances and tasks, one file each.

mod administer;
mod advise;
mod ask;
mod batch;
mod claim;
mod complete;
mod copy;
mod fire;
mod return_to;
mod signal;
mod start;
mod suspend;
mod tell;
mod transfer;
mod urge;
mod withdraw;

pub use administer::ADMINISTER;
pub(crate) use advise::{AGREE, DISAGREE};
pub use ask::Signing;
pub use complete::Completion;
pub(crate) use complete::why_not;
pub(crate) use fire::Awaited;
pub(crate) use return_to::{STARTER, target};

use anju_records::{Actor, FieldError};
use anju_store::{SqlValue, Tx};

use crate::access::{self, Hands};
use crate::rows::Task;
use crate::run::Run;
use crate::{Error, Processes, Result, task_rows};

/// Longest opinion or reason in characters.
const OPINION_CHARS_MAX: usize = 2_000;

/// A task that a command has hold of.
struct Held<'a> {
    run: Run<'a>,
    task: Task,
    hands: Hands,
    candidates: Vec<String>,
}

impl Held<'_> {
    /// Checks that the actor may take it up, for whomever.
    fn may_take(&mut self) -> Result<()> {
        self.run.acting_for = access::may_take(&self.hands, &self.task, &self.candidates)?;
        Ok(())
    }

    /// Checks that the actor may finish it now, for whomever.
    fn may_finish(&mut self) -> Result<()> {
        self.run.acting_for = access::may_finish(&self.hands, &self.task, &self.candidates)?;
        Ok(())
    }
}

impl Run<'_> {
    /// Who has done a task, as its row tells.
    fn worker(&self) -> Vec<(&'static str, SqlValue)> {
        let (actor, absent) = (self.actor, self.acting_for.as_ref());
        vec![
            ("assignee", actor.account_id.as_str().into()),
            ("assignee_name", actor.name.as_str().into()),
            ("assignee_org", actor.post.as_ref().map(|post| post.org_id.as_str()).into()),
            ("acted_for", absent.map(|absent| absent.id.as_str()).into()),
            ("acted_for_name", absent.map(|absent| absent.name.as_str()).into()),
        ]
    }
}

/// Takes hold of the instance of an open task and reads the task as it is then.
async fn hold<'a>(
    processes: &'a Processes,
    tx: &'a mut Tx,
    actor: &'a Actor,
    task_id: &str,
) -> Result<Held<'a>> {
    let task = Task::find(tx, task_id).await?.ok_or(Error::NotFound)?;
    // The platform need not wait for anybody.
    let closed = |task: &Task| match task.state.is_live() && actor.is_system() {
        true => None,
        false => task_rows::why_closed(task),
    };
    if let Some(why) = closed(&task) {
        return Err(why);
    }
    let hands = processes.hands(tx, actor).await?;
    // Whoever was faster may have brought the whole instance to its end.
    let run = Run::open(processes, tx, actor, &task.instance_id).await.map_err(|error| match error {
        Error::Conflict { code, .. } if code == "not_running" => task_rows::not_open(),
        other => other,
    })?;
    let task = Task::find(run.tx, task_id).await?.ok_or(Error::NotFound)?;
    if let Some(why) = closed(&task) {
        return Err(why);
    }
    let candidates = task_rows::candidates(run.tx, task_id).await?;
    Ok(Held { run, task, hands, candidates })
}

/// A reason that has to be given.
pub(crate) fn reason(text: &str) -> Result<&str> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Invalid(vec![FieldError::new("reason", "required", "请填写原因")]));
    }
    too_long("reason", text).map_or(Ok(text), |error| Err(Error::Invalid(vec![error])))
}

fn too_long(field: &str, text: &str) -> Option<FieldError> {
    let message = format!("不能超过 {OPINION_CHARS_MAX} 个字");
    (text.chars().count() > OPINION_CHARS_MAX).then(|| FieldError::new(field, "length", message))
}
