//! Who did what, when, with what result. Written in the transaction of the act itself: if it cannot be
//! written, the act fails.

use anju_store::{SqlValue, Tx};

use crate::{Actor, ActorKind, Records, Result, schema::AUDIT};

/// One event for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry<'a> {
    /// Stable code: `record.created`, `record.revealed`, `session.opened` ….
    pub event: &'a str,
    pub entity: Option<&'a str>,
    pub record_id: Option<&'a str>,
    /// `done` or `refused`.
    pub result: &'a str,
    pub reason: Option<&'a str>,
    /// SM3 of the changes, so that history can be held against the log.
    pub changes_digest: Option<String>,
}

impl<'a> AuditEntry<'a> {
    /// An event on a record that was done.
    pub fn of(event: &'a str, entity: &'a str, record_id: &'a str) -> Self {
        Self { entity: Some(entity), record_id: Some(record_id), ..Self::named(event) }
    }

    /// An event on no record that was done.
    pub fn named(event: &'a str) -> Self {
        Self { event, entity: None, record_id: None, result: "done", reason: None, changes_digest: None }
    }

    pub fn refused(self) -> Self {
        Self { result: "refused", ..self }
    }

    pub fn because(self, reason: Option<&'a str>) -> Self {
        Self { reason, ..self }
    }
}

impl Records {
    /// Adds an event to the audit log, in the transaction of what it tells.
    pub async fn audit(&self, tx: &mut Tx, actor: &Actor, entry: &AuditEntry<'_>) -> Result<()> {
        self.audit_all(tx, actor, std::slice::from_ref(entry)).await
    }

    /// Adds many events of one actor.
    pub async fn audit_all(&self, tx: &mut Tx, actor: &Actor, entries: &[AuditEntry<'_>]) -> Result<()> {
        let session = actor.session_id.as_ref().map(|session| anju_crypto::sm3_hex(session.as_bytes()));
        let roles = (!actor.roles.is_empty()).then(|| actor.roles.join(" "));
        let (at, version) = (self.now(), self.catalog().load().version.clone());
        let row = |entry: &AuditEntry<'_>| -> Vec<SqlValue> {
            vec![
                at.into(),
                actor.account_id.as_str().into(),
                actor.name.as_str().into(),
                kind(actor.kind).into(),
                actor.post.as_ref().map(|post| post.org_id.as_str()).into(),
                roles.as_deref().into(),
                session.as_deref().into(),
                actor.ip.as_deref().into(),
                actor.request_id.as_deref().into(),
                entry.event.into(),
                entry.entity.into(),
                entry.record_id.into(),
                entry.result.into(),
                entry.reason.into(),
                entry.changes_digest.as_deref().into(),
                version.as_str().into(),
            ]
        };
        tx.insert_many(AUDIT, &COLUMNS, entries.iter().map(row).collect()).await?;
        Ok(())
    }
}

const COLUMNS: [&str; 16] = [
    "at",
    "account_id",
    "actor_name",
    "actor_kind",
    "org_id",
    "roles",
    "session_digest",
    "ip",
    "request_id",
    "event",
    "entity",
    "record_id",
    "result",
    "reason",
    "changes_digest",
    "policy_version",
];

fn kind(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Person => "person",
        ActorKind::System => "system",
        ActorKind::Public => "public",
    }
}
