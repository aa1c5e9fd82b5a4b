use anju_records::{Actor, FieldError};
use anju_store::Tx;

use super::{hold, reason};
use crate::machine::Event;
use crate::rows::TaskState;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result, access, task_rows};

impl Processes {
    /// Sends the case back to an earlier step, which opens anew.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the step is not one to return to, or was never passed, or without a reason;
    /// otherwise as [`Processes::complete`].
    pub async fn return_to(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        step: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        let (mut run, task, candidates) = hold(self, tx, actor, task_id).await?;
        access::may_finish(actor, &task, &candidates)?;
        let plan = run.plan.clone();
        let allowed = plan.step(&task.step)?.return_to.iter().any(|known| known == step);
        if !allowed || !task_rows::was_open(run.tx, &task.instance_id, step).await? {
            return Err(Error::Invalid(vec![FieldError::new("step", "choice", "不能退回到该环节")]));
        }
        let title = format!("退回至{}", plan.title(step));
        let more = vec![
            ("assignee", actor.account_id.as_str().into()),
            ("assignee_name", actor.name.as_str().into()),
            ("outcome_title", title.as_str().into()),
            ("opinion", reason.into()),
        ];
        task_rows::close(run.tx, &task.id, TaskState::Returned, run.now, more).await?;
        let visit = run.marking.token(&task.token_id).map_or(0, |token| token.visit);
        let entry = Entry {
            token: Some((&task.token_id, visit)),
            outcome: Some((step, &title)),
            opinion: Some(reason),
            ..Entry::new(TrailKind::Returned, &task.step, task.title.clone())
        };
        run.note(entry).await?;
        run.happen(&Event::Send { token: &task.token_id, element: step, back: false }).await?;
        run.settle().await?;
        run.finish().await.map(drop)
    }
}
