//! The way back from the recycle bin.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use anju_definitions::OnDelete;
use anju_store::{ColumnKind, ColumnRef, Condition, Fetch, Lock, Select, Tx};

use super::{
    check::Checked,
    draft::{Draft, DraftRow, DraftTable},
    known::Known,
    outcome,
    references::visible_ids,
    save::{Stored, back},
    seal::Sealed,
    trail::leave_trail,
};
use crate::{
    Actor, Change, Error, FieldError, Record, Records, Result,
    access::{Access, Operation},
    history::ids_in,
    plan::{EntityPlan, Plans},
    read::{Loaded, display_of, load_deleted},
    schema::DELETED_WITH,
    search::Joins,
};

/// Records that come back together: the one asked for first, then those its deletion took along.
struct Companions {
    /// Each with its plan.
    records: Vec<(Arc<EntityPlan>, Loaded)>,
}

impl Records {
    pub(crate) async fn restore_inner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
        why: Option<&str>,
    ) -> Result<Record> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Delete)?;
        let root = self.load_root(tx, &plans, plan, &access, id).await?;
        check_room(tx, &plans, plan, &root).await?;
        let companions = self.companions(tx, &plans, plan, root).await?;
        self.check_targets(tx, &plans, &companions).await?;
        let restored = self.bring_back(tx, &plans, actor, companions, why).await?;
        outcome::reread(self, tx, actor, &restored).await
    }

    async fn load_root(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        plan: &EntityPlan,
        access: &Access<'_>,
        id: &str,
    ) -> Result<Loaded> {
        let mut joins = Joins::new(plans, plan);
        let this = Condition::eq(plan.table.as_str(), "id", id);
        let condition = this.clone().and(access.condition_for_one(&mut joins)?);
        let mut found = load_deleted(self, tx, plan, condition, joins).await?;
        let loaded = found.pop().ok_or(Error::NotFound)?;
        let with = Select::from(plan.table.as_str()).column(DELETED_WITH, ColumnKind::Text).filter(this);
        let with = tx.fetch_optional(&with).await?;
        match with.map(|row| row.opt_text(0).map(|with| with.is_some())).transpose()? {
            Some(true) => {
                let message = "此记录随其他记录一并删除，恢复那条记录时会一起恢复";
                Err(Error::conflict("deleted_with_another", message))
            }
            _ => Ok(loaded),
        }
    }

    /// What the record's deletion took along, in any entity that goes with it.
    async fn companions(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        plan: &Arc<EntityPlan>,
        root: Loaded,
    ) -> Result<Companions> {
        let mut known: HashSet<&str> = HashSet::new();
        let mut open: Vec<&str> = vec![plan.key()];
        let mut records = vec![(plan.clone(), root)];
        while let Some(key) = open.pop() {
            let at = plans.entity(key)?;
            let children = at.children.iter().map(|child| child.entity.as_str());
            let cascading = plans.referrers(key).iter().filter(|r| r.on_delete == OnDelete::Cascade);
            open.extend(
                children.chain(cascading.map(|r| r.entity.as_str())).filter(|key| known.insert(*key)),
            );
        }
        let mut entities: Vec<&str> = known.into_iter().collect();
        entities.sort_unstable();
        let id = records[0].1.id.clone();
        for key in entities {
            let along = plans.entity(key)?;
            let with = Condition::eq(along.table.as_str(), DELETED_WITH, id.as_str());
            let joins = Joins::new(plans, along);
            let found = load_deleted(self, tx, along, with, joins).await?;
            records.extend(found.into_iter().map(|loaded| (along.clone(), loaded)));
        }
        Ok(Companions { records })
    }

    /// What the records refer to must be there, or come back with them; a reference that is kept need not.
    async fn check_targets(&self, tx: &mut Tx, plans: &Plans, companions: &Companions) -> Result<()> {
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut pointers = Vec::new();
        let coming: HashSet<(&str, &str)> =
            companions.records.iter().map(|(plan, loaded)| (plan.key(), loaded.id.as_str())).collect();
        for (plan, loaded) in &companions.records {
            for (field, value) in plan.fields.iter().zip(&loaded.values) {
                let Some(to) = field.definition.to.as_deref() else { continue };
                if field.definition.on_delete() == OnDelete::Keep {
                    continue;
                }
                for id in ids_in(value).filter(|id| !coming.contains(&(to, *id))) {
                    wanted.entry(to).or_default().insert(id);
                    pointers.push((plan, loaded, field, to, id));
                }
            }
        }
        let platform = Actor::system("");
        let mut missing: HashSet<(&str, &str)> = HashSet::new();
        for (to, ids) in wanted {
            let target = plans.entity(to)?;
            let there = visible_ids(self, tx, plans, target, &platform, &ids, Some(Lock::Presence)).await?;
            missing.extend(ids.into_iter().filter(|id| !there.contains(*id)).map(|id| (to, id)));
        }
        let mut faults = Vec::new();
        for (plan, loaded, field, to, _) in pointers.into_iter().filter(|p| missing.contains(&(p.3, p.4))) {
            let target = &plans.entity(to)?.entity.title;
            let name = display_of(plan, &loaded.values, false, &[]).unwrap_or_default();
            let message =
                format!("{}“{}”所引用的{target}已被删除，请先恢复该{target}", plan.entity.title, name.trim());
            faults.push(FieldError::new(field.name.as_str(), "reference", message));
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
    }

    /// Brings everything back, the record asked for first.
    async fn bring_back(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        companions: Companions,
        why: Option<&str>,
    ) -> Result<Stored> {
        let mut rows: Vec<(Arc<EntityPlan>, Loaded)> = Vec::new();
        let mut whole: Vec<(Arc<EntityPlan>, Loaded)> = Vec::new();
        for (at, (plan, loaded)) in companions.records.into_iter().enumerate() {
            let list = if at > 0 && plan.parent().is_some() { &mut rows } else { &mut whole };
            list.push((plan, loaded));
        }
        let platform = actor.on_behalf();
        let mut restored = None;
        for (plan, loaded) in whole {
            let tables = take_tables(plans, &plan, &loaded.id, &mut rows)?;
            let mut draft = Draft::new(plan.clone(), Change::Restored, DraftRow::of(loaded));
            draft.tables = tables;
            let by = if restored.is_none() { actor } else { &platform };
            let checked =
                Checked::from(self, tx, plans, by, draft, &mut Known::default(), Vec::new()).await?;
            let stored = Stored::from(self, tx, by, Sealed::from(self, checked)?, None).await?;
            leave_trail(self, tx, by, &stored, why).await?;
            self.after_save(tx, by, &stored).await?;
            restored.get_or_insert(stored);
        }
        // rows of rows
        for (plan, loaded) in rows {
            let table = plan.table.as_str();
            tx.update(table, back(), Condition::eq(table, "id", loaded.id.as_str())).await?;
        }
        restored.ok_or(Error::NotFound)
    }
}

