//! What a deletion takes along, and what stands against it: the references to the records that go.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anju_definitions::{FieldType, OnDelete};
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Lock, Select, Tx};

use crate::{
    Actor, Error, Query, Records, Result,
    plan::{EntityPlan, Plans, Referrer},
    search::has_item,
};

/// Most records one deletion takes along.
const CASCADE_MAX: usize = 1_000;
/// Records a refusal names.
const NAMED_MAX: u64 = 3;
/// Values of one `IN`.
const IDS_MAX: usize = 500;

/// Records that go together, by entity.
#[derive(Default)]
pub(crate) struct Removal {
    /// Those deleted as records of their own, in the order they were found: `(entity, id)`.
    pub cascaded: Vec<(String, String)>,
    /// Rows of child tables of rows, which no record of their own takes along.
    pub rows_of_rows: Vec<(String, Vec<String>)>,
    going: BTreeMap<String, BTreeSet<String>>,
}

impl Removal {
    /// Everything that goes with the record: its child rows, the records that refer to it by `cascade`, and so on.
    pub(crate) async fn of(tx: &mut Tx, plans: &Plans, plan: &EntityPlan, id: &str) -> Result<Self> {
        let mut removal = Self::default();
        removal.add(plan.key(), id);
        let mut open = vec![(plan.key().to_owned(), vec![id.to_owned()], true)];
        while let Some((entity, ids, by_itself)) = open.pop() {
            let plan = plans.entity(&entity)?;
            for child in &plan.children {
                let child_plan = plans.child(child)?;
                let rows = referring(tx, child_plan, child.parent_field, &ids).await?;
                let new = removal.take(child_plan.key(), rows, false)?;
                if !by_itself {
                    removal.rows_of_rows.push((child_plan.key().to_owned(), new.clone()));
                }
                open.push((child_plan.key().to_owned(), new, false));
            }
            for referrer in plans.referrers(&entity).iter().filter(|r| r.on_delete == OnDelete::Cascade) {
                let from = plans.entity(&referrer.entity)?;
                let found = referring(tx, from, referrer.field, &ids).await?;
                let new = removal.take(from.key(), found, true)?;
                open.push((from.key().to_owned(), new, true));
            }
            open.retain(|(_, ids, _)| !ids.is_empty());
        }
        Ok(removal)
    }

    /// Rows of a child table that a change of their parent removes.
    pub(crate) fn of_rows<'r>(plan: &EntityPlan, ids: impl Iterator<Item = &'r str>) -> Self {
        let mut removal = Self::default();
        for id in ids {
            removal.add(plan.key(), id);
        }
        removal
    }

    fn add(&mut self, entity: &str, id: &str) -> bool {
        self.going.entry(entity.to_owned()).or_default().insert(id.to_owned())
    }

    /// Those of the records that were not known yet.
    fn take(&mut self, entity: &str, ids: Vec<String>, by_itself: bool) -> Result<Vec<String>> {
        let new: Vec<String> = ids.into_iter().filter(|id| self.add(entity, id)).collect();
        if by_itself {
            self.cascaded.extend(new.iter().map(|id| (entity.to_owned(), id.clone())));
        }
        match self.cascaded.len() <= CASCADE_MAX {
            true => Ok(new),
            false => Err(Error::TooMuch {
                message: format!("将一并删除的记录超过 {CASCADE_MAX} 条，请先分批删除这些记录"),
            }),
        }
    }

    /// Refuses if a record that stays refers to one that goes. What refers is named as far as the actor may see it.
    ///
    /// # Errors
    /// [`Error::Conflict`] with the code `referenced`.
    pub(crate) async fn check(
        &self,
        records: &Records,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        subject: &EntityPlan,
    ) -> Result<()> {
        let mut reasons = Vec::new();
        for (entity, ids) in &self.going {
            let ids: Vec<String> = ids.iter().cloned().collect();
            let restricting: Vec<&Referrer> =
                plans.referrers(entity).iter().filter(|r| r.on_delete == OnDelete::Restrict).collect();
            if restricting.is_empty() {
                continue;
            }
            hold(tx, plans.entity(entity)?, &ids).await?;
            for referrer in restricting {
                let from = plans.entity(&referrer.entity)?;
                let staying = self.staying(tx, from, referrer, &ids).await?;
                if !staying.is_empty() {
                    let gone = plans.entity(entity)?;
                    reasons.push(reason(records, tx, actor, from, referrer, gone, &staying).await?);
                }
            }
        }
        match reasons.is_empty() {
            true => Ok(()),
            false => {
                let title = &subject.entity.title;
                let message = format!("不能删除此{title}：{}。请先处理这些记录", reasons.join("；"));
                Err(Error::conflict("referenced", message))
            }
        }
    }

    /// The records that refer to one of the ids and do not go themselves.
    async fn staying(
        &self,
        tx: &mut Tx,
        from: &EntityPlan,
        referrer: &Referrer,
        ids: &[String],
    ) -> Result<Vec<String>> {
        let found = referring(tx, from, referrer.field, ids).await?;
        let going = self.going.get(from.key());
        Ok(found.into_iter().filter(|id| going.is_none_or(|going| !going.contains(id))).collect())
    }
}

