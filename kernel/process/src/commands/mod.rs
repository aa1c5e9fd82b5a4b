//! What is done to instances and tasks, one file each.

mod claim;
mod complete;
mod fire;
mod return_to;
mod signal;
mod start;
mod tell;
mod withdraw;

pub use complete::Completion;
pub(crate) use complete::why_not;
pub(crate) use fire::Awaited;

use anju_records::{Actor, FieldError};
use anju_store::Tx;

use crate::rows::Task;
use crate::run::Run;
use crate::{Error, Processes, Result, task_rows};

/// Longest opinion or reason in characters.
const OPINION_CHARS_MAX: usize = 2_000;

/// Takes hold of the instance of an open task and reads the task as it is then.
async fn hold<'a>(
    processes: &'a Processes,
    tx: &'a mut Tx,
    actor: &'a Actor,
    task_id: &str,
) -> Result<(Run<'a>, Task, Vec<String>)> {
    let task = Task::find(tx, task_id).await?.ok_or(Error::NotFound)?;
    if !task.state.is_open() {
        return Err(task_rows::not_open());
    }
    // Whoever was faster may have brought the whole instance to its end.
    let run = Run::open(processes, tx, actor, &task.instance_id).await.map_err(|error| match error {
        Error::Conflict { code, .. } if code == "not_running" => task_rows::not_open(),
        other => other,
    })?;
    let task = Task::find(run.tx, task_id).await?.ok_or(Error::NotFound)?;
    if !task.state.is_open() {
        return Err(task_rows::not_open());
    }
    let candidates = task_rows::candidates(run.tx, task_id).await?;
    Ok((run, task, candidates))
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
