//! Station one: what an actor may do with an entity, which fields, which rows.

use anju_definitions::{Level, Permission, Role, ScopePaths};
use anju_store::{ColumnRef, Condition, Operator};

use crate::{
    Actor, ActorKind, Error, Result,
    plan::{EntityPlan, Plans},
    search::{Joins, Place, trusted_filter},
};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation<'a> {
    Read,
    Create,
    Update,
    Delete,
    Import,
    Action(&'a str),
}

/// The rights of one actor on one entity for one operation.
pub(crate) struct Access<'p> {
    plan: &'p EntityPlan,
    grants: Vec<Grant<'p>>,
    rows: Rows,
    system: bool,
}

/// The right one role gives.
struct Grant<'p> {
    permission: &'p Permission,
    /// For child tables whose rights follow their parent's: the reference to the parent, and the name of the table.
    via_parent: Option<(&'p str, &'p str)>,
}

/// Rows by the actor's place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rows {
    All,
    None,
    /// The field at the end of the path has this value.
    Own {
        path: Vec<String>,
        value: String,
    },
}

impl Operation<'_> {
    fn granted_by(self, permission: &Permission) -> bool {
        match self {
            Self::Read => permission.read,
            Self::Create => permission.create,
            Self::Update => permission.update,
            Self::Delete => permission.delete,
            Self::Import => permission.import,
            Self::Action(key) => permission.actions.iter().any(|action| action == key),
        }
    }

    fn refusal(self, title: &str) -> Error {
        let verb = match self {
            Self::Read => "查看",
            Self::Create => "新建",
            Self::Update => "修改",
            Self::Delete => "删除",
            Self::Import => "导入",
            Self::Action(_) => "对其进行此操作：",
        };
        Error::forbidden(format!("您没有{verb}{title}的权限"))
    }
}

impl<'p> Access<'p> {
    /// The actor's rights; an error when there are none at all.
    pub(crate) fn of(
        plans: &'p Plans,
        plan: &'p EntityPlan,
        actor: &Actor,
        operation: Operation<'_>,
    ) -> Result<Self> {
        if actor.is_system() {
            return Ok(Self { plan, grants: Vec::new(), rows: Rows::All, system: true });
        }
        let mut grants: Vec<Grant<'p>> = Vec::new();
        for role in roles(plans, actor) {
            grants.extend(grant(role, plan, operation));
        }
        let rows = rows(plans, plan, actor)?;
        let is_public = actor.kind == ActorKind::Public;
        if is_public && rows != Rows::All {
            // Outside the shared data the public sees what a role's filter opens, and nothing else.
            grants.retain(|grant| grant.permission.filter.is_some());
        }
        if grants.is_empty() {
            return Err(operation.refusal(&plan.entity.title));
        }
        Ok(Self { plan, grants, rows: if is_public { Rows::All } else { rows }, system: false })
    }

    /// Whether the field may be seen.
    pub(crate) fn sees(&self, position: usize) -> bool {
        self.system || self.grants.iter().any(|grant| grant.sees(&self.plan.fields[position].name))
    }

    /// By position: fields that may not be seen; empty when all may.
    pub(crate) fn hidden(&self) -> Vec<bool> {
        let everything = self.system || self.grants.iter().any(|grant| grant.sees_all());
        if everything { Vec::new() } else { (0..self.plan.fields.len()).map(|at| !self.sees(at)).collect() }
    }

    /// Whether a child table may be seen.
    pub(crate) fn sees_child(&self, name: &str) -> bool {
        self.system || self.grants.iter().any(|grant| grant.sees(name))
    }

    /// Whether the field may be written.
    pub(crate) fn writes(&self, name: &str) -> bool {
        self.system || self.grants.iter().any(|grant| grant.writes(name))
    }

    /// Whether the sensitive field may be shown in clear.
    pub(crate) fn unmasks(&self, name: &str) -> bool {
        self.system
            || self.grants.iter().any(|grant| grant.permission.unmask.iter().any(|field| field == name))
    }

