//! Figures of instances.

use anju_store::{
    AVERAGE_SCALE, Aggregate, ColumnKind, ColumnRef, Condition, Fetch, Group, Measure, Operator, Rank,
    Select, Spans,
};

use super::{Asked, Counted, OutcomeCount, Quantiles, WITHIN, hours};
use crate::tables::INSTANCE;
use crate::{InstanceState, Result};

/// Ways to end told of at most.
const OUTCOMES_MAX: u64 = 200;

impl Asked<'_> {
    pub(super) async fn counts(&self, from: &mut impl Fetch) -> Result<Counted> {
        let running = Condition::eq(INSTANCE, "state", InstanceState::Running.as_str());
        Ok(Counted {
            started: self.count(from, self.in_period(INSTANCE, "started_at")).await?,
            ended: self.count(from, self.in_period(INSTANCE, "ended_at")).await?,
            running: self.count(from, running).await?,
        })
    }

    async fn count(&self, from: &mut impl Fetch, filter: Condition) -> Result<u64> {
        let mut select = Select::from(INSTANCE).filter(self.instances(INSTANCE)).filter(filter);
        select.within = Some(WITHIN);
        Ok(from.count(&select, None).await?)
    }

    pub(super) async fn outcomes(&self, from: &mut impl Fetch) -> Result<Vec<OutcomeCount>> {
        let group = |name: &str| Group {
            column: ColumnRef::new(INSTANCE, name),
            kind: ColumnKind::Text,
            alias: name.to_owned(),
            grain: None,
        };
        let has_ended = Condition::compare(
            ColumnRef::new(INSTANCE, "state"),
            Operator::Ne,
            InstanceState::Running.as_str(),
        );
        let ended = Aggregate {
            filter: self.population(INSTANCE).and(has_ended),
            group: vec![group("state"), group("outcome")],
            measures: vec![Measure::count_rows("instances")],
            limit: Some(OUTCOMES_MAX),
            within: Some(WITHIN),
            ..Aggregate::of(INSTANCE)
        };
        let rows = from.aggregate(&ended).await?;
        let read = |row: &anju_store::Row| {
            let outcome = row.opt_text(1)?.map(str::to_owned);
            let title = outcome.as_deref().map(|end| self.plan.title(end));
            Ok(OutcomeCount {
                state: row.text(0)?.to_owned(),
                outcome,
                title,
                count: row.int(2)?.unsigned_abs(),
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn lead(&self, from: &mut impl Fetch) -> Result<Quantiles> {
        let spans = Spans {
            from: INSTANCE.to_owned(),
            joins: Vec::new(),
            filter: self.population(INSTANCE),
            group: Vec::new(),
            since: ColumnRef::new(INSTANCE, "started_at"),
            until: vec![ColumnRef::new(INSTANCE, "ended_at")],
            limit: None,
            within: Some(WITHIN),
        };
        let median = from.spans_quantile(&spans, Rank::Median).await?;
        let p90 = from.spans_quantile(&spans, P90).await?;
        let only = |rows: &[anju_store::Row]| rows.first().map(|row| row.opt_int(0)).transpose();
        Ok(Quantiles {
            median: only(&median)?.flatten().map(|value| hours(unscaled(value))),
            p90: only(&p90)?.flatten().map(hours),
        })
    }
}

/// Nine of ten do not exceed it.
pub(super) const P90: Rank = Rank::Nearest { numerator: 9, denominator: 10 };

/// A median in the column's own unit.
pub(super) fn unscaled(median: i64) -> i64 {
    median / 10_i64.pow(AVERAGE_SCALE)
}
