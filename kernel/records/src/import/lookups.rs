//! What rows refer to and collide with, looked up for all rows together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use anju_definitions::FieldType;
use anju_store::{ColumnKind, ColumnRef, Columns, Condition, Fetch, Select, SqlValue};
use serde_json::Value;

use crate::{
    Actor, Records, Result,
    access::{Access, Operation, may_show},
    plan::{EntityPlan, FieldPlan, Plans, Segment},
    read::{Loaded, Viewer, load_all},
    search::Joins,
    value,
};

/// Values of one query.
const BATCH: usize = 500;
/// Targets remembered from batch to batch.
const REMEMBERED_MAX: usize = 200_000;

/// Ids of referenced records by target entity and the text that names them; `None` for a text that names nothing.
#[derive(Default)]
pub(crate) struct Targets(HashMap<String, HashMap<String, Option<String>>>);

impl Targets {
    pub(crate) fn id(&self, target: &str, text: &str) -> Option<&str> {
        self.0.get(target)?.get(text)?.as_deref()
    }

    /// The references `(entity, id)` that texts name.
    pub(crate) fn known(&self, wanted: &Wanted) -> HashSet<(String, String)> {
        let known = wanted.iter().flat_map(|(target, texts)| {
            texts.iter().filter_map(|text| Some((target.clone(), self.id(target, text)?.to_owned())))
        });
        known.collect()
    }

    fn unknown<'w>(&self, target: &str, texts: &'w BTreeSet<String>) -> Vec<&'w str> {
        let known = self.0.get(target);
        let is_new = |text: &&String| known.is_none_or(|known| !known.contains_key(*text));
        texts.iter().filter(is_new).map(String::as_str).collect()
    }
}

/// Texts that name the targets of references, by target entity.
pub(crate) type Wanted = BTreeMap<String, BTreeSet<String>>;

/// Finds the targets of references by their key field (by id where there is none) or by their name, those not found
/// before.
pub(crate) async fn find_targets(
    records: &Records,
    plans: &Plans,
    actor: &Actor,
    targets: &mut Targets,
    wanted: &Wanted,
) -> Result<()> {
    if targets.0.values().map(HashMap::len).sum::<usize>() > REMEMBERED_MAX {
        targets.0.clear();
    }
    for (target, texts) in wanted {
        let texts = targets.unknown(target, texts);
        if texts.is_empty() {
            continue;
        }
        let plan = plans.entity(target)?;
        let found = targets.0.entry(target.clone()).or_default();
        found.extend(texts.iter().map(|text| ((*text).to_owned(), None)));
        let (joins, reach) = match Access::of(plans, plan, actor, Operation::Read) {
            Ok(access) => records.reachable(plans, plan, &access, Vec::new())?,
            Err(_) if may_show(plans, plan, actor) => (Vec::new(), Condition::True),
            Err(_) => continue,
        };
        let reachable = Select { joins, filter: reach, ..Select::from(plan.table.as_str()) };
        let key = plan.entity.key.as_ref().and_then(|key| plan.field(key));
        for (text, ids) in named(records, plan, key, &reachable, &texts).await? {
            found.insert(text, ids.into_iter().next());
        }
        // What is no key may be a name, if it is the name of one record only.
        let Some(name) = name_field(plan).filter(|_| key.is_some()) else { continue };
        let left: Vec<&str> =
            texts.into_iter().filter(|text| found.get(*text).is_none_or(Option::is_none)).collect();
        for (text, ids) in named(records, plan, Some(name), &reachable, &left).await? {
            if let [id] = ids.as_slice() {
                found.insert(text, Some(id.clone()));
            }
        }
    }
    Ok(())
}

/// The field that is all of a record's display text, if there is one.
fn name_field(plan: &EntityPlan) -> Option<&FieldPlan> {
    let [Segment::Path(path)] = plan.display.as_slice() else { return None };
    let [name] = path.as_slice() else { return None };
    plan.field(name).filter(|field| field.kind == FieldType::Text && !field.sensitive())
}

/// Ids of the reachable records whose field has one of the texts, by text; by id without a field.
async fn named(
    records: &Records,
    plan: &EntityPlan,
    field: Option<&FieldPlan>,
    reachable: &Select,
    texts: &[&str],
) -> Result<HashMap<String, Vec<String>>> {
    let mut by_value: HashMap<SqlValue, &str> = HashMap::new();
    for text in texts {
        by_value.insert(key_value(records, field, text)?, text);
    }
    let (column, kind) = match field {
        Some(field) if field.sensitive() => (field.equality_column(), ColumnKind::Bytes),
        Some(field) => (field.name.as_str(), field.sql),
        None => ("id", ColumnKind::Text),
    };
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    let values: Vec<&SqlValue> = by_value.keys().collect();
    for batch in values.chunks(BATCH) {
        let is_one =
            Condition::is_in(plan.table.as_str(), column, batch.iter().map(|value| (*value).clone()));
        let live = Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at"));
        let select = reachable.clone().filter(is_one).filter(live);
        let select = select.column("id", ColumnKind::Text).column(column, kind);
        for row in records.store().reader().fetch_all(&select).await? {
            if let Some(text) = by_value.get(row.value(1)) {
                found.entry((*text).to_owned()).or_default().push(row.text(0)?.to_owned());
            }
        }
    }
    Ok(found)
}

