//! Figures: counts, sums, averages, quantiles by group, over the same rows a list would show, each with the way back
//! to its records.

mod arrange;
mod compare;
mod compile;
mod drill;
mod figure;
mod period;
mod request;
mod table;

use std::collections::BTreeSet;

use anju_definitions::{Filter, SortDirection};
use anju_store::Fetch;
use serde_json::{Value, json};

pub use request::{
    AggregateQuery, AggregateResult, Compare, During, Grain, Grouping, MeasureOp, MeasureRequest, Top,
};

use crate::{
    Actor, Error, Object, QueryPlan, Records, Result,
    access::{Access, Operation, may_show},
    plan::Plans,
    search::{Joins, Shelf, found_by},
};
use arrange::{Having, Named, Row, named, sort, sort_keys};
use compare::{Comparison, Earlier, side_by_side};
use compile::{Grouped, How, Measured, requested};
use figure::Figure;
use table::{Columns, Run, share};

/// Most groups of one result.
const GROUPS_MAX: u64 = 5_000;
/// Most groups that are looked at for those to show.
const GROUPS_FETCHED_MAX: u64 = 50_000;
/// Most groups of a `top`.
const TOP_MAX: usize = 50;

impl Records {
    pub(crate) async fn aggregate_inner(
        &self,
        actor: &Actor,
        entity: &str,
        query: &AggregateQuery,
    ) -> Result<AggregateResult> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        let measures = requested(query)?;
        let mut source = self.store().reader();
        let found = found_by(&mut source, plan, &access, query.search.as_deref(), Shelf::Live).await?;
        let run = Run {
            records: self,
            plans: &plans,
            plan,
            actor,
            access: &access,
            query,
            measures: &measures,
            found,
        };
        let columns = run.columns(&mut Joins::new(&plans, plan))?;
        let order = Order::of(query, &columns)?;
        let comparison = Comparison::of(query, &columns.groups)?;
        let mut answer = run.answer(&mut source, &columns, &order, comparison).await?;
        self.name_groups(&plans, actor, &columns.groups, &mut answer.rows).await?;
        Ok(answer)
    }

    /// `$refs` for groups that are references: one query per entity.
    async fn name_groups(
        &self,
        plans: &Plans,
        actor: &Actor,
        groups: &[Grouped<'_>],
        rows: &mut [Object],
    ) -> Result<()> {
        for group in groups.iter().filter(|group| group.is_reference()) {
            let Some(field) = group.field else { continue };
            let target = plans.target(field)?;
            if !may_show(plans, target, actor) {
                continue;
            }
            let ids: BTreeSet<String> =
                rows.iter().filter_map(|row| row.get(&group.name)?.as_str().map(str::to_owned)).collect();
            let names = self.display_texts(plans, target, actor, &ids).await?;
            for row in &mut *rows {
                let Some(name) = row.get(&group.name).and_then(Value::as_str).and_then(|id| names.get(id))
                else {
                    continue;
                };
                let name = Value::from(name.as_str());
                if let Value::Object(references) = row.entry("$refs").or_insert_with(|| Object::new().into())
                {
                    references.insert(group.name.clone(), name);
                }
            }
        }
        Ok(())
    }
}

/// Which groups are shown, in which order, checked.
struct Order {
    having: Option<Having>,
    keys: Vec<(Named, SortDirection)>,
    /// How many, by which measure, and whether the others are added up.
    top: Option<(usize, usize, bool)>,
}

impl Order {
    fn of(query: &AggregateQuery, columns: &Columns<'_>) -> Result<Self> {
        let Columns { groups, measures } = columns;
        let having = query.having.as_ref().map(|filter| Having::compile(measures, filter, 0)).transpose()?;
        let top = match &query.top {
            None => None,
            Some(top) if top.size == 0 || top.size > TOP_MAX => {
                return Err(Error::invalid("top.size", "range", format!("应为 1 至 {TOP_MAX}")));
            }
            Some(top) => match top.by.as_deref().map(|name| named(groups, measures, name)).transpose()? {
                None => Some((top.size, 0, top.others)),
                Some(Named::Measure(by)) => Some((top.size, by, top.others)),
                Some(Named::Group(_)) => return Err(Error::invalid("top.by", "operator", "应为指标名称")),
            },
        };
        Ok(Self { having, keys: sort_keys(groups, measures, &query.sort)?, top })
    }

    /// Whether groups have to be known before those to show can be told.
    fn needs_all(&self) -> bool {
        self.having.is_some() || !self.keys.is_empty() || self.top.is_some()
    }

    /// Whether there are groups besides those left.
    fn arrange(&self, rows: &mut Vec<Row>) -> bool {
        if let Some(having) = &self.having {
            rows.retain(|(_, figures)| having.passes(figures));
        }
        let mut more = false;
        if let Some((size, by, _)) = self.top {
            sort(rows, &[(Named::Measure(by), SortDirection::Desc)]);
            // absent figures come first descending, and are the least here
            let absent = rows.iter().take_while(|(_, figures)| figures[by].is_absent()).count();
            rows.rotate_left(absent);
            more = rows.len() > size;
            rows.truncate(size);
        }
        sort(rows, &self.keys);
        more
    }
}

