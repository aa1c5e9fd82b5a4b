//! The door to outside systems.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use anju_calendar::Clock;
use anju_crypto::{Keyring, OsRandom, Randomness};
use anju_definitions::{Connector, Operation, SharedCatalog};
use anju_store::Store;
use serde_json::Value;

use crate::{
    CallError, Error, Object, Result, Shape,
    log::{self, Entry},
    prepare::prepare,
    transport::{self, Attempt, Transport},
};

/// Makes the calls that definitions describe. Cheap to clone.
#[derive(Clone)]
pub struct Connectors {
    pub(crate) store: Store,
    pub(crate) catalog: SharedCatalog,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clock: Arc<dyn Clock>,
    endpoints: Arc<BTreeMap<String, String>>,
    transport: Arc<dyn Transport>,
}

/// An operation with its connector, kept alive while the catalog changes.
pub(crate) struct Found {
    pub connector: Arc<Connector>,
    pub name: String,
    pub operation: Operation,
}

impl Connectors {
    /// `endpoints` are base addresses by the names that connectors give as `endpoint`; `agencies` also serves
    /// `agencies.registry` where that has no address of its own.
    ///
    /// # Errors
    /// [`Error::Client`] when the machine lacks what an HTTP client needs.
    pub fn new(
        store: Store,
        catalog: SharedCatalog,
        endpoints: BTreeMap<String, String>,
        clock: Arc<dyn Clock>,
        keyring: Arc<Keyring>,
    ) -> Result<Self> {
        let transport = transport::http().map_err(|error| Error::Client(error.to_string()))?;
        Ok(Self { store, catalog, keyring, clock, endpoints: Arc::new(endpoints), transport })
    }

    /// Makes one attempt now and gives the whole answer. `operation` is `app.connector.operation`. Use it outside
    /// transactions only; from inside one, [`Connectors::request`].
    pub async fn call(
        &self,
        operation: &str,
        values: &Object,
        idempotency_key: &str,
    ) -> Result<Value, CallError> {
        let found = self
            .find(operation)
            .ok_or_else(|| CallError::Unprepared { why: format!("没有接口 {operation}") })?;
        self.attempt(&found, values, idempotency_key).await
    }

    pub(crate) fn find(&self, operation: &str) -> Option<Found> {
        let catalog = self.catalog.load();
        let (connector, found) = catalog.operation(operation)?;
        let (_, name) = operation.rsplit_once('.')?;
        Some(Found { connector: connector.clone(), name: name.to_owned(), operation: found.clone() })
    }

    pub(crate) async fn attempt(
        &self,
        found: &Found,
        values: &Object,
        key: &str,
    ) -> Result<Value, CallError> {
        let (started, watch) = (self.clock.now(), Instant::now());
        let attempt = self.send(found, values, key).await;
        let entry = Entry {
            id: self.new_id(),
            connector: &found.connector.connector,
            operation: &found.name,
            key,
            started,
            ms: i64::try_from(watch.elapsed().as_millis()).unwrap_or(i64::MAX),
            attempt: &attempt,
            values,
        };
        if let Err(error) = log::write(&self.store, entry).await {
            // The attempt was made; losing its answer for want of a log line would only repeat it.
            tracing::error!(%error, key, "an attempt could not be logged");
        }
        attempt.result
    }

    async fn send(&self, found: &Found, values: &Object, key: &str) -> Attempt {
        let ready = self.endpoint(&found.connector.endpoint).and_then(|base| {
            let shape = Shape::parse(&found.operation.answer).map_err(|why| CallError::Unprepared { why })?;
            Ok((prepare(base, &found.operation, values)?, shape))
        });
        match ready {
            Ok((request, shape)) => {
                self.transport.attempt(&request, &shape, key, found.connector.timeout_ms).await
            }
            Err(error) => Attempt { status: None, result: Err(error) },
        }
    }

    fn endpoint(&self, name: &str) -> Result<&str, CallError> {
        let mut wanted = name;
        loop {
            if let Some(address) = self.endpoints.get(wanted) {
                return Ok(address);
            }
            match wanted.rsplit_once('.') {
                Some((shorter, _)) => wanted = shorter,
                None => return Err(CallError::Unprepared { why: format!("未设置 {name} 的地址") }),
            }
        }
    }

    /// UUID v7 by the clock passed in.
    pub(crate) fn new_id(&self) -> String {
        let mut random = [0; 10];
        OsRandom.fill(&mut random);
        let ms = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid().to_string()
    }
}
