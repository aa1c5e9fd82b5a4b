//! The outbox: events commit with the business step that caused them and are dispatched afterwards, at least once.

use jiff::Timestamp;
use serde_json::Value;

use crate::json::{from_text, instant, to_text};
use crate::{
    ColumnKind, ColumnRef, Condition, Direction, Fetch, IndexSpec, Operator, Result, Select, SqlValue, Store,
    TableSpec, Tx,
};

const TABLE: &str = "sys_outbox";

pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("id", ColumnKind::Serial)
        .column("topic", ColumnKind::Text)
        .column("entity", ColumnKind::Text)
        .column("record_id", ColumnKind::Text)
        .column("payload", ColumnKind::Text)
        .column("at", ColumnKind::Int)
        .nullable("dispatched_at", ColumnKind::Int)
        .primary_key(["id"])
        .index(IndexSpec::on(["dispatched_at", "id"]))
}

/// An event to send.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What happened, such as `record.created`.
    pub topic: String,
    /// Entity key of the record concerned.
    pub entity: String,
    /// Id of the record concerned.
    pub record_id: String,
    /// What consumers need.
    pub payload: Value,
    /// When it happened.
    pub at: Timestamp,
}

/// An event on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Number; serves consumers as idempotency key.
    pub id: i64,
    /// What happened.
    pub topic: String,
    /// Entity key of the record concerned.
    pub entity: String,
    /// Id of the record concerned.
    pub record_id: String,
    /// What consumers need.
    pub payload: Value,
    /// When it happened.
    pub at: Timestamp,
}

impl Tx {
    /// Sends an event when the transaction commits; its number. Events of one record are in order if the record's
    /// row is written before them.
    pub async fn emit(&mut self, event: &NewEvent) -> Result<i64> {
        let values = vec![
            ("topic", event.topic.as_str().into()),
            ("entity", event.entity.as_str().into()),
            ("record_id", event.record_id.as_str().into()),
            ("payload", to_text(&event.payload).into()),
            ("at", event.at.into()),
        ];
        self.insert_returning_serial(TABLE, "id", values).await
    }

    /// As [`Tx::emit`], many in their order.
    pub async fn emit_all(&mut self, events: &[NewEvent]) -> Result<()> {
        let row = |event: &NewEvent| {
            vec![
                event.topic.as_str().into(),
                event.entity.as_str().into(),
                event.record_id.as_str().into(),
                to_text(&event.payload).into(),
                event.at.into(),
            ]
        };
        let columns = ["topic", "entity", "record_id", "payload", "at"];
        self.insert_many(TABLE, &columns, events.iter().map(row).collect()).await
    }

    /// Marks events as dispatched; how many were not so yet. Fewer than asked means that another dispatcher was
    /// faster: roll back, if what was done for them here must not happen twice.
    pub async fn mark_dispatched(&mut self, ids: &[i64], now: Timestamp) -> Result<u64> {
        let pending = Condition::is_in(TABLE, "id", ids.iter().copied())
            .and(Condition::IsNull(ColumnRef::new(TABLE, "dispatched_at")));
        self.update(TABLE, vec![("dispatched_at", now.into())], pending).await
    }

    /// Deletes events dispatched before `before`; how many there were.
    pub async fn forget_events(&mut self, before: Timestamp) -> Result<u64> {
        let old = Condition::compare(ColumnRef::new(TABLE, "dispatched_at"), Operator::Lt, before);
        self.delete(TABLE, old).await
    }
}

impl Store {
    /// Events not dispatched yet, oldest first.
    pub async fn pending_events(&self, limit: u64) -> Result<Vec<Event>> {
        let select = Select::from(TABLE)
            .column("id", ColumnKind::Int)
            .column("topic", ColumnKind::Text)
            .column("entity", ColumnKind::Text)
            .column("record_id", ColumnKind::Text)
            .column("payload", ColumnKind::Text)
            .column("at", ColumnKind::Int)
            .filter(Condition::IsNull(ColumnRef::new(TABLE, "dispatched_at")))
            .order_by("id", Direction::Ascending)
            .limit(limit);
        let rows = self.reader().fetch_all(&select).await?;
        rows.into_iter()
            .map(|mut row| {
                let (id, at) = (row.int(0)?, instant(row.int(5)?)?);
                let payload = from_text(row.text(4)?)?;
                let [topic, entity, record_id] = [1, 2, 3].map(|i| match row.take(i) {
                    SqlValue::Text(text) => text,
                    _ => String::new(),
                });
                Ok(Event { id, topic, entity, record_id, payload, at })
            })
            .collect()
    }

    /// As [`Tx::mark_dispatched`], in a transaction of its own.
    pub async fn mark_dispatched(&self, ids: &[i64], now: Timestamp) -> Result<u64> {
        let mut tx = self.begin().await?;
        let marked = tx.mark_dispatched(ids, now).await?;
        tx.commit().await?;
        Ok(marked)
    }
}
