//! What stays of removed records: how many there were, by the month they came and the fields that their term names.

use std::collections::BTreeMap;

use anju_definitions::Retention;
use anju_store::{Aggregate, ColumnKind, ColumnRef, Condition, Fetch, Group, Measure, Row, SqlValue, Tx};
use serde::Serialize;
use serde_json::Value;

use super::tables::REMOVED;
use crate::{Error, Records, Result, plan::EntityPlan, read::LoadedRow, value};

/// Most groups that are told at once.
const GROUPS_MAX: u64 = 10_000;

/// Records that are alike in what is kept of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RemovedGroup {
    /// Month in which they were created, `YYYY-MM`.
    pub month: String,
    /// Values of the fields in `count_by`; those without one are left out.
    pub by: BTreeMap<String, String>,
}

/// How many records of a group are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemovedCount {
    pub term: String,
    #[serde(flatten)]
    pub group: RemovedGroup,
    pub count: u64,
}

impl Records {
    /// Keeps what is counted of a record, in the transaction that removes it.
    pub(super) async fn keep_count(
        &self,
        tx: &mut Tx,
        plan: &EntityPlan,
        retention: &Retention,
        row: &LoadedRow,
    ) -> Result<()> {
        let group = group_of(plan, retention, row);
        let by = serde_json::to_string(&group.by).map_err(|cause| Error::Internal(cause.to_string()))?;
        let row: Vec<(&str, SqlValue)> = vec![
            ("entity", plan.key().into()),
            ("term", retention.term.as_str().into()),
            ("month", group.month.into()),
            ("grouped_by", by.into()),
            ("at", self.now().as_millisecond().into()),
        ];
        Ok(tx.insert(REMOVED, row).await?)
    }

    /// How many records of an entity have been removed at the end of their terms, in ascending order of the groups.
    pub async fn removed_counts(&self, entity: &str) -> Result<Vec<RemovedCount>> {
        let group = |name: &str| Group {
            column: ColumnRef::new(REMOVED, name),
            kind: ColumnKind::Text,
            alias: name.to_owned(),
            grain: None,
        };
        let counts = Aggregate {
            filter: Condition::eq(REMOVED, "entity", entity),
            group: ["term", "month", "grouped_by"].map(group).to_vec(),
            measures: vec![Measure::count_rows("removed")],
            limit: Some(GROUPS_MAX),
            ..Aggregate::of(REMOVED)
        };
        self.store().reader().aggregate(&counts).await?.iter().map(read).collect()
    }
}

fn group_of(plan: &EntityPlan, retention: &Retention, row: &LoadedRow) -> RemovedGroup {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let value_of = |name: &String| Some((name.clone(), text(&row.loaded.values[plan.position(name)?])?));
    let mut month = value::instant_text(row.created_at_ms);
    month.truncate("YYYY-MM".len());
    RemovedGroup { month, by: retention.count_by.iter().filter_map(value_of).collect() }
}

fn read(row: &Row) -> Result<RemovedCount> {
    let by = serde_json::from_str(row.text(2)?)
        .map_err(|cause| Error::Internal(format!("counts of removed records: {cause}")))?;
    Ok(RemovedCount {
        term: row.text(0)?.to_owned(),
        group: RemovedGroup { month: row.text(1)?.to_owned(), by },
        count: row.int(3)?.unsigned_abs(),
    })
}
