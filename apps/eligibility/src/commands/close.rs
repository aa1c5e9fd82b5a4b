use anju_runtime::{Command, CommandContext, CommandOutcome, process::Result, records::Object};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    case::{CASE, REVIEW_SLOT, all, equals, find},
    commands::notice::take_down,
};

/// Ends the household's places in review, so that they may apply again (M033, M043), takes notices down,
/// and tells the applicant if the caseworker chose so (M047).
pub struct CloseCase;

#[async_trait]
impl Command for CloseCase {
    async fn run(&self, context: &mut CommandContext<'_>, values: Object) -> Result<CommandOutcome> {
        release_review_slots(context).await?;
        take_down(context, all([]), "ended").await?;
        let told = values.get("notify") == Some(&json!(true));
        if let Some(message) = values.get("message").and_then(Value::as_str).filter(|_| told) {
            context.runtime.send_message(context.tx, context.actor, message, CASE, context.record_id).await?;
        }
        CommandOutcome::done()
    }
}

/// Takes a case in review out of the books after the city's approval (M045). The record stays, so that the
/// applicant's own view of it can be served; lists no longer show it.
pub struct DeleteCase;

#[async_trait]
impl Command for DeleteCase {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome> {
        let own = context.instance_id.unwrap_or_default().to_owned();
        for instance in context.runtime.processes.running_of(context.tx, CASE, context.record_id).await? {
            if instance != own {
                let reason = "市级审核同意删除";
                context.runtime.processes.terminate(context.tx, context.actor, &instance, reason).await?;
            }
        }
        release_review_slots(context).await?;
        take_down(context, all([]), "cancelled").await?;
        let today = json!(context.runtime.today().to_string());
        context.set([("status", json!("deleted")), ("closed_on", today)]).await?;
        CommandOutcome::done()
    }
}

async fn release_review_slots(context: &mut CommandContext<'_>) -> Result<()> {
    let system = context.actor.on_behalf();
    for slot in find(context, REVIEW_SLOT, equals("case", context.record_id)).await? {
        context.runtime.records.delete(context.tx, &system, REVIEW_SLOT, &slot.id, None, None).await?;
    }
    Ok(())
}
