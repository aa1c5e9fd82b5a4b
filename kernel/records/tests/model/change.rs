//! A change as it is asked for, and what it makes of a record before anybody judges it.

use std::collections::BTreeMap;

use anju_definitions::FieldType;
use anju_records::Object;
use serde_json::{Value, json};

use crate::{
    design::*,
    outcome::Outcome,
    rights::{Operation, Person, Rights},
    values::Given,
    world::{Record, Row, World},
};

/// What somebody hands in.
#[derive(Debug, Clone, Default)]
pub struct Attempt {
    pub fields: Vec<(usize, Given)>,
    /// A name that is no field's.
    pub unknown: Option<String>,
    /// The rows of child tables, by their position among the entity's tables.
    pub tables: Vec<(usize, Vec<RowAttempt>)>,
    /// Codes of rules to let pass, with the reason.
    pub confirm: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct RowAttempt {
    /// An existing row; a new one without.
    pub id: Option<String>,
    pub fields: Vec<(usize, Given)>,
}

impl Attempt {
    /// As JSON.
    pub fn input(&self, design: &Design, entity: usize) -> Object {
        let named = |entity: usize, fields: &[(usize, Given)]| -> Object {
            let name = |at: usize| design.entities[entity].fields[at].name.clone();
            fields.iter().map(|(at, given)| (name(*at), given.input.clone())).collect()
        };
        let mut input = named(entity, &self.fields);
        if let Some(name) = &self.unknown {
            input.insert(name.clone(), json!(1));
        }
        let children = design.children(entity);
        for (table, rows) in &self.tables {
            let row = |row: &RowAttempt| {
                let mut object = named(children[*table], &row.fields);
                row.id.iter().for_each(|id| drop(object.insert("id".to_owned(), json!(id))));
                Value::Object(object)
            };
            input.insert(design.table_name(children[*table]).to_owned(), rows.iter().map(row).collect());
        }
        if !self.confirm.is_empty() {
            let one = |(code, reason): &(String, String)| json!({ "code": code, "reason": reason });
            input.insert("$confirm".to_owned(), self.confirm.iter().map(one).collect());
        }
        input
    }
}

/// A record on its way.
pub struct Draft {
    pub entity: usize,
    /// None for a new one.
    pub before: Option<Record>,
    pub row: DraftRow,
    /// Child tables whose rows the change says.
    pub tables: BTreeMap<usize, DraftTable>,
    pub faults: Vec<Fault>,
    /// Whether a deleted record is set beside others again.
    pub returns: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub field: String,
    pub code: String,
}

#[derive(Clone)]
pub struct DraftRow {
    pub id: Option<String>,
    pub before: Option<Vec<Value>>,
    pub values: Vec<Value>,
    /// Fields that a person changed.
    given: Vec<usize>,
    /// Faults that show with the whole record.
    later: BTreeMap<usize, &'static str>,
}

pub struct DraftTable {
    pub rows: Vec<DraftRow>,
    pub removed: Vec<Row>,
    /// The ids there were, in their order.
    order: Vec<String>,
}

/// A row to be judged: its entity, itself, the prefix of its fields.
pub type Judged<'d> = (usize, &'d DraftRow, String);

impl Fault {
    pub fn new(field: impl Into<String>, code: &str) -> Self {
        Self { field: field.into(), code: code.to_owned() }
    }
}

impl DraftRow {
    fn new(fields: usize) -> Self {
        Self {
            id: None,
            before: None,
            values: vec![Value::Null; fields],
            given: Vec::new(),
            later: BTreeMap::new(),
        }
    }

    fn of(id: &str, values: &[Value]) -> Self {
        Self {
            id: Some(id.to_owned()),
            before: Some(values.to_vec()),
            values: values.to_vec(),
            ..Self::new(0)
        }
    }

    pub fn changed(&self, at: usize) -> bool {
        match &self.before {
            Some(before) => before[at] != self.values[at],
            None => !self.values[at].is_null(),
        }
    }

    pub fn is_changed(&self) -> bool {
        self.before.is_none() || (0..self.values.len()).any(|at| self.changed(at))
    }
}

impl DraftTable {
    pub fn is_changed(&self) -> bool {
        let order = self.rows.iter().filter_map(|row| row.id.clone());
        !self.removed.is_empty()
            || self.rows.iter().any(DraftRow::is_changed)
            || !order.eq(self.order.iter().cloned())
    }
}

