//! Lists of records: one query for the page, one for each child table asked for, one for the count if wanted.

use std::sync::Arc;

use anju_definitions::{Sort, SortDirection};
use anju_store::{ColumnRef, Condition, Direction, Fetch, Select};

use super::{
    cursor::{self, SortKey},
    filter::{FilterCompiler, readable, tested_for_equality},
    joins::{Joins, Located, Meta, Place, names},
};
use crate::{
    Actor, Error, Page, Query, Record, Records, Result,
    access::{Access, Operation},
    plan::{ChildPlan, EntityPlan, Plans},
    read::{Shape, ShapeRequest, Viewer, attach_children, name_lists},
};

/// Most records of a page.
pub(crate) const PAGE_SIZE_MAX: u32 = 500;
/// Counting stops here.
const COUNT_MAX: u64 = 10_000;
/// Numbered pages reach this far; further on, cursors do.
const OFFSET_MAX: u64 = 50_000;
/// Most sort keys.
const SORT_KEYS_MAX: usize = 5;
/// Most fields and paths of a selection.
const SELECT_MAX: usize = 100;

impl Records {
    pub(crate) async fn query_from_inner(
        &self,
        source: &mut (dyn Fetch + '_),
        actor: &Actor,
        entity: &str,
        query: &Query,
    ) -> Result<Page> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        let size = page_size(query)?;
        let (shape, children, mut joins) = shape_of(&plans, plan, actor, &access, &query.select)?;
        let filter = self.compile_filter(&mut joins, actor, &access, query.filter.as_ref())?;
        let mut columns = shape.columns.clone();
        let keys = sort_keys(&mut joins, actor, &access, &query.sort, &mut columns)?;
        let mut select = Select {
            columns,
            joins: shape.joins.iter().cloned().chain(joins.into_joins()).collect(),
            filter,
            order: keys.iter().map(|key| (key.column.clone(), key.direction)).collect(),
            limit: Some(u64::from(size) + 1),
            ..Select::from(plan.table.as_str())
        };
        let (total, at_least) = match query.count {
            true => count(source, &select).await?,
            false => (None, false),
        };
        turn_to_page(&mut select, &keys, query, size)?;
        let mut rows = source.fetch_all(&select).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| more).map(|row| cursor::write(&keys, row));
        let viewer = Viewer::new(self, &plans, &shape, &access, actor, true);
        let mut items = rows.into_iter().map(|row| viewer.render(row)).collect::<Result<Vec<Record>>>()?;
        name_lists(self, source, &plans, actor, &shape, &mut items).await?;
        attach_children(self, source, &plans, actor, &children, &mut items).await?;
        Ok(Page { items, total, at_least, next })
    }

    /// The rows a query reaches: live, within the actor's rows, matching.
    pub(crate) fn compile_filter<'p>(
        &self,
        joins: &mut Joins<'p>,
        actor: &Actor,
        access: &Access<'p>,
        filter: Option<&anju_definitions::Filter>,
    ) -> Result<Condition> {
        let table = joins.base().table.as_str();
        let live = Condition::IsNull(ColumnRef::new(table, "deleted_at"));
        let reach = access.condition(joins, &tested_for_equality(filter))?;
        let Some(filter) = filter else { return Ok(live.and(reach)) };
        let matching = FilterCompiler::new(self, joins, actor, access).compile(filter, None, false, 0)?;
        Ok(live.and(reach).and(matching))
    }
}

fn page_size(query: &Query) -> Result<u32> {
    match query.page.size {
        0 => Err(Error::invalid("page.size", "range", "每页至少 1 条")),
        size if size > PAGE_SIZE_MAX => {
            Err(Error::invalid("page.size", "range", format!("每页最多 {PAGE_SIZE_MAX} 条")))
        }
        size => Ok(size),
    }
}

