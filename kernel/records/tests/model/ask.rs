//! Questions about many records: filters, order, figures; asked of the service as JSON, answered by looking at every
//! record.

use anju_definitions::FieldType;
use serde_json::{Value, json};
use std::cmp::Ordering;

use crate::{
    design::*,
    dice::Dice,
    rights::{Operation, Person},
    values,
    world::{Record, World},
};

/// A filter.
#[derive(Debug, Clone)]
pub enum Ask {
    And(Vec<Ask>),
    Or(Vec<Ask>),
    Not(Box<Ask>),
    /// A field, own or behind a reference.
    Test {
        path: Vec<usize>,
        op: &'static str,
        value: Value,
    },
    /// A row of a child table, by its position among the tables.
    Has {
        table: usize,
        rows: Box<Ask>,
    },
}

const EQUALITY: &[&str] = &["eq", "ne", "in", "not_in", "is_null", "not_null"];
const ORDERED: &[&str] =
    &["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between", "is_null", "not_null"];
const PARTS: &[&str] =
    &["eq", "ne", "lt", "ge", "in", "not_in", "contains", "starts_with", "is_null", "not_null"];
const PRESENCE: &[&str] = &["is_null", "not_null"];

/// What may be asked of a field.
fn operators(field: &Field) -> &'static [&'static str] {
    use FieldType as T;
    match field.kind {
        _ if !field.lies() => &[],
        T::GeoPoint | T::Json | T::File | T::Image | T::Video => PRESENCE,
        T::Address | T::MultiChoice if field.sensitive => PRESENCE,
        // Few enough to be guessed: no blind index.
        T::Integer | T::Decimal | T::Money | T::Date | T::DateTime | T::Choice if field.sensitive => PRESENCE,
        _ if field.sensitive => EQUALITY,
        T::Text => PARTS,
        T::Sequence | T::IdNumber | T::PersonName | T::Phone | T::BankCard => EQUALITY,
        T::CreditCode | T::RealEstateCertificate | T::Boolean | T::Ref => EQUALITY,
        T::LongText => &["contains", "starts_with", "is_null", "not_null"],
        T::RichText => &["contains", "is_null", "not_null"],
        T::Integer | T::Decimal | T::Money | T::Date | T::DateTime => ORDERED,
        T::Choice => &["eq", "ne", "in", "not_in", "under", "is_null", "not_null"],
        T::MultiChoice | T::RefList => &["contains", "eq", "ne", "in", "not_in", "is_null"],
        T::Address => &["under", "contains", "is_null", "not_null"],
        T::Computed => &[],
    }
}

/// Whether lists may be ordered by the field.
fn is_sortable(field: &Field) -> bool {
    use FieldType as T;
    let bulky = matches!(
        field.kind,
        T::LongText | T::RichText | T::MultiChoice | T::RefList | T::GeoPoint | T::Address | T::Json
    );
    let file = matches!(field.kind, T::File | T::Image | T::Video);
    field.lies() && !field.sensitive && !bulky && !file
}

impl World {
    /// A random filter over what somebody sees.
    pub fn ask(&self, dice: &mut Dice, who: &Person, entity: usize, depth: usize) -> Ask {
        match dice.below(10) {
            0 if depth > 0 => {
                Ask::And((0..dice.below(3)).map(|_| self.ask(dice, who, entity, depth - 1)).collect())
            }
            1 if depth > 0 => {
                Ask::Or((0..dice.below(3)).map(|_| self.ask(dice, who, entity, depth - 1)).collect())
            }
            2 if depth > 0 => Ask::Not(Box::new(self.ask(dice, who, entity, depth - 1))),
            3 => self.ask_of_rows(dice, who, entity),
            4 => self.ask_behind(dice, who, entity),
            _ => self.test(dice, who, entity, Vec::new()).unwrap_or(Ask::And(Vec::new())),
        }
    }

    fn ask_of_rows(&self, dice: &mut Dice, who: &Person, entity: usize) -> Ask {
        let rights = self.rights(who, entity, Operation::Read).expect("a right to read");
        let children = self.design.children(entity);
        let seen = |(_, child): &(usize, &usize)| {
            rights.sees(self.design.table_name(**child))
                && self.rights(who, **child, Operation::Read).is_some()
        };
        let found: Vec<(usize, usize)> =
            children.iter().enumerate().filter(seen).map(|(table, child)| (table, *child)).collect();
        let Some((table, child)) = dice.any_of(&found).copied() else { return Ask::And(Vec::new()) };
        let rows = self.test(dice, who, child, Vec::new()).unwrap_or(Ask::And(Vec::new()));
        Ask::Has { table, rows: Box::new(rows) }
    }

