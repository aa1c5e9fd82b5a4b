//! Periods in force: no two live records of one thing at the same time. Writers of the same thing take turns, so that
//! none can miss what another is about to write.

use anju_store::{ColumnKind, ColumnRef, Condition, Fetch, Operator, Select, SqlValue, Tx};
use serde_json::Value;

use super::draft::Draft;
use crate::{
    Change, FieldError, Records, Result,
    plan::{EntityPlan, PeriodPlan},
    value,
};

/// Judges the period of a record that is new, changed or back from the recycle bin.
pub(crate) async fn check_period(
    records: &Records,
    tx: &mut Tx,
    draft: &Draft,
    faults: &mut Vec<FieldError>,
) -> Result<()> {
    let plan = &draft.plan;
    let Some(period) = &plan.period else { return Ok(()) };
    if !is_concerned(draft, period) {
        return Ok(());
    }
    let values = &draft.row.values;
    let (Value::String(from), to) = (&values[period.from], values[period.to].as_str()) else { return Ok(()) };
    if to.is_some_and(|to| to < from.as_str()) {
        let (first, last) = (&plan.fields[period.from], &plan.fields[period.to]);
        let message = format!("{}不能早于{}", last.title, first.title);
        faults.push(FieldError::new(last.name.as_str(), "range", message));
        return Ok(());
    }
    // Without its names it is no known thing yet.
    if period.by.iter().any(|at| values[*at].is_null()) {
        return Ok(());
    }
    tx.take_turn(&turn(plan, period, values)).await?;
    let others = same_thing(records, plan, period, values)?
        .and(Condition::Not(Box::new(Condition::eq(plan.table.as_str(), "id", draft.row.id.as_str()))))
        .and(overlapping(plan, period, from, to));
    let select = Select::from(plan.table.as_str())
        .column(plan.fields[period.from].name.as_str(), ColumnKind::Text)
        .column(plan.fields[period.to].name.as_str(), ColumnKind::Text)
        .filter(others)
        .limit(1);
    if let Some(row) = tx.fetch_optional(&select).await? {
        let until = row.opt_text(1)?.unwrap_or("长期");
        let message = format!("与已有的{}（{} 至 {until}）期间重叠", plan.entity.title, row.text(0)?);
        faults.push(FieldError::new(plan.fields[period.from].name.as_str(), "overlap", message));
    }
    Ok(())
}

fn is_concerned(draft: &Draft, period: &PeriodPlan) -> bool {
    let mut positions = [period.from, period.to].into_iter().chain(period.by.iter().copied());
    match draft.change {
        Change::Deleted => false,
        Change::Restored => true,
        Change::Created | Change::Updated => positions.any(|position| draft.row.changed(position)),
    }
}

fn turn(plan: &EntityPlan, period: &PeriodPlan, values: &[Value]) -> String {
    let by: Vec<&Value> = period.by.iter().map(|at| &values[*at]).collect();
    format!("effective {} {}", plan.key(), Value::from_iter(by.into_iter().cloned()))
}

/// Live records of the thing that the values name.
fn same_thing(
    records: &Records,
    plan: &EntityPlan,
    period: &PeriodPlan,
    values: &[Value],
) -> Result<Condition> {
    let live = Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at"));
    period.by.iter().try_fold(live, |condition, at| {
        let (field, value) = (&plan.fields[*at], &values[*at]);
        let stored: SqlValue = match field.sensitive() {
            true => records.blind_index(field, value)?.into(),
            false => value::to_column(field, value),
        };
        Ok(condition.and(Condition::eq(plan.table.as_str(), field.equality_column(), stored)))
    })
}

fn overlapping(plan: &EntityPlan, period: &PeriodPlan, from: &str, to: Option<&str>) -> Condition {
    let column = |at: usize| ColumnRef::new(plan.table.as_str(), plan.fields[at].name.as_str());
    let ends_later = Condition::Any(vec![
        Condition::IsNull(column(period.to)),
        Condition::compare(column(period.to), Operator::Ge, from),
    ]);
    match to {
        Some(to) => ends_later.and(Condition::compare(column(period.from), Operator::Le, to)),
        None => ends_later,
    }
}
