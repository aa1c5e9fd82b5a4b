use anju_records::Actor;
use anju_store::{Condition, SqlValue, Tx};
use serde_json::json;

use super::reason;
use crate::access;
use crate::help::HelpKind;
use crate::people::unfit;
use crate::rows::{Instance, InstanceState, Task, TaskState};
use crate::run::Run;
use crate::tables::TASK;
use crate::trail::{self, Entry, TrailKind};
use crate::{Error, Processes, Result, task_rows};

/// People that one request may send copies to.
const COPIES_MAX: usize = 50;

impl Processes {
    /// Sends copies of a task to others to look at (抄送), by whoever has it to do or has done it. They have to be able
    /// to see its record.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `account`; [`Error::Forbidden`], [`Error::Conflict`] `suspended`, `not_running`.
    pub async fn copy(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        accounts: &[String],
        note: Option<&str>,
    ) -> Result<()> {
        let note = note.map(str::trim).filter(|note| !note.is_empty()).map(reason).transpose()?;
        if accounts.is_empty() || accounts.len() > COPIES_MAX {
            return Err(unfit(format!("请选择 1 至 {COPIES_MAX} 名抄送人员")));
        }
        let task = Task::find(tx, task_id).await?.ok_or(Error::NotFound)?;
        let hands = self.hands(tx, actor).await?;
        let candidates = task_rows::candidates(tx, task_id).await?;
        let did_it = task.assignee.as_ref() == Some(&actor.account_id);
        let acting_for = match did_it {
            true => None,
            false => access::may_take(&hands, &task, &candidates)?,
        };
        let mut run = Run::open(self, tx, actor, &task.instance_id).await?;
        run.acting_for = acting_for;
        for account in accounts {
            let posts = self.somebody_else(run.tx, actor, account).await?;
            let to = self.who_sees(run.tx, &task, posts).await?;
            run.add_help(&task, HelpKind::Copy, &to, note).await?;
            let title = format!("抄送{}", to.name);
            let entry = Entry {
                outcome: Some(("copy", &title)),
                opinion: note,
                detail: json!({ "account": to.account_id, "name": to.name }),
                ..Entry::new(TrailKind::Copied, &task.step, task.title.clone())
            };
            run.note(entry).await?;
        }
        run.finish().await.map(drop)
    }

    /// Notes that the actor has looked at a copy sent to them. Doing so twice changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for what is no copy of theirs.
    pub async fn mark_read(&self, tx: &mut Tx, actor: &Actor, task_id: &str) -> Result<()> {
        let copy = Task::find(tx, task_id).await?.ok_or(Error::NotFound)?;
        let is_theirs = copy.assignee.as_ref() == Some(&actor.account_id);
        match copy.state {
            TaskState::Copied if is_theirs => {}
            TaskState::Read if is_theirs => return Ok(()),
            _ => return Err(Error::NotFound),
        }
        let now = self.now();
        let sets: Vec<(&str, SqlValue)> =
            vec![("state", TaskState::Read.as_str().into()), ("completed_at", now.into())];
        tx.update(TASK, sets, Condition::eq(TASK, "id", task_id)).await?;
        let mut instance = Instance::lock(tx, &copy.instance_id).await?.ok_or(Error::NotFound)?;
        if instance.state != InstanceState::Running {
            // What has ended is read without a trace in its history: the receipt is on the copy.
            return Ok(());
        }
        let expected = instance.revision;
        instance.revision += 1;
        instance.trail_seq += 1;
        let entry = Entry::new(TrailKind::Read, &copy.step, copy.title.clone());
        trail::add(tx, &instance.id, instance.trail_seq, (actor, None), now, entry).await?;
        instance.save(tx, expected).await
    }
}
