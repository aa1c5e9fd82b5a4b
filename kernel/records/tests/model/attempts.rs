//! What people hand in, at random: mostly what they may, mostly in order.

use serde_json::json;

use crate::{
    change::{Attempt, RowAttempt},
    design::*,
    dice::Dice,
    rights::{Operation, Person},
    values::{Given, given, masked},
    world::{Record, World},
};

impl World {
    pub fn attempt_to_create(&self, dice: &mut Dice, who: &Person, entity: usize) -> Attempt {
        let mut attempt = Attempt::default();
        let rights = self.rights(who, entity, Operation::Create);
        for (at, field) in self.entity(entity).fields.iter().enumerate() {
            let may = rights.as_ref().is_none_or(|rights| rights.writes(&field.name));
            let likely = match self.likelihood(who, field, may) {
                // nobody to point to yet
                _ if field.to.is_some_and(|to| self.live(to).next().is_none()) => 2,
                // a new record begins in its first state
                likely if field.name == "state" => likely / 4,
                likely => likely,
            };
            if dice.percent(likely) {
                attempt.fields.push((at, given(dice, field, &self.around(field.to))));
            }
        }
        for (table, child) in self.design.children(entity).into_iter().enumerate() {
            let may = rights.as_ref().is_none_or(|rights| rights.writes(self.design.table_name(child)));
            if dice.percent(if may { 60 } else { 3 }) {
                let count = if dice.percent(4) { 4 } else { dice.below(4) };
                attempt.tables.push((table, (0..count).map(|_| self.new_row(dice, child)).collect()));
            }
        }
        self.confirm_some(dice, entity, &mut attempt);
        attempt
    }

    /// How likely somebody gives the field, in percent.
    fn likelihood(&self, who: &Person, field: &Field, may: bool) -> usize {
        let by_platform = field.is_given_by_platform() || field.system;
        match field.name.as_str() {
            _ if field.formula.is_some() => 1,
            _ if !may => 2,
            "owner" if !who.is_system() => 5,
            "number" => 3,
            _ if by_platform && !who.is_system() => 3,
            "district" | "street" => {
                if who.is_system() {
                    80
                } else {
                    20
                }
            }
            "state" => 20,
            _ if field.required => 90,
            _ => 50,
        }
    }

    fn new_row(&self, dice: &mut Dice, child: usize) -> RowAttempt {
        let mut fields = Vec::new();
        for (at, field) in self.entity(child).fields.iter().enumerate().skip(1) {
            let likely = if field.formula.is_some() {
                1
            } else if field.required {
                93
            } else {
                60
            };
            if dice.percent(likely) {
                fields.push((at, given(dice, field, &self.around(field.to))));
            }
        }
        RowAttempt { id: None, fields }
    }

    pub fn attempt_to_patch(&self, dice: &mut Dice, who: &Person, entity: usize, record: &Record) -> Attempt {
        let mut attempt = Attempt::default();
        let rights = self.rights(who, entity, Operation::Update);
        let fields = &self.entity(entity).fields;
        for _ in 0..dice.below(4) {
            let at = dice.below(fields.len());
            let may = rights.as_ref().is_none_or(|rights| rights.writes(&fields[at].name));
            let known = attempt.fields.iter().any(|(known, _)| *known == at);
            let likely = self.likelihood(who, &fields[at], may);
            if !known && (likely >= 20 || dice.percent(likely)) {
                attempt.fields.push((at, self.new_value(dice, &fields[at], &record.values[at])));
            }
        }
        if dice.percent(2) {
            attempt.unknown = Some("nonsense".to_owned());
        }
        for (table, child) in self.design.children(entity).into_iter().enumerate() {
            let may = rights.as_ref().is_none_or(|rights| rights.writes(self.design.table_name(child)));
            if dice.percent(if may { 35 } else { 2 }) {
                attempt.tables.push((table, self.edited_rows(dice, child, record, table)));
            }
        }
        self.confirm_some(dice, entity, &mut attempt);
        attempt
    }

    fn new_value(&self, dice: &mut Dice, field: &Field, current: &serde_json::Value) -> Given {
        if field.sensitive && !current.is_null() && dice.percent(25) {
            // a form sends back the mask it was shown
            return Given { input: json!(masked(field, current)), becomes: Ok(current.clone()), later: None };
        }
        given(dice, field, &self.around(field.to))
    }

    fn edited_rows(&self, dice: &mut Dice, child: usize, record: &Record, table: usize) -> Vec<RowAttempt> {
        let mut rows = Vec::new();
        for row in record.tables[table].iter().filter(|_| dice.percent(85)).collect::<Vec<_>>() {
            let mut fields = Vec::new();
            for (at, field) in self.entity(child).fields.iter().enumerate().skip(1) {
                if field.formula.is_none() && dice.percent(20) {
                    fields.push((at, self.new_value(dice, field, &row.values[at])));
                }
            }
            rows.push(RowAttempt { id: Some(row.id.clone()), fields });
        }
        if dice.percent(25) {
            rows.reverse();
        }
        if dice.percent(40) {
            let at = dice.below(rows.len() + 1);
            rows.insert(at, self.new_row(dice, child));
        }
        if dice.percent(2) {
            rows.push(RowAttempt { id: Some("no-row".to_owned()), fields: Vec::new() });
        }
        rows
    }

    fn confirm_some(&self, dice: &mut Dice, entity: usize, attempt: &mut Attempt) {
        let children = self.design.children(entity);
        let entities = children.into_iter().chain([entity]);
        let rules = entities.flat_map(|one| &self.entity(one).rules).filter(|rule| rule.soft);
        for rule in rules {
            let known = attempt.confirm.iter().any(|(code, _)| *code == rule.code);
            if !known && dice.percent(10) {
                attempt.confirm.push((rule.code.clone(), "情况属实".to_owned()));
            }
        }
    }
}
