//! Steps that import rows of a sheet: faulty ones are left out, the others are written together.

use std::collections::BTreeSet;

use anju_definitions::FieldType;
use anju_records::{ImportCell, ImportFailure, ImportOptions, ImportRow, ImportSheet, Query};
use serde_json::{Value, json};

use crate::{
    change::{Attempt, Draft},
    design::{Asks, Field},
    outcome::Outcome,
    play::Play,
    rights::Operation,
    values::{Given, given, shown},
};

/// How an import ended: rows left out, and either how many were written or the row that was refused while writing.
type Ended = (BTreeSet<u32>, Result<usize, u32>);

impl Play {
    /// The platform imports new records of one entity.
    pub async fn import(&mut self) {
        let entity = self.some_entity();
        let fields = &self.world.entity(entity).fields;
        let columns: Vec<usize> = (0..fields.len()).filter(|at| is_plain(&fields[*at])).collect();
        let missing = |field: &Field| field.required && !is_plain(field) && !field.is_given_by_platform();
        if fields.iter().any(missing) {
            return;
        }
        let attempts: Vec<Attempt> =
            (0..1 + self.dice.below(4)).map(|_| self.row(entity, &columns)).collect();
        let service = self.imported(entity, &columns, &attempts).await;
        let (model, written) = self.expected(entity, &attempts);
        self.ended(if model.1.is_ok() { "import" } else { "import refused" }, &Ok(()));
        self.agree("imports", service, model.clone());
        if model.1.is_ok() {
            self.take_over(entity, &written).await;
        }
    }

    fn row(&mut self, entity: usize, columns: &[usize]) -> Attempt {
        let mut attempt = Attempt::default();
        for at in columns {
            let field = self.world.entity(entity).fields[*at].clone();
            attempt.fields.push((*at, cell(given(&mut self.dice, &field, &self.world.around(None)))));
        }
        attempt
    }

    async fn imported(&mut self, entity: usize, columns: &[usize], attempts: &[Attempt]) -> Ended {
        let fields = &self.world.entity(entity).fields;
        let title = |at: &usize| match fields[*at].kind {
            FieldType::Money => format!("{}（元）", fields[*at].name),
            _ => fields[*at].name.clone(),
        };
        let name = self.world.entity(entity).title.clone();
        let sheet = ImportSheet { name, header: columns.iter().map(title).collect(), has_rows: true };
        let text = |(at, given): &(usize, Given)| ImportCell::Text(text(&fields[*at], given));
        let rows: Vec<ImportRow> = (2..)
            .zip(attempts)
            .map(|(number, row)| ImportRow {
                number,
                cells: row.fields.iter().map(text).collect(),
                children: Vec::new(),
            })
            .collect();
        let (key, actor) = (self.key(entity), self.people[0].actor.clone());
        let lines: Vec<String> = rows.iter().map(|row| format!("{:?}", row.cells)).collect();
        self.note(format!("imports into {key} {:?}: {}", sheet.header, lines.join(" | ")));
        let options = ImportOptions::default();
        let mut importer = self.records.begin_import(&actor, &key, options, &[sheet]).expect("an import");
        let judged = self.records.judge_import(&mut importer, &rows).await.expect("judged rows");
        let faulty = judged.faulty.clone();
        let mut tx = self.records.store().begin().await.expect("a transaction");
        let counts = self.records.write_import(&mut tx, importer.setup(), judged, None).await;
        let written = match counts {
            Ok(counts) => {
                tx.commit().await.expect("a commit");
                Ok(counts.created)
            }
            Err(ImportFailure::Row(error)) => Err(error.row),
            Err(other) => panic!("{other:?}"),
        };
        (faulty, written)
    }

