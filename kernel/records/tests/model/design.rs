//! What the model knows of the definitions: its own, plain description of entities, from which the definitions are
//! written and by which the model judges.

use anju_definitions::{FieldType, Level, OnDelete};
use serde_json::Value;

/// Entities, child tables among them, and the rights on them.
#[derive(Clone)]
pub struct Design {
    pub entities: Vec<Entity>,
    pub roles: Vec<Role>,
}

#[derive(Clone)]
pub struct Entity {
    pub key: String,
    pub title: String,
    pub fields: Vec<Field>,
    pub parent: Option<Parent>,
    pub scope: Scope,
    /// Groups of fields that no two live records share, by position; those of single fields among them.
    pub uniques: Vec<Vec<usize>>,
    pub rules: Vec<Rule>,
    pub transitions: Option<Transitions>,
    /// Fields of the display text, with a space between them.
    pub display: Vec<usize>,
    /// The field by which imports find records.
    pub number: Option<usize>,
}

#[derive(Clone)]
pub struct Parent {
    pub entity: usize,
    pub name: String,
    pub rows_max: usize,
}

/// Where the fields of a child table begin: the first is the reference to the parent.
pub const LINK: usize = 0;

#[derive(Clone)]
pub enum Scope {
    Shared,
    /// The district is in the field at the end of the path; the sub-district in a field of its own.
    Placed {
        district: Vec<usize>,
        subdistrict: Option<usize>,
    },
    /// Personal: of the account that the field names.
    Owned(usize),
}

#[derive(Clone)]
pub struct Transitions {
    pub field: usize,
    pub legal: Vec<(&'static str, &'static str)>,
}

#[derive(Clone)]
pub struct Field {
    pub name: String,
    pub kind: FieldType,
    pub required: bool,
    pub required_when: Option<Condition>,
    pub visible_when: Option<Condition>,
    pub read_only_when: Option<Condition>,
    pub system: bool,
    pub immutable: bool,
    pub sensitive: bool,
    pub default: Option<Value>,
    pub dictionary: Option<Dictionary>,
    pub leaf_only: bool,
    pub to: Option<usize>,
    pub on_delete: Option<OnDelete>,
    pub scale: u32,
    /// Bounds of numbers, in units of the last place.
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// `max: today`.
    pub until_today: bool,
    pub length_max: Option<usize>,
    pub count_max: Option<usize>,
    pub many: bool,
    pub formula: Option<Formula>,
    pub stored: bool,
}

impl Field {
    pub fn new(name: impl Into<String>, kind: FieldType) -> Self {
        Self {
            name: name.into(),
            kind,
            required: false,
            required_when: None,
            visible_when: None,
            read_only_when: None,
            system: false,
            immutable: false,
            sensitive: false,
            default: None,
            dictionary: None,
            leaf_only: false,
            to: None,
            on_delete: None,
            scale: 0,
            min: None,
            max: None,
            until_today: false,
            length_max: None,
            count_max: None,
            many: false,
            formula: None,
            stored: false,
        }
    }

    pub fn is_given_by_platform(&self) -> bool {
        self.formula.is_some() || self.kind == FieldType::Sequence
    }

    /// Whether it lies in the database; otherwise it is worked out on reading.
    pub fn lies(&self) -> bool {
        self.formula.is_none() || self.stored
    }

    /// What becomes of the record when the one it names goes.
    pub fn rule_of_deletion(&self) -> OnDelete {
        self.on_delete.unwrap_or(OnDelete::Restrict)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dictionary {
    Region,
    State,
}

/// A condition over the fields of one record, by position.
#[derive(Clone)]
pub enum Condition {
    Is(usize, &'static str),
    IsNot(usize, &'static str),
    Above(usize, i64),
    True(usize),
}

impl Condition {
    pub fn field(&self) -> usize {
        match self {
            Self::Is(field, _) | Self::IsNot(field, _) | Self::Above(field, _) | Self::True(field) => *field,
        }
    }

    pub fn holds(&self, values: &[Value]) -> bool {
        match self {
            Self::Is(field, code) => values[*field] == *code,
            Self::IsNot(field, code) => values[*field] != *code,
            Self::Above(field, bound) => values[*field].as_i64().is_some_and(|number| number > *bound),
            Self::True(field) => values[*field] == Value::Bool(true),
        }
    }
}

/// How a computed field is worked out.
#[derive(Clone)]
pub enum Formula {
    Sum(usize, usize),
    Times(usize, i64),
    AtLeast(usize, i64),
    /// How many rows the child table has.
    Rows(usize),
    /// The sum of a field over the rows of a child table.
    SumOfRows(usize, usize),
}

#[derive(Clone)]
pub struct Rule {
    pub code: String,
    pub soft: bool,
    pub field: usize,
    pub when: Option<Condition>,
    pub asks: Asks,
}

/// What a rule asks of the record, or of others.
#[derive(Clone)]
pub enum Asks {
    Check(Condition),
    /// How many other records have the same value at `theirs` as this one at `own`.
    Others {
        entity: usize,
        theirs: usize,
        own: usize,
        expected: Expected,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Some,
    AtMost(usize),
}

impl Rule {
    /// The fields whose change gives reason to ask it.
    pub fn reads(&self) -> Vec<usize> {
        let mut reads: Vec<usize> = self.when.iter().map(Condition::field).collect();
        reads.push(match &self.asks {
            Asks::Check(check) => check.field(),
            Asks::Others { own, .. } => *own,
        });
        reads
    }
}

#[derive(Clone)]
pub struct Role {
    pub key: String,
    pub level: Level,
    /// By entity; none: no right at all, or, for a child table, the parent's.
    pub permissions: Vec<Option<Permission>>,
}

#[derive(Clone, Default)]
pub struct Permission {
    pub read: bool,
    pub create: bool,
    pub update: bool,
    pub delete: bool,
    pub import: bool,
    /// Names of fields and child tables that are seen; all when absent.
    pub fields: Option<Vec<String>>,
    pub read_only: Vec<String>,
    pub unmask: Vec<String>,
    /// Only records in which the condition holds.
    pub only: Option<Condition>,
}

impl Design {
    /// The child tables of an entity: position of the entity each is.
    pub fn children(&self, of: usize) -> Vec<usize> {
        let is_child =
            |at: &usize| self.entities[*at].parent.as_ref().is_some_and(|parent| parent.entity == of);
        (0..self.entities.len()).filter(is_child).collect()
    }

    pub fn table_name(&self, child: usize) -> &str {
        self.entities[child].parent.as_ref().map_or("", |parent| parent.name.as_str())
    }

    /// Entities that are no child tables.
    pub fn tops(&self) -> Vec<usize> {
        (0..self.entities.len()).filter(|at| self.entities[*at].parent.is_none()).collect()
    }
}
