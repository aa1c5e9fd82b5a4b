use anju_store::{ColumnRef, Condition, Fetch, Row, Select, SqlValue, Tx};
use serde_json::Value;

use super::{Viewer, attach_children, name_lists, render::work_out, shape::Source};
use crate::{
    Actor, Error, Object, Record, Records, Result,
    access::{Access, Operation},
    audit::AuditEntry,
    expression::{Scene, as_number},
    plan::{ChildPlan, EntityPlan, Plans},
    search::Joins,
    value,
};

impl Records {
    pub(crate) async fn read_inner(&self, actor: &Actor, entity: &str, id: &str) -> Result<Record> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        if plan.entity.audit_reads && !actor.is_system() {
            let mut tx = self.store().begin().await?;
            let record = self.read_in(&mut tx, actor, entity, id).await?;
            self.audit(&mut tx, actor, &AuditEntry::of("record.read", entity, id)).await?;
            tx.commit().await?;
            return Ok(record);
        }
        self.read_from(&mut self.store().reader_of_many(), &plans, actor, entity, id).await
    }

    pub(crate) async fn read_in_inner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
    ) -> Result<Record> {
        let plans = self.plans()?;
        self.read_from(tx, &plans, actor, entity, id).await
    }

    async fn read_from(
        &self,
        source: &mut (dyn Fetch + '_),
        plans: &Plans,
        actor: &Actor,
        entity: &str,
        id: &str,
    ) -> Result<Record> {
        let plan = plans.entity(entity)?;
        let access = Access::of(plans, plan, actor, Operation::Read)?;
        let shape = plans.whole_shape(plan)?;
        let (joins, condition) = self.reachable(plans, plan, &access, shape.joins.clone())?;
        let select = Select {
            columns: shape.columns.clone(),
            joins,
            filter: Condition::eq(plan.table.as_str(), "id", id)
                .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at")))
                .and(condition),
            ..Select::from(plan.table.as_str())
        };
        let row = source.fetch_optional(&select).await?.ok_or(Error::NotFound)?;
        let viewer = Viewer::new(self, plans, &shape, &access, actor, true);
        let offered: Vec<_> = plan
            .actions
            .iter()
            .filter(|action| Access::of(plans, plan, actor, Operation::Action(&action.key)).is_ok())
            .collect();
        let needs_values = offered.iter().any(|action| action.when.is_some());
        let values =
            if needs_values { self.action_values(plan, &offered, &shape, &row)? } else { Vec::new() };
        let mut records = [viewer.render(row)?];
        let children: Vec<&ChildPlan> =
            plan.children.iter().filter(|child| access.sees_child(&child.name)).collect();
        attach_children(self, source, plans, actor, &children, &mut records).await?;
        name_lists(self, source, plans, actor, &shape, &mut records).await?;
        let [mut record] = records;
        let actions = self.offered(plans, plan, actor, &offered, &values, &record.values);
        record.values.insert("$actions".to_owned(), Value::Array(actions));
        Ok(record)
    }

    /// The actor's rows as a condition, its joins after those already there.
    pub(crate) fn reachable(
        &self,
        plans: &Plans,
        plan: &EntityPlan,
        access: &Access<'_>,
        mut joins: Vec<anju_store::Join>,
    ) -> Result<(Vec<anju_store::Join>, Condition)> {
        if access.is_unrestricted() {
            return Ok((joins, Condition::True));
        }
        let mut scope_joins = Joins::apart(plans, plan);
        let condition = access.condition_for_one(&mut scope_joins)?;
        joins.extend(scope_joins.into_joins());
        Ok((joins, condition))
    }

    /// The fields that the conditions of actions read, in clear.
    pub(super) fn action_values(
        &self,
        plan: &EntityPlan,
        offered: &[&crate::plan::ActionPlan],
        shape: &super::Shape,
        row: &Row,
    ) -> Result<Vec<Value>> {
        let mut values = vec![Value::Null; plan.fields.len()];
        let names =
            offered.iter().filter_map(|action| action.when.as_ref()).flat_map(|formula| &formula.names);
        for position in names.filter_map(|name| plan.position(name)) {
            let field = &plan.fields[position];
            let column = shape.values[position].column;
            if let Source::Computed { position, inputs, .. } = &shape.values[position].source {
                values[*position] = work_out(plan, *position, inputs, row, self.today())?;
                continue;
            }
            values[position] = match row.value(column) {
                SqlValue::Bytes(sealed) => self.open(plan, field, row.text(0)?, sealed)?,
                stored => value::of_column(field, stored.clone())?,
            };
        }
        Ok(values)
    }

    pub(super) fn offered(
        &self,
        plans: &Plans,
        plan: &EntityPlan,
        actor: &Actor,
        offered: &[&crate::plan::ActionPlan],
        values: &[Value],
        record: &Object,
    ) -> Vec<Value> {
        let today = self.today().to_string();
        let children = child_rows(plans, plan, offered, record);
        let scene = Scene { plan, values, children: &children, actor, today: &today };
        let holds =
            |action: &&&crate::plan::ActionPlan| action.when.as_ref().is_none_or(|when| scene.holds(when));
        offered.iter().filter(holds).map(|action| Value::String(action.key.clone())).collect()
    }
}

/// The child tables that the conditions name, decimals as numbers.
fn child_rows(
    plans: &Plans,
    plan: &EntityPlan,
    offered: &[&crate::plan::ActionPlan],
    record: &Object,
) -> Object {
    let names = offered.iter().filter_map(|action| action.when.as_ref()).flat_map(|formula| &formula.names);
    let mut rows = Object::new();
    for child in names.filter_map(|name| plan.child(name)) {
        let (Ok(child_plan), Some(Value::Array(stored))) = (plans.child(child), record.get(&child.name))
        else {
            continue;
        };
        let as_seen = |row: &Value| match row {
            Value::Object(row) => Value::Object(
                row.iter()
                    .filter_map(|(name, value)| {
                        Some((name.clone(), as_number(child_plan.field(name)?.kind, value)))
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        rows.insert(child.name.clone(), Value::Array(stored.iter().map(as_seen).collect()));
    }
    rows
}
