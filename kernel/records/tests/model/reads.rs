//! Steps that only look.

use std::collections::BTreeMap;

use anju_records::{AggregateQuery, Object, Query};
use serde_json::{Value, json};

use crate::{
    invent::{COUNT, FLAG, STATE},
    outcome::Outcome,
    play::{Play, ended},
    rights::Operation,
    values::moment,
};

impl Play {
    pub async fn read(&mut self) {
        let Some((entity, id)) = self.some_record(true) else { return };
        let who = self.dice.below(self.people.len());
        self.note(format!("{} reads {} {id}", self.people[who].actor.name, self.key(entity)));
        let service = self.shown(&self.people[who], entity, &id).await;
        let model = self.world.read(&self.people[who], entity, &id);
        self.ended("read", &model);
        self.agree_on("records", service, model);
    }

    /// A list by a random filter in a random order, read page by page.
    pub async fn list(&mut self) {
        let (who, entity) = (self.somebody(), self.some_entity());
        let key = self.key(entity);
        if self.world.rights(&self.people[who], entity, Operation::Read).is_none() {
            let refused = self.records.query(&self.people[who].actor, &key, &Query::default()).await;
            return self.agree("lists", refused.map(drop).map_err(Outcome::of), Err(Outcome::Forbidden));
        }
        let ask = self.world.ask(&mut self.dice, &self.people[who], entity, 3);
        let order = self.world.order(&mut self.dice, &self.people[who], entity);
        let size = 1 + self.dice.below(4);
        let filter = self.world.filter_json(entity, &ask);
        let name = |at: usize| &self.world.entity(entity).fields[at].name;
        let sort: Vec<Value> = order
            .iter()
            .map(|(at, last)| json!({ "field": name(*at), "dir": if *last { "desc" } else { "asc" } }))
            .collect();
        let request = json!({ "where": filter, "sort": sort, "page": { "size": size }, "count": true });
        self.note(format!("{} lists {key} {request}", self.people[who].actor.name));
        let found = self.world.found(&self.people[who], entity, &ask, &order);
        let expected: Vec<Object> =
            found.iter().map(|record| self.world.flat(&self.people[who], entity, record)).collect();
        self.ended(if expected.len() > size { "pages" } else { "page" }, &Ok(()));
        self.pages(who, entity, request.clone(), &expected).await;
        self.numbered(who, entity, request, size, &expected).await;
    }

    async fn pages(&self, who: usize, entity: usize, mut request: Value, expected: &[Object]) {
        let mut seen: Vec<Object> = Vec::new();
        loop {
            let page = self.page(who, entity, &request).await;
            self.agree("counts", page.total, Some(expected.len() as u64));
            seen.extend(page.items.into_iter().map(|record| record.values));
            let Some(next) = page.next else { break };
            self.agree("lengths of lists", seen.len() <= expected.len(), true);
            request["page"]["after"] = json!(next);
        }
        let ids = |all: &[Object]| all.iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
        self.agree("lists", ids(&seen), ids(expected));
        for (service, model) in seen.into_iter().zip(expected) {
            self.agree_on("records of a list", Ok(service), Ok(model.clone()));
        }
    }

    async fn numbered(
        &mut self,
        who: usize,
        entity: usize,
        mut request: Value,
        size: usize,
        expected: &[Object],
    ) {
        let number = 1 + self.dice.below(3);
        request["page"]["number"] = json!(number);
        let page = self.page(who, entity, &request).await;
        let ids: Vec<Value> = page.items.iter().map(|record| json!(record.id)).collect();
        let what = format!("page {number} of {} records", expected.len());
        let expected: Vec<Value> =
            expected.iter().skip((number - 1) * size).take(size).map(|one| one["id"].clone()).collect();
        self.agree(&what, ids, expected);
    }

    async fn page(&self, who: usize, entity: usize, request: &Value) -> anju_records::Page {
        let query: Query = serde_json::from_value(request.clone()).expect("a query");
        let page = self.records.query(&self.people[who].actor, &self.key(entity), &query).await;
        match page {
            Ok(page) => page,
            Err(error) => {
                self.agree("lists", format!("{error:?}"), "a page".to_owned());
                unreachable!("they differ")
            }
        }
    }

