//! The child rows of a change: which are new, which stay, which go.

use std::collections::HashMap;

use anju_store::Tx;
use serde_json::Value;

use super::{
    draft::{Draft, DraftRow, DraftTable},
    parse::{Writer, parse_into},
};
use crate::{
    Change, FieldError, Object, Records, Result,
    access::Access,
    plan::{EntityPlan, Plans},
    read::{Loaded, load_children},
};

/// Puts the child tables at these positions into the draft as they lie in the database.
pub(crate) async fn load_tables(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    draft: &mut Draft,
    positions: &[usize],
) -> Result<()> {
    for position in positions {
        if draft.tables.iter().any(|table| table.child == *position) {
            continue;
        }
        let child = &draft.plan.children[*position];
        let plan = plans.child(child)?.clone();
        let loaded = match draft.change {
            Change::Created => Vec::new(),
            _ => {
                let mut rows = load_children(records, tx, child, &plan, &[&draft.row.id]).await?;
                rows.remove(&draft.row.id).unwrap_or_default()
            }
        };
        let rows = loaded.into_iter().map(DraftRow::of).collect();
        let (removed, moved) = (Vec::new(), false);
        draft.tables.push(DraftTable { child: *position, plan, given: false, rows, removed, moved });
    }
    Ok(())
}

/// Puts the child tables that the input names, and those that rules read, into the draft.
pub(crate) async fn parse_tables(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    draft: &mut Draft,
    input: &Object,
    writer: &Writer<'_>,
    faults: &mut Vec<FieldError>,
) -> Result<()> {
    let plan = draft.plan.clone();
    for (position, child) in plan.children.iter().enumerate() {
        let Some(given) = input.get(&child.name) else {
            if plan.child_is_read_by_rules(&child.name) {
                load_tables(records, tx, plans, draft, &[position]).await?;
            }
            continue;
        };
        if !writer.system && !writer.access.writes(&child.name) {
            faults.push(FieldError::new(
                child.name.as_str(),
                "read_only",
                format!("您无权修改{}", child.title),
            ));
            continue;
        }
        let Some(rows) = given.as_array() else {
            faults.push(FieldError::new(child.name.as_str(), "type", "应为多行内容"));
            continue;
        };
        if rows.len() > child.rows_max {
            let message = format!("{}最多 {} 行", child.title, child.rows_max);
            faults.push(FieldError::new(child.name.as_str(), "length", message));
            continue;
        }
        load_tables(records, tx, plans, draft, &[position]).await?;
        let id = draft.row.id.clone();
        let Some(table) = draft.tables.iter_mut().find(|table| table.child == position) else { continue };
        let row_plan = table.plan.clone();
        let access = match writer.system {
            true => Access::of(plans, &row_plan, &crate::Actor::system(""), writer.operation)?,
            false => Access::of(plans, &row_plan, writer.actor, writer.operation)?,
        };
        let row_writer = Writer { access: &access, ..*writer };
        let names = Names { records, child: &child.name, link: child.parent_field, parent: &id };
        replace(table, &row_plan, rows, &row_writer, &names, faults);
    }
    Ok(())
}

struct Names<'a> {
    records: &'a Records,
    child: &'a str,
    link: usize,
    parent: &'a str,
}

/// The rows given replace those there: known ids are changed, others are new, the rest is removed.
fn replace(
    table: &mut DraftTable,
    plan: &EntityPlan,
    given: &[Value],
    writer: &Writer<'_>,
    names: &Names<'_>,
    faults: &mut Vec<FieldError>,
) {
    let order: Vec<String> = table.rows.iter().map(|row| row.id.clone()).collect();
    let mut there: HashMap<String, DraftRow> =
        table.rows.drain(..).map(|row| (row.id.clone(), row)).collect();
    table.given = true;
    for (index, input) in given.iter().enumerate() {
        let path = format!("{}[{index}]", names.child);
        let Some(input) = input.as_object() else {
            faults.push(FieldError::new(path, "type", "应为一行内容"));
            continue;
        };
        let mut row = match input.get("id").filter(|id| !id.is_null()) {
            None => {
                let mut row = DraftRow::new(names.records.new_id(), plan);
                row.values[names.link] = Value::from(names.parent);
                row
            }
            Some(id) => match id.as_str().and_then(|id| there.remove(id)) {
                Some(row) => row,
                None => {
                    faults.push(FieldError::new(format!("{path}.id"), "unknown", "这一行不存在或已被删除"));
                    continue;
                }
            },
        };
        parse_into(&mut row, plan, input, writer, &format!("{path}."), Some(names.link), faults);
        table.rows.push(row);
    }
    let mut removed: Vec<Loaded> = there.into_values().filter_map(|row| row.before).collect();
    removed.sort_by(|a, b| a.id.cmp(&b.id));
    table.removed.extend(removed);
    let kept = table.rows.iter().filter(|row| row.before.is_some()).map(|row| &row.id);
    let before = order.iter().filter(|id| table.removed.iter().all(|row| row.id != **id));
    table.moved |= !kept.eq(before);
}
