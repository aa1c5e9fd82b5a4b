//! Commands behind the buttons of an account.

use anju_runtime::{Command, CommandContext, CommandOutcome, process::Error, records::Object};
use async_trait::async_trait;
use serde_json::json;

/// Gives the account a new initial password; the outcome shows it once.
pub(crate) struct ResetPassword;

/// Lets a locked account try again.
pub(crate) struct UnlockAccount;

#[async_trait]
impl Command for ResetPassword {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome, Error> {
        let identity = &context.runtime.identity;
        let credential = identity.set_password_by_admin(context.tx, context.actor, context.record_id).await?;
        let vars = Object::from_iter([
            ("account".to_owned(), json!(credential.account)),
            ("initial_password".to_owned(), json!(credential.password)),
        ]);
        Ok(CommandOutcome { vars, pending: false })
    }
}

#[async_trait]
impl Command for UnlockAccount {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome, Error> {
        context.runtime.identity.unlock(context.tx, context.actor, context.record_id).await?;
        CommandOutcome::done()
    }
}