    /// The recycle bin: what was deleted by itself, the last first.
    pub async fn look_into_the_bin(&mut self, entity: usize) {
        let who = self.dice.below(self.people.len());
        let person = &self.people[who];
        let request: Query = serde_json::from_value(json!({ "page": { "size": 100 } })).expect("a query");
        let found = self.records.deleted(&person.actor, &self.key(entity), &request).await;
        let found = found.map(|page| page.items.into_iter().map(|one| one.id).collect::<Vec<_>>());
        let model =
            self.world.rights(person, entity, Operation::Delete).ok_or(Outcome::Forbidden).map(|rights| {
                let records = self.world.records[entity].iter();
                let mut gone: Vec<(i64, &str)> = records
                    .filter(|record| self.world.admits(person, entity, &rights, &record.values))
                    .filter_map(|record| {
                        Some((
                            record.gone.as_ref().filter(|gone| gone.with.is_none())?.at_ms,
                            record.id.as_str(),
                        ))
                    })
                    .collect();
                gone.sort_by(|a, b| b.cmp(a));
                gone.into_iter().map(|(_, id)| id.to_owned()).collect::<Vec<_>>()
            });
        self.agree("recycle bins", found.map_err(Outcome::of), model);
    }

    /// How many records, and what they sum up to, by group.
    pub async fn figures(&mut self) {
        let (who, entity) = (self.somebody(), self.some_entity());
        let person = &self.people[who];
        let Some(rights) = self.world.rights(person, entity, Operation::Read) else { return };
        let fields = &self.world.entity(entity).fields;
        let by = *self.dice.one_of(&[STATE, FLAG]);
        if !rights.sees(&fields[by].name) || !rights.sees(&fields[COUNT].name) {
            return;
        }
        let ask = self.world.ask(&mut self.dice, person, entity, 2);
        let request = json!({
            "where": self.world.filter_json(entity, &ask),
            "group_by": [{ "field": fields[by].name }],
            "measures": [
                { "op": "count", "as": "records" },
                { "op": "sum", "field": "count", "as": "sum" },
                { "op": "max", "field": "count", "as": "most" },
                { "op": "count_distinct", "field": "count", "as": "kinds" },
            ],
        });
        let mut expected: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for record in self.world.found(person, entity, &ask, &[]) {
            let numbers = expected.entry(record.values[by].to_string()).or_default();
            numbers.push(record.values[COUNT].as_i64().unwrap_or(i64::MIN));
        }
        let expected: BTreeMap<String, Value> =
            expected.into_iter().map(|(group, numbers)| (group, figures(&numbers))).collect();
        let (actor, key, name) = (person.actor.clone(), self.key(entity), fields[by].name.clone());
        self.note(format!("{} asks figures of {key} {request}", actor.name));
        let query: AggregateQuery = serde_json::from_value(request).expect("a query");
        let result = self.records.aggregate(&actor, &key, &query).await.expect("figures");
        let rows = result.rows.into_iter().map(|row| {
            (row[&name].to_string(), json!([row["records"], row["sum"], row["most"], row["kinds"]]))
        });
        self.ended(if expected.is_empty() { "no figures" } else { "figures" }, &Ok(()));
        self.agree("figures", rows.collect::<BTreeMap<String, Value>>(), expected);
    }

    pub async fn history(&mut self) {
        let Some((entity, id)) = self.some_record(true) else { return };
        let who = self.somebody();
        self.note(format!("{} reads the history of {} {id}", self.people[who].actor.name, self.key(entity)));
        let found = self.records.history(&self.people[who].actor, &self.key(entity), &id).await;
        let told = found.map_err(Outcome::of).map(|entries| {
            let entry = |one: &anju_records::HistoryEntry| {
                let changes: Vec<Value> = one
                    .changes
                    .iter()
                    .map(|change| json!([change.field, change.before, change.after]))
                    .collect();
                let confirmations: Vec<Value> =
                    one.confirmations.iter().map(|one| json!([one.field, one.code, one.reason])).collect();
                json!({
                    "version": one.version, "at": one.at, "actor_name": one.actor_name, "action": one.action,
                    "why": one.why, "changes": changes, "confirmations": confirmations,
                })
            };
            entries.iter().map(entry).collect::<Vec<_>>()
        });
        let model = self.world.history(&self.people[who], entity, &id);
        self.ended("history", &model);
        if let (Ok(service), Ok(model)) = (&told, &model) {
            for (service, model) in service.iter().zip(model) {
                self.agree("entries of a history", service, model);
            }
        }
        self.agree("histories", told, model);
    }