/// The columns of the selection, and the child tables it names.
fn shape_of<'p>(
    plans: &'p Plans,
    plan: &'p Arc<EntityPlan>,
    actor: &Actor,
    access: &Access<'_>,
    select: &[String],
) -> Result<(Arc<Shape>, Vec<&'p ChildPlan>, Joins<'p>)> {
    if select.is_empty() {
        return Ok((plans.whole_shape(plan)?, Vec::new(), Joins::apart(plans, plan)));
    }
    let mut joins = Joins::new(plans, plan);
    if select.len() > SELECT_MAX {
        return Err(Error::TooMuch { message: format!("一次最多选 {SELECT_MAX} 个字段") });
    }
    let mut children = Vec::new();
    let mut located: Vec<Located<'p>> = Vec::with_capacity(select.len());
    let mut paths: Vec<String> = Vec::with_capacity(select.len());
    let mut faults = Vec::new();
    for name in select.iter().filter(|name| !name.starts_with('$')) {
        if let Some(child) = plan.child(name).filter(|child| access.sees_child(&child.name)) {
            children.push(child);
            continue;
        }
        let found =
            joins.locate_checked(&names(name), |at, place| readable(plans, plan, at, place, actor, access));
        match found {
            Ok(found) => {
                located.push(found);
                paths.push(name.clone());
            }
            Err(Error::Invalid(found)) => faults.extend(found),
            Err(other) => return Err(other),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let shape = Shape::build(plans, plan, &mut joins, &ShapeRequest::Paths(&located, &paths))?;
    Ok((Arc::new(shape), children, joins))
}

/// The order asked for, made total by the id; the newest first without one.
fn sort_keys<'p>(
    joins: &mut Joins<'p>,
    actor: &Actor,
    access: &Access<'p>,
    sort: &[Sort],
    columns: &mut Vec<(ColumnRef, anju_store::ColumnKind)>,
) -> Result<Vec<SortKey>> {
    if sort.len() > SORT_KEYS_MAX {
        return Err(Error::TooMuch { message: format!("最多按 {SORT_KEYS_MAX} 个字段排序") });
    }
    let (plans, base) = (joins.plans(), joins.base());
    let mut keys: Vec<SortKey> = Vec::with_capacity(sort.len() + 1);
    for key in sort {
        let located = joins.locate_checked(&names(&key.field), |at, place| {
            readable(plans, base, at, place, actor, access)
        })?;
        let (name, kind) = sortable(&located)
            .ok_or_else(|| Error::invalid(key.field.as_str(), "operator", "该字段不能用于排序"))?;
        let column = ColumnRef::new(located.alias.as_str(), name);
        let direction = match key.dir {
            SortDirection::Asc => Direction::Ascending,
            SortDirection::Desc => Direction::Descending,
        };
        if keys.iter().all(|known| known.column != column) {
            keys.push(SortKey { at: place_of(columns, &column, kind), column, kind, direction });
        }
    }
    let id = ColumnRef::new(base.table.as_str(), Meta::Id.name());
    if keys.iter().all(|key| key.column != id) {
        let direction = if sort.is_empty() { Direction::Descending } else { Direction::Ascending };
        keys.push(SortKey { at: 0, column: id, kind: Meta::Id.kind(), direction });
    }
    Ok(keys)
}

fn sortable(located: &Located<'_>) -> Option<(String, anju_store::ColumnKind)> {
    match located.place {
        Place::Meta(meta) => Some((meta.name().to_owned(), meta.kind())),
        Place::Field(position) => {
            let field = &located.plan.fields[position];
            field.is_sortable().then(|| (field.name.clone(), field.sql))
        }
    }
}

fn place_of(
    columns: &mut Vec<(ColumnRef, anju_store::ColumnKind)>,
    column: &ColumnRef,
    kind: anju_store::ColumnKind,
) -> usize {
    if let Some(at) = columns.iter().position(|(known, _)| known == column) {
        return at;
    }
    columns.push((column.clone(), kind));
    columns.len() - 1
}

async fn count(source: &mut (dyn Fetch + '_), select: &Select) -> Result<(Option<u64>, bool)> {
    let found = source.count(select, Some(COUNT_MAX + 1)).await?;
    Ok((Some(found.min(COUNT_MAX)), found > COUNT_MAX))
}

fn turn_to_page(select: &mut Select, keys: &[SortKey], query: &Query, size: u32) -> Result<()> {
    match (&query.page.after, query.page.number) {
        (Some(_), Some(_)) => Err(Error::invalid("page", "range", "翻页标记与页码只能给出一个")),
        (Some(cursor), None) => {
            let filter = std::mem::replace(&mut select.filter, Condition::True);
            select.filter = filter.and(cursor::after(keys, cursor)?);
            Ok(())
        }
        (None, Some(0)) => Err(Error::invalid("page.number", "range", "页码从 1 开始")),
        (None, Some(number)) => {
            let offset = u64::from(number - 1) * u64::from(size);
            if offset > OFFSET_MAX {
                return Err(Error::TooMuch { message: "页码过大，请增加筛选条件".to_owned() });
            }
            select.offset = Some(offset);
            Ok(())
        }
        (None, None) => Ok(()),
    }
}
