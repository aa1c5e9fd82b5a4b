//! Who may work on a task.

use anju_definitions::Level;
use anju_records::{Actor, ActorKind};
use anju_store::{ColumnRef, Condition, Select};

use crate::rows::{Scope, Task, TaskState};
use crate::tables::{CANDIDATE, TASK};
use crate::{Error, Result};

/// Checks that the actor may take the task up at all: role, place, four eyes.
pub(crate) fn may_take(actor: &Actor, task: &Task, candidates: &[String]) -> Result<()> {
    if actor.is_system() {
        return Ok(());
    }
    if actor.kind != ActorKind::Person || !actor.roles.iter().any(|role| candidates.contains(role)) {
        return Err(Error::forbidden("您的岗位没有办理此任务的角色"));
    }
    if !covers(actor, &task.scope) {
        return Err(Error::forbidden("此任务不在您的管辖范围内"));
    }
    if task.excluded_account.as_ref() == Some(&actor.account_id) {
        return Err(Error::forbidden("前一环节由您办理，此任务须由他人办理"));
    }
    Ok(())
}

/// Checks that the actor may finish the task now.
pub(crate) fn may_finish(actor: &Actor, task: &Task, candidates: &[String]) -> Result<()> {
    may_take(actor, task, candidates)?;
    if actor.is_system() {
        return Ok(());
    }
    match task.state {
        TaskState::Claimed if task.assignee.as_ref() != Some(&actor.account_id) => {
            Err(claimed_by_other(task))
        }
        TaskState::Open if task.claim => Err(Error::conflict("not_claimed", "请先签收任务再办理")),
        _ => Ok(()),
    }
}

pub(crate) fn claimed_by_other(task: &Task) -> Error {
    let name = task.assignee_name.as_deref().unwrap_or("他人");
    Error::conflict("task_claimed", format!("任务已由{name}签收"))
}

/// Whether the actor's post covers the place of the record.
fn covers(actor: &Actor, scope: &Scope) -> bool {
    let Some(post) = &actor.post else { return false };
    match post.level {
        Level::City => true,
        Level::District => scope.shared || same(&scope.district, post.district.as_deref()),
        Level::Subdistrict => scope.shared || same(&scope.subdistrict, post.subdistrict.as_deref()),
        Level::Operator => scope.shared || same(&scope.operator, Some(post.operator())),
        Level::Public => false,
    }
}

fn same(scope: &Option<String>, own: Option<&str>) -> bool {
    own.is_some() && scope.as_deref() == own
}

/// The tasks an actor has to do: signed for by them, or open to their roles, place and eyes.
pub(crate) fn todo(actor: &Actor) -> Condition {
    let column = |name: &str| ColumnRef::new(TASK, name);
    if actor.is_system() {
        return Condition::NotNull(column("open_token"));
    }
    let mine = Condition::eq(TASK, "state", TaskState::Claimed.as_str()).and(Condition::eq(
        TASK,
        "assignee",
        actor.account_id.as_str(),
    ));
    let place = match place(actor, TASK) {
        Condition::False => return mine,
        place => place,
    };
    let role = Select::from(CANDIDATE)
        .filter(Condition::ColumnsEqual(ColumnRef::new(CANDIDATE, "task_id"), column("id")))
        .filter(Condition::is_in(CANDIDATE, "role", actor.roles.iter().map(String::as_str)));
    let other_eyes = Condition::Any(vec![
        Condition::IsNull(column("excluded_account")),
        Condition::compare(column("excluded_account"), anju_store::Operator::Ne, actor.account_id.as_str()),
    ]);
    let open = Condition::eq(TASK, "state", TaskState::Open.as_str())
        .and(place)
        .and(other_eyes)
        .and(Condition::Exists(Box::new(role)));
    Condition::Any(vec![mine, open])
}

/// The rows of a table with a scope that the place of the actor's post covers.
pub(crate) fn place(actor: &Actor, table: &str) -> Condition {
    let Some(post) = &actor.post else { return Condition::False };
    if actor.kind != ActorKind::Person || actor.roles.is_empty() {
        return Condition::False;
    }
    let own = |column: &str, value: Option<&str>| match value {
        Some(value) => {
            Condition::Any(vec![Condition::eq(table, column, value), Condition::eq(table, "shared", true)])
        }
        None => Condition::eq(table, "shared", true),
    };
    match post.level {
        Level::City => Condition::True,
        Level::District => own("district", post.district.as_deref()),
        Level::Subdistrict => own("subdistrict", post.subdistrict.as_deref()),
        Level::Operator => own("operator", Some(post.operator())),
        Level::Public => Condition::False,
    }
}
