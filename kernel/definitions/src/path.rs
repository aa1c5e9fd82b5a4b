//! Field paths: `district`, `case.district` through a reference, `members.id_no` through a child table.

use std::sync::Arc;

use thiserror::Error;

use crate::{Catalog, Entity, Field, FieldType};

/// Most parts of a path.
pub const PARTS_MAX: usize = 6;

/// A path from an entity to a field.
#[derive(Debug, Clone)]
pub struct Path<'a> {
    /// The ways passed, in order; empty for a field of the entity itself.
    pub hops: Vec<Hop<'a>>,
    /// The entity the target belongs to.
    pub entity: &'a Arc<Entity>,
    /// The last part.
    pub name: &'a str,
    pub target: Target<'a>,
}

/// One way from an entity to another.
#[derive(Debug, Clone, Copy)]
pub enum Hop<'a> {
    /// From the record to the one its reference field names.
    Ref { field: &'a str, to: &'a Arc<Entity> },
    /// From the record to the rows of a child table, whose `field` names the record.
    Rows { field: &'a str, child: &'a Arc<Entity> },
}

#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    Field(&'a Field),
    BuiltIn(BuiltIn),
}

/// Fields every entity has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltIn {
    Id,
    Version,
    CreatedAt,
    CreatedBy,
    UpdatedAt,
    UpdatedBy,
    /// Place among the rows; child tables only.
    Position,
}

impl BuiltIn {
    pub const ALL: [BuiltIn; 7] = [
        BuiltIn::Id,
        BuiltIn::Version,
        BuiltIn::CreatedAt,
        BuiltIn::CreatedBy,
        BuiltIn::UpdatedAt,
        BuiltIn::UpdatedBy,
        BuiltIn::Position,
    ];

    /// Its name in JSON and its column.
    pub fn name(self) -> &'static str {
        match self {
            BuiltIn::Id => "id",
            BuiltIn::Version => "version",
            BuiltIn::CreatedAt => "created_at",
            BuiltIn::CreatedBy => "created_by",
            BuiltIn::UpdatedAt => "updated_at",
            BuiltIn::UpdatedBy => "updated_by",
            BuiltIn::Position => "position",
        }
    }

    fn of(entity: &Entity, name: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|built_in| built_in.name() == name)?;
        (found != BuiltIn::Position || entity.parent.is_some()).then_some(found)
    }
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    #[error("没有实体“{0}”")]
    NoEntity(String),
    #[error("实体“{entity}”没有字段“{name}”")]
    NoField { entity: String, name: String },
    /// A part before the last is neither a reference nor a child table.
    #[error("实体“{entity}”的“{name}”不是引用，后面不能再有字段")]
    NoWay { entity: String, name: String },
    /// The last part is a child table.
    #[error("“{name}”是子表，后面应有字段")]
    EndsInRows { name: String },
    /// The last part should be a child table.
    #[error("“{name}”不是子表")]
    NoRows { name: String },
    #[error("路径超过 {PARTS_MAX} 段")]
    TooLong,
}

impl<'a> Path<'a> {
    /// The field, unless the path ends in a built-in one.
    pub fn field(&self) -> Option<&'a Field> {
        match self.target {
            Target::Field(field) => Some(field),
            Target::BuiltIn(_) => None,
        }
    }

    /// The type of its value; built-in ids and names of actors are text.
    pub fn field_type(&self) -> FieldType {
        match self.target {
            Target::Field(field) => field.value_type(),
            Target::BuiltIn(BuiltIn::CreatedAt | BuiltIn::UpdatedAt) => FieldType::DateTime,
            Target::BuiltIn(BuiltIn::Version | BuiltIn::Position) => FieldType::Integer,
            Target::BuiltIn(BuiltIn::Id | BuiltIn::CreatedBy | BuiltIn::UpdatedBy) => FieldType::Text,
        }
    }

    /// Whether one record may have several values at the path.
    pub fn is_many(&self) -> bool {
        self.hops.iter().any(|hop| matches!(hop, Hop::Rows { .. }))
    }
}

/// Follows `path` from the entity named `entity`.
pub fn resolve<'a>(catalog: &'a Catalog, entity: &str, path: &'a str) -> Result<Path<'a>, PathError> {
    let mut at = catalog.entity(entity).ok_or_else(|| PathError::NoEntity(entity.to_owned()))?;
    if path.split('.').count() > PARTS_MAX {
        return Err(PathError::TooLong);
    }
    let (ways, name) = match path.rsplit_once('.') {
        Some((ways, name)) => (Some(ways), name),
        None => (None, path),
    };
    let mut hops = Vec::new();
    for way in ways.into_iter().flat_map(|ways| ways.split('.')) {
        let hop = hop(catalog, at, way)?;
        at = match hop {
            Hop::Ref { to, .. } => to,
            Hop::Rows { child, .. } => child,
        };
        hops.push(hop);
    }
    let target = match at.fields.get(name) {
        Some(field) => Some(Target::Field(field)),
        None => BuiltIn::of(at, name).map(Target::BuiltIn),
    };
    match target {
        Some(target) => Ok(Path { hops, entity: at, name, target }),
        None if catalog.child(&at.entity, name).is_some() => {
            Err(PathError::EndsInRows { name: name.to_owned() })
        }
        None => Err(no_field(at, name)),
    }
}

/// The child table at the end of `path` from the entity named `entity`.
pub fn rows<'a>(catalog: &'a Catalog, entity: &str, path: &str) -> Result<&'a Arc<Entity>, PathError> {
    let mut at = catalog.entity(entity).ok_or_else(|| PathError::NoEntity(entity.to_owned()))?;
    if path.split('.').count() > PARTS_MAX {
        return Err(PathError::TooLong);
    }
    let mut in_rows = false;
    for way in path.split('.') {
        (at, in_rows) = match hop(catalog, at, way)? {
            Hop::Ref { to, .. } => (to, false),
            Hop::Rows { child, .. } => (child, true),
        };
    }
    match in_rows {
        true => Ok(at),
        false => Err(PathError::NoRows { name: path.to_owned() }),
    }
}

fn hop<'a>(catalog: &'a Catalog, at: &'a Entity, name: &str) -> Result<Hop<'a>, PathError> {
    if let Some((key, field)) = at.fields.get_key_value(name) {
        let to = field.to.as_deref().filter(|_| field.field_type == FieldType::Ref);
        let to = to.ok_or_else(|| PathError::NoWay { entity: at.entity.clone(), name: name.to_owned() })?;
        let to = catalog.entity(to).ok_or_else(|| PathError::NoEntity(to.to_owned()))?;
        return Ok(Hop::Ref { field: key, to });
    }
    let child = catalog.child(&at.entity, name).ok_or_else(|| no_field(at, name))?;
    let parent = child.parent.as_ref().ok_or_else(|| no_field(at, name))?;
    Ok(Hop::Rows { field: &parent.field, child })
}

fn no_field(entity: &Entity, name: &str) -> PathError {
    PathError::NoField { entity: entity.entity.clone(), name: name.to_owned() }
}
