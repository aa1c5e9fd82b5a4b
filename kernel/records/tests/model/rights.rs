//! Who may do what, with which fields and records: the model's view.

use std::collections::BTreeSet;

use anju_definitions::Level;
use anju_records::{Actor, ActorKind, Post};
use serde_json::Value;

use crate::{design::*, world::World};

/// Somebody who acts.
pub struct Person {
    pub actor: Actor,
    /// Position of the role; none for the platform.
    pub role: Option<usize>,
    level: Level,
    place: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Read,
    Create,
    Update,
    Delete,
}

/// What one actor may do with an entity by one operation.
pub struct Rights<'d> {
    /// None for the platform, which may do everything.
    permission: Option<&'d Permission>,
    via_parent: bool,
}

/// The platform first, then a person at each level.
pub fn people(design: &Design) -> Vec<Person> {
    let mut people =
        vec![Person { actor: Actor::system("平台"), role: None, level: Level::City, place: "" }];
    let places = [
        (Level::City, "31"),
        (Level::District, "310115"),
        (Level::District, "310101"),
        (Level::Subdistrict, "310115005"),
    ];
    for (level, place) in places {
        let role = design.roles.iter().position(|role| role.level == level).expect("a role at each level");
        people.push(Person {
            actor: person(&design.roles[role].key, level, place),
            role: Some(role),
            level,
            place,
        });
    }
    people
}

fn person(role: &str, level: Level, place: &str) -> Actor {
    let post = Post {
        id: format!("post-{place}"),
        org_id: format!("org-{place}"),
        org_title: "某机构".to_owned(),
        level,
        district: (place.len() >= 6).then(|| place[..6].to_owned()),
        subdistrict: (level == Level::Subdistrict).then(|| place.to_owned()),
        operator: None,
    };
    Actor {
        account_id: format!("account-{place}"),
        name: format!("人员{place}"),
        kind: ActorKind::Person,
        post: Some(post),
        roles: vec![role.to_owned()],
        session_id: Some("session".to_owned()),
        ip: None,
        request_id: None,
    }
}

impl Person {
    pub fn is_system(&self) -> bool {
        self.role.is_none()
    }

    /// Places that a new record of theirs takes: district and sub-district.
    pub fn places(&self) -> (Option<&str>, Option<&str>) {
        let post = self.actor.post.as_ref();
        (post.and_then(|post| post.district.as_deref()), post.and_then(|post| post.subdistrict.as_deref()))
    }
}

impl Rights<'_> {
    pub fn sees(&self, name: &str) -> bool {
        let Some(permission) = self.permission else { return true };
        self.via_parent
            || permission.fields.as_ref().is_none_or(|fields| fields.iter().any(|one| one == name))
    }

    pub fn writes(&self, name: &str) -> bool {
        let Some(permission) = self.permission else { return true };
        self.via_parent || (self.sees(name) && !permission.read_only.iter().any(|one| one == name))
    }

    pub fn unmasks(&self, name: &str) -> bool {
        self.permission.is_none_or(|permission| permission.unmask.iter().any(|one| one == name))
    }

    /// Whether one record is let through by what it holds, wherever it is.
    fn passes(&self, values: &[Value]) -> bool {
        let only = self.permission.and_then(|permission| permission.only.as_ref());
        only.is_none_or(|only| only.holds(values))
    }

    pub fn has_filter(&self) -> bool {
        self.permission.is_some_and(|permission| permission.only.is_some())
    }
}

impl World {
    /// The rights of somebody; none when there are none at all.
    pub fn rights(&self, who: &Person, entity: usize, operation: Operation) -> Option<Rights<'_>> {
        let Some(role) = who.role else { return Some(Rights { permission: None, via_parent: false }) };
        let role = &self.design.roles[role];
        let grants = |permission: &Permission| match operation {
            Operation::Read => permission.read,
            Operation::Create => permission.create,
            Operation::Update => permission.update,
            Operation::Delete => permission.delete,
        };
        if let Some(permission) = &role.permissions[entity] {
            return grants(permission).then_some(Rights { permission: Some(permission), via_parent: false });
        }
        let parent = self.entity(entity).parent.as_ref()?;
        let permission = role.permissions[parent.entity].as_ref()?;
        let lists = |names: &[String]| names.contains(&parent.name);
        let shown = permission.fields.as_ref().is_none_or(|fields| lists(fields));
        let kept_from = operation != Operation::Read && lists(&permission.read_only);
        (grants(permission) && shown && !kept_from)
            .then_some(Rights { permission: Some(permission), via_parent: true })
    }

    /// Whether a record with these values is within the actor's rows.
    pub fn admits(&self, who: &Person, entity: usize, rights: &Rights<'_>, values: &[Value]) -> bool {
        rights.permission.is_none() || (self.is_at_place(who, entity, values) && rights.passes(values))
    }

    /// Whether the record is where the actor works, or theirs.
    pub fn is_at_place(&self, who: &Person, entity: usize, values: &[Value]) -> bool {
        match &self.entity(entity).scope {
            Scope::Shared => true,
            Scope::Owned(owner) => values[*owner] == who.actor.account_id.as_str(),
            Scope::Placed { district, subdistrict } => match who.level {
                Level::City => true,
                Level::District => self.at(entity, values, district) == who.place,
                _ => subdistrict.is_some_and(|at| values[at] == who.place),
            },
        }
    }

    /// The first field on the way to the one that says whose the record is; none for those who see all.
    pub fn place_field(&self, who: &Person, entity: usize) -> Option<usize> {
        match &self.entity(entity).scope {
            Scope::Placed { district, .. } if who.level == Level::District => Some(district[0]),
            Scope::Placed { subdistrict, .. } if who.level == Level::Subdistrict => *subdistrict,
            Scope::Owned(owner) if !who.is_system() => Some(*owner),
            _ => None,
        }
    }

    /// Whether the way to the place leads through other records.
    pub fn is_placed_by_others(&self, who: &Person, entity: usize) -> bool {
        let scope = &self.entity(entity).scope;
        matches!(scope, Scope::Placed { district, .. } if who.level == Level::District && district.len() > 1)
    }

    fn at(&self, entity: usize, values: &[Value], path: &[usize]) -> Value {
        let value = &values[path[0]];
        let field = &self.entity(entity).fields[path[0]];
        match (&path[1..], field.to, value.as_str()) {
            ([], ..) => value.clone(),
            (rest, Some(to), Some(id)) => {
                self.find(to, id).map_or(Value::Null, |next| self.at(to, &next.values, rest))
            }
            _ => Value::Null,
        }
    }

    /// Whether somebody may see how records of the entity are called.
    pub fn may_show(&self, who: &Person, entity: usize) -> bool {
        matches!(self.entity(entity).scope, Scope::Shared)
            || self.rights(who, entity, Operation::Read).is_some()
    }

    /// Whether somebody may point to the record.
    pub fn may_point_to(&self, who: &Person, entity: usize, id: &str) -> bool {
        let Some(record) = self.find_live(entity, id) else { return false };
        match self.rights(who, entity, Operation::Read) {
            Some(rights) => self.admits(who, entity, &rights, &record.values),
            None => self.may_show(who, entity),
        }
    }

    /// Positions of the fields that somebody does not see.
    pub fn hidden(&self, entity: usize, rights: &Rights<'_>) -> BTreeSet<usize> {
        let fields = self.entity(entity).fields.iter().enumerate();
        fields.filter(|(_, field)| !rights.sees(&field.name)).map(|(at, _)| at).collect()
    }
}
