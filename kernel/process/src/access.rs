//! Who may work on a task.
//!
//! The candidates of a task are keys: of a role, whose holder's place has to cover the record; of a role at a place,
//! `role@organisation` or `role@district`; `account:` and an account's id. The latter two count wherever the record
//! lies. `not:` and an account's id keeps somebody away (four eyes), as does the task's `excluded_account`.

use anju_definitions::Level;
use anju_records::{Actor, ActorKind};
use anju_store::{ColumnKind, ColumnRef, Condition, Fetch, Select};

use crate::people::Person;
use crate::rows::{Scope, Task, TaskState};
use crate::tables::{CANDIDATE, TASK};
use crate::{Error, Result};

/// Tasks given to somebody by name or place that a work list shows at most.
const NAMED_MAX: u64 = 1_000;

/// In whose place somebody acts: their own, and that of those they stand in for today.
pub(crate) struct Hands {
    pub own: Actor,
    pub absent: Vec<Actor>,
}

impl Hands {
    /// Only their own.
    pub(crate) fn of(actor: &Actor) -> Self {
        Self { own: actor.clone(), absent: Vec::new() }
    }

    fn all(&self) -> impl Iterator<Item = &Actor> {
        std::iter::once(&self.own).chain(&self.absent)
    }

    fn accounts(&self) -> impl Iterator<Item = &str> {
        self.all().map(|hand| hand.account_id.as_str())
    }
}

pub(crate) fn account_key(account: &str) -> String {
    format!("account:{account}")
}

pub(crate) fn not_key(account: &str) -> String {
    format!("not:{account}")
}

/// A role at an organisation, by its id, or in a district, by its code.
pub(crate) fn role_at(role: &str, place: &str) -> String {
    format!("{role}@{place}")
}

/// The keys by which somebody is a candidate wherever the record lies.
fn named_keys(actor: &Actor) -> Vec<String> {
    if actor.kind != ActorKind::Person {
        return Vec::new();
    }
    let mut keys = vec![account_key(&actor.account_id)];
    let places = actor.post.iter().flat_map(|post| [Some(&post.org_id), post.district.as_ref()]);
    for place in places.flatten() {
        keys.extend(actor.roles.iter().map(|role| role_at(role, place)));
    }
    keys
}

/// Checks that the actor may take the task up at all: role, place, four eyes. Gives the absent one for whom.
pub(crate) fn may_take(hands: &Hands, task: &Task, candidates: &[String]) -> Result<Option<Person>> {
    if hands.own.is_system() {
        return Ok(None);
    }
    let Err(refused) = fits(hands, &hands.own, task, candidates) else { return Ok(None) };
    let absent = hands.absent.iter().find(|absent| fits(hands, absent, task, candidates).is_ok());
    absent.map(|absent| Some(Person::from(absent))).ok_or(refused)
}

/// Whether a task is for somebody, be it themselves or one they stand in for.
fn fits(hands: &Hands, hand: &Actor, task: &Task, candidates: &[String]) -> Result<()> {
    let named = named_keys(hand).iter().any(|key| candidates.contains(key));
    let holds = hand.kind == ActorKind::Person && hand.roles.iter().any(|role| candidates.contains(role));
    if !named && !holds {
        return Err(Error::forbidden("您的岗位没有办理此任务的角色"));
    }
    if !named && !covers(hand, &task.scope) {
        return Err(Error::forbidden("此任务不在您的管辖范围内"));
    }
    // Neither whoever acts nor the absent one may have done what is to be checked.
    for account in [&hands.own.account_id, &hand.account_id] {
        if task.excluded_account.as_ref() == Some(account) || candidates.contains(&not_key(account)) {
            return Err(Error::forbidden("前一环节由您或您代理的人办理，此任务须由他人办理"));
        }
    }
    Ok(())
}

