//! What one row must satisfy by itself: required fields, certificates, retired codes, rules.

use anju_definitions::FieldType;
use jiff::civil::Date;
use serde_json::Value;

use super::{broken::holds, draft::DraftRow};
use crate::{
    Actor, FieldError, Object,
    expression::Scene,
    plan::{EntityPlan, FieldPlan},
    value::Certificate,
};

/// Judges one row; `path` is its prefix in messages.
#[allow(clippy::too_many_arguments)]
pub(crate) fn check_row(
    plan: &EntityPlan,
    row: &DraftRow,
    children: &Object,
    actor: &Actor,
    today: Date,
    path: &str,
    faults: &mut Vec<FieldError>,
) {
    let today_text = today.to_string();
    let scene = Scene { plan, values: &row.values, children, actor, today: &today_text };
    check_read_only(row, &scene, path, faults);
    for (position, field) in plan.fields.iter().enumerate() {
        let at = || format!("{path}{}", field.name);
        // One fault a field is enough: a value that could not be parsed is not also missing.
        if faults.iter().any(|fault| fault.field == at()) {
            continue;
        }
        let value = &row.values[position];
        if value.is_null() {
            if is_required(field, &scene) {
                faults.push(FieldError::new(at(), "required", format!("请填写{}", field.title)));
            }
        } else if row.changed(position)
            && let Some((code, message)) = value_fault(plan, field, row, value, today)
        {
            faults.push(FieldError::new(at(), code, message));
        }
    }
    for rule in plan.rules.iter().filter(|rule| !rule.soft) {
        let at = format!("{path}{}", rule.field);
        if !holds(rule, &scene) && !faults.iter().any(|f| f.field == at) {
            faults.push(FieldError::new(at, rule.code.as_str(), rule.message.as_str()));
        }
    }
}

/// What a person changed although it may not be changed now: neither before the change nor after it.
fn check_read_only(row: &DraftRow, scene: &Scene<'_>, path: &str, faults: &mut Vec<FieldError>) {
    for position in &row.given {
        let field = &scene.plan.fields[*position];
        let Some(when) = &field.read_only_when else { continue };
        let before = row.before.as_ref().map(|before| Scene { values: &before.values, ..*scene });
        if row.changed(*position) && scene.holds(when) && before.is_none_or(|before| before.holds(when)) {
            let message = format!("{}现在不能修改", field.title);
            faults.push(FieldError::new(format!("{path}{}", field.name), "read_only", message));
        }
    }
}

fn is_required(field: &FieldPlan, scene: &Scene<'_>) -> bool {
    if field.definition.system || field.is_given_by_platform() {
        return false;
    }
    let demanded =
        field.definition.required || field.required_when.as_ref().is_some_and(|when| scene.holds(when));
    demanded && field.visible_when.as_ref().is_none_or(|when| scene.holds(when))
}

fn value_fault(
    plan: &EntityPlan,
    field: &FieldPlan,
    row: &DraftRow,
    value: &Value,
    today: Date,
) -> Option<(&'static str, String)> {
    match (field.kind, value) {
        (FieldType::IdNumber, Value::String(number)) => {
            certificate(plan, field, row).fault(number, today).map(|message| ("format", message.to_owned()))
        }
        (FieldType::Choice, Value::String(code)) => retired(field, code),
        (FieldType::MultiChoice, Value::Array(codes)) => {
            codes.iter().filter_map(Value::as_str).find_map(|code| retired(field, code))
        }
        (FieldType::Address, address) => {
            let path = address["region"].as_array()?;
            path.iter().filter_map(Value::as_str).find_map(|code| retired(field, code))
        }
        _ => None,
    }
}

fn retired(field: &FieldPlan, code: &str) -> Option<(&'static str, String)> {
    let item = field.codes.get(code).filter(|item| item.retired)?;
    Some(("choice", format!("选项“{}”已停用", item.title)))
}

/// Which kind of certificate the number is of.
fn certificate(plan: &EntityPlan, field: &FieldPlan, row: &DraftRow) -> Certificate {
    let Some(by) = field.certificate_by else { return Certificate::Resident };
    let code = row.values[by].as_str().and_then(|code| plan.fields[by].codes.get(code));
    code.map_or(Certificate::Resident, |code| code.certificate)
}
