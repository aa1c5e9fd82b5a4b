use anju_runtime::{
    Command, CommandContext, CommandOutcome,
    process::{Error, Result},
    records::{Object, masked_name},
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::case::{PUBLIC_NOTICE, all, change, create, equals, find, required};

/// Puts the masked facts of a case on public notice (M043, M044).
pub struct PublishNotice;

#[async_trait]
impl Command for PublishNotice {
    async fn run(&self, context: &mut CommandContext<'_>, values: Object) -> Result<CommandOutcome> {
        let kind = kind_of(&values)?;
        let case = context.record().await?;
        let place = |part: &str| case.get(&format!("{kind}_notice_{part}")).clone();
        let office = case.get("$refs")["intake_office"].clone();
        let notice = [
            ("case", json!(case.id)),
            ("kind", json!(kind)),
            ("case_no", case.get("case_no").clone()),
            ("applicant", json!(masked_name(case.text("applicant_name").unwrap_or_default()))),
            ("household_size", case.get("household_size").clone()),
            ("per_capita_area", case.get("per_capita_area").clone()),
            ("district", case.get("district").clone()),
            ("operator", case.get("operator").clone()),
            ("office", office),
            ("from", place("from")),
            ("to", place("to")),
            ("place", place("place")),
        ];
        create(context, PUBLIC_NOTICE, notice).await?;
        CommandOutcome::done()
    }
}

/// Takes the notice down when its period is over.
pub struct EndNotice;

#[async_trait]
impl Command for EndNotice {
    async fn run(&self, context: &mut CommandContext<'_>, values: Object) -> Result<CommandOutcome> {
        let kind = kind_of(&values)?.to_owned();
        let of_kind = equals("kind", kind);
        take_down(context, of_kind, "ended").await?;
        CommandOutcome::done()
    }
}

/// Moves the case's published notices that pass the filter to another state.
pub async fn take_down(
    context: &mut CommandContext<'_>,
    filter: anju_runtime::definitions::Filter,
    state: &str,
) -> Result<()> {
    let published = all([equals("case", context.record_id), equals("state", "published"), filter]);
    for notice in find(context, PUBLIC_NOTICE, published).await? {
        change(context, PUBLIC_NOTICE, &notice.id, [("state", Value::from(state))]).await?;
    }
    Ok(())
}

fn kind_of(values: &Object) -> Result<&str> {
    match required(values, "kind")? {
        kind @ ("local" | "online") => Ok(kind),
        other => Err(Error::Internal(format!("no public notice is of kind `{other}`"))),
    }
}
