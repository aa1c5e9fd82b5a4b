//! The same stations for many changes of one entity at once: each is judged by itself, then all are stored with a few
//! statements. For changes that nobody else looks at: no hooks are called.

use std::collections::{BTreeMap, HashMap};

use anju_store::{SqlValue, Tx};

use super::{
    check::Checked,
    draft::Draft,
    known::Known,
    save::{Stamp, Stored, gone, insert_together, save_table},
    seal::Sealed,
    trail::leave_trails,
    uniques::duplicate,
};
use crate::{Actor, Change, Error, Records, Result, plan::Plans};

impl Records {
    /// Judges changes; the first that is refused, with its place.
    pub(crate) async fn check_many(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        drafts: Vec<Draft>,
        mut known: Known,
    ) -> Result<Vec<Checked>, (usize, Error)> {
        let mut checked = Vec::with_capacity(drafts.len());
        // Nothing is written before all are judged.
        known.found = Some(HashMap::new());
        for (at, draft) in drafts.into_iter().enumerate() {
            let judged = Checked::from(self, tx, plans, actor, draft, &mut known, Vec::new()).await;
            checked.push(judged.map_err(|error| (at, error))?);
        }
        Ok(checked)
    }

    /// Stores changes with their trail.
    pub(crate) async fn store_many(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        mut checked: Vec<Checked>,
        why: Option<&str>,
    ) -> Result<Vec<Stored>> {
        self.draw_numbers_for(tx, &mut checked).await?;
        let sealed = checked.into_iter().map(|checked| Sealed::from(self, checked));
        let sealed: Vec<Sealed> = sealed.collect::<Result<_>>()?;
        let stored = save_all(self, tx, actor, sealed).await?;
        leave_trails(self, tx, actor, &stored, why).await?;
        Ok(stored)
    }

    /// Numbers for all new records, each sequence asked once for each of its periods.
    async fn draw_numbers_for(&self, tx: &mut Tx, checked: &mut [Checked]) -> Result<()> {
        let today = self.today();
        let mut new: Vec<&mut Draft> = checked
            .iter_mut()
            .map(|checked| &mut checked.draft)
            .filter(|draft| draft.change == Change::Created)
            .collect();
        let Some(plan) = new.first().map(|draft| draft.plan.clone()) else { return Ok(()) };
        for (position, field) in plan.fields.iter().enumerate() {
            let Some(sequence) = &field.sequence else { continue };
            let rows = new.iter_mut().map(|draft| &mut draft.row.values);
            let mut rows: Vec<_> = rows.filter(|values| values[position].is_null()).collect();
            sequence.draw_all(tx, &plan, position, &mut rows, today).await?;
        }
        Ok(())
    }
}

/// New rows in one go, changed ones in as many as they change different columns.
async fn save_all(
    records: &Records,
    tx: &mut Tx,
    actor: &Actor,
    mut sealed: Vec<Sealed>,
) -> Result<Vec<Stored>> {
    let at_ms = records.now().as_millisecond();
    let stamp = Stamp { at_ms, by: &actor.account_id };
    let Some(plan) = sealed.first().map(|sealed| sealed.draft.plan.clone()) else { return Ok(Vec::new()) };
    let mut new_rows = Vec::new();
    let mut changed: BTreeMap<Vec<String>, Vec<Vec<SqlValue>>> = BTreeMap::new();
    let mut new_child_rows: BTreeMap<usize, Vec<Vec<(String, SqlValue)>>> = BTreeMap::new();
    for Sealed { draft, columns, tables } in &mut sealed {
        let columns = std::mem::take(columns);
        let Some(before) = &draft.row.before else {
            new_rows.push(stamp.new_row(&draft.row.id, columns));
            for (table, rows) in draft.tables.iter().zip(tables).filter(|(table, _)| table.given) {
                let new_child_rows = new_child_rows.entry(table.child).or_default();
                for (position, (row, mut columns)) in
                    (0i64..).zip(table.rows.iter().zip(std::mem::take(rows)))
                {
                    columns.push(("position".to_owned(), position.into()));
                    new_child_rows.push(stamp.new_row(&row.id, columns));
                }
            }
            continue;
        };
        let (names, mut values): (Vec<String>, Vec<SqlValue>) =
            stamp.touched(columns, before.version + 1).into_iter().unzip();
        let mut row = vec![draft.row.id.as_str().into(), before.version.into()];
        row.append(&mut values);
        changed.entry(names).or_default().push(row);
    }
    insert_together(tx, &plan, new_rows).await.map_err(|error| duplicate(&plan, "", error))?;
    for (sets, rows) in changed {
        let (keys, count) = (["id", "version"].map(str::to_owned), rows.len() as u64);
        let found = tx.update_many(&plan.table, &keys, &sets, rows).await;
        if found.map_err(|error| duplicate(&plan, "", error))? != count {
            return Err(Error::Stale { current: 0 });
        }
    }
    let mut stored = Vec::with_capacity(sealed.len());
    let mut child_plans = BTreeMap::new();
    for Sealed { draft, tables, .. } in sealed {
        let version = draft.row.before.as_ref().map_or(1, |before| before.version + 1);
        for (table, rows) in draft.tables.iter().zip(tables).filter(|(table, _)| table.given) {
            child_plans.entry(table.child).or_insert_with(|| table.plan.clone());
            if draft.change != Change::Created {
                let name = &draft.child(table).name;
                let saved = save_table(tx, &stamp, table, rows, gone(at_ms, None)).await;
                saved.map_err(|error| duplicate(&table.plan, name, error))?;
            }
        }
        stored.push(Stored { draft, version, at_ms });
    }
    for (child, rows) in new_child_rows {
        let Some(child_plan) = child_plans.get(&child) else { continue };
        let name = plan.children[child].name.as_str();
        insert_together(tx, child_plan, rows).await.map_err(|error| duplicate(child_plan, name, error))?;
    }
    Ok(stored)
}
