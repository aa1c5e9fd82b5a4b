//! Which records have come to the end of a term.

use std::collections::{BTreeSet, HashSet};

use anju_definitions::{FieldType, OnDelete, Retention, Term};
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Select, Tx};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::tables::{DONE, HOLD};
use crate::{
    Error, Records, Result,
    plan::{EntityPlan, Plans},
    search::{Joins, trusted_filter},
};

/// Counting stops here.
const COUNT_MAX: u64 = 100_000;

/// A term of an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermKey {
    pub entity: String,
    pub term: String,
}

/// How many records have come to the end of a term.
#[derive(Debug, Clone, Serialize)]
pub struct DueReport {
    #[serde(flatten)]
    pub key: TermKey,
    /// Title of the entity.
    pub title: String,
    #[serde(flatten)]
    pub retention: Retention,
    /// The last day on which the term of a due record began.
    pub cutoff: String,
    /// Records to be erased, up to 100,000.
    pub due: u64,
    /// Records that a legal hold keeps.
    pub held: u64,
}

/// The records of one term.
pub(super) struct Due<'p> {
    pub plan: &'p EntityPlan,
    pub retention: &'p Retention,
    joins: Joins<'p>,
    ended: Condition,
}

impl<'p> Due<'p> {
    pub(super) fn of(plans: &'p Plans, key: &TermKey, today: Date) -> Result<Self> {
        let plan = &**plans.entity(&key.entity)?;
        let retention = plan.entity.retention.iter().find(|retention| retention.term == key.term);
        let retention = retention.ok_or(Error::NotFound)?;
        let mut joins = Joins::new(plans, plan);
        let mut ended = ended(plan, retention, cutoff(retention, today)?)?.and(not_done(plan, &key.term));
        if let Some(filter) = &retention.filter {
            ended = ended.and(trusted_filter(&mut joins, filter, None)?);
        }
        Ok(Self { plan, retention, joins, ended })
    }

    /// Their ids in order, after this one.
    fn select(self, after: Option<&str>, limit: u64) -> Select {
        let table = self.plan.table.as_str();
        let free = self.ended.and(Condition::Not(Box::new(held(self.plan))));
        let further = after
            .map_or(Condition::True, |id| Condition::compare(ColumnRef::new(table, "id"), Operator::Gt, id));
        Select { joins: self.joins.into_joins(), filter: free.and(further), ..Select::from(table) }
            .column("id", ColumnKind::Text)
            .order_by("id", Direction::Ascending)
            .limit(limit)
            .for_update()
    }
}

/// The last day on which a term that has ended may have begun.
fn cutoff(retention: &Retention, today: Date) -> Result<Date> {
    let length = retention.length().ok_or_else(|| Error::Internal(format!("term {}", retention.term)))?;
    let back = match length {
        Term::Years(years) => years.years(),
        Term::Months(months) => months.months(),
        Term::Days(days) => days.days(),
    };
    today.checked_sub(back).map_err(|cause| Error::Internal(cause.to_string()))
}

fn ended(plan: &EntityPlan, retention: &Retention, cutoff: Date) -> Result<Condition> {
    let column = ColumnRef::new(plan.table.as_str(), retention.after.as_str());
    let is_date = plan.field(&retention.after).is_some_and(|field| field.kind == FieldType::Date);
    if is_date {
        return Ok(Condition::compare(column, Operator::Le, cutoff.to_string()));
    }
    let next = cutoff.tomorrow().map_err(|cause| Error::Internal(cause.to_string()))?;
    let end = crate::value::instant_ms(&format!("{next}T00:00:00"))
        .ok_or_else(|| Error::Internal(format!("the end of {cutoff}")))?;
    Ok(Condition::compare(column, Operator::Lt, end))
}

fn not_done(plan: &EntityPlan, term: &str) -> Condition {
    let done = Select::from(DONE)
        .filter(Condition::ColumnsEqual(
            ColumnRef::new(DONE, "record_id"),
            ColumnRef::new(plan.table.as_str(), "id"),
        ))
        .filter(Condition::eq(DONE, "entity", plan.key()))
        .filter(Condition::eq(DONE, "term", term));
    Condition::Not(Box::new(Condition::Exists(Box::new(done))))
}

fn held(plan: &EntityPlan) -> Condition {
    let hold = Select::from(HOLD)
        .filter(Condition::ColumnsEqual(
            ColumnRef::new(HOLD, "record_id"),
            ColumnRef::new(plan.table.as_str(), "id"),
        ))
        .filter(Condition::eq(HOLD, "entity", plan.key()));
    Condition::Exists(Box::new(hold))
}

impl Records {
    /// Every term of every entity with what is due today.
    pub async fn due_reports(&self) -> Result<Vec<DueReport>> {
        let plans = self.plans()?;
        let mut reports = Vec::new();
        for (entity, definition) in &plans.catalog.entities {
            for retention in &definition.retention {
                reports.push(
                    self.due_report(&TermKey { entity: entity.clone(), term: retention.term.clone() })
                        .await?,
                );
            }
        }
        Ok(reports)
    }

    /// What is due today under one term.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown term.
    pub async fn due_report(&self, key: &TermKey) -> Result<DueReport> {
        let plans = self.plans()?;
        let today = self.today();
        let Due { plan, retention, joins, ended } = Due::of(&plans, key, today)?;
        let all =
            Select { joins: joins.into_joins(), filter: ended.clone(), ..Select::from(plan.table.as_str()) };
        let kept = Select { filter: ended.and(held(plan)), ..all.clone() };
        let mut reader = self.store().reader();
        let all = reader.count(&all, Some(COUNT_MAX)).await?;
        let held = reader.count(&kept, Some(COUNT_MAX)).await?;
        Ok(DueReport {
            title: plan.entity.title.clone(),
            cutoff: cutoff(retention, today)?.to_string(),
            retention: retention.clone(),
            due: all.saturating_sub(held),
            held,
            key: key.clone(),
        })
    }

    /// Ids of records whose term has ended, in order, after this id; locked until the transaction ends.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown term.
    pub async fn due_ids(
        &self,
        tx: &mut Tx,
        key: &TermKey,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<String>> {
        let plans = self.plans()?;
        let select = Due::of(&plans, key, self.today())?.select(after, limit);
        let rows = tx.fetch_all(&select).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    /// Those of the records that live records refer to, which would be left without them: they cannot be removed.
    pub async fn referenced(&self, tx: &mut Tx, entity: &str, ids: &[String]) -> Result<HashSet<String>> {
        let plans = self.plans()?;
        let own: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let mut found = HashSet::new();
        for referrer in plans.referrers(entity).iter().filter(|r| r.on_delete != OnDelete::Keep) {
            let plan = plans.entity(&referrer.entity)?;
            let field = plan.fields[referrer.field].name.as_str();
            let table = plan.table.as_str();
            let mut filter = Condition::is_in(table, field, own.iter().copied())
                .and(Condition::IsNull(ColumnRef::new(table, "deleted_at")));
            if plan.key() == entity {
                // Records that go together may refer to each other.
                let others = own.iter().map(|id| (*id).into()).collect();
                filter = filter.and(Condition::NotIn { column: ColumnRef::new(table, "id"), values: others });
            }
            let select = Select::from(table).column(field, ColumnKind::Text).filter(filter);
            for row in tx.fetch_all(&select).await? {
                found.insert(row.text(0)?.to_owned());
            }
        }
        Ok(found)
    }
}
