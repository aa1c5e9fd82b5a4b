//! What somebody sees of a record: fields, masks, names of what it refers to, history, the past.

use anju_definitions::FieldType;
use anju_records::Object;
use serde_json::{Value, json};

use crate::{
    design::LINK,
    judge::ids,
    outcome::Outcome,
    rights::{Operation, Person, Rights},
    values::{masked, moment, shown},
    world::{Changed, Entry, Record, Row, Stamp, World},
};

impl World {
    /// A record read by itself.
    pub fn read(&self, who: &Person, entity: usize, id: &str) -> Result<Object, Outcome> {
        let record = self.visible(who, entity, id)?;
        let rights = self.rights(who, entity, Operation::Read).ok_or(Outcome::Forbidden)?;
        let mut object = self.flat(who, entity, record);
        self.put_tables(who, entity, &rights, &record.tables, &mut object);
        Ok(object)
    }

    /// A record in a list: no child tables.
    pub fn flat(&self, who: &Person, entity: usize, record: &Record) -> Object {
        let rights = self.rights(who, entity, Operation::Read).expect("a right to read");
        let mut object = heading(&record.id, record.version, &record.created, &record.updated);
        self.put_fields(who, entity, &rights, &record.values, &mut object);
        object
    }

    fn put_tables(
        &self,
        who: &Person,
        entity: usize,
        rights: &Rights<'_>,
        tables: &[Vec<Row>],
        object: &mut Object,
    ) {
        for (child, rows) in self.design.children(entity).into_iter().zip(tables) {
            let name = self.design.table_name(child);
            let Some(own) = self.rights(who, child, Operation::Read).filter(|_| rights.sees(name)) else {
                continue;
            };
            let row = |row: &Row| {
                let mut shown = Object::from_iter([("id".to_owned(), json!(row.id))]);
                self.put_fields(who, child, &own, &row.values, &mut shown);
                shown.remove(&self.entity(child).fields[LINK].name);
                Value::Object(shown)
            };
            object.insert(name.to_owned(), rows.iter().map(row).collect());
        }
    }

    fn put_fields(
        &self,
        who: &Person,
        entity: usize,
        rights: &Rights<'_>,
        values: &[Value],
        object: &mut Object,
    ) {
        let values = self.whole(entity, values);
        let (mut hidden, mut names) = (Vec::new(), Object::new());
        let is_child = self.entity(entity).parent.is_some();
        for (at, field) in self.entity(entity).fields.iter().enumerate() {
            if !rights.sees(&field.name) {
                continue;
            }
            let is_hidden = field.sensitive && !who.is_system() && !values[at].is_null();
            let value = if is_hidden { json!(masked(field, &values[at])) } else { values[at].clone() };
            if is_hidden {
                hidden.push(json!(field.name));
            }
            object.insert(field.name.clone(), value);
            let to = field.to.filter(|to| !(is_child && at == LINK) && self.may_show(who, *to));
            if let Some(name) = to.and_then(|to| self.named(to, &values[at])) {
                names.insert(field.name.clone(), name);
            }
        }
        let display = self.display(entity, &values, &self.hidden(entity, rights));
        object.insert("$display".to_owned(), json!(display));
        if !names.is_empty() {
            object.insert("$refs".to_owned(), Value::Object(names));
        }
        if !hidden.is_empty() {
            object.insert("$masked".to_owned(), Value::Array(hidden));
        }
    }

    /// The names of the records that a reference, or a list of them, points to.
    fn named(&self, to: usize, value: &Value) -> Option<Value> {
        let mut names: Vec<Value> = ids(value).into_iter().filter_map(|id| self.name(to, id)).collect();
        match value.is_array() {
            true => (!names.is_empty()).then_some(Value::Array(names)),
            false => names.pop(),
        }
    }

    fn name(&self, entity: usize, id: &str) -> Option<Value> {
        let record = self.find(entity, id)?;
        Some(json!(self.display(entity, &self.whole(entity, &record.values), &Default::default())))
    }

    /// The history as somebody sees it, the newest first.
    pub fn history(&self, who: &Person, entity: usize, id: &str) -> Result<Vec<Value>, Outcome> {
        let record = self.visible(who, entity, id)?;
        let rights = self.rights(who, entity, Operation::Read).ok_or(Outcome::Forbidden)?;
        Ok(record.history.iter().rev().map(|entry| self.told(who, entity, &rights, entry)).collect())
    }