    /// Whether rows have to be tested at all.
    pub(crate) fn is_unrestricted(&self) -> bool {
        self.rows == Rows::All
            && (self.system || self.grants.iter().any(|grant| grant.permission.filter.is_none()))
    }

    /// The value an own field must have for a record to be the actor's: `(position, value)`.
    pub(crate) fn own_value(&self) -> Option<(usize, &str)> {
        let Rows::Own { path, value } = &self.rows else { return None };
        let [name] = path.as_slice() else { return None };
        Some((self.plan.position(name)?, value))
    }

    /// The first field on the way to the one that says whose a record is.
    pub(crate) fn place_field(&self) -> Option<usize> {
        let Rows::Own { path, .. } = &self.rows else { return None };
        self.plan.position(path.first()?)
    }

    /// Whether values alone tell if a record is within the actor's rows; `None` if the database has to.
    pub(crate) fn admits(&self, values: &[serde_json::Value]) -> Option<bool> {
        if !self.system && self.grants.iter().all(|grant| grant.permission.filter.is_some()) {
            return None;
        }
        match &self.rows {
            Rows::All => Some(true),
            Rows::None => Some(false),
            Rows::Own { .. } => self.own_value().map(|(at, value)| values[at].as_str() == Some(value)),
        }
    }

    /// The rows the actor may reach, for a query that tests the `known` fields for equality.
    pub(crate) fn condition(&self, joins: &mut Joins<'_>, known: &[&str]) -> Result<Condition> {
        if self.system {
            return Ok(Condition::True);
        }
        let rows = match &self.rows {
            Rows::All => Condition::True,
            Rows::None => return Ok(Condition::False),
            Rows::Own { path, value } => own_rows(joins, path, value)?,
        };
        let usable: Vec<&Grant<'_>> = self.grants.iter().filter(|grant| grant.is_usable(known)).collect();
        if usable.is_empty() {
            return Err(self.look_up_needed());
        }
        if usable.iter().any(|grant| grant.permission.filter.is_none()) {
            return Ok(rows);
        }
        let mut any = Vec::with_capacity(usable.len());
        for grant in usable {
            let prefix = grant.via_parent.map(|(field, _)| field);
            any.extend(
                grant
                    .permission
                    .filter
                    .as_ref()
                    .map(|filter| trusted_filter(joins, filter, prefix))
                    .transpose()?,
            );
        }
        Ok(rows.and(Condition::Any(any)))
    }

    /// The rows the actor may reach when one record is asked for by its id: no look-up field is needed.
    pub(crate) fn condition_for_one(&self, joins: &mut Joins<'_>) -> Result<Condition> {
        let all: Vec<&str> =
            self.grants.iter().flat_map(|grant| &grant.permission.look_up_by).map(String::as_str).collect();
        self.condition(joins, &all)
    }

    fn look_up_needed(&self) -> Error {
        let fields = self.grants.iter().flat_map(|grant| &grant.permission.look_up_by);
        let mut titles: Vec<&str> = Vec::new();
        for title in fields.filter_map(|name| self.plan.field(name)).map(|field| field.title.as_str()) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        Error::TooMuch { message: format!("请按{}查询", titles.join("或")) }
    }
}

impl Grant<'_> {
    fn sees_all(&self) -> bool {
        self.permission.fields.is_none() || self.via_parent.is_some()
    }

    fn sees(&self, name: &str) -> bool {
        match (&self.permission.fields, self.via_parent) {
            (Some(fields), None) => fields.iter().any(|field| field == name),
            _ => true,
        }
    }

    fn writes(&self, name: &str) -> bool {
        match self.via_parent {
            None => self.sees(name) && !self.permission.read_only.iter().any(|field| field == name),
            Some(_) => true,
        }
    }

    fn is_usable(&self, known: &[&str]) -> bool {
        let needed = &self.permission.look_up_by;
        needed.is_empty() || needed.iter().any(|field| known.contains(&field.as_str()))
    }
}

