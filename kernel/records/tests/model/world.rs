//! What the model remembers: plain lists of records with all they went through.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    design::*,
    values::{Surroundings, decimal, moment, scaled},
};

/// Stored files, by name and media type: a document, a picture, a film.
pub const FILES: [(&str, &str); 3] =
    [("a.pdf", "application/pdf"), ("b.png", "image/png"), ("c.mp4", "video/mp4")];

#[derive(Clone)]
pub struct World {
    pub design: Design,
    pub now_ms: i64,
    /// By entity, in the order of creation; none of child tables, whose rows lie with their parents.
    pub records: Vec<Vec<Record>>,
    /// The last number drawn.
    pub number: u32,
    /// Ids of [`FILES`].
    pub files: [String; 3],
}

#[derive(Debug, Clone)]
pub struct Record {
    pub id: String,
    pub version: i64,
    /// By position of the field; what is worked out on reading is absent.
    pub values: Vec<Value>,
    /// The rows of each child table, in the order of [`Design::children`].
    pub tables: Vec<Vec<Row>>,
    pub created: Stamp,
    pub updated: Stamp,
    pub gone: Option<Gone>,
    /// What it was, with each change.
    pub past: Vec<Past>,
    pub history: Vec<Entry>,
    /// Soft rules somebody let pass: row (none for the record), code of the rule, what it looked at.
    pub confirmed: Vec<(Option<String>, String, Vec<Value>)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: String,
    pub values: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Stamp {
    pub at_ms: i64,
    pub by: String,
}

#[derive(Debug, Clone)]
pub struct Gone {
    /// Counts deletions: the last one has the highest.
    pub at_ms: i64,
    /// The record whose deletion took this one along.
    pub with: Option<String>,
}

/// The record from a moment on; no values while it was deleted.
#[derive(Debug, Clone)]
pub struct Past {
    pub version: i64,
    pub stamp: Stamp,
    pub state: Option<(Vec<Value>, Vec<Vec<Row>>)>,
}

/// An entry of the history.
#[derive(Debug, Clone)]
pub struct Entry {
    pub version: i64,
    pub at_ms: i64,
    pub actor: String,
    pub action: &'static str,
    pub why: Option<String>,
    pub changes: Vec<Changed>,
    /// `(field, code, reason)` of rules let pass.
    pub confirmations: Vec<(String, String, String)>,
}

/// One value before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Child table and place of the row in it.
    pub row: Option<(usize, usize)>,
    /// None for a row that was removed; `before` is then its display text.
    pub field: Option<usize>,
    pub before: Value,
    pub after: Value,
}

impl World {
    pub fn entity(&self, at: usize) -> &Entity {
        &self.design.entities[at]
    }

    pub fn live(&self, entity: usize) -> impl Iterator<Item = &Record> {
        self.records[entity].iter().filter(|record| record.gone.is_none())
    }

    pub fn find(&self, entity: usize, id: &str) -> Option<&Record> {
        self.records[entity].iter().find(|record| record.id == id)
    }

    pub fn find_mut(&mut self, entity: usize, id: &str) -> &mut Record {
        self.records[entity].iter_mut().find(|record| record.id == id).expect("a record")
    }

    pub fn find_live(&self, entity: usize, id: &str) -> Option<&Record> {
        self.find(entity, id).filter(|record| record.gone.is_none())
    }

    /// Live rows of an entity: `(record they belong to, id, values)`. Rows of a child table live with their parent.
    pub fn rows(&self, entity: usize) -> Vec<(&str, &str, &[Value])> {
        let Some(parent) = &self.entity(entity).parent else {
            return self
                .live(entity)
                .map(|one| (one.id.as_str(), one.id.as_str(), &one.values[..]))
                .collect();
        };
        let table = self.design.children(parent.entity).iter().position(|child| *child == entity);
        let table = table.expect("a child table");
        self.live(parent.entity)
            .flat_map(|one| {
                one.tables[table].iter().map(move |row| (one.id.as_str(), row.id.as_str(), &row.values[..]))
            })
            .collect()
    }

    /// `YYYY-MM-DD`
    pub fn today(&self) -> String {
        moment(self.now_ms)[..10].to_owned()
    }

    /// The name of a stored file; that of an unknown one is empty.
    pub fn name_of_file(&self, id: &str) -> &'static str {
        let at = self.files.iter().position(|file| file == id);
        at.map_or("", |at| FILES[at].0)
    }

    /// What values of a field may point to, in its target.
    pub fn around(&self, to: Option<usize>) -> Surroundings {
        let [pdf, picture, film] = self.files.clone();
        let of = |live: bool| -> Vec<String> {
            let records = to.map_or(&[][..], |to| &self.records[to]).iter();
            records.filter(|record| record.gone.is_none() == live).map(|record| record.id.clone()).collect()
        };
        Surroundings { ids: of(true), gone: of(false), pdf, picture, film, today: self.today() }
    }

    /// How a record or row is named; sensitive fields are never part of it. `hidden` fields are left out.
    pub fn display(&self, entity: usize, values: &[Value], hidden: &BTreeSet<usize>) -> String {
        let one = self.entity(entity);
        let texts = one.display.iter().map(|at| match hidden.contains(at) {
            true => String::new(),
            false => crate::values::shown(&one.fields[*at], &values[*at]),
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    /// The values with those that are worked out on reading.
    pub fn whole(&self, entity: usize, values: &[Value]) -> Vec<Value> {
        let mut values = values.to_vec();
        self.work_out(entity, &mut values, &[], |field| !field.stored);
        values
    }

    /// Works out computed fields from the values and the rows of child tables.
    pub fn work_out(
        &self,
        entity: usize,
        values: &mut [Value],
        tables: &[Vec<Vec<Value>>],
        wanted: fn(&Field) -> bool,
    ) {
        let fields = &self.entity(entity).fields;
        let children = self.design.children(entity);
        for (at, field) in fields.iter().enumerate() {
            let Some(formula) = field.formula.as_ref().filter(|_| wanted(field)) else { continue };
            let rows = |child: &usize| children.iter().position(|at| at == child).map(|at| &tables[at][..]);
            values[at] = worked_out(field, formula, values, &rows);
        }
    }
}

fn worked_out<'t>(
    field: &Field,
    formula: &Formula,
    values: &[Value],
    rows: &dyn Fn(&usize) -> Option<&'t [Vec<Value>]>,
) -> Value {
    let number = |at: &usize| (!values[*at].is_null()).then(|| scaled(&values[*at]));
    let told = |number: i64| match field.scale {
        0 => Value::from(number),
        scale => Value::from(decimal(number, scale)),
    };
    let found = match formula {
        Formula::Sum(a, b) => number(a).zip(number(b)).map(|(a, b)| told(a + b)),
        Formula::Times(a, by) => number(a).map(|a| told(a * by)),
        Formula::AtLeast(a, bound) => number(a).map(|a| Value::from(a >= *bound)),
        Formula::Rows(child) => rows(child).map(|rows| told(rows.len() as i64)),
        Formula::SumOfRows(child, of) => {
            let all = rows(child).unwrap_or_default().iter();
            let numbers: Option<Vec<i64>> =
                all.map(|row| (!row[*of].is_null()).then(|| scaled(&row[*of]))).collect();
            numbers.map(|numbers| told(numbers.iter().sum()))
        }
    };
    found.unwrap_or_default()
}
