use anju_store::{ColumnKind, ColumnRef, Join};

use crate::{
    Error, Result,
    plan::{EntityPlan, Plans},
};

/// The LEFT JOINs of one query, each reference followed once.
pub(crate) struct Joins<'p> {
    plans: &'p Plans,
    base: &'p EntityPlan,
    /// Beginning of the aliases, so that two sets of joins can stand in one query.
    prefix: String,
    joins: Vec<Join>,
    /// By joined alias: the alias it hangs on and the position of the reference.
    followed: Vec<(String, usize, &'p EntityPlan)>,
}

/// Where a path ends.
pub(crate) struct Located<'p> {
    pub alias: String,
    pub plan: &'p EntityPlan,
    pub place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Field(usize),
    Meta(Meta),
}

/// Columns every record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meta {
    Id,
    Version,
    CreatedAt,
    CreatedBy,
    UpdatedAt,
    UpdatedBy,
}

/// Most references one query follows.
const JOINS_MAX: usize = 40;
/// Most names in a path.
const PATH_MAX: usize = 5;

impl Meta {
    pub(crate) const ALL: [Self; 6] =
        [Self::Id, Self::Version, Self::CreatedAt, Self::CreatedBy, Self::UpdatedAt, Self::UpdatedBy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Version => "version",
            Self::CreatedAt => "created_at",
            Self::CreatedBy => "created_by",
            Self::UpdatedAt => "updated_at",
            Self::UpdatedBy => "updated_by",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meta| meta.name() == name)
    }

    pub(crate) fn kind(self) -> ColumnKind {
        match self {
            Self::Id | Self::CreatedBy | Self::UpdatedBy => ColumnKind::Text,
            Self::Version | Self::CreatedAt | Self::UpdatedAt => ColumnKind::Int,
        }
    }

    pub(crate) fn is_instant(self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt)
    }
}

impl<'p> Joins<'p> {
    pub(crate) fn new(plans: &'p Plans, base: &'p EntityPlan) -> Self {
        Self { plans, base, prefix: "r".to_owned(), joins: Vec::new(), followed: Vec::new() }
    }

    /// Joins that stand in a query beside others.
    pub(crate) fn apart(plans: &'p Plans, base: &'p EntityPlan) -> Self {
        Self { prefix: "s".to_owned(), ..Self::new(plans, base) }
    }

    /// Joins of a query inside this one, from the rows of a child table.
    pub(crate) fn inside(&self, base: &'p EntityPlan) -> Self {
        Self { prefix: format!("{}x", self.prefix), ..Self::new(self.plans, base) }
    }

    pub(crate) fn plans(&self) -> &'p Plans {
        self.plans
    }

    pub(crate) fn base(&self) -> &'p EntityPlan {
        self.base
    }

    pub(crate) fn into_joins(self) -> Vec<Join> {
        self.joins
    }

    /// The alias under which the target of a reference is joined.
    pub(crate) fn follow(
        &mut self,
        alias: &str,
        plan: &'p EntityPlan,
        position: usize,
    ) -> Result<(String, &'p EntityPlan)> {
        let known = self.followed.iter().position(|(from, at, _)| from == alias && *at == position);
        if let Some(known) = known {
            return Ok((self.joins[known].alias.clone(), self.followed[known].2));
        }
        if self.joins.len() >= JOINS_MAX {
            return Err(Error::TooMuch {
                message: "查询涉及的关联过多，请减少字段".to_owned()
            });
        }
        let field = &plan.fields[position];
        let target: &'p EntityPlan = self.plans.target(field)?;
        let joined = format!("{}{}", self.prefix, self.joins.len() + 1);
        self.joins.push(Join {
            table: target.table.clone(),
            alias: joined.clone(),
            on: (ColumnRef::new(alias, field.name.as_str()), ColumnRef::new(joined.as_str(), "id")),
        });
        self.followed.push((alias.to_owned(), position, target));
        Ok((joined, target))
    }

    /// Follows a path that the definitions gave.
    pub(crate) fn locate(&mut self, path: &[String]) -> Result<Located<'p>> {
        self.locate_checked(path, |_, _| true)
    }

    /// Follows a path, asking at every field whether it may be used. An unknown field and one that may not be
    /// used are the same error, so that nothing hidden can be probed.
    pub(crate) fn locate_checked(
        &mut self,
        path: &[String],
        mut may_use: impl FnMut(&'p EntityPlan, Place) -> bool,
    ) -> Result<Located<'p>> {
        let unknown = || unknown_field(&path.join("."));
        if path.len() > PATH_MAX {
            return Err(unknown());
        }
        let mut alias = self.base.table.clone();
        let mut plan = self.base;
        for (depth, name) in path.iter().enumerate() {
            let place = match (plan.position(name), Meta::named(name)) {
                (Some(position), _) => Place::Field(position),
                (None, Some(meta)) => Place::Meta(meta),
                (None, None) => return Err(unknown()),
            };
            if !may_use(plan, place) {
                return Err(unknown());
            }
            if depth + 1 == path.len() {
                return Ok(Located { alias, plan, place });
            }
            match place {
                Place::Field(position) if plan.fields[position].kind == anju_definitions::FieldType::Ref => {
                    (alias, plan) = self.follow(&alias, plan, position)?;
                }
                _ => return Err(unknown()),
            }
        }
        Err(unknown())
    }
}

/// There is no such field, or the actor may not name it: which of the two is not told.
pub(crate) fn unknown_field(path: &str) -> Error {
    Error::invalid(path, "unknown", format!("没有“{path}”这个字段，或无权使用"))
}

/// A path as its names.
pub(crate) fn names(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}
