//! Values that repeat: all of them, told at once. The database's own unique keys are the last line; this is what
//! people are told when a change fails anyway.

use std::collections::HashSet;

use anju_store::{ColumnRef, Condition, Fetch, Operator, Select, SqlValue};
use serde_json::Value;

use super::draft::{Draft, JudgedRow};
use crate::{
    Change, Error, FieldError, Records, Result,
    plan::{EntityPlan, FieldPlan},
    search::Meta,
    value,
};

/// Every unique group of the change whose values another live record, or an earlier row, has already. Groups with a
/// field that is faulty already are left out.
pub(crate) async fn duplicates(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    draft: &Draft,
    faults: &[FieldError],
) -> Result<Vec<FieldError>> {
    let mut found = Vec::new();
    let mut in_rows: HashSet<(String, usize, Vec<SqlValue>)> = HashSet::new();
    for row in draft.judged_rows() {
        for (index, group) in row.plan.uniques.iter().enumerate() {
            let at = |position: &usize| format!("{}{}", row.path, row.plan.fields[*position].name);
            if group.iter().any(|position| faults.iter().any(|fault| fault.field == at(position))) {
                continue;
            }
            let Some(values) = values_of(records, &row, group)? else { continue };
            let repeats = !in_rows.insert((row.plan.table.clone(), index, values.clone()));
            let changed = draft.change == Change::Restored || group.iter().any(|at| row.row.changed(*at));
            if repeats || (changed && is_taken(source, draft, &row, group, &values).await?) {
                found.extend(fault(&row, group));
            }
        }
    }
    Ok(found)
}

/// The values of a group as they are compared; `None` when one is absent, so that nothing collides.
fn values_of(records: &Records, row: &JudgedRow<'_>, group: &[usize]) -> Result<Option<Vec<SqlValue>>> {
    let one = |position: &usize| {
        let field = &row.plan.fields[*position];
        Ok(match &row.row.values[*position] {
            Value::Null => None,
            value if field.sensitive() => Some(records.blind_index(field, value)?.into()),
            value => Some(value::to_column(field, value)),
        })
    };
    group.iter().map(one).collect()
}

async fn is_taken(
    source: &mut (dyn Fetch + '_),
    draft: &Draft,
    row: &JudgedRow<'_>,
    group: &[usize],
    values: &[SqlValue],
) -> Result<bool> {
    let plan = row.plan;
    let table = plan.table.as_str();
    let own = |column: &str| ColumnRef::new(table, column);
    let equal = group.iter().zip(values).map(|(position, value)| Condition::Compare {
        column: own(plan.fields[*position].equality_column()),
        op: Operator::Eq,
        value: value.clone(),
    });
    let mut filter = Condition::All(equal.collect())
        .and(Condition::IsNull(own("deleted_at")))
        .and(Condition::compare(own("id"), Operator::Ne, row.row.id.as_str()));
    if let Some(link) = row.link.map(|link| &plan.fields[link]) {
        // The rows of this record are compared with each other as they will be, not as they are.
        filter = filter.and(Condition::compare(own(&link.name), Operator::Ne, draft.row.id.as_str()));
    }
    let select = Select { filter, ..Select::from(table) }.column("id", Meta::Id.kind()).limit(1);
    Ok(source.fetch_optional(&select).await?.is_some())
}

fn fault(row: &JudgedRow<'_>, group: &[usize]) -> Option<FieldError> {
    let fields =
        || group.iter().filter(|position| row.link != Some(**position)).map(|at| &row.plan.fields[*at]);
    let last = fields().last()?;
    let titles: Vec<&str> = fields().map(|field| field.title.as_str()).collect();
    Some(FieldError::new(format!("{}{}", row.path, last.name), "duplicate", message(row.plan, &titles)))
}

fn message(plan: &EntityPlan, titles: &[&str]) -> String {
    format!("已有相同{}的{}", titles.join("、"), plan.entity.title)
}

/// A violated unique key of the database as a fault at its last field; any other error as it is. `child` is the name
/// of the child table it happened in.
pub(crate) fn duplicate(plan: &EntityPlan, child: &str, error: anju_store::Error) -> Error {
    let anju_store::Error::Unique { columns, .. } = &error else { return error.into() };
    let named = |field: &&FieldPlan| columns.iter().any(|column| column == field.equality_column());
    let fields: Vec<&FieldPlan> = plan.fields.iter().filter(named).collect();
    let Some(last) = fields.last() else {
        return Error::conflict("duplicate", format!("{}已存在，不能重复", plan.entity.title));
    };
    let titles: Vec<&str> = fields.iter().map(|field| field.title.as_str()).collect();
    let at = if child.is_empty() { last.name.as_str() } else { child };
    Error::Invalid(vec![FieldError::new(at, "duplicate", message(plan, &titles))])
}