impl Run<'_> {
    async fn answer(
        &self,
        source: &mut (dyn Fetch + '_),
        columns: &Columns<'_>,
        order: &Order,
        comparison: Option<Comparison>,
    ) -> Result<AggregateResult> {
        let Columns { groups, measures } = columns;
        let window = match &self.query.during {
            Some(during) => Some(drill::within(&during.field, drill::days_of(during)?)),
            None => None,
        };
        let base = drill::both(self.query.filter.as_ref(), window);
        let needs_all = order.needs_all() || comparison.is_some();
        let groups_max = if needs_all { GROUPS_FETCHED_MAX } else { GROUPS_MAX };
        let mut table = self.table(source, base.as_ref(), true, groups_max).await?;
        if needs_all && table.truncated {
            return Err(too_many_groups());
        }
        let mut explain = std::mem::take(&mut table.plans);
        let needs_total =
            self.query.totals || measures.iter().any(|measure| matches!(measure.how, How::Share { .. }));
        let mut total = None;
        if needs_total && let Some((figures, plans)) = self.total(source, base.as_ref(), measures).await? {
            share(measures, &mut table.rows, &figures);
            explain.extend(plans);
            total = Some(figures);
        }
        let earlier = match comparison {
            Some(comparison) => Some(comparison.fetch(self, source, measures, &table, needs_total).await?),
            None => None,
        };
        let mut rows = table.rows;
        if let Some(earlier) = &earlier {
            rows.extend(earlier.missing_now(&rows, measures));
        }
        let more = order.arrange(&mut rows);
        let truncated = table.truncated || rows.len() as u64 > GROUPS_MAX;
        rows.truncate(GROUPS_MAX as usize);
        let mut objects = Vec::with_capacity(rows.len() + 1);
        for (key, figures) in &rows {
            let mut object = Object::with_capacity(groups.len() + measures.len() + 3);
            for (group, stored) in groups.iter().zip(key) {
                object.insert(group.name.clone(), group.value(stored)?);
            }
            let compared = match &earlier {
                Some(earlier) => Some(earlier.of_group(groups, measures, key, figures)?),
                None => None,
            };
            let filter = drill::both(base.as_ref(), drill::of_group(groups, key)?);
            fill(&mut object, measures, figures, filter, compared);
            objects.push(object);
        }
        if more && order.top.is_some_and(|(_, _, others)| others) {
            objects.push(
                self.others(source, columns, base.as_ref(), &rows, total.as_ref(), earlier.as_ref()).await?,
            );
        }
        let totals = total.filter(|_| self.query.totals).map(|figures| {
            let mut object = Object::new();
            let then = earlier.as_ref().and_then(|earlier| Some((earlier.total.as_ref()?, &earlier.base)));
            let compared = then.map(|(then, filter)| side_by_side(measures, &figures, then, filter.clone()));
            fill(&mut object, measures, &figures, base.clone(), compared);
            object
        });
        Ok(AggregateResult { rows: objects, truncated, totals, explain })
    }

    /// The figures over everything, shares included, and how they were computed.
    async fn total(
        &self,
        source: &mut (dyn Fetch + '_),
        base: Option<&Filter>,
        measures: &[Measured<'_>],
    ) -> Result<Option<(Vec<Figure>, Vec<QueryPlan>)>> {
        let mut table = self.table(source, base, false, 1).await?;
        let Some((_, figures)) = table.rows.first().cloned() else { return Ok(None) };
        share(measures, &mut table.rows, &figures);
        Ok(table.rows.pop().map(|(_, figures)| (figures, table.plans)))
    }

    /// One row over all records that are in none of the groups shown.
    async fn others(
        &self,
        source: &mut (dyn Fetch + '_),
        columns: &Columns<'_>,
        base: Option<&Filter>,
        shown: &[Row],
        total: Option<&Vec<Figure>>,
        earlier: Option<&Earlier>,
    ) -> Result<Object> {
        let Columns { groups, measures } = columns;
        let keys: Vec<_> = shown.iter().map(|(key, _)| key).collect();
        let rest = drill::of_no_group(groups, &keys)?;
        let figures =
            async |source: &mut (dyn Fetch + '_), base: Option<&Filter>, total: Option<&Vec<Figure>>| {
                let filter = drill::both(base, Some(rest.clone()));
                let mut table = self.table(source, filter.as_ref(), false, 1).await?;
                if let Some(total) = total {
                    share(measures, &mut table.rows, total);
                }
                let figures = table.rows.pop().map(|(_, figures)| figures).unwrap_or_default();
                Ok::<_, Error>((figures, filter))
            };
        let (now, filter) = figures(source, base, total).await?;
        let compared = match earlier {
            Some(earlier) => {
                let (then, filter) = figures(source, earlier.base.as_ref(), earlier.total.as_ref()).await?;
                Some(side_by_side(measures, &now, &then, filter))
            }
            None => None,
        };
        let mut object = Object::new();
        for group in groups {
            object.insert(group.name.clone(), Value::Null);
        }
        fill(&mut object, measures, &now, filter, compared);
        object.insert("$others".to_owned(), Value::Bool(true));
        Ok(object)
    }
}

/// The figures by name, the way to their records, the comparison.
fn fill(
    object: &mut Object,
    measures: &[Measured<'_>],
    figures: &[Figure],
    filter: Option<Filter>,
    compared: Option<Value>,
) {
    for (measure, figure) in measures.iter().zip(figures) {
        object.insert(measure.name.clone(), figure.clone().into_value());
    }
    object.insert("$where".to_owned(), json!(filter));
    if let Some(compared) = compared {
        object.insert("$compare".to_owned(), compared);
    }
}

fn too_many_groups() -> Error {
    Error::TooMuch {
        message: format!("分组超过 {GROUPS_FETCHED_MAX} 个，请减少分组字段或增加筛选条件")
    }
}