    fn ask_behind(&self, dice: &mut Dice, who: &Person, entity: usize) -> Ask {
        let rights = self.rights(who, entity, Operation::Read).expect("a right to read");
        let fields = self.entity(entity).fields.iter().enumerate();
        let ways: Vec<usize> = fields
            .filter(|(_, field)| field.kind == FieldType::Ref && rights.sees(&field.name))
            .filter(|(_, field)| field.to.is_some_and(|to| self.rights(who, to, Operation::Read).is_some()))
            .map(|(at, _)| at)
            .collect();
        let Some(way) = dice.any_of(&ways).copied() else { return Ask::And(Vec::new()) };
        let to = self.entity(entity).fields[way].to.expect("a target");
        self.test(dice, who, to, vec![way]).unwrap_or(Ask::And(Vec::new()))
    }

    /// A test of one field that somebody sees.
    fn test(&self, dice: &mut Dice, who: &Person, entity: usize, mut path: Vec<usize>) -> Option<Ask> {
        let rights = self.rights(who, entity, Operation::Read)?;
        let one = self.entity(entity);
        let is_link = |at: usize| at == LINK && one.parent.is_some();
        let seen = |at: &usize| {
            !is_link(*at) && rights.sees(&one.fields[*at].name) && !operators(&one.fields[*at]).is_empty()
        };
        let fields: Vec<usize> = (0..one.fields.len()).filter(seen).collect();
        let at = *dice.any_of(&fields)?;
        path.push(at);
        let field = &one.fields[at];
        let op = *dice.one_of(operators(field));
        let mut operand = || self.operand(dice, field, op);
        let value = match op {
            "is_null" | "not_null" => Value::Null,
            "in" | "not_in" => json!([operand(), operand()]),
            "between" => json!([operand(), operand()]),
            _ => operand(),
        };
        Some(Ask::Test { path, op, value })
    }

    fn operand(&self, dice: &mut Dice, field: &Field, op: &str) -> Value {
        match (field.kind, op) {
            (FieldType::Text | FieldType::LongText, "contains" | "starts_with") => {
                json!(dice.one_of(&["甲", "b", "_", "AB", "的文"]))
            }
            (FieldType::RichText, _) => json!(dice.one_of(&["朝", "南"])),
            (FieldType::Address, "contains") => json!(dice.one_of(&["1", "号", "3101", "region", "弄2"])),
            (FieldType::Address | FieldType::Choice, "under")
                if field.dictionary == Some(Dictionary::Region) =>
            {
                json!(dice.one_of(&values::REGIONS).0)
            }
            (FieldType::MultiChoice | FieldType::Choice, _)
                if field.dictionary == Some(Dictionary::State) =>
            {
                json!(dice.one_of(&["a", "b", "c"]))
            }
            (FieldType::RefList, _) => {
                let ids = self.around(field.to).ids;
                json!(dice.any_of(&ids).cloned().unwrap_or_else(|| "nobody".to_owned()))
            }
            _ => self.canonical(dice, field),
        }
    }

    fn canonical(&self, dice: &mut Dice, field: &Field) -> Value {
        let around = self.around(field.to);
        // what a clear field is compared with need not be within its bounds; a sealed one is compared as a whole value
        let bare = match field.sensitive {
            true => field.clone(),
            false => Field {
                min: None,
                max: None,
                length_max: None,
                until_today: false,
                leaf_only: false,
                ..field.clone()
            },
        };
        loop {
            let given = values::given(dice, &bare, &around);
            if let (Ok(value), None) = (given.becomes, given.later)
                && !value.is_null()
            {
                return value;
            }
        }
    }

    pub fn filter_json(&self, entity: usize, ask: &Ask) -> Value {
        let all = |asks: &[Ask]| asks.iter().map(|ask| self.filter_json(entity, ask)).collect::<Vec<_>>();
        match ask {
            Ask::And(asks) => json!({ "and": all(asks) }),
            Ask::Or(asks) => json!({ "or": all(asks) }),
            Ask::Not(ask) => json!({ "not": self.filter_json(entity, ask) }),
            Ask::Has { table, rows } => {
                let child = self.design.children(entity)[*table];
                json!({ "has": self.design.table_name(child), "where": self.filter_json(child, rows) })
            }
            Ask::Test { path, op, value } => {
                let mut at = entity;
                let mut names = Vec::new();
                for position in path {
                    let field = &self.entity(at).fields[*position];
                    names.push(field.name.as_str());
                    at = field.to.unwrap_or(at);
                }
                match value {
                    Value::Null => json!({ "field": names.join("."), "op": op }),
                    value => json!({ "field": names.join("."), "op": op, "value": value }),
                }
            }
        }
    }

    pub fn passes(
        &self,
        entity: usize,
        values: &[Value],
        tables: &[Vec<crate::world::Row>],
        ask: &Ask,
    ) -> bool {
        match ask {
            Ask::And(asks) => asks.iter().all(|ask| self.passes(entity, values, tables, ask)),
            Ask::Or(asks) => asks.iter().any(|ask| self.passes(entity, values, tables, ask)),
            Ask::Not(ask) => !self.passes(entity, values, tables, ask),
            Ask::Has { table, rows } => {
                let child = self.design.children(entity)[*table];
                tables[*table].iter().any(|row| self.passes(child, &row.values, &[], rows))
            }
            Ask::Test { path, op, value } => {
                let (field, found) = self.behind(entity, values, path);
                holds(&field, &found, op, value)
            }
        }
    }

