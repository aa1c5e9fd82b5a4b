//! Which of many records an action may be done to.

use std::collections::HashMap;

use anju_definitions::Filter;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Select};
use serde_json::Value;

use super::{Viewer, attach_children};
use crate::{
    Actor, Record, Records, Result,
    access::{Access, Operation},
    plan::{ActionPlan, ChildPlan},
    search::{Joins, Shelf, Wanted, found_by},
};

/// Records looked at in one query.
const BATCH: usize = 500;

/// A record that an action is to be done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: String,
    /// How the record is named.
    pub display: String,
    /// Whether its state allows the action.
    pub offered: bool,
}

impl Records {
    /// Ids of the records a filter and a search reach for the actor, the oldest first, at most so many.
    ///
    /// # Errors
    /// As [`Records::query`].
    pub async fn ids_of(
        &self,
        actor: &Actor,
        entity: &str,
        filter: &Filter,
        search: Option<&str>,
        at_most: u64,
    ) -> Result<Vec<String>> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        let mut reader = self.store().reader();
        let found = found_by(&mut reader, plan, &access, search, Shelf::Live).await?;
        let wanted = Wanted { filter: Some(filter), found: found.as_ref(), ..Wanted::default() };
        let mut joins = Joins::new(&plans, plan);
        let filter = self.compile_filter(&mut joins, actor, &access, &wanted)?;
        let select = Select { joins: joins.into_joins(), filter, ..Select::from(plan.table.as_str()) };
        let select =
            select.column("id", ColumnKind::Text).order_by("id", Direction::Ascending).limit(at_most);
        let rows = reader.fetch_all(&select).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    pub(crate) async fn candidates_inner(
        &self,
        actor: &Actor,
        entity: &str,
        action: &str,
        ids: &[String],
    ) -> Result<Vec<Candidate>> {
        self.may_act(actor, entity, action)?;
        let mut found: HashMap<String, Candidate> = HashMap::with_capacity(ids.len());
        for some in ids.chunks(BATCH) {
            for candidate in self.some_candidates(actor, entity, action, some).await? {
                found.insert(candidate.id.clone(), candidate);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn some_candidates(
        &self,
        actor: &Actor,
        entity: &str,
        action: &str,
        ids: &[String],
    ) -> Result<Vec<Candidate>> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        let asked: Vec<&ActionPlan> = plan.actions.iter().filter(|known| known.key == action).collect();
        let needs_values = asked.iter().any(|action| action.when.is_some());
        let shape = plans.whole_shape(plan)?;
        let (joins, reach) = self.reachable(&plans, plan, &access, shape.joins.clone())?;
        let select = Select {
            columns: shape.columns.clone(),
            joins,
            filter: Condition::is_in(plan.table.as_str(), "id", ids.iter().map(String::as_str))
                .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at")))
                .and(reach),
            ..Select::from(plan.table.as_str())
        };
        let mut reader = self.store().reader();
        let rows = reader.fetch_all(&select).await?;
        let viewer = Viewer::new(self, &plans, &shape, &access, actor, true);
        let mut values: Vec<Vec<Value>> = Vec::with_capacity(rows.len());
        let mut records: Vec<Record> = Vec::with_capacity(rows.len());
        for row in rows {
            values.push(if needs_values {
                self.action_values(plan, &asked, &shape, &row)?
            } else {
                Vec::new()
            });
            records.push(viewer.render(row)?);
        }
        let children = named_children(&plan.children, &asked);
        attach_children(self, &mut reader, &plans, actor, &children, &mut records).await?;
        let candidate = |(record, values): (Record, Vec<Value>)| Candidate {
            offered: !self.offered(&plans, plan, actor, &asked, &values, &record.values).is_empty(),
            display: record.display().to_owned(),
            id: record.id,
        };
        Ok(records.into_iter().zip(values).map(candidate).collect())
    }
}

/// The child tables that the conditions of actions look at.
fn named_children<'p>(children: &'p [ChildPlan], actions: &[&ActionPlan]) -> Vec<&'p ChildPlan> {
    let names = || actions.iter().filter_map(|action| action.when.as_ref()).flat_map(|when| &when.names);
    children.iter().filter(|child| names().any(|name| *name == child.name)).collect()
}
