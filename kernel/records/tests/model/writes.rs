//! Steps that change something.

use anju_store::{ColumnKind, Fetch, Select};
use serde_json::Value;

use crate::{
    change::Attempt,
    outcome::Outcome,
    play::{Play, ended},
    world::Record,
};

const WHY: Option<&str> = Some("试");

impl Play {
    pub async fn create(&mut self) {
        let (who, entity) = (self.somebody(), self.some_entity());
        let mut attempt = self.world.attempt_to_create(&mut self.dice, &self.people[who], entity);
        if let Outcome::Unconfirmed(open) = self.create_with(who, entity, &attempt).await
            && self.dice.percent(70)
        {
            confirm(&mut attempt, &open);
            self.create_with(who, entity, &attempt).await;
        }
    }

    async fn create_with(&mut self, who: usize, entity: usize, attempt: &Attempt) -> Outcome {
        let input = attempt.input(&self.world.design, entity);
        let (key, actor) = (self.key(entity), self.people[who].actor.clone());
        self.note(format!("{} creates {key} {}", actor.name, Value::Object(input.clone())));
        let mut tx = self.records.store().begin().await.expect("a transaction");
        let done = self.records.create(&mut tx, &actor, &key, input, WHY).await;
        let done = ended(tx, done).await;
        let pending = self.world.create(&self.people[who], entity, attempt);
        self.ended("create", &pending);
        let outcome = pending.as_ref().map_or_else(Clone::clone, |_| Outcome::Done);
        self.agree("outcomes", done.as_ref().map_or_else(Clone::clone, |_| Outcome::Done), outcome.clone());
        if let (Ok(record), Ok(pending)) = (done, pending) {
            self.keep(pending, who, entity, &record.id, record.version).await;
        }
        outcome
    }

    pub async fn patch(&mut self) {
        let Some((entity, id)) = self.some_record(true) else { return };
        let who = self.somebody();
        let record = self.world.find(entity, &id).expect("a record").clone();
        let mut attempt = self.world.attempt_to_patch(&mut self.dice, &self.people[who], entity, &record);
        let version = match self.dice.below(10) {
            0 => None,
            1 => Some(record.version - 1),
            _ => Some(record.version),
        };
        if let Outcome::Unconfirmed(open) = self.patch_with(who, entity, &record, version, &attempt).await
            && self.dice.percent(70)
        {
            confirm(&mut attempt, &open);
            self.patch_with(who, entity, &record, version, &attempt).await;
        }
    }

    async fn patch_with(
        &mut self,
        who: usize,
        entity: usize,
        record: &Record,
        version: Option<i64>,
        attempt: &Attempt,
    ) -> Outcome {
        let input = attempt.input(&self.world.design, entity);
        let (key, actor, id) = (self.key(entity), self.people[who].actor.clone(), record.id.as_str());
        self.note(format!("{} patches {key} {id} {version:?} {}", actor.name, Value::Object(input.clone())));
        let mut tx = self.records.store().begin().await.expect("a transaction");
        let done = self.records.patch(&mut tx, &actor, &key, id, version, input, WHY).await;
        let done = ended(tx, done).await;
        let pending = self.world.patch(&self.people[who], (entity, id), version, attempt);
        self.ended("patch", &pending);
        let outcome = pending.as_ref().map_or_else(Clone::clone, |_| Outcome::Done);
        self.agree("outcomes", done.as_ref().map_or_else(Clone::clone, |_| Outcome::Done), outcome.clone());
        match (done, pending) {
            (Ok(patched), Ok(Some(pending))) => self.keep(pending, who, entity, id, patched.version).await,
            (Ok(patched), Ok(None)) => {
                self.agree("versions", patched.version, record.version);
                self.look_at(entity, id).await;
            }
            _ => {}
        }
        outcome
    }

    /// Takes over the ids that the service gave, and looks at what became of the record.
    async fn keep(
        &mut self,
        pending: crate::commands::Pending,
        who: usize,
        entity: usize,
        id: &str,
        version: i64,
    ) {
        let stored =
            self.records.read(&self.people[0].actor, &self.key(entity), id).await.expect("the record");
        let children = self.world.design.children(entity);
        let ids = |child: &usize| -> Vec<String> {
            let rows = stored.rows(self.world.design.table_name(*child)).iter();
            rows.map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let row_ids: Vec<Vec<String>> = children.iter().map(ids).collect();
        self.world.store(pending, &self.people[who], WHY, id, &row_ids);
        let kept = self.world.find(entity, id).expect("a record");
        self.agree("versions", version, kept.version);
        self.look_at(entity, id).await;
    }

    pub async fn delete(&mut self) {
        let Some((entity, id)) = self.some_record(true) else { return };
        let who = self.somebody();
        let version = self.world.find(entity, &id).map(|record| record.version);
        let version = if self.dice.percent(8) { version.map(|version| version + 1) } else { version };
        let (key, actor) = (self.key(entity), self.people[who].actor.clone());
        self.note(format!("{} deletes {key} {id} {version:?}", actor.name));
        let mut tx = self.records.store().begin().await.expect("a transaction");
        let done = self.records.delete(&mut tx, &actor, &key, &id, version, WHY).await;
        let done = ended(tx, done).await;
        let model = self.world.delete(&self.people[who], entity, &id, version, WHY);
        self.ended("delete", &model);
        self.agree("outcomes", done, model);
        self.look_at(entity, &id).await;
        self.look_into_the_bin(entity).await;
    }

    pub async fn restore(&mut self) {
        let Some((entity, id)) = self.some_record(false) else { return };
        let who = self.somebody();
        let (key, actor) = (self.key(entity), self.people[who].actor.clone());
        self.note(format!("{} restores {key} {id}", actor.name));
        let mut tx = self.records.store().begin().await.expect("a transaction");
        let done = self.records.restore(&mut tx, &actor, &key, &id, WHY).await;
        let done = ended(tx, done).await.map(drop);
        let model = self.world.restore(&self.people[who], entity, &id, WHY);
        self.ended("restore", &model);
        self.agree("outcomes", done, model);
        self.look_at(entity, &id).await;
    }

    /// Each change left one entry in the history, one in the audit log, one event; nothing else did.
    pub async fn count_the_trail(&self) {
        let expected: usize = self.world.records.iter().flatten().map(|record| record.history.len()).sum();
        for table in ["sys_history", "sys_outbox"] {
            let select = Select::from(table).column("entity", ColumnKind::Text);
            let found = self.records.store().reader().fetch_all(&select).await.expect("rows").len();
            self.agree(table, found, expected);
        }
        let select = Select::from("sys_audit").column("event", ColumnKind::Text);
        let rows = self.records.store().reader().fetch_all(&select).await.expect("rows");
        let events = rows.iter().map(|row| row.text(0).expect("an event"));
        let of_changes = |event: &&str| {
            matches!(*event, "record.created" | "record.updated" | "record.deleted" | "record.restored")
        };
        self.agree("sys_audit", events.filter(of_changes).count(), expected);
    }
}

/// Lets everything pass that was told.
fn confirm(attempt: &mut Attempt, open: &[String]) {
    for code in open.iter().filter_map(|one| one.split(": ").nth(1)) {
        if !attempt.confirm.iter().any(|(known, _)| known == code) {
            attempt.confirm.push((code.to_owned(), "已核实".to_owned()));
        }
    }
}