/// Checks that the actor may finish the task now. Gives the absent one for whom.
pub(crate) fn may_finish(hands: &Hands, task: &Task, candidates: &[String]) -> Result<Option<Person>> {
    let acting_for = may_take(hands, task, candidates)?;
    if hands.own.is_system() {
        return Ok(None);
    }
    let is_mine = || hands.accounts().any(|account| task.assignee.as_deref() == Some(account));
    match task.state {
        TaskState::Claimed if !is_mine() => Err(claimed_by_other(task)),
        TaskState::Open if task.claim => Err(Error::conflict("not_claimed", "请先签收任务再办理")),
        _ => Ok(acting_for),
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

/// The tasks an actor has to do: signed for by them, open to their roles, place and eyes, or given to them by name or
/// place; and those of the ones they stand in for.
pub(crate) async fn todo(from: &mut impl Fetch, hands: &Hands) -> Result<Condition> {
    if hands.own.is_system() {
        return Ok(Condition::NotNull(ColumnRef::new(TASK, "open_token")));
    }
    let mine = Condition::eq(TASK, "state", TaskState::Claimed.as_str()).and(Condition::is_in(
        TASK,
        "assignee",
        hands.accounts(),
    ));
    let mut ways = vec![mine];
    for hand in hands.all() {
        let open = open_to(from, hand).await?;
        if open != Condition::False {
            let free = Condition::eq(TASK, "state", TaskState::Open.as_str()).and(other_eyes(hands, hand));
            ways.push(free.and(open));
        }
    }
    Ok(Condition::Any(ways))
}

/// What is open to somebody, whoever did the steps before.
async fn open_to(from: &mut impl Fetch, hand: &Actor) -> Result<Condition> {
    let by_place = match place(hand, TASK) {
        Condition::False => Condition::False,
        place => place.and(has_candidate(hand.roles.iter().map(String::as_str))),
    };
    let named = named_tasks(from, hand).await?;
    if named.is_empty() {
        return Ok(by_place);
    }
    let named = Condition::is_in(TASK, "id", named);
    Ok(if by_place == Condition::False { named } else { Condition::Any(vec![by_place, named]) })
}

/// The open tasks that are somebody's wherever the record lies. Looked up first: there are few, and a database that had
/// to find them in the same query could use no index for the others.
async fn named_tasks(from: &mut impl Fetch, hand: &Actor) -> Result<Vec<String>> {
    let is_open = Select::from(TASK)
        .filter(Condition::ColumnsEqual(ColumnRef::new(TASK, "id"), ColumnRef::new(CANDIDATE, "task_id")))
        .filter(Condition::eq(TASK, "state", TaskState::Open.as_str()));
    let select = Select::from(CANDIDATE)
        .column("task_id", ColumnKind::Text)
        .filter(Condition::is_in(CANDIDATE, "role", named_keys(hand)))
        .filter(Condition::Exists(Box::new(is_open)))
        .limit(NAMED_MAX);
    let rows = from.fetch_all(&select).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Not a task whose maker they are, or the one they stand in for.
fn other_eyes(hands: &Hands, hand: &Actor) -> Condition {
    let kept_away = || [hands.own.account_id.as_str(), hand.account_id.as_str()];
    let excluded = ColumnRef::new(TASK, "excluded_account");
    let others = kept_away()
        .map(|account| Condition::compare(excluded.clone(), anju_store::Operator::Ne, account))
        .into_iter()
        .fold(Condition::True, Condition::and);
    let not = kept_away().map(not_key);
    Condition::Any(vec![Condition::IsNull(excluded), others])
        .and(Condition::Not(Box::new(has_candidate(not.iter().map(String::as_str)))))
}

fn has_candidate<'a>(keys: impl Iterator<Item = &'a str>) -> Condition {
    let of_task = Condition::ColumnsEqual(ColumnRef::new(CANDIDATE, "task_id"), ColumnRef::new(TASK, "id"));
    let candidate = Select::from(CANDIDATE).filter(of_task).filter(Condition::is_in(CANDIDATE, "role", keys));
    Condition::Exists(Box::new(candidate))
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
