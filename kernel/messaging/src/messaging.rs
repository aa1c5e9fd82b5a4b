//! Sending, and taking in what became of it.

use std::sync::Arc;

use anju_calendar::Clock;
use anju_connectors::{CallError, Connectors, Reply};
use anju_definitions::{Channel, Entity, Message, SharedCatalog};
use anju_records::{Actor, Object, Record, Records};
use anju_store::Tx;
use serde_json::{Value, json};

use crate::{Error, Result, text::Source};

/// Where sent messages are kept.
pub const SMS_ENTITY: &str = "platform.sms_message";

const SEND: &str = "platform.sms.send";
const TRACK: &str = "platform.sms.track";
/// Replies of this crate; no application's command has these names.
const SENT: &str = "messaging.sent";
const DELIVERED: &str = "messaging.delivered";
const ERROR_LENGTH_MAX: usize = 500;
/// What the carrier calls a delivered message.
const DELIVERED_WORD: &str = "已送达";

/// Sends messages about records. Cheap to clone.
#[derive(Clone)]
pub struct Messaging {
    records: Records,
    connectors: Connectors,
    catalog: SharedCatalog,
    clock: Arc<dyn Clock>,
}

impl Messaging {
    pub fn new(
        records: Records,
        connectors: Connectors,
        catalog: SharedCatalog,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { records, connectors, catalog, clock }
    }

    /// Writes the message down and queues it; it leaves when the transaction commits. `record` is of the
    /// message's entity, read as the platform (sensitive fields in clear). Without a number the message is kept
    /// as failed and the step goes on: a missing phone must not stop a case.
    pub async fn send(&self, tx: &mut Tx, actor: &Actor, message: &str, record: &Record) -> Result<()> {
        let catalog = self.catalog.load_full();
        let faulty = |why: &str| Error::Definition { message: message.to_owned(), why: why.to_owned() };
        let definition = catalog.message(message).ok_or_else(|| faulty("there is none of this name"))?;
        let entity = catalog.entity(&definition.entity).ok_or_else(|| faulty("its entity is not defined"))?;
        if definition.channel != Channel::Sms {
            return Err(faulty("only SMS has a carrier"));
        }
        let platform = actor.on_behalf();
        let (records, name) = (&self.records, definition.entity.as_str());
        let source = Source { records, catalog: &catalog, actor: &platform, message, entity: name, record };
        let text = source.fill(tx, &definition.text).await?;
        let phone = source.read(tx, &definition.to).await?;
        let mut values = self.sms(definition, entity, record, &text);
        if phone.is_empty() {
            values.insert("state".to_owned(), json!("failed"));
            values.insert("error".to_owned(), json!("没有手机号"));
        } else {
            values.insert("phone".to_owned(), json!(phone));
        }
        let sms = self.records.create(tx, &platform, SMS_ENTITY, values, Some(&definition.title)).await?;
        if !phone.is_empty() {
            let values = object([("phone", json!(phone)), ("text", json!(text))]);
            let reply = Reply { command: SENT.to_owned(), payload: json!({ "sms": sms.id }) };
            self.connectors.request(tx, SEND, values, Some(reply)).await?;
        }
        Ok(())
    }

    /// Whether a reply is one of this crate's and belongs to [`Messaging::take_reply`].
    pub fn takes(reply: &Reply) -> bool {
        [SENT, DELIVERED].contains(&reply.command.as_str())
    }

    /// Moves the message's state by what the carrier answered, or finally did not.
    pub async fn take_reply(
        &self,
        tx: &mut Tx,
        reply: &Reply,
        outcome: Result<&Value, &CallError>,
    ) -> Result<()> {
        let sms = reply.payload["sms"].as_str().unwrap_or_default();
        match (reply.command.as_str(), outcome) {
            (DELIVERED, Ok(answer)) => self.delivered(tx, sms, answer).await,
            // The message was sent; whether it arrived will not be known.
            (DELIVERED, Err(_)) => Ok(()),
            (_, Ok(answer)) => self.sent(tx, sms, answer).await,
            (_, Err(error)) => self.failed(tx, sms, &error.to_string()).await,
        }
    }

    async fn sent(&self, tx: &mut Tx, sms: &str, answer: &Value) -> Result<()> {
        let receipt = &answer["data"]["id"];
        let changes = [("state", json!("sent")), ("sent_at", self.now()), ("receipt", receipt.clone())];
        self.change(tx, sms, changes).await?;
        let reply = Reply { command: DELIVERED.to_owned(), payload: json!({ "sms": sms }) };
        self.connectors.request(tx, TRACK, object([("receipt", receipt.clone())]), Some(reply)).await?;
        Ok(())
    }

    async fn delivered(&self, tx: &mut Tx, sms: &str, answer: &Value) -> Result<()> {
        match answer["data"]["state"].as_str().unwrap_or_default() {
            DELIVERED_WORD => {
                self.change(tx, sms, [("state", json!("delivered")), ("delivered_at", self.now())]).await
            }
            other => self.failed(tx, sms, other).await,
        }
    }

    async fn failed(&self, tx: &mut Tx, sms: &str, why: &str) -> Result<()> {
        let why: String = why.chars().take(ERROR_LENGTH_MAX).collect();
        self.change(tx, sms, [("state", json!("failed")), ("error", json!(why))]).await
    }

    async fn change<const N: usize>(
        &self,
        tx: &mut Tx,
        sms: &str,
        changes: [(&str, Value); N],
    ) -> Result<()> {
        let platform = Actor::system("短信通道");
        self.records.patch(tx, &platform, SMS_ENTITY, sms, None, object(changes), None).await?;
        Ok(())
    }

    fn sms(&self, message: &Message, entity: &Entity, record: &Record, text: &str) -> Object {
        let number =
            entity.key.as_deref().and_then(|key| record.text(key)).unwrap_or_else(|| record.display());
        let scope =
            |field: &Option<String>| field.as_deref().map_or(Value::Null, |name| record.get(name).clone());
        object([
            ("title", json!(message.title)),
            ("message", json!(message.message)),
            ("text", json!(text)),
            ("entity", json!(entity.entity)),
            ("record", json!(record.id)),
            ("subject", json!(number)),
            ("district", scope(&entity.scope.district)),
            ("operator", scope(&entity.scope.operator)),
            ("requested_at", self.now()),
        ])
    }

    fn now(&self) -> Value {
        json!(self.clock.now().to_string())
    }
}

fn object<const N: usize>(pairs: [(&str, Value); N]) -> Object {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
