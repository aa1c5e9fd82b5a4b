//! Lists of records: one query for the page, one for each child table asked for, one for the count if wanted.

use std::sync::Arc;

use anju_definitions::{Sort, SortDirection};
use anju_store::{ColumnRef, Columns, Condition, Direction, Fetch, Row, Select};

use super::{
    cursor::{self, After, SortKey},
    filter::readable,
    guard::{Guard, told_if_slow},
    joins::{Joins, Located, Meta, Place, names},
    reach::{Shelf, Wanted, found_by},
};
use crate::{
    Actor, Error, Page, Query, Record, Records, Result,
    access::{Access, Operation},
    plan::{ChildPlan, EntityPlan, Plans},
    read::{Shape, ShapeRequest, Viewer, attach_children, attach_counts, name_lists},
};

/// After the name of a child table in a selection: how many rows the record has.
const COUNT_SUFFIX: &str = ".$count";

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

/// What a page is for.
#[derive(Clone, Copy)]
pub(crate) struct Paging {
    shelf: Shelf,
    size_max: u32,
    /// Exports are jobs, a few at a time: they may read a whole table, and need the right to export.
    export: bool,
}

impl Paging {
    const LIST: Self = Self { shelf: Shelf::Live, size_max: PAGE_SIZE_MAX, export: false };
    const DELETED: Self = Self { shelf: Shelf::Deleted, ..Self::LIST };

    pub(crate) fn export(size: u32) -> Self {
        Self { size_max: size, export: true, ..Self::LIST }
    }

    fn operation(self) -> Operation<'static> {
        match self.export {
            true => Operation::Export,
            false => self.shelf.operation(),
        }
    }
}

impl Records {
    pub(crate) async fn query_from_inner(
        &self,
        source: &mut (dyn Fetch + '_),
        actor: &Actor,
        entity: &str,
        query: &Query,
    ) -> Result<Page> {
        self.page(source, actor, entity, query, Paging::LIST).await
    }

    pub(crate) async fn deleted_inner(&self, actor: &Actor, entity: &str, query: &Query) -> Result<Page> {
        self.page(&mut self.store().reader(), actor, entity, query, Paging::DELETED).await
    }

    /// One page of a list, of the recycle bin, or of an export.
    pub(crate) async fn page(
        &self,
        source: &mut (dyn Fetch + '_),
        actor: &Actor,
        entity: &str,
        query: &Query,
        paging: Paging,
    ) -> Result<Page> {
        let Paging { shelf, .. } = paging;
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, paging.operation())?;
        let size = page_size(query, paging.size_max)?;
        let (shape, tables, mut joins) = shape_of(&plans, plan, actor, &access, &query.select)?;
        let found = found_by(source, plan, &access, query.search.as_deref(), shelf).await?;
        let wanted = Wanted { filter: query.filter.as_ref(), found: found.as_ref(), shelf };
        let filter = self.compile_filter(&mut joins, actor, &access, &wanted)?;
        let mut columns = shape.columns.clone();
        let keys = sort_keys(&mut joins, actor, &access, &query.sort, shelf, &mut columns)?;
        let mut select = Select {
            columns,
            joins: shape.joins.iter().cloned().chain(joins.into_joins()).collect(),
            filter,
            order: keys.iter().map(|key| (key.column.clone(), key.direction)).collect(),
            limit: Some(u64::from(size) + 1),
            ..Select::from(plan.table.as_str())
        };
        let guard =
            Guard { records: self, plans: &plans, plan, actor, access: &access, explain: query.explain };
        let mut counted_to = query.count.then_some(COUNT_MAX);
        let explain = match paging.export {
            true => None,
            false => guard.list(source, &mut select, &keys, counted_to.as_mut()).await?,
        };
        let (total, at_least) = match counted_to {
            Some(at_most) => count(source, &select, at_most).await?,
            None => (None, false),
        };
        let mut rows = rows_of_page(source, select, &keys, query, size).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| more).map(|row| cursor::write(&keys, row));
        let viewer = Viewer::new(self, &plans, &shape, &access, actor, true);
        let mut items = rows.into_iter().map(|row| viewer.render(row)).collect::<Result<Vec<Record>>>()?;
        name_lists(self, source, &plans, actor, &shape, &mut items).await?;
        attach_children(self, source, &plans, actor, &tables.shown, &mut items).await?;
        attach_counts(source, &plans, &tables.counted, &mut items).await?;
        Ok(Page { items, total, at_least, next, explain })
    }
}

