use crate::{Actor, Error, Page, Query, Records, Result};
use crate::aggregate::{AggregateQuery, AggregateResult};
use crate::history::HistoryEntry;

impl Records {
    /// One page of the records that match, as the actor sees them.
    pub async fn query(&self, actor: &Actor, entity: &str, query: &Query) -> Result<Page> {
        let _ = (actor, entity, query);
        Err(Error::NotFound)
    }
    /// Figures over the records the actor may see.
    pub async fn aggregate(&self, actor: &Actor, entity: &str, query: &AggregateQuery) -> Result<AggregateResult> {
        let _ = (actor, entity, query);
        Err(Error::NotFound)
    }
    /// All changes of a record, the newest first.
    pub async fn history(&self, actor: &Actor, entity: &str, id: &str) -> Result<Vec<HistoryEntry>> {
        let _ = (actor, entity, id);
        Err(Error::NotFound)
    }
}
