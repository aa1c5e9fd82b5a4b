//! What rows refer to and collide with, looked up for all rows together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anju_store::{ColumnKind, ColumnRef, Columns, Condition, Fetch, Select, SqlValue};
use serde_json::Value;

use crate::{
    Actor, Records, Result,
    access::{Access, Operation, may_show},
    plan::{EntityPlan, FieldPlan, Plans},
    value,
};

/// Values of one query.
const BATCH: usize = 500;

/// Ids of referenced records by target entity and the text that names them.
#[derive(Default)]
pub(crate) struct Targets(HashMap<(String, String), String>);

impl Targets {
    pub(crate) fn id(&self, target: &str, text: &str) -> Option<&str> {
        self.0.get(&(target.to_owned(), text.to_owned())).map(String::as_str)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|((target, _), id)| (target.clone(), id.clone()))
    }
}

/// Finds the targets of references by their key field (by id where there is none).
pub(crate) async fn find_targets(
    records: &Records,
    plans: &Plans,
    actor: &Actor,
    wanted: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Targets> {
    let mut found = Targets::default();
    let mut source = records.store().reader();
    for (target, texts) in wanted {
        let plan = plans.entity(target)?;
        let (joins, reach) = match Access::of(plans, plan, actor, Operation::Read) {
            Ok(access) => records.reachable(plans, plan, &access, Vec::new())?,
            Err(_) if may_show(plans, plan, actor) => (Vec::new(), Condition::True),
            Err(_) => continue,
        };
        let key = plan.entity.key.as_ref().and_then(|key| plan.field(key));
        let mut by_value: HashMap<SqlValue, &str> = HashMap::new();
        for text in texts {
            by_value.insert(key_value(records, key, text), text);
        }
        let (column, kind) = match key {
            Some(field) if field.sensitive() => (field.equality_column(), ColumnKind::Bytes),
            Some(field) => (field.name.as_str(), field.sql),
            None => ("id", ColumnKind::Text),
        };
        let values: Vec<SqlValue> = by_value.keys().cloned().collect();
        for batch in values.chunks(BATCH) {
            let select = Select {
                joins: joins.clone(),
                filter: Condition::is_in(plan.table.as_str(), column, batch.iter().cloned())
                    .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at")))
                    .and(reach.clone()),
                ..Select::from(plan.table.as_str())
            };
            let select = select.column("id", ColumnKind::Text).column(column, kind);
            for row in source.fetch_all(&select).await? {
                if let Some(text) = by_value.get(row.value(1)) {
                    found.0.insert((target.clone(), (*text).to_owned()), row.text(0)?.to_owned());
                }
            }
        }
    }
    Ok(found)
}

fn key_value(records: &Records, key: Option<&FieldPlan>, text: &str) -> SqlValue {
    let Some(field) = key else { return text.into() };
    let value =
        value::parse(field, &Value::from(text), records.today()).unwrap_or_else(|_| Value::from(text));
    match field.sensitive() {
        true => records.blind_index(field, &value).into(),
        false => value::to_column(field, &value),
    }
}

/// The values of a unique group in a row; `None` when one is absent, so that nothing collides.
pub(crate) fn unique_values(
    records: &Records,
    plan: &EntityPlan,
    group: &[usize],
    values: &[Value],
) -> Option<Vec<SqlValue>> {
    let one = |position: &usize| {
        let (field, value) = (&plan.fields[*position], &values[*position]);
        match value {
            Value::Null => None,
            value if field.sensitive() => Some(records.blind_index(field, value).into()),
            value => Some(value::to_column(field, value)),
        }
    };
    group.iter().map(one).collect()
}

/// Those of the values that a live record has already.
pub(crate) async fn taken(
    records: &Records,
    plan: &EntityPlan,
    group: &[usize],
    values: &[Vec<SqlValue>],
) -> Result<BTreeSet<Vec<SqlValue>>> {
    let mut taken = BTreeSet::new();
    let mut source = records.store().reader();
    let column = |position: &usize| {
        let field = &plan.fields[*position];
        let kind = if field.sensitive() { ColumnKind::Bytes } else { field.sql };
        (ColumnRef::new(plan.table.as_str(), field.equality_column()), kind)
    };
    let columns: Columns = Arc::new(group.iter().map(column).collect());
    let Some((narrowest, _)) = columns.first() else { return Ok(taken) };
    let firsts: BTreeSet<&SqlValue> = values.iter().filter_map(|values| values.first()).collect();
    let firsts: Vec<&SqlValue> = firsts.into_iter().collect();
    for batch in firsts.chunks(BATCH) {
        let select = Select {
            columns: columns.clone(),
            filter: Condition::In {
                column: narrowest.clone(),
                values: batch.iter().map(|v| (*v).clone()).collect(),
            }
            .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at"))),
            ..Select::from(plan.table.as_str())
        };
        taken.extend(source.fetch_all(&select).await?.into_iter().map(anju_store::Row::into_values));
    }
    Ok(taken)
}
