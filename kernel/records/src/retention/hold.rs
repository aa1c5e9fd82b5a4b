//! Legal holds: a record under one keeps everything.

use anju_store::{ColumnKind, Condition, Direction, Fetch, Select, Tx};
use serde::Serialize;

use super::tables::HOLD;
use crate::{Actor, Error, Records, Result, audit::AuditEntry, value};

/// Longest reason in characters.
const REASON_MAX: usize = 200;
/// Most holds of one list.
const LIST_MAX: u64 = 1_000;

/// A record that must be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LegalHold {
    pub entity: String,
    pub record_id: String,
    pub reason: String,
    pub set_by_name: String,
    /// RFC 3339.
    pub set_at: String,
}

impl Records {
    /// Keeps a record that the actor may read from being erased. A hold set again takes the new reason.
    ///
    /// # Errors
    /// As [`Records::read`]; [`Error::Invalid`] without a reason.
    pub async fn set_hold(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
        reason: &str,
    ) -> Result<()> {
        self.read_in(tx, actor, entity, id).await?;
        let reason = checked(reason)?;
        // Whoever erases the record at this moment has it locked.
        self.lock(tx, entity, id).await?;
        tx.delete(HOLD, of(entity, id)).await?;
        let row = vec![
            ("entity", entity.into()),
            ("record_id", id.into()),
            ("reason", reason.into()),
            ("set_by", actor.account_id.as_str().into()),
            ("set_by_name", actor.name.as_str().into()),
            ("set_at", self.now().into()),
        ];
        tx.insert(HOLD, row).await?;
        self.audit(tx, actor, &AuditEntry::of("record.held", entity, id).because(Some(reason))).await
    }

    /// Ends a hold.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; as [`Records::set_hold`].
    pub async fn release_hold(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
        reason: &str,
    ) -> Result<()> {
        self.read_in(tx, actor, entity, id).await?;
        let reason = checked(reason)?;
        if tx.delete(HOLD, of(entity, id)).await? == 0 {
            return Err(Error::NotFound);
        }
        self.audit(tx, actor, &AuditEntry::of("record.released", entity, id).because(Some(reason))).await
    }

    /// The holds on records of an entity, the newest first, at most 1,000.
    pub async fn holds(&self, entity: &str) -> Result<Vec<LegalHold>> {
        let select = Select::from(HOLD)
            .column("entity", ColumnKind::Text)
            .column("record_id", ColumnKind::Text)
            .column("reason", ColumnKind::Text)
            .column("set_by_name", ColumnKind::Text)
            .column("set_at", ColumnKind::Int)
            .filter(Condition::eq(HOLD, "entity", entity))
            .order_by("set_at", Direction::Descending)
            .limit(LIST_MAX);
        let rows = self.store().reader().fetch_all(&select).await?;
        let hold = |row: &anju_store::Row| {
            Ok(LegalHold {
                entity: row.text(0)?.to_owned(),
                record_id: row.text(1)?.to_owned(),
                reason: row.text(2)?.to_owned(),
                set_by_name: row.text(3)?.to_owned(),
                set_at: value::instant_text(row.int(4)?),
            })
        };
        rows.iter().map(hold).collect()
    }
}

fn of(entity: &str, id: &str) -> Condition {
    Condition::eq(HOLD, "record_id", id).and(Condition::eq(HOLD, "entity", entity))
}

fn checked(reason: &str) -> Result<&str> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        return Err(Error::invalid("reason", "required", format!("请填写原因，不超过 {REASON_MAX} 字")));
    }
    Ok(reason)
}
