//! Asking others: to do a task, or to sign before or after it.

use anju_records::{Actor, FieldError};
use anju_store::Tx;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::transfer::could_do;
use super::{Held, hold, reason};
use crate::help::{self, HelpKind, live_helpers_of};
use crate::people::unfit;
use crate::rows::TaskState;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

/// People that one task may wait for at a time.
const HELPERS_MAX: usize = 20;

/// When an added signer gives an opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    /// The task waits for it.
    Before,
    /// When the task is completed; the case waits for it.
    After,
}

impl Processes {
    /// Has another do the task (委派): they give an outcome and an opinion, then it comes back to the actor, who
    /// confirms and completes it.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `account` when the other could not do it, at `reason`; otherwise as
    /// [`Processes::complete`].
    pub async fn delegate(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        account: &str,
        reason_text: &str,
    ) -> Result<()> {
        self.ask(tx, actor, task_id, HelpKind::Delegate, &[account.to_owned()], reason_text).await
    }

    /// Asks others for their opinion on the task (加签). They have to be able to see its record.
    ///
    /// # Errors
    /// As [`Processes::delegate`].
    pub async fn add_signers(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        signing: Signing,
        accounts: &[String],
        reason_text: &str,
    ) -> Result<()> {
        let kind = match signing {
            Signing::Before => HelpKind::Before,
            Signing::After => HelpKind::After,
        };
        self.ask(tx, actor, task_id, kind, accounts, reason_text).await
    }

    async fn ask(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        kind: HelpKind,
        accounts: &[String],
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        let mut held = hold(self, tx, actor, task_id).await?;
        held.may_finish()?;
        if held.task.help.is_some() {
            return Err(Error::conflict("helps_only", "委派或加签的任务不能再委派或加签"));
        }
        if accounts.is_empty() {
            return Err(unfit("请选择人员"));
        }
        for account in accounts {
            self.ask_one(&mut held, kind, account, reason).await?;
        }
        let Held { run, task, .. } = held;
        if kind != HelpKind::After {
            let asking = Some((actor.account_id.as_str(), actor.name.as_str()));
            help::set_state(run.tx, &task.id, TaskState::Waiting, asking).await?;
        }
        run.finish().await.map(drop)
    }

    async fn ask_one(&self, held: &mut Held<'_>, kind: HelpKind, account: &str, why: &str) -> Result<()> {
        let posts = self.somebody_else(held.run.tx, held.run.actor, account).await?;
        let fit = match kind {
            HelpKind::Delegate => could_do(held, posts).await?,
            _ => self.who_sees(held.run.tx, &held.task, posts).await?,
        };
        let helpers = live_helpers_of(held.run.tx, &held.task).await?;
        if helpers.iter().any(|helper| helper.assignee.as_deref() == Some(account)) {
            return Err(unfit(format!("已经请{}办理或签署意见", fit.name)));
        }
        if helpers.len() >= HELPERS_MAX {
            let message = format!("一项任务最多同时请 {HELPERS_MAX} 人签署意见");
            return Err(Error::Invalid(vec![FieldError::new("account", "count", message)]));
        }
        let task = held.task.clone();
        held.run.add_help(&task, kind, &fit, Some(why)).await?;
        let title = format!("{}：{}", kind.title(), fit.name);
        let entry = Entry {
            outcome: Some((kind.as_str(), &title)),
            opinion: Some(why),
            detail: json!({ "account": fit.account_id, "name": fit.name }),
            ..Entry::new(TrailKind::Asked, &task.step, task.title.clone())
        };
        held.run.note(entry).await
    }
}