impl Draft {
    /// The record, then the rows that are given.
    pub fn judged<'d>(&'d self, world: &World) -> Vec<Judged<'d>> {
        let children = world.design.children(self.entity);
        let mut all = vec![(self.entity, &self.row, String::new())];
        for (table, draft) in &self.tables {
            let name = world.design.table_name(children[*table]);
            all.extend(
                draft
                    .rows
                    .iter()
                    .enumerate()
                    .map(|(at, row)| (children[*table], row, format!("{name}[{at}]."))),
            );
        }
        all
    }

    pub fn is_changed(&self) -> bool {
        self.row.is_changed() || self.tables.values().any(DraftTable::is_changed)
    }

    /// The rows of all tables as they will be.
    pub fn rows(&self) -> Vec<Vec<Vec<Value>>> {
        let before = self.before.as_ref().map(|record| &record.tables);
        let count =
            before.map_or(self.tables.len(), Vec::len).max(self.tables.keys().max().map_or(0, |at| at + 1));
        (0..count)
            .map(|table| match (self.tables.get(&table), before) {
                (Some(draft), _) => draft.rows.iter().map(|row| row.values.clone()).collect(),
                (None, Some(tables)) => tables[table].iter().map(|row| row.values.clone()).collect(),
                (None, None) => Vec::new(),
            })
            .collect()
    }
}

impl World {
    /// What the attempt makes of the record, or of nothing.
    pub fn draft(
        &self,
        who: &Person,
        rights: &Rights<'_>,
        entity: usize,
        before: Option<&Record>,
        attempt: &Attempt,
    ) -> Result<Draft, Outcome> {
        let row = match before {
            Some(record) => DraftRow::of(&record.id, &record.values),
            None => DraftRow::new(self.entity(entity).fields.len()),
        };
        let mut draft = Draft {
            entity,
            before: before.cloned(),
            row,
            tables: BTreeMap::new(),
            faults: Vec::new(),
            returns: false,
        };
        self.take(&mut draft.row, entity, &attempt.fields, who, rights, "", &mut draft.faults);
        if let Some(name) = &attempt.unknown {
            draft.faults.push(Fault::new(name.as_str(), "unknown"));
        }
        if before.is_none() {
            self.take_place(&mut draft.row, entity, who);
        }
        let operation = if before.is_some() { Operation::Update } else { Operation::Create };
        for (table, rows) in &attempt.tables {
            self.take_rows(&mut draft, *table, rows, who, rights, operation)?;
        }
        if before.is_none() {
            self.set_defaults(&mut draft.row, entity);
        }
        let children = self.design.children(entity);
        for (table, of) in &mut draft.tables {
            for row in of.rows.iter_mut() {
                if row.before.is_none() {
                    self.set_defaults(row, children[*table]);
                }
                self.work_out(children[*table], &mut row.values, &[], |field| field.stored);
            }
        }
        let mut rows = draft.rows();
        rows.resize(children.len(), Vec::new());
        self.work_out(entity, &mut draft.row.values, &rows, |field| field.stored);
        Ok(draft)
    }

    #[allow(clippy::too_many_arguments)]
    fn take(
        &self,
        row: &mut DraftRow,
        entity: usize,
        fields: &[(usize, Given)],
        who: &Person,
        rights: &Rights<'_>,
        path: &str,
        faults: &mut Vec<Fault>,
    ) {
        for (at, given) in fields {
            let field = &self.entity(entity).fields[*at];
            let mut fault = |code: &str| faults.push(Fault::new(format!("{path}{}", field.name), code));
            if !rights.sees(&field.name) {
                fault("unknown");
                continue;
            }
            // what is worked out on reading is as it was read
            let read = row.before.as_ref().filter(|_| !field.lies()).map(|before| self.whole(entity, before));
            let current = read.as_ref().map_or(&row.values[*at], |read| &read[*at]);
            match &given.becomes {
                Err(code) => fault(code),
                Ok(value) if value == current => {}
                Ok(value) => match refusal(field, row, who, rights) {
                    Some(code) => fault(code),
                    None => {
                        row.values[*at] = value.clone();
                        row.later.extend(given.later.map(|code| (*at, code)));
                        if !who.is_system() {
                            row.given.push(*at);
                        }
                    }
                },
            }
        }
    }

    fn take_place(&self, row: &mut DraftRow, entity: usize, who: &Person) {
        if who.is_system() {
            return;
        }
        let mut put = |at: usize, value: Option<&str>| {
            if let Some(value) = value.filter(|_| row.values[at].is_null()) {
                row.values[at] = json!(value);
            }
        };
        let (district, subdistrict) = who.places();
        match &self.entity(entity).scope {
            Scope::Owned(owner) => put(*owner, Some(&who.actor.account_id)),
            Scope::Placed { district: path, subdistrict: own } => {
                if let [at] = path.as_slice() {
                    put(*at, district);
                }
                own.iter().for_each(|at| put(*at, subdistrict));
            }
            Scope::Shared => {}
        }
    }

