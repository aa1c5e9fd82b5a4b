//! Rules of accounts and posts that definitions cannot express.

use anju_records::{Change, FieldError, Hook, HookContext, Result};
use anju_store::{Condition, Tx};
use async_trait::async_trait;
use serde_json::Value;

use crate::{
    ORGANISATION, POST,
    posts::{ADMINISTRATORS, find, level_of, roles_of},
    tables::SESSION,
};

/// Rules of posts: roles exist and fit the organisation's level; the three administrators exclude each other,
/// over all posts of a person.
#[derive(Debug, Clone, Copy, Default)]
pub struct PostRules;

/// Rules of accounts: a stopped or deleted account has no sessions.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountRules;

#[async_trait]
impl Hook for PostRules {
    async fn validate(&self, tx: &mut Tx, context: &HookContext<'_>) -> Result<Vec<FieldError>> {
        if context.change == Change::Deleted {
            return Ok(Vec::new());
        }
        // Missing and unknown roles are faults of the field, told by records.
        let roles = roles_of(context.record);
        let mut faults = level_faults(tx, context, &roles).await?;
        faults.extend(exclusion_fault(tx, context, &roles).await?);
        Ok(faults)
    }
}

#[async_trait]
impl Hook for AccountRules {
    async fn after_save(&self, tx: &mut Tx, context: &HookContext<'_>) -> Result<()> {
        let active = context.record.get("status").and_then(Value::as_str) == Some("active");
        if context.change == Change::Deleted || !active {
            tx.delete(SESSION, Condition::eq(SESSION, "account_id", context.id)).await?;
        }
        Ok(())
    }
}

async fn level_faults(tx: &mut Tx, context: &HookContext<'_>, roles: &[String]) -> Result<Vec<FieldError>> {
    let Some(id) = context.record.get("organisation").and_then(Value::as_str) else { return Ok(Vec::new()) };
    let organisation = find(context.records, tx, ORGANISATION, "id", id).await?;
    let Some(level) = organisation.first().and_then(level_of) else { return Ok(Vec::new()) };
    let catalog = context.records.catalog().load_full();
    let faults = roles.iter().filter_map(|key| match catalog.role(key) {
        None => Some(fault("unknown_role", format!("没有“{key}”这个角色"))),
        Some(role) if role.level != level => {
            let (title, of_role, of_place) = (&role.title, role.level.title(), level.title());
            let message = format!("角色“{title}”只能授予{of_role}的任职，该机构是{of_place}");
            Some(fault("role_level", message))
        }
        Some(_) => None,
    });
    Ok(faults.collect())
}

async fn exclusion_fault(
    tx: &mut Tx,
    context: &HookContext<'_>,
    roles: &[String],
) -> Result<Option<FieldError>> {
    let Some(account) = context.record.get("account").and_then(Value::as_str) else { return Ok(None) };
    // Held until the transaction ends, so that two grants at once cannot pass each other.
    context.records.lock(tx, crate::ACCOUNT, account).await?;
    let others = find(context.records, tx, POST, "account", account).await?;
    let mut held: Vec<String> =
        others.iter().filter(|post| post.id != context.id).flat_map(|post| roles_of(&post.values)).collect();
    held.extend_from_slice(roles);
    held.retain(|role| ADMINISTRATORS.contains(&role.as_str()));
    held.sort();
    held.dedup();
    let clash = || fault("exclusive_roles", "系统管理员、安全管理员、审计管理员不得由同一人担任");
    Ok((held.len() > 1).then(clash))
}

fn fault(code: &str, message: impl Into<String>) -> FieldError {
    FieldError::new("roles", code, message)
}
