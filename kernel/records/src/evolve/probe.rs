//! Questions to the data of one entity.

use anju_store::{ColumnRef, Condition, Duplicates, Fetch, Select};

use super::words;
use crate::{Records, Result, plan::EntityPlan};

/// Counting stops here: beyond, the number does not matter to anybody.
pub(super) const COUNT_MAX: u64 = 10_000;

/// Asks about the table of an entity as it is in force.
pub(super) struct Probe<'a> {
    records: &'a Records,
    plan: &'a EntityPlan,
}

impl<'a> Probe<'a> {
    pub(super) fn new(records: &'a Records, plan: &'a EntityPlan) -> Self {
        Self { records, plan }
    }

    pub(super) fn column(&self, name: &str) -> ColumnRef {
        ColumnRef::new(self.plan.table.as_str(), name)
    }

    /// Rows that are not deleted.
    pub(super) fn live(&self) -> Condition {
        Condition::IsNull(self.column("deleted_at"))
    }

    pub(super) fn filled(&self, name: &str) -> Condition {
        Condition::NotNull(self.column(name))
    }

    /// How many rows, up to [`COUNT_MAX`] and one more.
    pub(super) async fn count(&self, condition: Condition) -> Result<u64> {
        let select = Select::from(self.plan.table.as_str()).filter(condition);
        Ok(self.records.store().reader().count(&select, Some(COUNT_MAX + 1)).await?)
    }

    /// Whether there are more rows than this.
    pub(super) async fn exceeds(&self, limit: u64) -> Result<bool> {
        let select = Select::from(self.plan.table.as_str());
        Ok(self.records.store().reader().count(&select, Some(limit + 1)).await? > limit)
    }

    /// How many groups of live rows are alike in the columns.
    pub(super) async fn alike(&self, columns: Vec<String>) -> Result<u64> {
        let wanted = Duplicates {
            from: self.plan.table.clone(),
            columns,
            filter: self.live(),
            at_most: COUNT_MAX + 1,
        };
        Ok(self.records.store().reader().duplicates(&wanted).await?)
    }
}

pub(super) fn rows(count: u64) -> String {
    words::number(count, COUNT_MAX, "条")
}

pub(super) fn groups(count: u64) -> String {
    words::number(count, COUNT_MAX, "组")
}