/// Keeps others from referring to the records until the transaction ends.
async fn hold(tx: &mut Tx, plan: &EntityPlan, ids: &[String]) -> Result<()> {
    for ids in ids.chunks(IDS_MAX) {
        let select = Select::from(plan.table.as_str())
            .column("id", ColumnKind::Text)
            .filter(Condition::is_in(plan.table.as_str(), "id", ids.iter().map(String::as_str)))
            .order_by("id", Direction::Ascending);
        tx.fetch_all(&Select { lock: Some(Lock::Removal), ..select }).await?;
    }
    Ok(())
}

/// Ids of live records whose reference, or list of references, at the position names one of the targets.
async fn referring(
    tx: &mut Tx,
    plan: &EntityPlan,
    position: usize,
    targets: &[String],
) -> Result<Vec<String>> {
    let table = plan.table.as_str();
    let field = &plan.fields[position];
    let column = ColumnRef::new(table, field.name.as_str());
    let mut found = Vec::new();
    for targets in targets.chunks(IDS_MAX) {
        let names_one = match field.kind {
            FieldType::RefList => Condition::Any(targets.iter().map(|id| has_item(&column, id)).collect()),
            _ => Condition::is_in(table, field.name.as_str(), targets.iter().map(String::as_str)),
        };
        let select = Select::from(table)
            .column("id", ColumnKind::Text)
            .filter(names_one)
            .filter(Condition::IsNull(ColumnRef::new(table, "deleted_at")))
            .order_by("id", Direction::Ascending)
            .limit(CASCADE_MAX as u64 + 1);
        for row in tx.fetch_all(&select).await? {
            found.push(row.text(0)?.to_owned());
        }
    }
    Ok(found)
}

/// `被 3 条案件引用（张三 GZ0001、李四 GZ0002 等）`; what the actor may not see is only said to be there.
async fn reason(
    records: &Records,
    tx: &mut Tx,
    actor: &Actor,
    from: &EntityPlan,
    referrer: &Referrer,
    gone: &EntityPlan,
    staying: &[String],
) -> Result<String> {
    let query = Query {
        filter: Some(anju_definitions::Filter::Test(anju_definitions::FieldTest {
            field: "id".to_owned(),
            op: anju_definitions::FilterOp::In,
            value: staying.iter().take(IDS_MAX).map(String::as_str).collect::<Vec<_>>().into(),
        })),
        select: vec!["id".to_owned()],
        page: crate::PageRequest { size: NAMED_MAX as u32, ..Default::default() },
        count: true,
        ..Default::default()
    };
    let title = &from.entity.title;
    let by = &from.fields[referrer.field].title;
    let seen = match records.query_in(tx, actor, from.key(), &query).await {
        Ok(page) => page,
        // Without the right to read, or by look-up only.
        Err(Error::Forbidden { .. } | Error::TooMuch { .. }) => {
            return Ok(format!("{}被您无权查看的{title}引用", gone.entity.title));
        }
        Err(other) => return Err(other),
    };
    let total = seen.total.unwrap_or(0);
    if total == 0 {
        return Ok(format!("{}被您无权查看的{title}引用", gone.entity.title));
    }
    let names: HashSet<&str> = seen.items.iter().map(|item| item.display()).collect();
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    let more = if total > NAMED_MAX { " 等" } else { "" };
    let hidden = match total < staying.len().min(IDS_MAX) as u64 {
        true => "，另有您无权查看的",
        false => "",
    };
    let at_least = if staying.len() > IDS_MAX { "超过 " } else { "" };
    Ok(format!("被 {at_least}{total} 条{title}的“{by}”引用（{}{more}）{hidden}", names.join("、")))
}
