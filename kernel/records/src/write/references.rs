//! What a change points to must exist and be visible to whoever points.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anju_definitions::FieldType;
use anju_store::{ColumnRef, Condition, Fetch, Lock, Select, Tx};

use super::{
    draft::{Draft, DraftRow},
    known::Known,
};
use crate::{
    Actor, FieldError, Records, Result,
    access::{Access, Operation, may_show},
    history::ids_in,
    plan::{EntityPlan, FieldPlan, Plans},
    search::{Joins, Meta},
};

/// A reference of the change: target entity, id, field path.
struct Pointer {
    target: String,
    id: String,
    at: String,
}

/// A file of the change.
struct Attached<'p> {
    id: String,
    at: String,
    field: &'p FieldPlan,
}

/// Checks all references and files of a change, one query per target entity.
pub(crate) async fn check_references(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    actor: &Actor,
    draft: &Draft,
    known: &mut Known,
    faults: &mut Vec<FieldError>,
) -> Result<()> {
    let mut pointers = Vec::new();
    let mut files = Vec::new();
    collect(&draft.plan, &draft.row, "", None, &mut pointers, &mut files);
    for table in draft.tables.iter().filter(|table| table.given) {
        let child = draft.child(table);
        for (index, row) in table.rows.iter().enumerate() {
            let path = format!("{}[{index}].", child.name);
            collect(&table.plan, row, &path, Some(child.parent_field), &mut pointers, &mut files);
        }
    }
    pointers.retain(|pointer| !known.references.contains(&(pointer.target.clone(), pointer.id.clone())));
    let mut by_target: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for pointer in &pointers {
        by_target.entry(&pointer.target).or_default().insert(&pointer.id);
    }
    for (target, ids) in by_target {
        let plan = plans.entity(target)?;
        // Nobody may delete them before this change is there.
        let lock = Some(Lock::Presence);
        let visible = visible_ids(records, tx, plans, plan, actor, &ids, lock).await?;
        for pointer in pointers.iter().filter(|p| p.target == target && !visible.contains(&p.id)) {
            let message = format!("所选的{}不存在或无权使用", plan.entity.title);
            faults.push(FieldError::new(pointer.at.as_str(), "reference", message));
        }
        known.references.extend(visible.into_iter().map(|id| (target.to_owned(), id)));
    }
    for file in files {
        check_file(tx, file, faults).await?;
    }
    Ok(())
}

fn collect<'p>(
    plan: &'p EntityPlan,
    row: &DraftRow,
    path: &str,
    link: Option<usize>,
    pointers: &mut Vec<Pointer>,
    files: &mut Vec<Attached<'p>>,
) {
    for (position, field) in plan.fields.iter().enumerate() {
        let value = &row.values[position];
        let points = field.definition.to.is_some() || field.kind.is_file();
        if !points || value.is_null() || link == Some(position) || !row.changed(position) {
            continue;
        }
        let is_list = value.is_array();
        // What was in the list before is not asked for again.
        let known = |id: &str| {
            row.before.as_ref().is_some_and(|before| ids_in(&before.values[position]).any(|b| b == id))
        };
        for (index, id) in ids_in(value).enumerate().filter(|(_, id)| !known(id)) {
            let item = if is_list { format!("[{index}]") } else { String::new() };
            let (id, at) = (id.to_owned(), format!("{path}{}{item}", field.name));
            match &field.definition.to {
                Some(to) => pointers.push(Pointer { target: to.clone(), id, at }),
                None => files.push(Attached { id, at, field }),
            }
        }
    }
}

/// Those of the ids that are live and within the actor's rows.
pub(crate) async fn visible_ids(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plans: &Plans,
    plan: &EntityPlan,
    actor: &Actor,
    ids: &BTreeSet<&str>,
    lock: Option<Lock>,
) -> Result<HashSet<String>> {
    let access = Access::of(plans, plan, actor, Operation::Read);
    let (joins, condition) = match &access {
        Ok(access) => records.reachable(plans, plan, access, Vec::new())?,
        Err(_) if may_show(plans, plan, actor) => (Joins::new(plans, plan).into_joins(), Condition::True),
        Err(_) => return Ok(HashSet::new()),
    };
    let select = Select {
        joins,
        filter: Condition::is_in(plan.table.as_str(), "id", ids.iter().copied())
            .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at")))
            .and(condition),
        lock,
        ..Select::from(plan.table.as_str())
    };
    let rows = source.fetch_all(&select.column("id", Meta::Id.kind())).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// A file exists, is of an accepted kind and not too large. Kinds are those that its contents showed.
async fn check_file(tx: &mut Tx, file: Attached<'_>, faults: &mut Vec<FieldError>) -> Result<()> {
    const MB: i64 = 1024 * 1024;
    let Attached { id, at, field } = file;
    let meta = match tx.file_meta(&id).await {
        Ok(meta) => meta,
        Err(anju_store::Error::NotFound) => {
            faults.push(FieldError::new(at, "reference", "文件不存在，请重新上传"));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let fits = |pattern: &str| match pattern.strip_suffix("/*") {
        Some(group) => meta.media_type.split('/').next() == Some(group),
        None => pattern == meta.media_type,
    };
    let accept = &field.definition.accept;
    let of_type = match field.kind {
        FieldType::Image => fits("image/*"),
        FieldType::Video => fits("video/*"),
        _ => true,
    };
    if !of_type || (!accept.is_empty() && !accept.iter().any(|pattern| fits(pattern))) {
        faults.push(FieldError::new(at, "format", "不接受这种类型的文件"));
    } else if let Some(most) = field.definition.size_mb_max
        && meta.size > i64::from(most) * MB
    {
        faults.push(FieldError::new(at, "length", format!("文件不能超过 {most} MB")));
    }
    Ok(())
}
