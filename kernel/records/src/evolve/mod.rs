//! From the catalog in force to the next: what becomes of the data, what stands in the way, and the work itself.
//!
//! Definitions say what records look like; publishing changed ones must not lose what is recorded. [`Records::impact`]
//! compares two catalogs and looks into the data; what would lose or contradict it is refused, with a way out.

mod changes;
mod conversion;
mod dictionaries;
mod fields;
mod fill;
mod keys;
mod probe;
mod recompute;
mod rewrite;
mod words;

use std::sync::Arc;

use anju_definitions::Catalog;
use serde::Serialize;

pub use fill::Fill;
pub use rewrite::Rewrite;

use crate::{Records, Result, plan::Plans};

/// What a publication does to the data.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Impact {
    /// What will be done, in the order of the definitions.
    pub effects: Vec<Effect>,
    /// What stands in the way; the publication is refused unless there is none.
    pub refusals: Vec<Refusal>,
    /// Fields whose stored values change their form.
    #[serde(skip)]
    pub rewrites: Vec<Rewrite>,
    /// Existing records that get values.
    #[serde(skip)]
    pub fills: Vec<Fill>,
}

/// One thing that will be done, or that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    pub entity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub kind: EffectKind,
    /// In Chinese, for the publisher.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    EntityAdded,
    EntityRemoved,
    FieldAdded,
    FieldRemoved,
    /// The field takes more than before; nothing stored changes.
    Widened,
    /// Stored values are brought to another form, with the table to itself.
    Rewritten,
    /// Existing records get a value.
    Filled,
    /// Stricter than before: existing records may not comply, and are judged when they are next changed.
    Tightened,
    KeyAdded,
    KeyRemoved,
    /// Who sees which records changes.
    ScopeChanged,
    /// What records are found by changes; existing ones follow in a job.
    SearchChanged,
}

/// Why a definition cannot be published as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub entity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Stable code, e.g. `field_in_use`.
    pub code: &'static str,
    /// What would be lost or contradicted, in Chinese.
    pub message: String,
    /// What to do instead, in Chinese.
    pub way: &'static str,
}

impl Impact {
    fn effect(&mut self, entity: &str, field: Option<&str>, kind: EffectKind, message: String) {
        self.effects.push(Effect {
            entity: entity.to_owned(),
            field: field.map(str::to_owned),
            kind,
            message,
        });
    }

    fn refuse(
        &mut self,
        entity: &str,
        field: Option<&str>,
        code: &'static str,
        message: String,
        way: &'static str,
    ) {
        let (entity, field) = (entity.to_owned(), field.map(str::to_owned));
        self.refusals.push(Refusal { entity, field, code, message, way });
    }
}

impl Records {
    /// What publishing the next catalog does to the records of the one in force. Looks at the data as it is now;
    /// nothing is changed.
    ///
    /// # Errors
    /// [`crate::Error::Internal`] for definitions that contradict themselves.
    pub async fn impact(&self, next: &Catalog) -> Result<Impact> {
        let next = Plans::compile(Arc::new(next.clone()))?;
        let plans = self.plans()?;
        let mut impact = Impact::default();
        for (key, entity) in &next.catalog.entities {
            match plans.entity(key) {
                Ok(before) => {
                    changes::compare(self, before, next.entity(key)?, &mut impact).await?;
                }
                Err(_) => {
                    let message = format!("新增实体“{}”，{} 个字段", entity.title, entity.fields.len());
                    impact.effect(key, None, EffectKind::EntityAdded, message);
                }
            }
        }
        recompute::follow(&next, &mut impact)?;
        for key in plans.catalog.entities.keys().filter(|key| next.entity(key).is_err()) {
            changes::removed(self, plans.entity(key)?, &mut impact).await?;
        }
        Ok(impact)
    }
}
