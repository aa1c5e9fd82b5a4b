//! What an approver decides about an export.

use anju_runtime::{Command, CommandContext, CommandOutcome, process::Error, records::Object};
use async_trait::async_trait;

/// The export is made.
pub(crate) struct ApproveExport;

/// The export is not made.
pub(crate) struct RefuseExport;

#[async_trait]
impl Command for ApproveExport {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome, Error> {
        context.runtime.approve_export(context.tx, context.actor, context.record_id).await?;
        CommandOutcome::done()
    }
}

#[async_trait]
impl Command for RefuseExport {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome, Error> {
        context.runtime.refuse_export(context.tx, context.actor, context.record_id).await?;
        CommandOutcome::done()
    }
}
