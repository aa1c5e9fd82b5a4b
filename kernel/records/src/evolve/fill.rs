//! Existing records get values: the default of a field that becomes required, or what a new formula says.

use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Row, Select, SqlValue, Tx};
use serde_json::{Value, json};

use crate::{
    Actor, Change, Records, Result,
    plan::{EntityPlan, FieldPlan},
    schema::{HISTORY, SEARCH},
    value,
    write::HISTORY_COLUMNS,
};

/// Records filled in one transaction.
const BATCH: u64 = 500;

/// Records of an entity that get a value.
#[derive(Debug, Clone)]
pub struct Fill {
    pub(super) entity: String,
    pub(super) field: String,
    given: Given,
    /// The field did not exist before: there is no earlier state that history could tell of.
    is_new: bool,
}

#[derive(Debug, Clone)]
enum Given {
    /// Those without a value get this one.
    Default { shown: Value, stored: SqlValue },
    /// All get the kept values of their computed fields.
    WorkedOut,
}

impl Fill {
    /// Whether the field did not exist before.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Entity and field.
    pub fn place(&self) -> (String, String) {
        (self.entity.clone(), self.field.clone())
    }

    pub(super) fn with_default(entity: &str, field: &FieldPlan, default: &Value, is_new: bool) -> Self {
        // The default in the form it has in records; a definition that is checked has a fitting one.
        let shown = value::parse(field, default, jiff::civil::Date::constant(2000, 1, 1))
            .unwrap_or_else(|_| default.clone());
        Self {
            entity: entity.to_owned(),
            field: field.name.clone(),
            given: Given::Default { stored: value::to_column(field, &shown), shown },
            is_new,
        }
    }

    /// Formulas are in force with the publication only.
    pub(super) fn worked_out(entity: &str, field: &str) -> Self {
        let (entity, field) = (entity.to_owned(), field.to_owned());
        Self { entity, field, given: Given::WorkedOut, is_new: false }
    }

    pub(super) fn is_worked_out(&self) -> bool {
        matches!(self.given, Given::WorkedOut)
    }
}

impl Records {
    /// The filling of a field in force; none if it need not have a value, or has no default that is the same for all.
    pub fn late_fill(&self, entity: &str, field: &str) -> Result<Option<Fill>> {
        let plans = self.plans()?;
        let Ok(plan) = plans.entity(entity) else { return Ok(None) };
        if plan.field(field).is_some_and(|field| field.formula.is_some() && field.is_stored()) {
            return Ok(Some(Fill::worked_out(entity, field)));
        }
        let demanded = plan.field(field).filter(|field| field.is_demanded() && !field.sensitive());
        let default = demanded.and_then(|field| Some((field, field.literal_default()?)));
        Ok(default.map(|(field, default)| Fill::with_default(entity, field, default, false)))
    }

    /// Fills records, a batch a transaction, so that nobody waits; how many there were. Defaults may be filled before
    /// or after the publication takes effect: the column is in the table already.
    pub async fn fill(&self, actor: &Actor, fill: &Fill, why: &str) -> Result<u64> {
        let mut filled = 0;
        let mut after: Option<String> = None;
        loop {
            let plans = self.plans()?;
            let plan = plans.entity(&fill.entity)?;
            let mut tx = self.store().begin().await?;
            let (some, last) = match &fill.given {
                Given::Default { shown, stored } => {
                    let value = (fill, shown, stored);
                    self.fill_batch(&mut tx, plan, actor, value, why, after.as_deref()).await?
                }
                Given::WorkedOut => {
                    self.recompute_batch(&mut tx, &plans, plan, actor, why, after.as_deref()).await?
                }
            };
            tx.commit().await?;
            filled += some;
            match last {
                Some(last) => after = Some(last),
                None => return Ok(filled),
            }
        }
    }

    /// Fills the next records after an id; how many, and the last id.
    async fn fill_batch(
        &self,
        tx: &mut Tx,
        plan: &EntityPlan,
        actor: &Actor,
        (fill, shown, stored): (&Fill, &Value, &SqlValue),
        why: &str,
        after: Option<&str>,
    ) -> Result<(u64, Option<String>)> {
        let table = plan.table.as_str();
        let empty = Condition::IsNull(ColumnRef::new(table, fill.field.as_str()));
        let rows = next_batch(tx, plan, empty, after).await?;
        let mut by_version: std::collections::BTreeMap<i64, Vec<&str>> = Default::default();
        for row in &rows {
            by_version.entry(row.int(1)?).or_default().push(row.text(0)?);
        }
        for (version, ids) in by_version {
            // The version stays: what people are about to save does not contradict a value that was absent.
            let sets = vec![(fill.field.as_str(), stored.clone())];
            tx.update(table, sets, Condition::is_in(table, "id", ids.iter().copied())).await?;
            if !fill.is_new {
                self.tell_of_fill(tx, plan, actor, (&fill.field, shown), why, version, &ids).await?;
            }
        }
        let is_searched = plan.search.iter().any(|position| plan.fields[*position].name == fill.field);
        if is_searched && !rows.is_empty() {
            // Their tokens are made anew.
            tx.delete(SEARCH, Condition::eq(SEARCH, "entity", plan.key())).await?;
        }
        Ok((rows.len() as u64, last_id(&rows)?))
    }

    #[allow(clippy::too_many_arguments)]
    async fn tell_of_fill(
        &self,
        tx: &mut Tx,
        plan: &EntityPlan,
        actor: &Actor,
        (field, shown): (&str, &Value),
        why: &str,
        version: i64,
        ids: &[&str],
    ) -> Result<()> {
        let changes = json!([{ "field": field, "before": null, "after": shown }]).to_string();
        let now_ms = self.now().as_millisecond();
        let rows = ids.iter().map(|id| {
            vec![
                plan.key().into(),
                (*id).into(),
                version.into(),
                now_ms.into(),
                actor.account_id.as_str().into(),
                actor.name.as_str().into(),
                Change::Updated.code().into(),
                why.into(),
                changes.as_str().into(),
            ]
        });
        Ok(tx.insert_many(HISTORY, &HISTORY_COLUMNS, rows.collect()).await?)
    }
}

/// The next live records after an id that meet the condition, locked: id and version, in the order of ids.
pub(super) async fn next_batch(
    tx: &mut Tx,
    plan: &EntityPlan,
    condition: Condition,
    after: Option<&str>,
) -> Result<Vec<Row>> {
    let table = plan.table.as_str();
    let further =
        after.map_or(Condition::True, |id| Condition::compare(ColumnRef::new(table, "id"), Operator::Gt, id));
    let select = Select::from(table)
        .column("id", ColumnKind::Text)
        .column("version", ColumnKind::Int)
        .filter(condition.and(Condition::IsNull(ColumnRef::new(table, "deleted_at"))).and(further))
        .order_by("id", Direction::Ascending)
        .limit(BATCH)
        .for_update();
    Ok(tx.fetch_all(&select).await?)
}

pub(super) fn last_id(rows: &[Row]) -> Result<Option<String>> {
    Ok(rows.last().map(|row| row.text(0)).transpose()?.map(str::to_owned))
}
