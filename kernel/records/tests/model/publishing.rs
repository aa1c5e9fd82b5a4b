//! Steps that publish a wider definition while records are there.

use std::sync::Arc;

use anju_definitions::FieldType;
use anju_records::tables;
use serde_json::{Value, json};

use crate::{
    design::Field,
    invent::{self, NAME},
    play::Play,
    values::{decimal, scaled},
    writing,
};

impl Play {
    pub async fn publish(&mut self) {
        let entity = self.some_entity();
        match self.dice.below(4) {
            0 => self.add_field(entity),
            1 => self.world.design.entities[entity].fields[NAME].length_max = Some(60),
            2 => self.world.design.entities[entity].fields[NAME].required = false,
            _ => self.take_another_place(entity),
        }
        self.note(format!("publishes {}", self.key(entity)));
        let mut catalog = writing::catalog(&self.world.design);
        let impact = self.records.impact(&catalog).await.expect("an impact");
        self.agree("refusals", impact.refusals.len(), 0);
        let store = self.records.store().clone();
        catalog.generations = self.records.catalog().load().generations.clone();
        store.extend_schema(&tables(&catalog).expect("tables")).await.expect("a schema");
        let mut tx = store.begin().await.expect("a transaction");
        for rewrite in &impact.rewrites {
            let generation = self.records.rewrite(&mut tx, rewrite).await.expect("a rewrite");
            catalog.generations.insert(rewrite.entity.clone(), generation);
        }
        tx.commit().await.expect("a commit");
        self.records.catalog().store(Arc::new(catalog));
        self.agree("records to be filled", impact.fills.len(), 0);
        self.ended("publish", &Ok(()));
        let ids: Vec<String> = self.world.records[entity].iter().map(|record| record.id.clone()).collect();
        for id in ids {
            self.look_at(entity, &id).await;
        }
    }

    /// A new field that nobody has to fill in.
    fn add_field(&mut self, entity: usize) {
        let number = self.world.entity(entity).fields.len();
        let field = invent::field(&mut self.dice, 100 + number);
        let field = Field { required: false, default: None, ..field };
        self.world.design.entities[entity].fields.push(field);
        for record in &mut self.world.records[entity] {
            record.values.push(Value::Null);
            for (values, _) in record.past.iter_mut().filter_map(|past| past.state.as_mut()) {
                values.push(Value::Null);
            }
        }
    }

    /// Decimals get one more place; what is stored takes it on.
    fn take_another_place(&mut self, entity: usize) {
        let fields = &mut self.world.design.entities[entity].fields;
        let is_short =
            |field: &&mut Field| field.kind == FieldType::Decimal && !field.sensitive && field.scale < 6;
        let Some(field) = fields.iter_mut().find(is_short) else { return };
        field.scale += 1;
        field.min = field.min.map(|min| min * 10);
        field.max = field.max.map(|max| max * 10);
        let (name, scale) = (field.name.clone(), field.scale);
        let at = fields.iter().position(|field| field.name == name).expect("the field");
        let longer = |value: &mut Value| {
            if !value.is_null() {
                *value = json!(decimal(scaled(value) * 10, scale));
            }
        };
        for record in &mut self.world.records[entity] {
            longer(&mut record.values[at]);
            for (values, _) in record.past.iter_mut().filter_map(|past| past.state.as_mut()) {
                longer(&mut values[at]);
            }
        }
    }
}
