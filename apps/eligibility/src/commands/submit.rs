use anju_runtime::{
    Command, CommandContext, CommandOutcome,
    process::{Error, Result},
    records::{FieldError, Object, Record},
};
use async_trait::async_trait;
use serde_json::json;

use crate::case::{CASE, INTAKE_OFFICE, REVIEW_SLOT, all, create, equals, fault, find, household};

/// Submits a draft: everybody of the household gets a place in review, the case gets its intake office, the
/// process starts (M011, M014, M016).
pub struct SubmitCase;

#[async_trait]
impl Command for SubmitCase {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome> {
        let case = context.record().await?;
        take_review_slots(context, &case).await?;
        let office = intake_office(context, &case).await?;
        let operator = match case.text("operator") {
            Some(operator) => json!(operator),
            None => office.get("organisation").clone(),
        };
        let now = context.runtime.clock.now().to_string();
        context
            .set([("submitted_at", json!(now)), ("operator", operator), ("intake_office", json!(office.id))])
            .await?;
        let process = process_of(&case)?;
        let vars = Object::new();
        context
            .runtime
            .processes
            .start(context.tx, context.actor, process, CASE, context.record_id, vars)
            .await?;
        CommandOutcome::done()
    }
}

fn process_of(case: &Record) -> Result<&'static str> {
    match (case.text("housing_kind"), case.text("case_kind")) {
        (Some("public_rental"), Some("new")) => Ok("eligibility.public_rental_new"),
        _ => Err(fault("housing_kind", "unsupported", "该品种的此类案件尚未开通办理")),
    }
}

/// One place in review for each person; taken places are explained by case number. The unique index of the
/// entity is the last line against two submissions at the same moment.
async fn take_review_slots(context: &mut CommandContext<'_>, case: &Record) -> Result<()> {
    let kind = case.get("housing_kind").clone();
    let mut errors = Vec::new();
    for person in household(&case.values) {
        let taken = all([equals("housing_kind", kind.clone()), equals("id_no", person.id_no.clone())]);
        if let Some(slot) = find(context, REVIEW_SLOT, taken).await?.first() {
            let number = slot.get("$refs")["case"].as_str().unwrap_or("其他案件");
            let message = format!("{}已有在审的同品种案件（{number}），不能重复申请", person.name);
            errors.push(FieldError::new(person.field, "duplicate_application", message));
            continue;
        }
        let values = [
            ("housing_kind", kind.clone()),
            ("id_no", json!(person.id_no)),
            ("person_name", json!(person.name)),
            ("case", json!(case.id)),
            ("district", case.get("district").clone()),
            ("operator", case.get("operator").clone()),
        ];
        create(context, REVIEW_SLOT, values).await?;
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

/// The office for a city-procured or a district's application (M016). A counter application stays with the
/// operator that entered it.
async fn intake_office(context: &mut CommandContext<'_>, case: &Record) -> Result<Record> {
    let open = equals("open", true);
    if let Some(operator) = case.text("operator") {
        let own = all([open.clone(), equals("organisation", operator)]);
        if let Some(office) = find(context, INTAKE_OFFICE, own).await?.into_iter().next() {
            return Ok(office);
        }
    }
    let procurement = case.get("procurement").clone();
    let mut wanted = vec![open, equals("procurement", procurement.clone())];
    if procurement == "district" {
        wanted.push(equals("district", case.get("district").clone()));
    }
    find(context, INTAKE_OFFICE, all(wanted)).await?.into_iter().next().ok_or_else(|| {
        fault("procurement", "no_intake_office", "所选筹集类型和区没有开放的受理机构，请联系区住房保障机构")
    })
}