/// The rows of the record's child tables, taken out of those that come back.
fn take_tables(
    plans: &Plans,
    plan: &EntityPlan,
    id: &str,
    rows: &mut Vec<(Arc<EntityPlan>, Loaded)>,
) -> Result<Vec<DraftTable>> {
    let mut tables = Vec::with_capacity(plan.children.len());
    for (position, child) in plan.children.iter().enumerate() {
        let child_plan = plans.child(child)?.clone();
        let mut own = Vec::new();
        let mut others = Vec::with_capacity(rows.len());
        for (row_plan, row) in rows.drain(..) {
            let is_own =
                row_plan.key() == child_plan.key() && row.values[child.parent_field].as_str() == Some(id);
            if is_own { own.push(DraftRow::of(row)) } else { others.push((row_plan, row)) }
        }
        *rows = others;
        tables.push(DraftTable {
            child: position,
            plan: child_plan,
            given: true,
            rows: own,
            removed: Vec::new(),
            moved: false,
        });
    }
    Ok(tables)
}

/// A row comes back to its parent only while the table has room.
async fn check_room(tx: &mut Tx, plans: &Plans, plan: &EntityPlan, row: &Loaded) -> Result<()> {
    let Some(parent) = plan.parent() else { return Ok(()) };
    let Some(position) = plan.position(&parent.field) else { return Ok(()) };
    let above = plans.target(&plan.fields[position])?;
    let Some(child) = above.children.iter().find(|child| child.entity == plan.key()) else { return Ok(()) };
    let (table, link) = (plan.table.as_str(), plan.fields[position].name.as_str());
    let siblings = Select::from(table)
        .filter(Condition::eq(table, link, row.values[position].as_str().unwrap_or_default()))
        .filter(Condition::IsNull(ColumnRef::new(table, "deleted_at")));
    let rows_max = child.rows_max as u64;
    match tx.count(&siblings, Some(rows_max)).await? < rows_max {
        true => Ok(()),
        false => Err(Error::conflict("length", format!("{}最多 {rows_max} 行，不能再恢复", child.title))),
    }
}
