//! Figures fetched: one query for all plain measures, one for each quantile.

use std::collections::HashMap;

use anju_definitions::Filter;
use anju_store::{Aggregate, Condition, Fetch, Quantile, SqlValue};

use super::{
    compile::{Compiler, Grouped, How, Measured},
    figure::Figure,
    request::{AggregateQuery, MeasureRequest},
};
use crate::{
    Actor, QueryPlan, Records, Result,
    access::Access,
    plan::{EntityPlan, Plans},
    search::{Guard, Joins, Shelf, Wanted, told_if_slow},
};

/// The values of a group, in the order of the groups.
pub(super) type Key = Vec<SqlValue>;

/// The figures of one query by group, in the order of the groups.
pub(super) struct Table {
    pub rows: Vec<(Key, Vec<Figure>)>,
    /// There are more groups.
    pub truncated: bool,
    pub plans: Vec<QueryPlan>,
}

/// Who asks for what.
pub(super) struct Run<'r> {
    pub records: &'r Records,
    pub plans: &'r Plans,
    pub plan: &'r EntityPlan,
    pub actor: &'r Actor,
    pub access: &'r Access<'r>,
    pub query: &'r AggregateQuery,
    pub measures: &'r [MeasureRequest],
    /// The condition of the request's search.
    pub found: Option<Condition>,
}

/// Groups and measures with their columns.
pub(super) struct Columns<'p> {
    pub groups: Vec<Grouped<'p>>,
    pub measures: Vec<Measured<'p>>,
}

impl<'r> Run<'r> {
    /// Groups and measures; `joins` take the references they follow.
    pub(super) fn columns(&self, joins: &mut Joins<'r>) -> Result<Columns<'r>> {
        let mut compiler = Compiler { records: self.records, actor: self.actor, access: self.access, joins };
        let mut groups = Vec::with_capacity(self.query.group_by.len());
        for grouping in &self.query.group_by {
            groups.push(compiler.group(grouping)?);
        }
        if let Some(during) = &self.query.during {
            compiler.period(&during.field)?;
        }
        let mut measures = Vec::with_capacity(self.measures.len());
        for request in self.measures {
            measures.push(compiler.measure(request, self.measures)?);
        }
        Ok(Columns { groups, measures })
    }

    /// The figures of the records that pass, by group or over all of them; at most `groups_max` groups.
    pub(super) async fn table(
        &self,
        source: &mut (dyn Fetch + '_),
        filter: Option<&Filter>,
        grouped: bool,
        groups_max: u64,
    ) -> Result<Table> {
        let mut joins = Joins::new(self.plans, self.plan);
        let columns = self.columns(&mut joins)?;
        let wanted = Wanted { filter, found: self.found.as_ref(), shelf: Shelf::Live };
        let filter = self.records.compile_filter(&mut joins, self.actor, self.access, &wanted)?;
        let groups = if grouped { &columns.groups[..] } else { &[] };
        let plain = columns.measures.iter().enumerate().filter_map(|(at, measure)| measure.how.plain(at));
        let joins = joins.into_joins();
        let mut aggregate = Aggregate {
            from: self.plan.table.clone(),
            joins: joins.clone(),
            filter: filter.clone(),
            group: groups.iter().enumerate().map(|(at, group)| group.compiled(at)).collect(),
            measures: plain.collect(),
            limit: Some(groups_max + 1),
            within: None,
        };
        let mut plans = Vec::new();
        plans.extend(self.guard().figures(source, &mut aggregate).await?);
        let found = source.aggregate(&aggregate).await.map_err(told_if_slow)?;
        let truncated = found.len() as u64 > groups_max;
        let mut rows = Vec::with_capacity(found.len());
        for row in found.into_iter().take(usize::try_from(groups_max).unwrap_or(usize::MAX)) {
            let mut values = row.into_values();
            let stored = values.split_off(groups.len());
            rows.push((values, place(&columns.measures, stored)?));
        }
        let mut table = Table { rows, truncated, plans };
        for (at, measure) in columns.measures.iter().enumerate() {
            let How::Quantile { column, kind, rank, filter: own } = &measure.how else { continue };
            let mut quantile = Quantile {
                from: aggregate.from.clone(),
                joins: joins.clone(),
                filter: filter.clone().and(own.clone()),
                group: aggregate.group.clone(),
                column: column.clone(),
                kind: *kind,
                rank: *rank,
                limit: Some(groups_max + 1),
                within: None,
            };
            table.plans.extend(self.guard().quantile(source, &mut quantile).await?);
            let found = source.quantile(&quantile).await.map_err(told_if_slow)?;
            let mut by_group: HashMap<Key, SqlValue> = HashMap::with_capacity(found.len());
            for row in found {
                let mut values = row.into_values();
                let value = values.pop().unwrap_or(SqlValue::Null);
                by_group.insert(values, value);
            }
            for (key, figures) in &mut table.rows {
                if let Some(value) = by_group.remove(key) {
                    figures[at] = Figure::read(measure, value)?;
                }
            }
        }
        divide(&columns.measures, &mut table);
        Ok(table)
    }

    fn guard(&self) -> Guard<'_> {
        Guard {
            records: self.records,
            plans: self.plans,
            plan: self.plan,
            actor: self.actor,
            access: self.access,
            explain: self.query.explain,
        }
    }
}

/// The plain figures at the places of their measures; the others come later.
fn place(measures: &[Measured<'_>], stored: Vec<SqlValue>) -> Result<Vec<Figure>> {
    let mut stored = stored.into_iter();
    let figure = |measure: &Measured<'_>| match measure.how {
        How::Plain { .. } => Figure::read(measure, stored.next().unwrap_or(SqlValue::Null)),
        _ => Ok(Figure::Absent),
    };
    measures.iter().map(figure).collect()
}

fn divide(measures: &[Measured<'_>], table: &mut Table) {
    for (at, measure) in measures.iter().enumerate() {
        let How::Ratio { of, to } = measure.how else { continue };
        for (_, figures) in &mut table.rows {
            figures[at] = figures[of].ratio(&figures[to]);
        }
    }
}

/// Shares in figures over everything.
pub(super) fn share(measures: &[Measured<'_>], rows: &mut [(Key, Vec<Figure>)], total: &[Figure]) {
    for (at, measure) in measures.iter().enumerate() {
        let How::Share { of } = measure.how else { continue };
        for (_, figures) in &mut *rows {
            figures[at] = figures[of].ratio(&total[of]);
        }
    }
}