    fn behind(&self, entity: usize, values: &[Value], path: &[usize]) -> (Field, Value) {
        let field = &self.entity(entity).fields[path[0]];
        let value = &values[path[0]];
        let (Some(to), [_, rest @ ..]) = (field.to.filter(|_| path.len() > 1), path) else {
            return (field.clone(), value.clone());
        };
        let target = value.as_str().and_then(|id| self.find(to, id));
        let nothing = vec![Value::Null; self.entity(to).fields.len()];
        self.behind(to, target.map_or(&nothing, |target| &target.values), rest)
    }

    /// Fields by which somebody may order: position and whether the largest come first.
    pub fn order(&self, dice: &mut Dice, who: &Person, entity: usize) -> Vec<(usize, bool)> {
        let rights = self.rights(who, entity, Operation::Read).expect("a right to read");
        let fields = self.entity(entity).fields.iter().enumerate();
        let sortable: Vec<usize> = fields
            .filter(|(_, field)| is_sortable(field) && rights.sees(&field.name))
            .map(|(at, _)| at)
            .collect();
        let mut keys: Vec<(usize, bool)> = Vec::new();
        for _ in 0..dice.below(3) {
            let Some(at) = dice.any_of(&sortable).copied() else { break };
            if keys.iter().all(|key| key.0 != at) {
                keys.push((at, dice.percent(50)));
            }
        }
        keys
    }

    /// The records somebody finds, in the order asked for.
    pub fn found(&self, who: &Person, entity: usize, ask: &Ask, order: &[(usize, bool)]) -> Vec<&Record> {
        let rights = self.rights(who, entity, Operation::Read).expect("a right to read");
        let mut found: Vec<&Record> = self
            .live(entity)
            .filter(|record| self.admits(who, entity, &rights, &record.values))
            .filter(|record| self.passes(entity, &record.values, &record.tables, ask))
            .collect();
        found.sort_by(|a, b| {
            for (at, descending) in order {
                let ordering = compare(&self.entity(entity).fields[*at], &a.values[*at], &b.values[*at]);
                let ordering = if *descending { ordering.reverse() } else { ordering };
                if ordering.is_ne() {
                    return ordering;
                }
            }
            if order.is_empty() { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) }
        });
        found
    }
}

/// Absent values come last.
fn compare(field: &Field, a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (a, b) if matches!(field.kind, FieldType::Integer | FieldType::Money | FieldType::Decimal) => {
            values::scaled(a).cmp(&values::scaled(b))
        }
        (a, b) => a.as_str().cmp(&b.as_str()),
    }
}

fn holds(field: &Field, value: &Value, op: &str, operand: &Value) -> bool {
    if field.sensitive && (value.is_string() || operand.is_string()) {
        // blind indexes are made of capital letters
        let capitals = |value: &Value| match value {
            Value::String(text) => json!(text.to_uppercase()),
            Value::Array(all) => {
                all.iter().map(|one| json!(one.as_str().unwrap_or_default().to_uppercase())).collect()
            }
            other => other.clone(),
        };
        let plain = Field { sensitive: false, ..field.clone() };
        return holds(&plain, &capitals(value), op, &capitals(operand));
    }
    if value.is_null() {
        return matches!(op, "ne" | "not_in" | "is_null");
    }
    let any = |holds: &dyn Fn(&Value) -> bool| operand.as_array().is_some_and(|all| all.iter().any(holds));
    if op == "is_null" || op == "not_null" {
        return op == "not_null";
    }
    if let Value::Array(items) = value {
        let has = |item: &Value| items.contains(item);
        return match op {
            "contains" | "eq" => has(operand),
            "ne" => !has(operand),
            "in" => any(&has),
            _ => !any(&has),
        };
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let part = text(operand).to_ascii_lowercase();
    if field.kind == FieldType::Address {
        return match op {
            "under" => value["region"].as_array().is_some_and(|path| path.contains(operand)),
            _ => text(&value["detail"]).to_ascii_lowercase().contains(&part),
        };
    }
    let ordering = |other: &Value| compare(field, value, other);
    match op {
        "eq" => value == operand,
        "ne" => value != operand,
        "lt" => ordering(operand).is_lt(),
        "le" => ordering(operand).is_le(),
        "gt" => ordering(operand).is_gt(),
        "ge" => ordering(operand).is_ge(),
        "in" => any(&|other| value == other),
        "not_in" => !any(&|other| value == other),
        "between" => ordering(&operand[0]).is_ge() && ordering(&operand[1]).is_le(),
        "contains" => text(value).to_ascii_lowercase().contains(&part),
        "starts_with" => text(value).starts_with(&text(operand)),
        "under" => text(value).starts_with(&text(operand)),
        other => panic!("{other}"),
    }
}
