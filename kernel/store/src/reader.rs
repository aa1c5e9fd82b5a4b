//! Reading outside transactions.

use std::sync::Arc;

use crate::build::Statement;
use crate::connection::Pooled;
use crate::fetch::Source;
use crate::store::Known;
use crate::{ColumnKind, Dialect, Result, Row, Store};

/// Reads outside a transaction, on any free connection.
#[derive(Debug, Clone)]
pub struct Reader {
    store: Store,
}

impl Reader {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait::async_trait]
impl Source for Reader {
    fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    fn known(&self) -> Arc<Known> {
        self.store.known()
    }

    async fn fetch(&mut self, statement: Statement, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
        self.store.read(statement, kinds).await
    }
}

/// Reads outside a transaction, on the connection of its first query.
pub struct ReaderOfMany {
    store: Store,
    connection: Option<Pooled>,
}

impl ReaderOfMany {
    pub(crate) fn of(store: Store) -> Self {
        Self { store, connection: None }
    }
}

#[async_trait::async_trait]
impl Source for ReaderOfMany {
    fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    fn known(&self) -> Arc<Known> {
        self.store.known()
    }

    async fn fetch(&mut self, statement: Statement, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
        #[cfg(feature = "testing")]
        self.store.faults().before_call()?;
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.store.connection().await?,
        };
        self.connection.insert(connection).executor().read(statement, kinds).await
    }
}