    fn take_rows(
        &self,
        draft: &mut Draft,
        table: usize,
        given: &[RowAttempt],
        who: &Person,
        rights: &Rights<'_>,
        operation: Operation,
    ) -> Result<(), Outcome> {
        let child = self.design.children(draft.entity)[table];
        let parent = self.entity(child).parent.as_ref().expect("a child table");
        if !rights.writes(&parent.name) {
            draft.faults.push(Fault::new(parent.name.as_str(), "read_only"));
            return Ok(());
        }
        if given.len() > parent.rows_max {
            draft.faults.push(Fault::new(parent.name.as_str(), "length"));
            return Ok(());
        }
        let of_rows = self.rights(who, child, operation).ok_or(Outcome::Forbidden)?;
        let there = draft.before.as_ref().map(|record| record.tables[table].clone()).unwrap_or_default();
        let order = there.iter().map(|row| row.id.clone()).collect();
        let mut left = there;
        let mut rows = Vec::new();
        for (at, attempt) in given.iter().enumerate() {
            let path = format!("{}[{at}]", parent.name);
            let mut row = match &attempt.id {
                None => DraftRow::new(self.entity(child).fields.len()),
                Some(id) => match left.iter().position(|row| row.id == *id) {
                    Some(found) => {
                        let row = left.remove(found);
                        DraftRow::of(&row.id, &row.values)
                    }
                    None => {
                        draft.faults.push(Fault::new(format!("{path}.id"), "unknown"));
                        continue;
                    }
                },
            };
            self.take(
                &mut row,
                child,
                &attempt.fields,
                who,
                &of_rows,
                &format!("{path}."),
                &mut draft.faults,
            );
            rows.push(row);
        }
        left.sort_by(|a, b| a.id.cmp(&b.id));
        draft.tables.insert(table, DraftTable { rows, removed: left, order });
        Ok(())
    }

    fn set_defaults(&self, row: &mut DraftRow, entity: usize) {
        for (at, field) in self.entity(entity).fields.iter().enumerate() {
            if let Some(default) = field.default.as_ref().filter(|_| row.values[at].is_null()) {
                row.values[at] = if *default == "=today" { json!(self.today()) } else { default.clone() };
            }
        }
    }

    /// What is wrong with a row by itself.
    pub fn judge_row(&self, (entity, row, path): &Judged<'_>, faults: &mut Vec<Fault>) {
        let one = self.entity(*entity);
        let name = |at: usize| format!("{path}{}", one.fields[at].name);
        for at in &row.given {
            let Some(when) = &one.fields[*at].read_only_when else { continue };
            let before = row.before.as_ref().is_none_or(|before| when.holds(before));
            if row.changed(*at) && before && when.holds(&row.values) {
                faults.push(Fault::new(name(*at), "read_only"));
            }
        }
        for (at, field) in one.fields.iter().enumerate() {
            if faults.iter().any(|fault| fault.field == name(at)) {
                continue;
            }
            if row.values[at].is_null() && is_required(field, &row.values) {
                faults.push(Fault::new(name(at), "required"));
            }
            if let Some(code) = row.later.get(&at).filter(|_| row.changed(at)) {
                faults.push(Fault::new(name(at), code));
            }
        }
        for rule in one.rules.iter().filter(|rule| !rule.soft) {
            let Asks::Check(check) = &rule.asks else { continue };
            let known = faults.iter().any(|fault| fault.field == name(rule.field));
            if !known && !is_kept(rule, check, &row.values) {
                faults.push(Fault::new(name(rule.field), &rule.code));
            }
        }
    }
}

/// Whether a rule over the record alone holds, or is not asked.
pub fn is_kept(rule: &Rule, check: &Condition, values: &[Value]) -> bool {
    let asked = rule.when.as_ref().is_none_or(|when| when.holds(values));
    !asked || values[check.field()].is_null() || check.holds(values)
}

fn is_required(field: &Field, values: &[Value]) -> bool {
    let demanded = field.required || field.required_when.as_ref().is_some_and(|when| when.holds(values));
    let shown = field.visible_when.as_ref().is_none_or(|when| when.holds(values));
    demanded && shown && !field.system && !field.is_given_by_platform()
}

fn refusal(field: &Field, row: &DraftRow, who: &Person, rights: &Rights<'_>) -> Option<&'static str> {
    let by_platform = field.system || field.kind == FieldType::Sequence;
    if field.formula.is_some() || (by_platform && !who.is_system()) || !rights.writes(&field.name) {
        return Some("read_only");
    }
    (field.immutable && row.before.is_some() && !who.is_system()).then_some("immutable")
}

impl World {
    /// A deleted record as it is set beside others again.
    pub fn returning(&self, entity: usize, record: &Record) -> Draft {
        let tables = record.tables.iter().enumerate().map(|(table, rows)| {
            let rows = rows.iter().map(|row| DraftRow::of(&row.id, &row.values)).collect();
            (table, DraftTable { rows, removed: Vec::new(), order: Vec::new() })
        });
        Draft {
            entity,
            row: DraftRow::of(&record.id, &record.values),
            tables: tables.collect(),
            before: Some(record.clone()),
            faults: Vec::new(),
            returns: true,
        }
    }
}
