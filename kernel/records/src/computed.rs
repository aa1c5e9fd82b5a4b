//! Computed fields: their formulas over the values at hand.

use anju_definitions::FieldType;
use jiff::civil::Date;
use serde_json::Value;

use crate::{
    Actor, Object,
    expression::Scene,
    plan::{EntityPlan, FieldPlan},
    value,
};

/// Works out the computed fields that `wanted` asks for, each after those it reads. What cannot be worked out
/// from the values is absent. `children` are the child tables as expressions see them.
pub(crate) fn compute(
    plan: &EntityPlan,
    values: &mut [Value],
    children: &Object,
    today: Date,
    wanted: impl Fn(usize) -> bool,
) {
    if plan.computed.is_empty() {
        return;
    }
    let nobody = Actor::system("");
    let today_text = today.to_string();
    for position in plan.computed.iter().copied().filter(|position| wanted(*position)) {
        let field = &plan.fields[position];
        let Some(formula) = &field.formula else { continue };
        let scene = Scene { plan, values, children, actor: &nobody, today: &today_text };
        let result = scene.evaluate(formula).unwrap_or_default();
        values[position] = value::parse(field, &fitting(field, result), today).unwrap_or_default();
    }
}

/// The result in the type of the field: numbers are rounded to its places.
fn fitting(field: &FieldPlan, result: Value) -> Value {
    let number = match &result {
        Value::Number(number) => number.to_string(),
        _ => return result,
    };
    match field.kind {
        FieldType::Text => Value::String(number),
        kind if kind.is_number() => value::rounded(&number, field.scale).map_or(Value::Null, Value::String),
        _ => result,
    }
}
