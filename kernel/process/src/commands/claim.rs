use anju_records::Actor;
use anju_store::Tx;

use super::{Held, hold};
use crate::access;
use crate::rows::TaskState;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result, task_rows};

impl Processes {
    /// Signs for a task, so that nobody else sees it as theirs to do. Doing so twice changes nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] `task_claimed` when somebody else did, `task_not_open`; [`Error::Forbidden`].
    pub async fn claim(&self, tx: &mut Tx, actor: &Actor, task_id: &str) -> Result<()> {
        let mut held = hold(self, tx, actor, task_id).await?;
        held.may_take()?;
        let Held { mut run, task, .. } = held;
        if task.state == TaskState::Claimed {
            return match task.assignee.as_ref() == Some(&actor.account_id) {
                true => Ok(()),
                false => Err(access::claimed_by_other(&task)),
            };
        }
        task_rows::assign(run.tx, &task.id, Some(actor), run.now).await?;
        run.note(Entry::new(TrailKind::Claimed, &task.step, task.title)).await?;
        run.finish().await.map(drop)
    }

    /// Gives a task back that the actor has signed for.
    ///
    /// # Errors
    /// [`Error::Conflict`] `not_claimed`, `task_claimed`, `task_not_open`.
    pub async fn release(&self, tx: &mut Tx, actor: &Actor, task_id: &str) -> Result<()> {
        let Held { mut run, task, .. } = hold(self, tx, actor, task_id).await?;
        if task.state != TaskState::Claimed {
            return Err(Error::conflict("not_claimed", "任务尚未签收"));
        }
        if task.assignee.as_ref() != Some(&actor.account_id) && !actor.is_system() {
            return Err(access::claimed_by_other(&task));
        }
        if task.help.is_some() {
            return Err(Error::conflict("asked_in_person", "指定您办理的委派或加签任务不能退回待办箱"));
        }
        task_rows::assign(run.tx, &task.id, None, run.now).await?;
        run.note(Entry::new(TrailKind::Released, &task.step, task.title)).await?;
        run.finish().await.map(drop)
    }
}
