//! The same figures one period earlier: 同比 with the year before, 环比 with the period before.

use std::collections::{HashMap, HashSet};

use anju_definitions::Filter;
use anju_store::{Fetch, SqlValue};
use serde_json::{Value, json};

use super::{
    GROUPS_FETCHED_MAX,
    arrange::Row,
    compile::{Grouped, Measured},
    drill,
    figure::Figure,
    period,
    request::{AggregateQuery, Grain},
    table::{Key, Run, Table, share},
    too_many_groups,
};
use crate::{Error, Object, Result};

/// What a comparison is about, checked.
pub(super) struct Comparison {
    period: Grain,
    /// The group by the time that is moved, and its grain.
    group: Option<(usize, Grain)>,
    /// The period's days and the field, moved.
    moved: Option<Filter>,
}

/// The earlier figures.
pub(super) struct Earlier {
    comparison: Comparison,
    rows: HashMap<Key, Vec<Figure>>,
    /// Which records the earlier figures are about.
    pub base: Option<Filter>,
    pub total: Option<Vec<Figure>>,
}

impl Comparison {
    /// `None` when none is asked for.
    pub(super) fn of(query: &AggregateQuery, groups: &[Grouped<'_>]) -> Result<Option<Self>> {
        let Some(compare) = query.compare else { return Ok(None) };
        let refuse = |code: &str, message: &str| Error::invalid("compare", code, message);
        let mut timed = groups.iter().enumerate().filter_map(|(at, group)| Some((at, group, group.grain?)));
        let group = match &query.during {
            Some(during) => timed.find(|(_, group, _)| group.path == during.field),
            None => {
                let only = timed.next();
                if only.is_none() || timed.next().is_some() {
                    let message = "对比须给出统计期间（during），或只按一个日期分组";
                    return Err(refuse("required", message));
                }
                only
            }
        };
        if let Some((_, _, grain)) = group
            && !period::can_compare(grain, compare.period)
        {
            return Err(refuse("operator", "分组的时间粒度不能与此对比周期一一对应"));
        }
        let moved = match &query.during {
            None => None,
            Some(during) => {
                let days = period::days_earlier(drill::days_of(during)?, compare.period);
                let days = days.ok_or_else(|| refuse("range", "对比期间超出日期范围"))?;
                Some(drill::within(&during.field, days))
            }
        };
        if group.is_some() && query.top.as_ref().is_some_and(|top| top.others) {
            return Err(refuse("operator", "按日期分组并对比时，不能合并其余分组（others）"));
        }
        let group = group.map(|(at, _, grain)| (at, grain));
        Ok(Some(Self { period: compare.period, group, moved }))
    }

    /// Computes the earlier figures, or takes them from the ones at hand where those reach back far enough.
    pub(super) async fn fetch(
        self,
        run: &Run<'_>,
        source: &mut (dyn Fetch + '_),
        measures: &[Measured<'_>],
        at_hand: &Table,
        needs_total: bool,
    ) -> Result<Earlier> {
        let Some(moved) = self.moved.clone() else {
            let rows = at_hand.rows.iter().cloned().collect();
            return Ok(Earlier { comparison: self, rows, base: run.query.filter.clone(), total: None });
        };
        let base = drill::both(run.query.filter.as_ref(), Some(moved));
        let mut table = run.table(source, base.as_ref(), true, GROUPS_FETCHED_MAX).await?;
        if table.truncated {
            return Err(too_many_groups());
        }
        let total = match needs_total {
            true => run.total(source, base.as_ref(), measures).await?.map(|(figures, _)| figures),
            false => None,
        };
        if let Some(total) = &total {
            share(measures, &mut table.rows, total);
        }
        Ok(Earlier { comparison: self, rows: table.rows.into_iter().collect(), base, total })
    }
}

impl Earlier {
    /// Groups that had records then and have none now, with the figures of no records.
    pub(super) fn missing_now(&self, now: &[Row], measures: &[Measured<'_>]) -> Vec<Row> {
        if self.comparison.group.is_some() || self.comparison.moved.is_none() {
            return Vec::new();
        }
        let there: HashSet<&Key> = now.iter().map(|(key, _)| key).collect();
        let nothing = || measures.iter().map(|measure| Figure::of_nothing(&measure.how)).collect::<Vec<_>>();
        let mut gone: Vec<Row> =
            self.rows.keys().filter(|key| !there.contains(key)).map(|key| (key.clone(), nothing())).collect();
        gone.sort_by(|a, b| a.0.cmp(&b.0));
        gone
    }

    /// The group one period earlier; none where there is no such period.
    fn key(&self, key: &Key) -> Option<Key> {
        let mut earlier = key.clone();
        if let Some((at, grain)) = self.comparison.group {
            let SqlValue::Text(label) = &key[at] else { return None };
            earlier[at] = SqlValue::Text(period::earlier(grain, label, self.comparison.period)?);
        }
        Some(earlier)
    }

    /// `$compare` of a group: each measure's earlier figure, change and rate of change, and the earlier records.
    pub(super) fn of_group(
        &self,
        groups: &[Grouped<'_>],
        measures: &[Measured<'_>],
        key: &Key,
        now: &[Figure],
    ) -> Result<Value> {
        let Some(earlier) = self.key(key) else { return Ok(Value::Null) };
        let filter = drill::both(self.base.as_ref(), drill::of_group(groups, &earlier)?);
        let nothing: Vec<Figure>;
        let then = match self.rows.get(&earlier) {
            Some(figures) => figures,
            None => {
                nothing = measures.iter().map(|measure| Figure::of_nothing(&measure.how)).collect();
                &nothing
            }
        };
        Ok(side_by_side(measures, now, then, filter))
    }
}

/// `{measure: {previous, change, rate}, …, $where}`
pub(super) fn side_by_side(
    measures: &[Measured<'_>],
    now: &[Figure],
    then: &[Figure],
    filter: Option<Filter>,
) -> Value {
    let mut object = Object::with_capacity(measures.len() + 1);
    for (measure, (now, then)) in measures.iter().zip(now.iter().zip(then)) {
        let change = now.change_since(then);
        let rate = change.ratio(then);
        let told = json!({
            "previous": then.clone().into_value(),
            "change": change.into_value(),
            "rate": rate.into_value(),
        });
        object.insert(measure.name.clone(), told);
    }
    object.insert("$where".to_owned(), json!(filter));
    Value::Object(object)
}
