//! Queries and changes of single tasks.

use anju_records::Actor;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Select, SqlValue, Tx};
use jiff::Timestamp;

use crate::rows::{Task, TaskState};
use crate::tables::{self, CANDIDATE, TASK, TASK_COLUMNS};
use crate::{Error, Result};

pub(crate) async fn open_of_token(tx: &mut Tx, token: &str) -> Result<Option<Task>> {
    let select = tables::select(TASK, TASK_COLUMNS).filter(Condition::eq(TASK, "open_token", token));
    tx.fetch_optional(&select).await?.as_ref().map(Task::read).transpose()
}

/// The account that completed a step last.
pub(crate) async fn latest_worker(tx: &mut Tx, instance_id: &str, step: &str) -> Result<Option<String>> {
    let select = Select::from(TASK)
        .column("assignee", ColumnKind::Text)
        .filter(Condition::eq(TASK, "instance_id", instance_id))
        .filter(Condition::eq(TASK, "step", step))
        .filter(Condition::eq(TASK, "state", TaskState::Done.as_str()))
        .order_by("completed_at", Direction::Descending)
        .order_by("id", Direction::Descending)
        .limit(1);
    let row = tx.fetch_optional(&select).await?;
    Ok(row.map(|row| row.opt_text(0).map(|text| text.map(str::to_owned))).transpose()?.flatten())
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

fn still_open(id: &str) -> Condition {
    Condition::eq(TASK, "id", id).and(Condition::NotNull(ColumnRef::new(TASK, "open_token")))
}

pub(crate) fn not_open() -> Error {
    Error::conflict("task_not_open", "任务已经办理或取消，请刷新后重试")
}

/// The roles whose holders may do a task.
pub(crate) async fn candidates(from: &mut impl Fetch, task_id: &str) -> Result<Vec<String>> {
    let select = Select::from(CANDIDATE)
        .column("role", ColumnKind::Text)
        .filter(Condition::eq(CANDIDATE, "task_id", task_id));
    let rows = from.fetch_all(&select).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}
