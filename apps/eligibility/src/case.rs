//! Reading the facts of a case.

use anju_runtime::process::{Error, Result};
use anju_runtime::records::{Actor, FieldError, Object, PageRequest, Query, Record};
use anju_runtime::{
    CommandContext,
    definitions::{FieldTest, Filter, FilterOp},
};
use serde_json::Value;

pub const CASE: &str = "eligibility.case";
pub const VERIFICATION: &str = "eligibility.verification";
pub const REVIEW_SLOT: &str = "eligibility.review_slot";
pub const PRIOR_CASE: &str = "eligibility.prior_case";
pub const PUBLIC_NOTICE: &str = "eligibility.public_notice";
pub const CERTIFICATE: &str = "eligibility.certificate";
pub const INTAKE_OFFICE: &str = "eligibility.intake_office";
pub const MEMBER: &str = "eligibility.member";

/// Somebody of the household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub id_type: String,
    pub id_no: String,
    pub applicant: bool,
    /// Where their ID number stands in the case: `id_no` or `members[n].id_no`.
    pub field: String,
}

/// The applicant and all members, in the order of entry.
pub fn household(case: &Object) -> Vec<Person> {
    let text =
        |object: &Object, key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut persons = vec![Person {
        name: text(case, "applicant_name"),
        id_type: text(case, "id_type"),
        id_no: text(case, "id_no"),
        applicant: true,
        field: "id_no".to_owned(),
    }];
    let members = case.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, member) in members.iter().enumerate() {
        let Some(member) = member.as_object() else { continue };
        persons.push(Person {
            name: text(member, "name"),
            id_type: text(member, "id_type"),
            id_no: text(member, "id_no"),
            applicant: false,
            field: format!("members[{index}].id_no"),
        });
    }
    persons
}

/// `field = value`.
pub fn equals(field: &str, value: impl Into<Value>) -> Filter {
    Filter::Test(FieldTest { field: field.to_owned(), op: FilterOp::Eq, value: value.into() })
}

/// All of these.
pub fn all(filters: impl Into<Vec<Filter>>) -> Filter {
    Filter::And { and: filters.into() }
}

/// Up to 500 records within the transaction, seen by the platform.
pub async fn find(context: &mut CommandContext<'_>, entity: &str, filter: Filter) -> Result<Vec<Record>> {
    let query = Query {
        filter: Some(filter),
        page: PageRequest { size: 500, ..PageRequest::default() },
        ..Query::default()
    };
    let page =
        context.runtime.records.query_in(context.tx, &Actor::system("eligibility"), entity, &query).await?;
    Ok(page.items)
}

/// Copies of the fields that place a record of the case in the same scope.
pub fn scope_of(case: &Record) -> [(&'static str, Value); 3] {
    ["district", "subdistrict", "operator"].map(|field| (field, case.get(field).clone()))
}

/// Creates a record as the platform, on behalf of the actor.
pub async fn create<'k>(
    context: &mut CommandContext<'_>,
    entity: &str,
    values: impl IntoIterator<Item = (&'k str, Value)>,
) -> Result<Record> {
    let values: Object = values
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let system = context.actor.on_behalf();
    Ok(context.runtime.records.create(context.tx, &system, entity, values, None).await?)
}

/// Changes a record as the platform, on behalf of the actor.
pub async fn change<'k>(
    context: &mut CommandContext<'_>,
    entity: &str,
    id: &str,
    changes: impl IntoIterator<Item = (&'k str, Value)>,
) -> Result<()> {
    let changes: Object = changes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let system = context.actor.on_behalf();
    context.runtime.records.patch(context.tx, &system, entity, id, None, changes, None).await?;
    Ok(())
}

/// A number of the definitions' own making, e.g. the round of a verification.
pub fn integer(record: &Record, field: &str) -> i64 {
    record.get(field).as_i64().unwrap_or_default()
}

/// Refuses a command called without its value.
pub fn required<'v>(values: &'v Object, key: &str) -> Result<&'v str> {
    values
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| Error::Internal(format!("the command needs the value `{key}`")))
}

/// The state of things does not allow it; `message` is for users.
pub fn conflict(code: &str, message: &str) -> Error {
    Error::Conflict { code: code.to_owned(), message: message.to_owned() }
}

/// A fault at one field.
pub fn fault(field: &str, code: &str, message: &str) -> Error {
    Error::Invalid(vec![FieldError::new(field, code, message)])
}
