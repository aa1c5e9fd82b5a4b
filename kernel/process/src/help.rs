//! Tasks that help another one: done for it, signed before or after it, or copies of it. They are tasks like others,
//! of the same token, each given to one person; `helps` names the one they are for.

use anju_records::Actor;
use anju_store::{Condition, Direction, Fetch, Row, SqlValue, Tx};

use crate::access::account_key;
use crate::rows::{Task, TaskState, new_id, owned};
use crate::run::Run;
use crate::tables::{self, CANDIDATE, TASK, TASK_COLUMNS};
use crate::{Error, Result};

/// What a task is for another: the columns `helps`, `help`, `asked_by`, `asked_by_name`, `asked_why`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Help {
    /// Id of the task that is helped.
    pub of: String,
    pub kind: HelpKind,
    pub asked_by: String,
    pub asked_by_name: String,
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HelpKind {
    /// Done for whoever asked, who then confirms and completes (委派).
    Delegate,
    /// An opinion before the task is completed (前加签).
    Before,
    /// An opinion after it was completed, before the case goes on (后加签).
    After,
    /// Only to be looked at (抄送).
    Copy,
}

impl HelpKind {
    const ALL: [Self; 4] = [Self::Delegate, Self::Before, Self::After, Self::Copy];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delegate => "delegate",
            Self::Before => "before",
            Self::After => "after",
            Self::Copy => "copy",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Delegate => "委派",
            Self::Before => "前加签",
            Self::After => "后加签",
            Self::Copy => "抄送",
        }
    }

    fn parse(word: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| Error::Internal(format!("a task has the unknown help {word}")))
    }

    /// How such a task begins.
    fn state(self) -> TaskState {
        match self {
            Self::Delegate | Self::Before => TaskState::Claimed,
            Self::After => TaskState::Waiting,
            Self::Copy => TaskState::Copied,
        }
    }
}

impl Help {
    pub(crate) fn read(row: &Row) -> Result<Option<Self>> {
        let Some(of) = owned(row, 26)? else { return Ok(None) };
        Ok(Some(Self {
            of,
            kind: HelpKind::parse(row.text(27)?)?,
            asked_by: row.text(28)?.to_owned(),
            asked_by_name: row.text(29)?.to_owned(),
            why: owned(row, 30)?,
        }))
    }

    pub(crate) fn values(&self) -> [(&'static str, SqlValue); 5] {
        [
            ("helps", self.of.as_str().into()),
            ("help", self.kind.as_str().into()),
            ("asked_by", self.asked_by.as_str().into()),
            ("asked_by_name", self.asked_by_name.as_str().into()),
            ("asked_why", self.why.as_deref().into()),
        ]
    }
}

impl Run<'_> {
    /// Gives somebody a task that helps another.
    pub(crate) async fn add_help(
        &mut self,
        task: &Task,
        kind: HelpKind,
        to: &Actor,
        why: Option<&str>,
    ) -> Result<()> {
        let help = Help {
            of: task.id.clone(),
            kind,
            asked_by: self.actor.account_id.clone(),
            asked_by_name: self.actor.name.clone(),
            why: why.map(str::to_owned),
        };
        let helper = Task {
            id: new_id(),
            state: kind.state(),
            title: format!("{}（{}）", task.title, kind.title()),
            assignee: Some(to.account_id.clone()),
            assignee_name: Some(to.name.clone()),
            claim: false,
            excluded_account: None,
            created_at: self.now,
            help: Some(help),
            urged: None,
            ..task.clone()
        };
        helper.insert(self.tx).await?;
        let candidate = vec![vec![helper.id.as_str().into(), account_key(&to.account_id).into()]];
        Ok(self.tx.insert_many(CANDIDATE, &["task_id", "role"], candidate).await.map(drop)?)
    }
}

/// The tasks that help another, oldest first.
pub(crate) async fn helpers_of(from: &mut impl Fetch, task: &Task) -> Result<Vec<Task>> {
    let select = tables::select(TASK, TASK_COLUMNS)
        .filter(Condition::eq(TASK, "instance_id", task.instance_id.as_str()))
        .filter(Condition::eq(TASK, "helps", task.id.as_str()))
        .order_by("id", Direction::Ascending);
    from.fetch_all(&select).await?.iter().map(Task::read).collect()
}

/// Those of them that are still to be done.
pub(crate) async fn live_helpers_of(from: &mut impl Fetch, task: &Task) -> Result<Vec<Task>> {
    let helpers = helpers_of(from, task).await?;
    Ok(helpers.into_iter().filter(|helper| helper.state.is_live()).collect())
}

/// Sets the state of a task that is live and stays so, and who has it.
pub(crate) async fn set_state(
    tx: &mut Tx,
    id: &str,
    state: TaskState,
    holder: Option<(&str, &str)>,
) -> Result<()> {
    let mut sets: Vec<(&str, SqlValue)> = vec![("state", state.as_str().into())];
    if let Some((account, name)) = holder {
        sets.extend([("assignee", account.into()), ("assignee_name", name.into())]);
    }
    match tx.update(TASK, sets, crate::task_rows::still_open(id)).await? {
        1 => Ok(()),
        _ => Err(crate::task_rows::not_open()),
    }
}
