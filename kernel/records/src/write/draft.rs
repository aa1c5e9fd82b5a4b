//! A change that nobody has judged yet.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use super::confirm::{Confirm, Confirmed};
use crate::{
    Change, Object,
    computed::compute,
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
    /// What the person confirms; `None` when nobody is there to be asked.
    pub confirm: Option<Vec<Confirm>>,
    /// The confirmations that the change needed.
    pub confirmed: Vec<Confirmed>,
}

/// A row that a change is judged by: the record itself, or a row of a child table it gives.
#[derive(Clone)]
pub(crate) struct JudgedRow<'d> {
    pub plan: &'d EntityPlan,
    pub row: &'d DraftRow,
    /// Prefix of its fields in messages.
    pub path: String,
    /// The reference to the parent, for child rows.
    pub link: Option<usize>,
}

impl JudgedRow<'_> {
    pub(crate) fn is_child(&self) -> bool {
        self.link.is_some()
    }
}

/// One row: what it was and what it will be, by position of the field.
pub(crate) struct DraftRow {
    pub id: String,
    pub before: Option<Loaded>,
    pub values: Vec<Value>,
    /// Positions of the fields that a person, not the platform, gave another value.
    pub given: Vec<usize>,
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
    /// Whether rows that stay stand in another order.
    pub moved: bool,
}

impl DraftTable {
    /// Whether the change makes anything of the rows other than they were.
    pub(crate) fn is_changed(&self) -> bool {
        self.given && (self.moved || !self.removed.is_empty() || self.rows.iter().any(DraftRow::is_changed))
    }
}

impl DraftRow {
    pub(crate) fn new(id: String, plan: &EntityPlan) -> Self {
        Self { id, before: None, values: vec![Value::Null; plan.fields.len()], given: Vec::new() }
    }

    pub(crate) fn of(loaded: Loaded) -> Self {
        Self { id: loaded.id.clone(), values: loaded.values.clone(), before: Some(loaded), given: Vec::new() }
    }

    pub(crate) fn changed(&self, position: usize) -> bool {
        match &self.before {
            Some(before) => before.values[position] != self.values[position],
            None => !self.values[position].is_null(),
        }
    }

    /// The row as expressions see it.
    pub(crate) fn in_expressions(&self, plan: &EntityPlan) -> Value {
        let values = plan.fields.iter().zip(&self.values);
        Value::Object(
            values.map(|(field, value)| (field.name.clone(), as_number(field.kind, value))).collect(),
        )
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
    pub(crate) fn new(plan: Arc<EntityPlan>, change: Change, row: DraftRow) -> Self {
        Self { plan, change, row, tables: Vec::new(), confirm: None, confirmed: Vec::new() }
    }

    /// Whether anything is other than it was.
    pub(crate) fn is_changed(&self) -> bool {
        self.row.is_changed() || self.tables.iter().any(DraftTable::is_changed)
    }

    /// The record and the child rows that the change gives.
    pub(crate) fn judged_rows(&self) -> Vec<JudgedRow<'_>> {
        let mut rows = vec![JudgedRow { plan: &self.plan, row: &self.row, path: String::new(), link: None }];
        for table in self.tables.iter().filter(|table| table.given) {
            let child = self.child(table);
            rows.extend(table.rows.iter().enumerate().map(|(index, row)| JudgedRow {
                plan: &table.plan,
                row,
                path: format!("{}[{index}].", child.name),
                link: Some(child.parent_field),
            }));
        }
        rows
    }

    /// Works out the computed fields of the rows, then of the record.
    pub(crate) fn compute(&mut self, today: Date) {
        let nothing = Object::new();
        for table in &mut self.tables {
            for row in &mut table.rows {
                compute(&table.plan, &mut row.values, &nothing, today, |_| true);
            }
        }
        let children = if self.plan.computed.is_empty() { Object::new() } else { self.child_scene() };
        compute(&self.plan, &mut self.row.values, &children, today, |_| true);
    }

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
            let rows = table.rows.iter().map(|row| row.in_expressions(&table.plan));
            object.insert(self.child(table).name.clone(), Value::Array(rows.collect()));
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