    /// A record as it was at some moment since the beginning.
    pub async fn look_back(&mut self) {
        let live = self.dice.percent(70);
        let Some((entity, id)) = self.some_record(live) else { return };
        let who = self.somebody();
        let past = &self.world.find(entity, &id).expect("a record").past;
        let at_ms = past[self.dice.below(past.len())].stamp.at_ms + [-1_000, 0, 0, 500][self.dice.below(4)];
        let text = moment(at_ms);
        let at_ms = text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond();
        self.note(format!("{} reads {} {id} as of {text}", self.people[who].actor.name, self.key(entity)));
        let found = self.records.read_as_of(&self.people[who].actor, &self.key(entity), &id, &text).await;
        let found = found.map_err(Outcome::of).map(|record| {
            let mut object = self.plain(entity, record.values);
            object.remove("$as_of");
            object
        });
        let model = self.world.as_of(&self.people[who], entity, &id, at_ms);
        self.ended("past", &model);
        let sorted = |found: Result<Object, Outcome>| found.map(|object| self.without_order(entity, object));
        self.agree_on("the past", sorted(found), sorted(model));
    }

    /// Rows by id, without their display texts, which the past does not tell.
    fn without_order(&self, entity: usize, mut object: Object) -> Object {
        for child in self.world.design.children(entity) {
            let rows = object.get_mut(self.world.design.table_name(child)).and_then(Value::as_array_mut);
            let Some(rows) = rows else { continue };
            rows.sort_by_key(|row| row["id"].to_string());
            rows.iter_mut().filter_map(Value::as_object_mut).for_each(|row| drop(row.remove("$display")));
        }
        object
    }

    /// A sealed value in clear.
    pub async fn reveal(&mut self) {
        let Some((entity, id)) = self.some_record(true) else { return };
        let who = self.dice.below(self.people.len());
        let fields = &self.world.entity(entity).fields;
        let sealed: Vec<usize> = (0..fields.len()).filter(|at| fields[*at].sensitive).collect();
        let at = match self.dice.any_of(&sealed).filter(|_| who != 3) {
            Some(at) => *at,
            None => self.dice.below(fields.len()),
        };
        let field = fields[at].clone();
        let (key, actor) = (self.key(entity), self.people[who].actor.clone());
        self.note(format!("{} reveals {} of {key} {id}", actor.name, field.name));
        let mut tx = self.records.store().begin().await.expect("a transaction");
        let shown = self.records.reveal(&mut tx, &actor, &key, &id, &field.name, "核对").await;
        let shown = ended(tx, shown).await;
        let person = &self.people[who];
        let model = match self.world.rights(person, entity, Operation::Read) {
            None => Err(Outcome::Forbidden),
            Some(rights) if !rights.sees(&field.name) || !field.sensitive => {
                Err(Outcome::Invalid(vec!["field: unknown".to_owned()]))
            }
            Some(rights) if !rights.unmasks(&field.name) => Err(Outcome::Forbidden),
            Some(_) => self.world.visible(person, entity, &id).map(|record| match &record.values[at] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
        };
        self.ended("reveal", &model);
        self.agree("revealed values", shown, model);
    }
}

/// Count, sum, largest, different ones; absent numbers are the least of all.
fn figures(numbers: &[i64]) -> Value {
    let present: Vec<i64> = numbers.iter().copied().filter(|number| *number != i64::MIN).collect();
    let kinds: std::collections::BTreeSet<i64> = present.iter().copied().collect();
    let sum = (!present.is_empty()).then(|| present.iter().sum::<i64>());
    json!([numbers.len(), sum, present.iter().max(), kinds.len()])
}
