use anju_store::Tx;

use crate::{Actor, Error, Object, Record, Records, Result};

impl Records {
    /// Creates a record with its child rows.
    pub async fn create(&self, tx: &mut Tx, actor: &Actor, entity: &str, input: Object, why: Option<&str>) -> Result<Record> {
        let _ = (tx, actor, entity, input, why);
        Err(Error::NotFound)
    }
    /// Changes fields of a record; child tables given are replaced row by row.
    pub async fn patch(&self, tx: &mut Tx, actor: &Actor, entity: &str, id: &str, version: Option<i64>, changes: Object, why: Option<&str>) -> Result<Record> {
        let _ = (tx, actor, entity, id, version, changes, why);
        Err(Error::NotFound)
    }
    /// Deletes a record with its child rows.
    pub async fn delete(&self, tx: &mut Tx, actor: &Actor, entity: &str, id: &str, version: Option<i64>, why: Option<&str>) -> Result<()> {
        let _ = (tx, actor, entity, id, version, why);
        Err(Error::NotFound)
    }
}
