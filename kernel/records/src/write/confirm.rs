//! What people confirm: rules that may be broken with a reason. A confirmation is kept with the record, and
//! not asked for again while the values it was given for stay as they are.

use std::collections::{HashMap, HashSet};

use anju_store::{ColumnKind, Condition, Direction, Fetch, IndexSpec, Select, SqlValue, TableSpec, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{broken::Broken, draft::Draft, save::Stored};
use crate::{Actor, Error, FieldError, Object, Records, Result, audit::AuditEntry};

/// Confirmations: one row for each. Rows are only added, until a term of retention ends.
pub(crate) const CONFIRMATION: &str = "sys_confirmation";
/// The key of an input that holds [`Confirm`]s.
pub const CONFIRM_KEY: &str = "$confirm";
/// Most confirmations one request reads.
const CONFIRMATIONS_MAX: u64 = 1_000;
/// Longest reason in characters.
const REASON_MAX: usize = 200;

/// What a person confirms: a rule by its code, for one field only with `field`, and why.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    pub code: String,
    #[serde(default)]
    pub field: Option<String>,
    pub reason: String,
}

/// A confirmation of this change.
pub(crate) struct Confirmed {
    row: String,
    code: String,
    field: String,
    message: String,
    fingerprint: String,
    reason: String,
}

pub(crate) fn table() -> TableSpec {
    TableSpec::new(CONFIRMATION)
        .column("id", ColumnKind::Serial)
        .column("entity", ColumnKind::Text)
        .column("record_id", ColumnKind::Text)
        .column("row_id", ColumnKind::Text)
        .column("version", ColumnKind::Int)
        .column("code", ColumnKind::Text)
        .column("field", ColumnKind::Text)
        .column("message", ColumnKind::Text)
        .column("fingerprint", ColumnKind::Text)
        .column("reason", ColumnKind::Text)
        .column("actor_id", ColumnKind::Text)
        .column("actor_name", ColumnKind::Text)
        .column("at", ColumnKind::Int)
        .primary_key(["id"])
        .index(IndexSpec::on(["record_id"]))
        .erasable()
        .authenticated()
}

/// A rule that somebody let pass, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// Path of the field: `members[1].income`.
    pub field: String,
    /// Code of the rule.
    pub code: String,
    /// What was confirmed.
    pub message: String,
    pub reason: String,
}

