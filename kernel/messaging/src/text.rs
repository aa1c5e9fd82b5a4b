//! Texts with `{field.path}` placeholders, filled from a record and the records it refers to.

use anju_definitions::{Catalog, Field, FieldType};
use anju_records::{Actor, Record, Records};
use anju_store::Tx;

use crate::{Error, Result};

/// Looks values up for one message.
pub(crate) struct Source<'a> {
    pub records: &'a Records,
    pub catalog: &'a Catalog,
    /// The platform: sees sensitive fields in clear.
    pub actor: &'a Actor,
    pub message: &'a str,
    pub entity: &'a str,
    pub record: &'a Record,
}

impl Source<'_> {
    /// The text with every placeholder replaced by its value as a person reads it; absent ones by nothing.
    pub async fn fill(&self, tx: &mut Tx, template: &str) -> Result<String> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (path, after) =
                after.split_once('}').ok_or_else(|| self.faulty("a placeholder is not closed"))?;
            filled.push_str(before);
            filled.push_str(&self.read(tx, path.trim()).await?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The value at a path, through references, as a person reads it.
    pub async fn read(&self, tx: &mut Tx, path: &str) -> Result<String> {
        let (mut entity, mut record) = (self.entity.to_owned(), self.record.clone());
        let (way, name) = path.rsplit_once('.').unwrap_or(("", path));
        for step in way.split('.').filter(|step| !step.is_empty()) {
            let Some(target) = self.field(&entity, step, path)?.to.clone() else {
                return Err(self.faulty(&format!("`{step}` in `{path}` refers to nothing")));
            };
            let Some(id) = record.text(step).map(str::to_owned) else { return Ok(String::new()) };
            record = self.records.read_in(tx, self.actor, &target, &id).await?;
            entity = target;
        }
        let field = self.field(&entity, name, path)?;
        let text = self.records.text_of(&entity, &record.values, name)?;
        let unit = if field.value_type() == FieldType::Money && !text.is_empty() { "元" } else { "" };
        Ok(format!("{text}{unit}"))
    }

    fn field(&self, entity: &str, name: &str, path: &str) -> Result<&Field> {
        let found = self.catalog.entity(entity).and_then(|entity| entity.fields.get(name));
        found.ok_or_else(|| self.faulty(&format!("`{path}` names no field of {entity}")))
    }

    pub fn faulty(&self, why: &str) -> Error {
        Error::Definition { message: self.message.to_owned(), why: why.to_owned() }
    }
}
