use std::collections::HashMap;

use anju_store::{Aggregate, ColumnKind, ColumnRef, Condition, Direction, Fetch, Group, Measure, Select};
use serde_json::Value;

use super::{name_lists, render::Viewer};
use crate::{
    Actor, Record, Records, Result,
    access::{Access, Operation},
    plan::{ChildPlan, EntityPlan, Plans},
};

/// Puts the rows of child tables into the records they belong to: one query per table.
pub(crate) async fn attach_children(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plans: &Plans,
    actor: &Actor,
    children: &[&ChildPlan],
    parents: &mut [Record],
) -> Result<()> {
    if parents.is_empty() {
        return Ok(());
    }
    for child in children {
        let plan = plans.child(child)?;
        // The parent was visible; a right on the table itself only narrows the fields.
        let Ok(access) = Access::of(plans, plan, actor, Operation::Read) else { continue };
        let mut rows = rows_of(records, source, plans, plan, child, &access, actor, parents).await?;
        for parent in &mut *parents {
            let rows = rows.remove(&parent.id).unwrap_or_default();
            parent.values.insert(child.name.clone(), Value::Array(rows));
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)]
async fn rows_of(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plans: &Plans,
    plan: &std::sync::Arc<EntityPlan>,
    child: &ChildPlan,
    access: &Access<'_>,
    actor: &Actor,
    parents: &[Record],
) -> Result<HashMap<String, Vec<Value>>> {
    let shape = plans.row_shape(plan, child.parent_field)?;
    let link = plan.fields[child.parent_field].name.as_str();
    let select = Select {
        columns: shape.columns.clone(),
        joins: shape.joins.clone(),
        filter: Condition::is_in(plan.table.as_str(), link, parents.iter().map(|parent| parent.id.as_str()))
            .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at"))),
        ..Select::from(plan.table.as_str())
    };
    let select = select.order_by("position", Direction::Ascending).order_by("id", Direction::Ascending);
    let viewer = Viewer::new(records, plans, &shape, access, actor, false);
    let link_column = shape.values[child.parent_field].column;
    let (mut owners, mut rows) = (Vec::new(), Vec::new());
    for row in source.fetch_all(&select).await? {
        owners.push(row.text(link_column)?.to_owned());
        rows.push(viewer.render(row)?);
    }
    name_lists(records, source, plans, actor, &shape, &mut rows).await?;
    let mut by_parent: HashMap<String, Vec<Value>> = HashMap::new();
    for (owner, row) in owners.into_iter().zip(rows) {
        by_parent.entry(owner).or_default().push(row.into_value());
    }
    Ok(by_parent)
}

/// Puts the number of rows of child tables into the records they belong to: one query per table.
pub(crate) async fn attach_counts(
    source: &mut (dyn Fetch + '_),
    plans: &Plans,
    children: &[&ChildPlan],
    parents: &mut [Record],
) -> Result<()> {
    if parents.is_empty() {
        return Ok(());
    }
    for child in children {
        let plan = plans.child(child)?;
        let table = plan.table.as_str();
        let link = plan.fields[child.parent_field].name.as_str();
        let group = Group {
            column: ColumnRef::new(table, link),
            kind: ColumnKind::Text,
            alias: "parent".to_owned(),
            grain: None,
        };
        let counted = Aggregate {
            filter: Condition::is_in(table, link, parents.iter().map(|parent| parent.id.as_str()))
                .and(Condition::IsNull(ColumnRef::new(table, "deleted_at"))),
            group: vec![group],
            measures: vec![Measure::count_rows("rows")],
            ..Aggregate::of(table)
        };
        let mut by_parent: HashMap<String, i64> = HashMap::new();
        for row in source.aggregate(&counted).await? {
            by_parent.insert(row.text(0)?.to_owned(), row.int(1)?);
        }
        for parent in &mut *parents {
            let rows = by_parent.get(&parent.id).copied().unwrap_or(0);
            parent.values.insert(format!("{}.$count", child.name), Value::from(rows));
        }
    }
    Ok(())
}
