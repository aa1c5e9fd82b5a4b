//! Records as the expression language sees them: decimals are numbers, only what is read is there.

use anju_definitions::FieldType;
use serde_json::{Map, Value};

use crate::{
    Actor, Error, Object, Records, Result,
    plan::{EntityPlan, Formula, Plans},
};

/// What an expression may read.
pub(crate) struct Scene<'a> {
    pub plan: &'a EntityPlan,
    /// By position of the field.
    pub values: &'a [Value],
    /// Rows of child tables by name, already as expressions see them.
    pub children: &'a Object,
    pub actor: &'a Actor,
    pub today: &'a str,
}

impl Scene<'_> {
    /// The value, or `None` if it cannot be computed from what is set.
    pub(crate) fn evaluate(&self, formula: &Formula) -> Option<Value> {
        formula.expression.evaluate(&self.context(formula)).ok()
    }

    /// Whether the formula holds; what cannot be computed does not hold.
    pub(crate) fn holds(&self, formula: &Formula) -> bool {
        formula.expression.is_true(&self.context(formula)).unwrap_or(false)
    }

    /// Whether every field the formula names is set.
    pub(crate) fn is_complete(&self, formula: &Formula) -> bool {
        formula.names.iter().all(|name| match self.plan.position(name) {
            Some(position) => !self.values[position].is_null(),
            None => true,
        })
    }

    fn context(&self, formula: &Formula) -> Value {
        let mut context = Map::with_capacity(formula.names.len() + 1);
        let mut uses_record = false;
        for name in &formula.names {
            if let Some(position) = self.plan.position(name) {
                let field = &self.plan.fields[position];
                context.insert(name.clone(), as_number(field.kind, &self.values[position]));
            } else if let Some(rows) = self.children.get(name) {
                context.insert(name.clone(), rows.clone());
            } else {
                match name.as_str() {
                    "today" => drop(context.insert(name.clone(), Value::from(self.today))),
                    "actor" => drop(context.insert(name.clone(), actor_value(self.actor))),
                    _ => {}
                }
            }
            uses_record = true;
        }
        if uses_record && formula.expression.source().contains("record.") {
            let record = Value::Object(context.clone());
            context.insert("record".to_owned(), record);
        }
        Value::Object(context)
    }
}

/// The actor as expressions see them.
pub(crate) fn actor_value(actor: &Actor) -> Value {
    let mut object = Map::new();
    object.insert("account_id".to_owned(), Value::from(actor.account_id.as_str()));
    object.insert("name".to_owned(), Value::from(actor.name.as_str()));
    if let Some(post) = &actor.post {
        let optional = |value: &Option<String>| value.as_deref().map_or(Value::Null, Value::from);
        object.insert("org_id".to_owned(), Value::from(post.org_id.as_str()));
        object.insert("level".to_owned(), serde_json::to_value(post.level).unwrap_or_default());
        object.insert("district".to_owned(), optional(&post.district));
        object.insert("subdistrict".to_owned(), optional(&post.subdistrict));
        object.insert("operator".to_owned(), Value::from(post.operator()));
    }
    Value::Object(object)
}

/// A value as expressions see it: exact numbers instead of texts.
pub(crate) fn as_number(kind: FieldType, value: &Value) -> Value {
    if value.is_null() { Value::Null } else { crate::value::kind(kind).in_expressions(value) }
}

impl Records {
    /// A record's JSON as expressions and decisions see it: decimals as exact numbers, in child rows too,
    /// `$`-keys left out.
    pub fn expression_context(&self, entity: &str, record: &Object) -> Result<Object> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let mut context = Object::with_capacity(record.len());
        for (name, value) in record.iter().filter(|(name, _)| !name.starts_with('$')) {
            context.insert(name.clone(), converted(&plans, plan, name, value)?);
        }
        Ok(context)
    }
}

fn converted(plans: &Plans, plan: &EntityPlan, name: &str, value: &Value) -> Result<Value, Error> {
    if let Some(field) = plan.field(name) {
        return Ok(as_number(field.kind, value));
    }
    let (Some(child), Value::Array(rows)) = (plan.child(name), value) else { return Ok(value.clone()) };
    let child = plans.child(child)?;
    let row = |row: &Value| match row {
        Value::Object(row) => row
            .iter()
            .filter(|(name, _)| !name.starts_with('$'))
            .map(|(name, value)| {
                (name.clone(), child.field(name).map_or_else(|| value.clone(), |f| as_number(f.kind, value)))
            })
            .collect::<Object>()
            .into(),
        other => other.clone(),
    };
    Ok(Value::Array(rows.iter().map(row).collect()))
}
