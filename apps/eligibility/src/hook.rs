//! What is computed and checked on every save of a case (M013, M014, M023).

use std::collections::HashMap;

use anju_runtime::{
    records::{ActorKind, Change, Error, FieldError, Hook, HookContext, Object, Result},
    store::Tx,
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{area::Area, case::household};

/// States in which caseworkers may still change the application.
const EDITABLE: [&str; 4] = ["draft", "pre_review", "acceptance", "supplement"];

pub struct CaseHook;

#[async_trait]
impl Hook for CaseHook {
    async fn before_save(&self, _tx: &mut Tx, context: &HookContext<'_>) -> Result<Object> {
        let case = context.record;
        let mut computed = Object::new();
        let mut set = |field: &str, value: Value| {
            if case.get(field) != Some(&value) {
                computed.insert(field.to_owned(), value);
            }
        };
        set("household_size", json!(household(case).len()));
        set("declared_area", declared_area(case).to_value());
        set("materials_missing", json!(missing_materials(case)));
        if let Some(birth_date) = birth_date_of(case) {
            set("birth_date", json!(birth_date));
        }
        if context.change == Change::Created
            && let Some(post) = &context.actor.post
            && post.level == anju_runtime::definitions::Level::Operator
        {
            set("operator", json!(post.operator()));
        }
        Ok(computed)
    }

    async fn validate(&self, _tx: &mut Tx, context: &HookContext<'_>) -> Result<Vec<FieldError>> {
        let status = context.before.and_then(|before| before.get("status")).and_then(Value::as_str);
        if context.actor.kind == ActorKind::Person
            && let Some(status) = status
            && !EDITABLE.contains(&status)
        {
            return Err(Error::conflict("case_in_review", "案件已进入审核，不能修改申请信息"));
        }
        Ok(repeated_persons(context.record))
    }
}

/// Housing the family owns or holds from the public stock; rented rooms do not count.
fn declared_area(case: &Object) -> Area {
    rows(case, "housings")
        .filter(|housing| matches!(housing["kind"].as_str(), Some("owned" | "public_rented")))
        .filter_map(|housing| Area::parse(&housing["floor_area"]))
        .sum()
}

/// Titles of required materials that have no file (M013).
fn missing_materials(case: &Object) -> String {
    let is = |field: &str| case.get(field).and_then(Value::as_bool) == Some(true);
    let married = case.get("marital_status").and_then(Value::as_str) == Some("married");
    let required = [
        ("identity", "身份证明", true),
        ("employment", "劳动合同", true),
        ("housing_proof", "住房情况证明", true),
        ("marriage", "婚姻证明", married),
        ("residence_permit", "居住证", !is("registered_here")),
    ];
    required
        .iter()
        .filter(|(kind, _, needed)| *needed && !rows(case, "materials").any(|row| row["kind"] == *kind))
        .map(|(_, title, _)| *title)
        .collect::<Vec<_>>()
        .join("、")
}

/// The birth date inside a resident's ID number (GB 11643).
fn birth_date_of(case: &Object) -> Option<String> {
    if case.get("id_type").and_then(Value::as_str) != Some("resident_id") {
        return None;
    }
    let digits = case.get("id_no").and_then(Value::as_str)?.get(6..14)?;
    Some(format!("{}-{}-{}", &digits[..4], digits.get(4..6)?, digits.get(6..8)?))
}

fn repeated_persons(case: &Object) -> Vec<FieldError> {
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut errors = Vec::new();
    for person in household(case) {
        if let Some(earlier) = seen.get(&person.id_no) {
            let message = format!("与{earlier}的证件号码相同，同一人不能重复填写");
            errors.push(FieldError::new(person.field, "duplicate", message));
        } else {
            seen.insert(person.id_no, person.name);
        }
    }
    errors
}

fn rows<'c>(case: &'c Object, child: &str) -> impl Iterator<Item = &'c Value> {
    case.get(child).and_then(Value::as_array).into_iter().flatten()
}