/// How the records that references point to are named, by target entity and id: what an export shows of them.
pub(crate) async fn names_of(
    records: &Records,
    plans: &Plans,
    actor: &Actor,
    wanted: &Wanted,
) -> Result<HashMap<(String, String), String>> {
    let mut names = HashMap::new();
    for (target, ids) in wanted {
        let plan = plans.entity(target)?;
        if !may_show(plans, plan, actor) {
            continue;
        }
        let shape = plans.whole_shape(plan)?;
        let viewer = Viewer::for_display(records, &shape, actor);
        let ids: Vec<&String> = ids.iter().collect();
        for batch in ids.chunks(BATCH) {
            let select = Select {
                columns: shape.columns.clone(),
                joins: shape.joins.clone(),
                filter: Condition::is_in(plan.table.as_str(), "id", batch.iter().map(|id| id.as_str())),
                ..Select::from(plan.table.as_str())
            };
            for row in records.store().reader().fetch_all(&select).await? {
                names.insert((target.clone(), row.text(0)?.to_owned()), viewer.display(&row)?);
            }
        }
    }
    Ok(names)
}

/// The records with these keys that the actor may change, by key.
pub(crate) async fn find_existing(
    records: &Records,
    plans: &Plans,
    plan: &EntityPlan,
    access: &Access<'_>,
    key: &FieldPlan,
    texts: &BTreeSet<&str>,
) -> Result<HashMap<SqlValue, Loaded>> {
    let mut found = HashMap::with_capacity(texts.len());
    let mut source = records.store().reader();
    let values: Vec<SqlValue> =
        texts.iter().map(|text| key_value(records, Some(key), text)).collect::<Result<_>>()?;
    for batch in values.chunks(BATCH) {
        let mut joins = Joins::new(plans, plan);
        let reach = access.condition_for_one(&mut joins)?;
        let is_one = Condition::is_in(plan.table.as_str(), key.equality_column(), batch.iter().cloned());
        for loaded in load_all(records, &mut source, plan, is_one.and(reach), joins).await? {
            let position = plan.position(&key.name).unwrap_or_default();
            if let Some(value) = column_value(records, key, &loaded.values[position])? {
                found.insert(value, loaded);
            }
        }
    }
    Ok(found)
}

pub(crate) fn key_value(records: &Records, key: Option<&FieldPlan>, text: &str) -> Result<SqlValue> {
    let Some(field) = key else { return Ok(text.into()) };
    let value =
        value::parse(field, &Value::from(text), records.today()).unwrap_or_else(|_| Value::from(text));
    Ok(match field.sensitive() {
        true => records.blind_index(field, &value)?.into(),
        false => value::to_column(field, &value),
    })
}

fn column_value(records: &Records, field: &FieldPlan, value: &Value) -> Result<Option<SqlValue>> {
    Ok(match value {
        Value::Null => None,
        value if field.sensitive() => Some(records.blind_index(field, value)?.into()),
        value => Some(value::to_column(field, value)),
    })
}

/// The values of a unique group in a row; `None` when one is absent, so that nothing collides.
pub(crate) fn unique_values(
    records: &Records,
    plan: &EntityPlan,
    group: &[usize],
    values: &[Value],
) -> Result<Option<Vec<SqlValue>>> {
    group.iter().map(|at| column_value(records, &plan.fields[*at], &values[*at])).collect()
}

/// Ids of the live records that have some of the values already, by the values.
pub(crate) async fn taken(
    records: &Records,
    plan: &EntityPlan,
    group: &[usize],
    values: &[&[SqlValue]],
) -> Result<HashMap<Vec<SqlValue>, String>> {
    let mut taken = HashMap::new();
    let mut source = records.store().reader();
    let column = |position: &usize| {
        let field = &plan.fields[*position];
        let kind = if field.sensitive() { ColumnKind::Bytes } else { field.sql };
        (ColumnRef::new(plan.table.as_str(), field.equality_column()), kind)
    };
    let own = [(ColumnRef::new(plan.table.as_str(), "id"), ColumnKind::Text)];
    let columns: Columns = Arc::new(group.iter().map(column).chain(own).collect());
    for batch in values.chunks(BATCH) {
        let select = Select {
            columns: columns.clone(),
            filter: Condition::RowIn {
                columns: columns[..group.len()].iter().map(|(column, _)| column.clone()).collect(),
                rows: batch.iter().map(|values| values.to_vec()).collect(),
            }
            .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at"))),
            ..Select::from(plan.table.as_str())
        };
        for row in source.fetch_all(&select).await? {
            let id = row.text(group.len())?.to_owned();
            let mut values = row.into_values();
            values.truncate(group.len());
            taken.insert(values, id);
        }
    }
    Ok(taken)
}
