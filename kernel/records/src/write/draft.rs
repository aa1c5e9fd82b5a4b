//! A change that nobody has judged yet.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use crate::{
    Change, Object,
    expression::as_number,
    plan::{ChildPlan, EntityPlan},
    read::Loaded,
    value,
};

/// A change to a record and its child rows, as far as it has been parsed.
pub(crate) struct Draft {
    pub plan: Arc<EntityPlan>,
    pub change: Change,
    pub row: DraftRow,
    /// The child tables the change touches, or that rules or hooks read.
    pub tables: Vec<DraftTable>,
}

/// One row: what it was and what it will be, by position of the field.
pub(crate) struct DraftRow {
    pub id: String,
    pub before: Option<Loaded>,
    pub values: Vec<Value>,
}

/// The rows of one child table.
pub(crate) struct DraftTable {
    /// Position in the parent's `children`.
    pub child: usize,
    pub plan: Arc<EntityPlan>,
    /// Whether the change says what the rows are; otherwise they are here to be read only.
    pub given: bool,
    pub rows: Vec<DraftRow>,
    pub removed: Vec<Loaded>,
}

impl DraftRow {
    pub(crate) fn new(id: String, plan: &EntityPlan) -> Self {
        Self { id, before: None, values: vec![Value::Null; plan.fields.len()] }
    }

    pub(crate) fn of(loaded: Loaded) -> Self {
        Self { id: loaded.id.clone(), values: loaded.values.clone(), before: Some(loaded) }
    }

    pub(crate) fn changed(&self, position: usize) -> bool {
        match &self.before {
            Some(before) => before.values[position] != self.values[position],
            None => !self.values[position].is_null(),
        }
    }

    /// A record from before a field had to have a value takes the default with its next change: publishing the field
    /// fills records a batch at a time, and nobody should come too early.
    pub(crate) fn take_late_defaults(&mut self, plan: &EntityPlan, today: Date) {
        let Some(before) = &self.before else { return };
        for (position, field) in plan.fields.iter().enumerate() {
            let is_late = self.values[position].is_null() && before.values[position].is_null();
            let Some(default) = field.literal_default().filter(|_| is_late && field.is_demanded()) else {
                continue;
            };
            if let Ok(parsed) = value::parse(field, default, today) {
                self.values[position] = parsed;
            }
        }
    }

    pub(crate) fn is_changed(&self) -> bool {
        self.before.is_none() || (0..self.values.len()).any(|position| self.changed(position))
    }
}

impl Draft {
    pub(crate) fn child(&self, table: &DraftTable) -> &ChildPlan {
        &self.plan.children[table.child]
    }

    /// The record as hooks see it: everything in clear, child tables included.
    pub(crate) fn object(&self) -> Object {
        let mut object = row_object(&self.plan, &self.row.id, &self.row.values);
        for table in &self.tables {
            let rows =
                table.rows.iter().map(|row| Value::Object(row_object(&table.plan, &row.id, &row.values)));
            object.insert(self.child(table).name.clone(), Value::Array(rows.collect()));
        }
        object
    }

    /// The record before the change, as hooks see it.
    pub(crate) fn object_before(&self) -> Option<Object> {
        let before = self.row.before.as_ref().filter(|_| self.change != Change::Restored)?;
        let mut object = row_object(&self.plan, &before.id, &before.values);
        object.insert("version".to_owned(), Value::from(before.version));
        for table in &self.tables {
            let kept = table.rows.iter().filter_map(|row| row.before.as_ref());
            let rows = kept.chain(&table.removed);
            let rows = rows.map(|row| Value::Object(row_object(&table.plan, &row.id, &row.values)));
            object.insert(self.child(table).name.clone(), Value::Array(rows.collect()));
        }
        Some(object)
    }

    /// The child tables as expressions see them.
    pub(crate) fn child_scene(&self) -> Object {
        let mut object = Object::new();
        for table in &self.tables {
            let row = |row: &DraftRow| {
                let values = table.plan.fields.iter().zip(&row.values);
                Value::Object(values.map(|(f, value)| (f.name.clone(), as_number(f.kind, value))).collect())
            };
            object.insert(self.child(table).name.clone(), Value::Array(table.rows.iter().map(row).collect()));
        }
        object
    }
}

fn row_object(plan: &EntityPlan, id: &str, values: &[Value]) -> Object {
    let mut object = Object::with_capacity(values.len() + 1);
    object.insert("id".to_owned(), Value::from(id));
    for (field, value) in plan.fields.iter().zip(values) {
        object.insert(field.name.clone(), value.clone());
    }
    object
}
