//! Queries and changes of single tasks.

use anju_records::Actor;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Select, SqlValue, Tx};
use jiff::Timestamp;

use crate::rows::{Task, TaskState, owned};
use crate::tables::{self, CANDIDATE, TASK, TASK_COLUMNS};
use crate::{Error, Result};

/// What is still to be done for a token: its task and those that help it.
pub(crate) async fn live_of_token(tx: &mut Tx, instance_id: &str, token: &str) -> Result<Vec<Task>> {
    let select = tables::select(TASK, TASK_COLUMNS)
        .filter(Condition::eq(TASK, "instance_id", instance_id))
        .filter(Condition::eq(TASK, "token_id", token))
        .filter(Condition::NotNull(ColumnRef::new(TASK, "open_token")))
        .order_by("id", Direction::Ascending);
    tx.fetch_all(&select).await?.iter().map(Task::read).collect()
}

/// All that is still to be done in an instance.
pub(crate) async fn live_of_instance(tx: &mut Tx, instance_id: &str) -> Result<Vec<Task>> {
    let select = tables::select(TASK, TASK_COLUMNS)
        .filter(Condition::eq(TASK, "instance_id", instance_id))
        .filter(Condition::NotNull(ColumnRef::new(TASK, "open_token")))
        .order_by("id", Direction::Ascending);
    tx.fetch_all(&select).await?.iter().map(Task::read).collect()
}

/// Who completed a step last.
#[derive(Debug, Default)]
pub(crate) struct Worker {
    pub task_id: String,
    pub account: String,
    /// The absent one for whom it was done.
    pub acted_for: Option<String>,
    pub org: Option<String>,
}

pub(crate) async fn latest_worker(tx: &mut Tx, instance_id: &str, step: &str) -> Result<Option<Worker>> {
    let select = Select::from(TASK)
        .column("id", ColumnKind::Text)
        .column("assignee", ColumnKind::Text)
        .column("acted_for", ColumnKind::Text)
        .column("assignee_org", ColumnKind::Text)
        .filter(Condition::IsNull(ColumnRef::new(TASK, "helps")))
        .filter(Condition::eq(TASK, "instance_id", instance_id))
        .filter(Condition::eq(TASK, "step", step))
        .filter(Condition::eq(TASK, "state", TaskState::Done.as_str()))
        .order_by("completed_at", Direction::Descending)
        .order_by("id", Direction::Descending)
        .limit(1);
    let Some(row) = tx.fetch_optional(&select).await? else { return Ok(None) };
    let Some(account) = owned(&row, 1)? else { return Ok(None) };
    let task_id = row.text(0)?.to_owned();
    Ok(Some(Worker { task_id, account, acted_for: owned(&row, 2)?, org: owned(&row, 3)? }))
}

/// Whether a step has been entered before in this instance.
pub(crate) async fn was_open(from: &mut impl Fetch, instance_id: &str, step: &str) -> Result<bool> {
    let select = Select::from(TASK)
        .column("id", ColumnKind::Text)
        .filter(Condition::eq(TASK, "instance_id", instance_id))
        .filter(Condition::eq(TASK, "step", step))
        .limit(1);
    Ok(from.fetch_optional(&select).await?.is_some())
}

/// Closes a task that is still open; otherwise somebody was faster.
pub(crate) async fn close(
    tx: &mut Tx,
    id: &str,
    state: TaskState,
    now: Timestamp,
    more: Vec<(&'static str, SqlValue)>,
) -> Result<()> {
    let mut sets: Vec<(&'static str, SqlValue)> =
        vec![("state", state.as_str().into()), ("open_token", SqlValue::Null), ("completed_at", now.into())];
    sets.extend(more);
    match tx.update(TASK, sets, still_open(id)).await? {
        1 => Ok(()),
        _ => Err(not_open()),
    }
}

/// Signs for a task, or gives it back.
pub(crate) async fn assign(tx: &mut Tx, id: &str, actor: Option<&Actor>, now: Timestamp) -> Result<()> {
    let state = if actor.is_some() { TaskState::Claimed } else { TaskState::Open };
    let sets: Vec<(&str, SqlValue)> = vec![
        ("state", state.as_str().into()),
        ("assignee", actor.map(|actor| actor.account_id.as_str()).into()),
        ("assignee_name", actor.map(|actor| actor.name.as_str()).into()),
        ("claimed_at", actor.map(|_| now.as_millisecond()).into()),
    ];
    match tx.update(TASK, sets, still_open(id)).await? {
        1 => Ok(()),
        _ => Err(not_open()),
    }
}

pub(crate) fn still_open(id: &str) -> Condition {
    Condition::eq(TASK, "id", id).and(Condition::NotNull(ColumnRef::new(TASK, "open_token")))
}

/// Why a task cannot be worked on now; `None` when it can.
pub(crate) fn why_closed(task: &Task) -> Option<Error> {
    match task.state {
        state if state.is_open() => None,
        TaskState::Waiting => Some(Error::conflict("task_waits", "任务正在等待他人的意见，完成后再办理")),
        _ => Some(not_open()),
    }
}

pub(crate) fn not_open() -> Error {
    Error::conflict("task_not_open", "任务已经办理或取消，请刷新后重试")
}

/// Who may do a task: see [`crate::access`].
pub(crate) async fn candidates(from: &mut impl Fetch, task_id: &str) -> Result<Vec<String>> {
    let select = Select::from(CANDIDATE)
        .column("role", ColumnKind::Text)
        .filter(Condition::eq(CANDIDATE, "task_id", task_id));
    let rows = from.fetch_all(&select).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}
