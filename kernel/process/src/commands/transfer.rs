use anju_records::Actor;
use anju_store::{Condition, Fetch, Select, Tx};
use serde_json::json;

use super::{Held, hold, reason};
use crate::access::{self, Hands, account_key};
use crate::help;
use crate::people::unfit;
use crate::rows::{Task, TaskState};
use crate::tables::CANDIDATE;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

impl Processes {
    /// Hands a task over to another for good (转办). They must be one who could do it: by the roles of the step and the
    /// place of their post, and not kept away by four eyes.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `account`, `reason`; otherwise as [`Processes::complete`].
    pub async fn transfer(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        account: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        let mut held = hold(self, tx, actor, task_id).await?;
        may_hand_over(&mut held)?;
        let posts = self.somebody_else(held.run.tx, actor, account).await?;
        let fit = match held.task.help {
            // Whoever may be asked is no question of roles.
            Some(_) => self.who_sees(held.run.tx, &held.task, posts).await?,
            None => could_do(&mut held, posts).await?,
        };
        let Held { mut run, task, .. } = held;
        let holder = Some((fit.account_id.as_str(), fit.name.as_str()));
        help::set_state(run.tx, &task.id, TaskState::Claimed, holder).await?;
        name_candidate(run.tx, &task.id, account).await?;
        let title = format!("转办给{}", fit.name);
        let entry = Entry {
            outcome: Some(("transfer", &title)),
            opinion: Some(reason),
            detail: json!({ "account": fit.account_id, "name": fit.name }),
            ..Entry::new(TrailKind::Transferred, &task.step, task.title.clone())
        };
        run.note(entry).await?;
        run.finish().await.map(drop)
    }

    /// The first of somebody's posts from which they may see the record of a task.
    pub(super) async fn who_sees(&self, tx: &mut Tx, task: &Task, posts: Vec<Actor>) -> Result<Actor> {
        let records = self.records();
        for post in posts {
            match records.read_in(tx, &post, &task.entity, &task.record_id).await {
                Ok(_) => return Ok(post),
                Err(anju_records::Error::Forbidden { .. } | anju_records::Error::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(unfit("该人员无权查看此案件"))
    }
}

/// A task need not be signed for to be handed over.
fn may_hand_over(held: &mut Held<'_>) -> Result<()> {
    match held.may_finish() {
        Err(Error::Conflict { code, .. }) if code == "not_claimed" => held.may_take(),
        other => other,
    }
}

/// The first of somebody's posts from which they could do a task: as one of its candidates, or as a holder of one of
/// the step's roles where its candidates are named.
pub(super) async fn could_do(held: &mut Held<'_>, posts: Vec<Actor>) -> Result<Actor> {
    let mut candidates = held.candidates.clone();
    candidates.extend(held.run.plan.step(&held.task.step)?.roles.iter().cloned());
    let mut refused = unfit("该人员不能办理此任务");
    for post in posts {
        match access::may_take(&Hands::of(&post), &held.task, &candidates) {
            Ok(_) => return Ok(post),
            Err(Error::Forbidden { message }) => {
                let message = message.replace("您的", "其").replace('您', "其");
                refused = unfit(format!("该人员不能办理此任务：{message}"));
            }
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// Makes somebody a candidate by name.
async fn name_candidate(tx: &mut Tx, task_id: &str, account: &str) -> Result<()> {
    let key = account_key(account);
    let known = Select::from(CANDIDATE)
        .column("role", anju_store::ColumnKind::Text)
        .filter(Condition::eq(CANDIDATE, "task_id", task_id))
        .filter(Condition::eq(CANDIDATE, "role", key.as_str()));
    if tx.fetch_optional(&known).await?.is_none() {
        tx.insert(CANDIDATE, vec![("task_id", task_id.into()), ("role", key.into())]).await?;
    }
    Ok(())
}