/// The confirmations of a record, by the version they came with.
pub(crate) async fn confirmations(
    source: &mut (dyn Fetch + '_),
    record: &str,
) -> Result<HashMap<i64, Vec<Confirmation>>> {
    let select = Select::from(CONFIRMATION)
        .column("version", ColumnKind::Int)
        .column("field", ColumnKind::Text)
        .column("code", ColumnKind::Text)
        .column("message", ColumnKind::Text)
        .column("reason", ColumnKind::Text)
        .filter(Condition::eq(CONFIRMATION, "record_id", record))
        .order_by("id", Direction::Ascending)
        .limit(CONFIRMATIONS_MAX);
    let mut by_version: HashMap<i64, Vec<Confirmation>> = HashMap::new();
    for row in source.fetch_all(&select).await? {
        let text = |at| row.text(at).map(str::to_owned);
        let one = Confirmation { field: text(1)?, code: text(2)?, message: text(3)?, reason: text(4)? };
        by_version.entry(row.int(0)?).or_default().push(one);
    }
    Ok(by_version)
}

/// Takes erased texts out of the reasons, in a transaction that may erase.
pub(crate) async fn clean_confirmations(
    tx: &mut Tx,
    record: &str,
    clean: &(dyn Fn(&str) -> String + Sync),
) -> Result<()> {
    let select = Select::from(CONFIRMATION)
        .column("id", ColumnKind::Int)
        .column("reason", ColumnKind::Text)
        .filter(Condition::eq(CONFIRMATION, "record_id", record));
    for row in tx.fetch_all(&select).await? {
        let (id, reason) = (row.int(0)?, row.text(1)?);
        let cleaned = clean(reason);
        if cleaned != reason {
            let sets = vec![("reason", SqlValue::from(cleaned))];
            tx.update(CONFIRMATION, sets, Condition::eq(CONFIRMATION, "id", id)).await?;
        }
    }
    Ok(())
}

/// The confirmations of an input; `None` when nobody is there to be asked. A process step that a person hands in
/// writes as the platform, and says with the key that there is somebody.
pub(crate) fn asked(input: &Object, actor: &Actor, faults: &mut Vec<FieldError>) -> Option<Vec<Confirm>> {
    let given = match input.get(CONFIRM_KEY) {
        None | Some(Value::Null) => return (!actor.is_system()).then(Vec::new),
        Some(given) => serde_json::from_value::<Vec<Confirm>>(given.clone()),
    };
    let Ok(mut all) = given else {
        faults.push(FieldError::new(CONFIRM_KEY, "type", "确认应为列表，每项含 code 和 reason"));
        return Some(Vec::new());
    };
    for (index, one) in all.iter_mut().enumerate() {
        one.reason = one.reason.trim().to_owned();
        if one.reason.is_empty() || one.reason.chars().count() > REASON_MAX {
            let message = format!("请填写确认原因，不超过 {REASON_MAX} 字");
            faults.push(FieldError::new(format!("{CONFIRM_KEY}[{index}].reason"), "required", message));
        }
    }
    Some(all)
}

/// The confirmations for what is broken.
///
/// # Errors
/// [`Error::Unconfirmed`] with all that still has to be confirmed.
pub(crate) async fn require(
    records: &Records,
    tx: &mut Tx,
    draft: &Draft,
    broken: &[Broken<'_>],
) -> Result<Vec<Confirmed>> {
    if broken.is_empty() {
        return Ok(Vec::new());
    }
    let given = draft.confirm.as_deref().unwrap_or_default();
    let known = known(tx, draft).await?;
    let (mut confirmed, mut open) = (Vec::new(), Vec::new());
    for one in broken {
        let (row, code, field) = (one.row.row.id.clone(), one.rule.code.clone(), one.field());
        let fingerprint = fingerprint(records, one)?;
        if known.contains(&(row.clone(), code.clone(), fingerprint.clone())) {
            continue;
        }
        let named = |confirm: &&Confirm| confirm.field.as_ref().is_none_or(|named| *named == field);
        let Some(confirm) = given.iter().filter(|confirm| confirm.code == code).find(named) else {
            open.push(one.fault());
            continue;
        };
        let (message, reason) = (one.rule.message.clone(), confirm.reason.clone());
        confirmed.push(Confirmed { row, code, field, message, fingerprint, reason });
    }
    if open.is_empty() { Ok(confirmed) } else { Err(Error::Unconfirmed(open)) }
}

/// A keyed digest of what the rule looked at: it tells nothing of sensitive values.
fn fingerprint(records: &Records, broken: &Broken<'_>) -> Result<String> {
    let key = format!("confirmation.{}.{}", broken.row.plan.key(), broken.rule.code);
    Ok(hex::encode(records.fingerprint(&key, &Value::Array(broken.seen.clone()))?))
}

/// `(row, code, fingerprint)` of the record's earlier confirmations.
async fn known(tx: &mut Tx, draft: &Draft) -> Result<HashSet<(String, String, String)>> {
    if draft.row.before.is_none() {
        return Ok(HashSet::new());
    }
    let select = Select::from(CONFIRMATION)
        .column("row_id", ColumnKind::Text)
        .column("code", ColumnKind::Text)
        .column("fingerprint", ColumnKind::Text)
        .filter(Condition::eq(CONFIRMATION, "record_id", draft.row.id.as_str()));
    let rows = tx.fetch_all(&select).await?;
    let text = |row: &anju_store::Row, at| row.text(at).map(str::to_owned);
    rows.iter().map(|row| Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?))).collect()
}

/// Keeps the confirmations of a change, in its transaction.
pub(crate) async fn remember(records: &Records, tx: &mut Tx, actor: &Actor, stored: &Stored) -> Result<()> {
    let draft = &stored.draft;
    for one in &draft.confirmed {
        let values: Vec<(&str, SqlValue)> = vec![
            ("entity", draft.plan.key().into()),
            ("record_id", draft.row.id.as_str().into()),
            ("row_id", one.row.as_str().into()),
            ("version", stored.version.into()),
            ("code", one.code.as_str().into()),
            ("field", one.field.as_str().into()),
            ("message", one.message.as_str().into()),
            ("fingerprint", one.fingerprint.as_str().into()),
            ("reason", one.reason.as_str().into()),
            ("actor_id", actor.account_id.as_str().into()),
            ("actor_name", actor.name.as_str().into()),
            ("at", stored.at_ms.into()),
        ];
        tx.insert(CONFIRMATION, values).await?;
        let why = format!("{}：{}", one.message, one.reason);
        let entry = AuditEntry::of("record.confirmed", draft.plan.key(), &draft.row.id);
        records.audit(tx, actor, &entry.because(Some(&why))).await?;
    }
    Ok(())
}
