//! Nobody gets in, and no rights are loaded, by a row that was changed past the platform.

use anju_records::{Actor, AuditEntry, Result};
use anju_store::{Condition, Fetch};

use crate::{
    ACCOUNT, Identity, ORGANISATION, POST,
    tables::{CREDENTIAL, SESSION},
};

/// Why a caller is refused, in the audit log.
pub(crate) const DAMAGED: &str = "damaged_record";

/// A row that does not have its code.
#[derive(Debug)]
pub(crate) struct DamagedGrant {
    /// Its entity, or its table.
    entity: &'static str,
    id: String,
}

impl Identity {
    /// The first row behind an account's rights that is not what the platform wrote: credential, account, posts, their
    /// organisations.
    pub(crate) async fn damaged_grant(
        &self,
        source: &mut (dyn Fetch + '_),
        account_id: &str,
    ) -> Result<Option<DamagedGrant>> {
        let of_account = Condition::eq(CREDENTIAL, "account_id", account_id);
        if let Some(id) = source.damaged_rows(CREDENTIAL, of_account).await?.pop() {
            return Ok(Some(DamagedGrant { entity: CREDENTIAL, id }));
        }
        let mut rows = vec![(ACCOUNT, "id", account_id.to_owned()), (POST, "account", account_id.to_owned())];
        let held = self.posts_of(source, account_id).await?;
        rows.extend(held.into_iter().map(|held| (ORGANISATION, "id", held.post.org_id)));
        rows.dedup();
        for (entity, column, value) in rows {
            let mut damaged = self.records().damaged_records(source, entity, column, &value).await?;
            if let Some(id) = damaged.pop() {
                return Ok(Some(DamagedGrant { entity, id }));
            }
        }
        Ok(None)
    }

    /// As [`Identity::damaged_grant`], the session's row first.
    pub(crate) async fn damaged_session(
        &self,
        source: &mut (dyn Fetch + '_),
        token_digest: &str,
        account_id: &str,
    ) -> Result<Option<DamagedGrant>> {
        let this = Condition::eq(SESSION, "token_digest", token_digest);
        if let Some(id) = source.damaged_rows(SESSION, this).await?.pop() {
            return Ok(Some(DamagedGrant { entity: SESSION, id }));
        }
        self.damaged_grant(source, account_id).await
    }

    /// Ends a session that rests on a damaged row, and says so.
    pub(crate) async fn end_damaged(&self, token_digest: &str, damaged: &DamagedGrant) -> Result<()> {
        let mut tx = self.store().begin().await?;
        tx.delete(SESSION, Condition::eq(SESSION, "token_digest", token_digest)).await?;
        let entry = AuditEntry::of("session.ended", damaged.entity, &damaged.id);
        let entry = entry.refused().because(Some(DAMAGED));
        self.records().audit(&mut tx, &Actor::system("identity"), &entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