/// Child tables of a selection.
#[derive(Default)]
struct Tables<'p> {
    shown: Vec<&'p ChildPlan>,
    counted: Vec<&'p ChildPlan>,
}

fn page_size(query: &Query, size_max: u32) -> Result<u32> {
    match query.page.size {
        0 => Err(Error::invalid("page.size", "range", "每页至少 1 条")),
        size if size > size_max => {
            Err(Error::invalid("page.size", "range", format!("每页最多 {size_max} 条")))
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
) -> Result<(Arc<Shape>, Tables<'p>, Joins<'p>)> {
    let mut tables = Tables::default();
    if select.is_empty() {
        return Ok((plans.whole_shape(plan)?, tables, Joins::apart(plans, plan)));
    }
    let mut joins = Joins::new(plans, plan);
    if select.len() > SELECT_MAX {
        return Err(Error::TooMuch { message: format!("一次最多选 {SELECT_MAX} 个字段") });
    }
    let mut located: Vec<Located<'p>> = Vec::with_capacity(select.len());
    let mut paths: Vec<String> = Vec::with_capacity(select.len());
    let mut faults = Vec::new();
    for name in select.iter().filter(|name| !name.starts_with('$')) {
        let (table, list) = match name.strip_suffix(COUNT_SUFFIX) {
            Some(table) => (table, &mut tables.counted),
            None => (name.as_str(), &mut tables.shown),
        };
        if let Some(child) = plan.child(table).filter(|child| access.sees_child(&child.name)) {
            list.push(child);
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
    Ok((Arc::new(shape), tables, joins))
}

/// The order asked for, made total by the id; the newest first without one.
fn sort_keys<'p>(
    joins: &mut Joins<'p>,
    actor: &Actor,
    access: &Access<'p>,
    sort: &[Sort],
    shelf: Shelf,
    columns: &mut Columns,
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
    if sort.is_empty() && shelf == Shelf::Deleted {
        let column = ColumnRef::new(base.table.as_str(), "deleted_at");
        let kind = anju_store::ColumnKind::Int;
        let at = place_of(columns, &column, kind);
        keys.push(SortKey { at, column, kind, direction: Direction::Descending });
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

fn place_of(columns: &mut Columns, column: &ColumnRef, kind: anju_store::ColumnKind) -> usize {
    if let Some(at) = columns.iter().position(|(known, _)| known == column) {
        return at;
    }
    Arc::make_mut(columns).push((column.clone(), kind));
    columns.len() - 1
}

async fn count(source: &mut (dyn Fetch + '_), select: &Select, at_most: u64) -> Result<(Option<u64>, bool)> {
    let found = source.count(select, Some(at_most + 1)).await.map_err(told_if_slow)?;
    Ok((Some(found.min(at_most)), found > at_most))
}

/// The rows of the page asked for, and one more if there is one.
async fn rows_of_page(
    source: &mut (dyn Fetch + '_),
    mut select: Select,
    keys: &[SortKey],
    query: &Query,
    size: u32,
) -> Result<Vec<Row>> {
    let cursor = match (&query.page.after, query.page.number) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("page", "range", "翻页标记与页码只能给出一个"));
        }
        (None, Some(0)) => return Err(Error::invalid("page.number", "range", "页码从 1 开始")),
        (None, Some(number)) => {
            let offset = u64::from(number - 1) * u64::from(size);
            if offset > OFFSET_MAX {
                return Err(Error::TooMuch { message: "页码过大，请增加筛选条件".to_owned() });
            }
            select.offset = Some(offset);
            None
        }
        (after, None) => after.as_deref(),
    };
    let Some(cursor) = cursor else { return source.fetch_all(&select).await.map_err(told_if_slow) };
    let After { near, far } = cursor::after(keys, cursor)?;
    let part = |condition: Condition, rows: usize| {
        let limit = select.limit.map(|limit| limit.saturating_sub(rows as u64));
        Select { filter: select.filter.clone().and(condition), limit, ..select.clone() }
    };
    let mut rows = source.fetch_all(&part(near, 0)).await.map_err(told_if_slow)?;
    if let Some(far) = far.filter(|_| rows.len() <= size as usize) {
        rows.extend(source.fetch_all(&part(far, rows.len())).await.map_err(told_if_slow)?);
    }
    Ok(rows)
}
