//! What need not be asked of the database again, since it was asked for an earlier change of the same transaction.

use std::collections::{HashMap, HashSet};

#[derive(Debug, Default)]
pub(crate) struct Known {
    /// References `(entity, id)` that are in order: an import looked them up, or this transaction holds their targets.
    pub references: HashSet<(String, String)>,
    /// Ids of other records that rules found, by question; none where records may be written between two questions.
    pub found: Option<HashMap<String, Vec<String>>>,
}
