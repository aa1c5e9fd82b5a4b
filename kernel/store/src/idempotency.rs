//! Remembered answers: a request repeated with the same idempotency key gets the first answer again.
//!
//! The key is claimed at the beginning of the transaction and answered at its end. Whoever comes with the same key in
//! between waits: for the answer, or, if the transaction is undone, for the claim.

use jiff::Timestamp;
use serde_json::Value;

use crate::fetch::Source;
use crate::json::{from_text, to_text};
use crate::{ColumnKind, Condition, Error, Fetch, IndexSpec, Operator, Result, Select, TableSpec, Tx, build};

const TABLE: &str = "sys_idempotency";
/// Status of a claim whose answer is not known yet. Nobody else ever sees it.
const UNANSWERED: i64 = 0;

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

/// What a claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody came with this key before: do what is asked, then [`Tx::answer`].
    First,
    /// The answer that was given.
    Repeated(Remembered),
}

impl Tx {
    /// Claims a key for an actor until the end of this transaction, which has to [`Tx::answer`] it before it commits.
    /// Waits for another transaction with the same claim.
    pub async fn claim(
        &mut self,
        key: &str,
        actor: &str,
        request_digest: &str,
        now: Timestamp,
    ) -> Result<Claim> {
        let columns = ["actor", "key", "request_digest", "status", "body", "at"];
        let row = vec![
            actor.into(),
            key.into(),
            request_digest.into(),
            UNANSWERED.into(),
            to_text(&Value::Null).into(),
            now.into(),
        ];
        let statement = build::insert_or_ignore(self.dialect(), TABLE, &columns, row, Some("key"));
        match self.fetch(statement, &[ColumnKind::Text]).await?.is_empty() {
            false => Ok(Claim::First),
            true => self.remembered(key, actor).await.map(Claim::Repeated),
        }
    }

    /// Remembers the answer to a claim of this transaction.
    pub async fn answer(&mut self, key: &str, actor: &str, status: u16, body: &Value) -> Result<()> {
        let sets = vec![("status", i64::from(status).into()), ("body", to_text(body).into())];
        match self.update(TABLE, sets, of(key, actor)).await? {
            1 => Ok(()),
            _ => Err(self.fail(Error::NotFound)),
        }
    }

    async fn remembered(&mut self, key: &str, actor: &str) -> Result<Remembered> {
        let select = Select::from(TABLE)
            .column("request_digest", ColumnKind::Text)
            .column("status", ColumnKind::Int)
            .column("body", ColumnKind::Text)
            .filter(of(key, actor));
        let Some(row) = self.fetch_optional(&select).await? else {
            return Err(Error::Retry("the answer was forgotten at this moment".to_owned()));
        };
        Ok(Remembered {
            request_digest: row.text(0)?.to_owned(),
            status: u16::try_from(row.int(1)?).map_err(|error| Error::Database(error.to_string()))?,
            body: from_text(row.text(2)?)?,
        })
    }

    /// Forgets answers older than `before`; how many there were.
    pub async fn forget_answers(&mut self, before: Timestamp) -> Result<u64> {
        let old = Condition::compare(crate::ColumnRef::new(TABLE, "at"), Operator::Lt, before);
        self.delete(TABLE, old).await
    }
}

fn of(key: &str, actor: &str) -> Condition {
    Condition::eq(TABLE, "actor", actor).and(Condition::eq(TABLE, "key", key))
}
