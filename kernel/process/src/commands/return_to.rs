use anju_records::{Actor, FieldError};
use anju_store::Tx;

use super::{Held, hold, reason};
use crate::plan::Plan;
use crate::rows::TaskState;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result, task_rows};

/// In `return_to`: the step at which whoever started the case puts it right.
pub(crate) const STARTER: &str = "starter";

impl Processes {
    /// Sends the case back to an earlier step, which opens anew, as do those between. `step` may be `starter`: the
    /// process's step of correction, whether it was passed before or not.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the step is not one to return to, or was never passed, or without a reason;
    /// [`Error::Conflict`] `cannot_send`; otherwise as [`Processes::complete`].
    pub async fn return_to(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        step: &str,
        reason_text: &str,
    ) -> Result<()> {
        self.give_back(tx, actor, task_id, Way { step, back: false }, reason_text).await
    }

    /// As [`Processes::return_to`], but the case comes back here directly: the steps between are not done again.
    ///
    /// # Errors
    /// As [`Processes::return_to`]; `cannot_send` also when other branches have gone on from there.
    pub async fn return_and_come_back(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        step: &str,
        reason_text: &str,
    ) -> Result<()> {
        self.give_back(tx, actor, task_id, Way { step, back: true }, reason_text).await
    }

    async fn give_back(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        way: Way<'_>,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        let mut held = hold(self, tx, actor, task_id).await?;
        held.may_finish()?;
        let Held { mut run, task, .. } = held;
        if task.help.is_some() {
            return Err(Error::conflict("helps_only", "委派或加签的任务不能退回案件，请填写意见"));
        }
        let plan = run.plan.clone();
        let allowed = plan.step(&task.step)?.return_to.iter().any(|known| known == way.step);
        let step = target(&plan, way.step);
        let known = way.step == STARTER || task_rows::was_open(run.tx, &task.instance_id, step).await?;
        if !allowed || !known || !plan.definition.steps.contains_key(step) {
            return Err(Error::Invalid(vec![FieldError::new("step", "choice", "不能退回到该环节")]));
        }
        let title = format!("退回至{}", plan.title(step));
        let mut more = run.worker();
        more.extend([("outcome_title", title.as_str().into()), ("opinion", reason.into())]);
        task_rows::close(run.tx, &task.id, TaskState::Returned, run.now, more).await?;
        let visit = run.marking.token(&task.token_id).map_or(0, |token| token.visit);
        let entry = Entry {
            token: Some((&task.token_id, visit)),
            outcome: Some((step, &title)),
            opinion: Some(reason),
            ..Entry::new(TrailKind::Returned, &task.step, task.title.clone())
        };
        run.note(entry).await?;
        run.send(&task.token_id, step, way.back).await?;
        run.settle().await?;
        run.finish().await.map(drop)
    }
}

/// Where a case is sent, and whether it comes back directly.
struct Way<'w> {
    step: &'w str,
    back: bool,
}

/// The step that is meant by what `return_to` says.
pub(crate) fn target<'p>(plan: &'p Plan, step: &'p str) -> &'p str {
    match &plan.definition.correction {
        Some(correction) if step == STARTER => correction,
        _ => step,
    }
}