    /// Each row is judged with those before it.
    fn expected(&self, entity: usize, attempts: &[Attempt]) -> (Ended, Vec<Attempt>) {
        let rules = &self.world.entity(entity).rules;
        let looks_around = |fault: &String| {
            let of_others = |rule: &&crate::design::Rule| matches!(rule.asks, Asks::Others { .. });
            rules.iter().filter(of_others).any(|rule| fault.ends_with(&format!(": {}", rule.code)))
        };
        let mut scratch = self.world.clone();
        let (mut faulty, mut written, mut refused) = (BTreeSet::new(), Vec::new(), None);
        let mut earlier: Vec<Vec<Value>> = Vec::new();
        for (number, attempt) in (2..).zip(attempts) {
            let draft = self.draft_of(entity, attempt);
            let values = draft.row.values.clone();
            let in_rows = earlier.iter().any(|other| self.repeats(entity, other, &values));
            let repeats = in_rows || !self.world.repeated(&draft, &draft.faults).is_empty();
            earlier.push(values);
            if repeats {
                faulty.insert(number);
                continue;
            }
            match scratch.create(&self.people[0], entity, attempt) {
                Ok(pending) => {
                    scratch.store(pending, &self.people[0], None, &format!("row {number}"), &[]);
                    written.push(attempt.clone());
                }
                Err(Outcome::Invalid(faults)) if faults.iter().all(looks_around) => {
                    refused.get_or_insert(number);
                }
                Err(_) => drop(faulty.insert(number)),
            }
        }
        ((faulty, refused.map_or(Ok(written.len()), Err)), written)
    }

    /// What a row makes, faulty or not: later rows are held against its values either way.
    fn draft_of(&self, entity: usize, attempt: &Attempt) -> Draft {
        let platform = &self.people[0];
        let rights = self.world.rights(platform, entity, Operation::Create).expect("every right");
        let draft = self.world.draft(platform, &rights, entity, None, attempt);
        draft.unwrap_or_else(|_| panic!("the platform may do everything"))
    }

    fn repeats(&self, entity: usize, earlier: &[Value], values: &[Value]) -> bool {
        let equal = |at: &usize| !values[*at].is_null() && values[*at] == earlier[*at];
        self.world.entity(entity).uniques.iter().any(|group| group.iter().all(equal))
    }

    /// Finds the new records and takes over their ids.
    async fn take_over(&mut self, entity: usize, written: &[Attempt]) {
        let request = json!({ "sort": [{ "field": "id" }], "select": ["id"], "page": { "size": 500 } });
        let query: Query = serde_json::from_value(request).expect("a query");
        let page =
            self.records.query(&self.people[0].actor, &self.key(entity), &query).await.expect("a page");
        let ids = page.items.into_iter().map(|record| record.id);
        let new: Vec<String> = ids.filter(|id| self.world.find(entity, id).is_none()).collect();
        self.agree("new records", new.len(), written.len());
        for (id, attempt) in new.iter().zip(written) {
            let pending = self.world.create(&self.people[0], entity, attempt);
            self.world.store(
                pending.unwrap_or_else(|_| panic!("it was judged")),
                &self.people[0],
                Some("导入"),
                id,
                &[],
            );
            self.look_at(entity, id).await;
        }
    }
}

/// Whether cells of the field hold what its JSON holds.
fn is_plain(field: &Field) -> bool {
    use FieldType as T;
    let plain = matches!(
        field.kind,
        T::Text
            | T::Integer
            | T::Money
            | T::Decimal
            | T::Boolean
            | T::Date
            | T::Choice
            | T::Phone
            | T::IdNumber
    );
    plain && !field.system && field.formula.is_none()
}

/// A cell has no types that could be wrong.
fn cell(given: Given) -> Given {
    match given.becomes {
        Err("type" | "format") => Given { input: Value::Null, becomes: Ok(Value::Null), later: None },
        _ => given,
    }
}

fn text(field: &Field, given: &Given) -> String {
    match (&given.becomes, &given.input) {
        (_, Value::Null) => String::new(),
        (_, Value::Bool(_)) => shown(field, &given.input),
        (_, Value::Number(number)) if field.kind == FieldType::Money => {
            crate::values::decimal(number.as_i64().unwrap_or_default(), 2)
        }
        (_, Value::String(fen)) if field.kind == FieldType::Money && !fen.trim().is_empty() => {
            crate::values::decimal(fen.parse().expect("fen"), 2)
        }
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}
