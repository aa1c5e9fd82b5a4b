//! Remembered answers: a request repeated with the same idempotency key gets the first answer again.

use jiff::Timestamp;
use serde_json::Value;

use crate::json::{from_text, to_text};
use crate::{ColumnKind, Condition, Error, Fetch, IndexSpec, Operator, Result, Select, TableSpec, Tx};

const TABLE: &str = "sys_idempotency";

pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("actor", ColumnKind::Text)
        .column("key", ColumnKind::Text)
        .column("request_digest", ColumnKind::Text)
        .column("status", ColumnKind::Int)
        .column("body", ColumnKind::Text)
        .column("at", ColumnKind::Int)
        .primary_key(["actor", "key"])
        .index(IndexSpec::on(["at"]))
}

/// An answer given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Digest of the request it answered; another request with the same key is an error of the caller.
    pub request_digest: String,
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Value,
}

impl Tx {
    /// The answer this actor got for this key, if any.
    pub async fn remembered(&mut self, key: &str, actor: &str) -> Result<Option<Remembered>> {
        let select = Select::from(TABLE)
            .column("request_digest", ColumnKind::Text)
            .column("status", ColumnKind::Int)
            .column("body", ColumnKind::Text)
            .filter(Condition::eq(TABLE, "actor", actor))
            .filter(Condition::eq(TABLE, "key", key));
        let Some(row) = self.fetch_optional(&select).await? else { return Ok(None) };
        Ok(Some(Remembered {
            request_digest: row.text(0)?.to_owned(),
            status: u16::try_from(row.int(1)?).map_err(|error| Error::Database(error.to_string()))?,
            body: from_text(row.text(2)?)?,
        }))
    }

    /// Remembers an answer. [`Error::Unique`] if the same request was answered at the same time: roll back, then
    /// answer from memory.
    pub async fn remember(
        &mut self,
        key: &str,
        actor: &str,
        answer: &Remembered,
        now: Timestamp,
    ) -> Result<()> {
        let values = vec![
            ("actor", actor.into()),
            ("key", key.into()),
            ("request_digest", answer.request_digest.as_str().into()),
            ("status", i64::from(answer.status).into()),
            ("body", to_text(&answer.body).into()),
            ("at", now.into()),
        ];
        self.insert(TABLE, values).await
    }

    /// Forgets answers older than `before`; how many there were.
    pub async fn forget_answers(&mut self, before: Timestamp) -> Result<u64> {
        let old = Condition::compare(crate::ColumnRef::new(TABLE, "at"), Operator::Lt, before);
        self.delete(TABLE, old).await
    }
}