    fn told(&self, who: &Person, entity: usize, rights: &Rights<'_>, entry: &Entry) -> Value {
        let changes: Vec<Value> =
            entry.changes.iter().filter_map(|one| self.told_change(who, entity, rights, one)).collect();
        let confirmations =
            entry.confirmations.iter().filter(|(field, _, _)| self.sees_path(who, entity, rights, field));
        json!({
            "version": entry.version, "at": moment(entry.at_ms), "actor_name": entry.actor,
            "action": entry.action, "why": entry.why, "changes": changes,
            "confirmations": confirmations.collect::<Vec<_>>(),
        })
    }

    fn sees_path(&self, who: &Person, entity: usize, rights: &Rights<'_>, path: &str) -> bool {
        match path.split_once('[') {
            None => rights.sees(path),
            Some((table, _)) => {
                let children = self.design.children(entity);
                let child = children.into_iter().find(|child| self.design.table_name(*child) == table);
                rights.sees(table)
                    && child.is_some_and(|child| self.rights(who, child, Operation::Read).is_some())
            }
        }
    }

    fn told_change(
        &self,
        who: &Person,
        entity: usize,
        rights: &Rights<'_>,
        change: &Changed,
    ) -> Option<Value> {
        let children = self.design.children(entity);
        let (owner, path) = match change.row {
            None => (entity, String::new()),
            Some((table, row)) => {
                let name = self.design.table_name(children[table]);
                if !rights.sees(name) {
                    return None;
                }
                match change.field {
                    None => return Some(json!([name, change.before, null])),
                    Some(_) => (children[table], format!("{name}[{row}].")),
                }
            }
        };
        let field = &self.entity(owner).fields[change.field?];
        let sees = match change.row {
            None => rights.sees(&field.name),
            Some(_) => self.rights(who, owner, Operation::Read).is_some_and(|own| own.sees(&field.name)),
        };
        let value = |value: &Value| {
            let to = field.to.filter(|to| self.may_show(who, *to));
            match (field.kind, value) {
                (_, Value::Null) => Value::Null,
                _ if field.sensitive && !who.is_system() => json!(masked(field, value)),
                (FieldType::Ref, value) => to.and_then(|to| self.named(to, value)).unwrap_or_default(),
                (FieldType::RefList, value) => {
                    let names = to.and_then(|to| self.named(to, value)).unwrap_or(json!([]));
                    // Of those that are gone or out of sight nothing is told.
                    Some(ids(&names).join("、"))
                        .filter(|names| !names.is_empty())
                        .map_or(Value::Null, Value::String)
                }
                (FieldType::Integer | FieldType::Json, value) => value.clone(),
                (FieldType::File | FieldType::Image | FieldType::Video, value) => {
                    json!(ids(value).iter().map(|id| self.name_of_file(id)).collect::<Vec<_>>().join("、"))
                }
                (_, value) => json!(shown(field, value)),
            }
        };
        sees.then(|| json!([format!("{path}{}", field.name), value(&change.before), value(&change.after)]))
    }

    /// The record as it was; rows in no order.
    pub fn as_of(&self, who: &Person, entity: usize, id: &str, at_ms: i64) -> Result<Object, Outcome> {
        let rights = self.rights(who, entity, Operation::Read).ok_or(Outcome::Forbidden)?;
        let record = self.find(entity, id).ok_or(Outcome::NotFound)?;
        if !self.admits(who, entity, &rights, &record.values) {
            return Err(Outcome::NotFound);
        }
        let past =
            record.past.iter().rev().find(|past| past.stamp.at_ms <= at_ms).ok_or(Outcome::NotFound)?;
        let (values, tables) = past.state.as_ref().ok_or(Outcome::NotFound)?;
        let mut object = heading(&record.id, past.version, &record.created, &past.stamp);
        self.put_fields(who, entity, &rights, values, &mut object);
        self.put_tables(who, entity, &rights, tables, &mut object);
        Ok(object)
    }
}

fn heading(id: &str, version: i64, created: &Stamp, updated: &Stamp) -> Object {
    Object::from_iter([
        ("id".to_owned(), json!(id)),
        ("version".to_owned(), json!(version)),
        ("created_at".to_owned(), json!(moment(created.at_ms))),
        ("created_by".to_owned(), json!(created.by)),
        ("updated_at".to_owned(), json!(moment(updated.at_ms))),
        ("updated_by".to_owned(), json!(updated.by)),
    ])
}