fn roles<'p>(plans: &'p Plans, actor: &Actor) -> Vec<&'p Role> {
    let roles = &plans.catalog.roles;
    match actor.kind {
        ActorKind::Public => {
            roles.values().filter(|role| role.level == Level::Public).map(|role| &**role).collect()
        }
        _ => actor.roles.iter().filter_map(|key| roles.get(key)).map(|role| &**role).collect(),
    }
}

/// Whether a role of the actor gives the named right.
pub(crate) fn holds_right(plans: &Plans, actor: &Actor, right: &str) -> bool {
    actor.is_system() || roles(plans, actor).iter().any(|role| role.rights.iter().any(|held| held == right))
}

/// A child table without a permission of its own follows its parent.
fn grant<'p>(role: &'p Role, plan: &'p EntityPlan, operation: Operation<'_>) -> Option<Grant<'p>> {
    if let Some(permission) = role.permissions.get(plan.key()) {
        return operation.granted_by(permission).then_some(Grant { permission, via_parent: None });
    }
    let parent = plan.parent()?;
    let permission = role.permissions.get(parent_key(plan)?)?;
    let lists = |names: &[String]| names.contains(&parent.as_name);
    let shown = permission.fields.as_ref().is_none_or(|fields| lists(fields));
    let writes = operation != Operation::Read && lists(&permission.read_only);
    let granted = operation.granted_by(permission) && shown && !writes;
    granted.then_some(Grant { permission, via_parent: Some((&parent.field, &parent.as_name)) })
}

fn parent_key(plan: &EntityPlan) -> Option<&str> {
    plan.field(&plan.parent()?.field)?.definition.to.as_deref()
}

/// Rows by place. A child table inherits its parent's.
fn rows(plans: &Plans, plan: &EntityPlan, actor: &Actor) -> Result<Rows> {
    if let Some(parent) = plan.parent()
        && let Some(key) = parent_key(plan)
    {
        return Ok(match rows(plans, plans.entity(key)?, actor)? {
            Rows::Own { mut path, value } => {
                path.insert(0, parent.field.clone());
                Rows::Own { path, value }
            }
            other => other,
        });
    }
    Ok(own_scope(&plan.entity.scope, actor))
}

fn own_scope(scope: &ScopePaths, actor: &Actor) -> Rows {
    if scope.shared {
        return Rows::All;
    }
    let placed = scope.district.is_some() || scope.subdistrict.is_some() || scope.operator.is_some();
    let own = |path: &Option<String>, value: Option<&str>| match (path, value) {
        (Some(path), Some(value)) => {
            Some(Rows::Own { path: path.split('.').map(str::to_owned).collect(), value: value.to_owned() })
        }
        _ => None,
    };
    let owner = || match actor.kind {
        ActorKind::Person => own(&scope.owner, Some(&actor.account_id)),
        _ => None,
    };
    if !placed && scope.owner.is_some() {
        // Personal data: nobody but the owner, at whatever level.
        return owner().unwrap_or(Rows::None);
    }
    let by_place = actor.post.as_ref().and_then(|post| match post.level {
        Level::City => Some(Rows::All),
        Level::District => own(&scope.district, post.district.as_deref()),
        Level::Subdistrict => own(&scope.subdistrict, post.subdistrict.as_deref()),
        Level::Operator => own(&scope.operator, Some(post.operator())),
        Level::Public => None,
    });
    by_place.or_else(owner).unwrap_or(Rows::None)
}

fn own_rows(joins: &mut Joins<'_>, path: &[String], value: &str) -> Result<Condition> {
    let located = joins.locate(path)?;
    let Place::Field(position) = located.place else {
        return Err(Error::Internal("a scope path must end at a field".to_owned()));
    };
    let column = ColumnRef::new(located.alias, located.plan.fields[position].name.as_str());
    Ok(Condition::compare(column, Operator::Eq, value))
}

/// Whether the actor may read `plan` at all, or everybody signed in may.
pub(crate) fn may_show(plans: &Plans, plan: &EntityPlan, actor: &Actor) -> bool {
    (plan.entity.scope.shared && actor.kind != ActorKind::Public)
        || Access::of(plans, plan, actor, Operation::Read).is_ok()
}
