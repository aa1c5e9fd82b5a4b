use anju_runtime::{
    Command, CommandContext, CommandOutcome,
    process::Result,
    records::{Object, Record},
};
use async_trait::async_trait;
use serde_json::json;

use crate::case::{CASE, CERTIFICATE, MEMBER, PRIOR_CASE, Person, create, equals, find, household, scope_of};

/// Looks every person of the household up in all cases and certificates of all kinds of housing and lists
/// what it finds for the caseworker to judge (M014).
pub struct CheckPriorCases;

#[async_trait]
impl Command for CheckPriorCases {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome> {
        let case = context.record().await?;
        if !find(context, PRIOR_CASE, equals("case", case.id.clone())).await?.is_empty() {
            return CommandOutcome::done();
        }
        for person in household(&case.values) {
            for prior in cases_of(context, &person).await? {
                if prior.id != case.id {
                    note(context, &case, &person, &prior, finding(&prior)).await?;
                }
            }
            for certificate in find(context, CERTIFICATE, equals("id_no", person.id_no.clone())).await? {
                note_certificate(context, &case, &person, &certificate).await?;
            }
        }
        CommandOutcome::done()
    }
}

/// Cases in which the person applies or is a member.
async fn cases_of(context: &mut CommandContext<'_>, person: &Person) -> Result<Vec<Record>> {
    let mut cases = find(context, CASE, equals("id_no", person.id_no.clone())).await?;
    for member in find(context, MEMBER, equals("id_no", person.id_no.clone())).await? {
        let Some(id) = member.text("case") else { continue };
        if !cases.iter().any(|case| case.id == id) {
            cases.extend(find(context, CASE, equals("id", id)).await?);
        }
    }
    cases.retain(|case| case.text("status") != Some("draft"));
    Ok(cases)
}

fn finding(prior: &Record) -> &'static str {
    match prior.text("status") {
        Some("admitted") => "已取得准入资格",
        Some("given_up") => "曾取得资格，已自愿放弃",
        Some("not_accepted" | "preliminary_failed" | "secondary_failed") => "曾申请未通过，不影响本次申请",
        Some("withdrawn" | "deleted") => "曾申请，已撤回或删除",
        _ => "有在办案件",
    }
}

async fn note(
    context: &mut CommandContext<'_>,
    case: &Record,
    person: &Person,
    prior: &Record,
    finding: &str,
) -> Result<()> {
    let values = [
        ("case", json!(case.id)),
        ("person_name", json!(person.name)),
        ("prior_no", prior.get("case_no").clone()),
        ("housing_kind", prior.get("housing_kind").clone()),
        ("prior_status", prior.get("status").clone()),
        ("finding", json!(finding)),
    ];
    create(context, PRIOR_CASE, values.into_iter().chain(scope_of(case))).await?;
    Ok(())
}

async fn note_certificate(
    context: &mut CommandContext<'_>,
    case: &Record,
    person: &Person,
    certificate: &Record,
) -> Result<()> {
    let finding = match certificate.text("state") {
        Some("valid") => {
            format!("持有效准入资格证，有效期至{}", certificate.text("valid_to").unwrap_or_default())
        }
        _ => "曾持有准入资格证".to_owned(),
    };
    let values = [
        ("case", json!(case.id)),
        ("person_name", json!(person.name)),
        ("prior_no", certificate.get("number").clone()),
        ("housing_kind", certificate.get("housing_kind").clone()),
        ("finding", json!(finding)),
    ];
    create(context, PRIOR_CASE, values.into_iter().chain(scope_of(case))).await?;
    Ok(())
}
