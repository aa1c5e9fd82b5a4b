//! Figures of steps.

use std::collections::HashMap;

use anju_store::{
    Aggregate, ColumnKind, ColumnRef, Condition, Fetch, Group, Join, Measure, MeasureOp, Operator, Rank, Row,
    Spans,
};

use super::instances::{P90, unscaled};
use super::{Asked, Quantiles, StepFigures, WITHIN, hours, share};
use crate::tables::{INSTANCE, TASK};
use crate::{Result, TaskState};

/// How the instance of a task is called in the questions.
const OF: &str = "of_instance";
/// Steps told of at most.
const STEPS_MAX: u64 = 500;

impl Asked<'_> {
    pub(super) async fn steps(&self, from: &mut impl Fetch) -> Result<Vec<StepFigures>> {
        let mut steps = self.counted(from).await?;
        let waiting =
            self.spans("created_at", &["claimed_at", "completed_at"], &[WORKED[0], WORKED[1], "claimed"]);
        let waiting = quantiles(from, &waiting).await?;
        let handling = quantiles(from, &self.spans("claimed_at", &["completed_at"], &WORKED)).await?;
        let taken = total(from, &self.spans("created_at", &["completed_at"], &WORKED)).await?;
        let all: u64 = taken.values().sum();
        for step in &mut steps {
            step.waiting_hours = waiting.get(&step.step).copied().unwrap_or_default();
            step.handling_hours = handling.get(&step.step).copied().unwrap_or_default();
            step.share = taken.get(&step.step).and_then(|taken| share(*taken, all));
        }
        let known = &self.plan.definition.steps;
        steps.sort_by_key(|step| known.get_index_of(&step.step).unwrap_or(usize::MAX));
        Ok(steps)
    }

    async fn counted(&self, from: &mut impl Fetch) -> Result<Vec<StepFigures>> {
        let state = |state: TaskState| Condition::eq(TASK, "state", state.as_str());
        let some = |alias: &str, filter: Condition| Measure { filter, ..Measure::count_rows(alias) };
        let title = Measure {
            op: MeasureOp::Max,
            column: Some(column("title")),
            kind: ColumnKind::Text,
            ..Measure::count_rows("title")
        };
        let aggregate = Aggregate {
            joins: vec![of_instance()],
            filter: self.population(OF),
            group: vec![by_step()],
            measures: vec![
                Measure::count_rows("entered"),
                some("done", state(TaskState::Done)),
                some("returned", state(TaskState::Returned)),
                some("cancelled", state(TaskState::Cancelled)),
                some("open", Condition::NotNull(column("open_token"))),
                some("with_due", Condition::NotNull(column("due_on"))),
                some("overdue", self.overdue()),
                title,
            ],
            limit: Some(STEPS_MAX),
            within: Some(WITHIN),
            ..Aggregate::of(TASK)
        };
        from.aggregate(&aggregate).await?.iter().map(|row| self.step(row)).collect()
    }

    fn step(&self, row: &Row) -> Result<StepFigures> {
        let step = row.text(0)?.to_owned();
        let number = |at: usize| row.int(at).map(i64::unsigned_abs);
        let (done, returned) = (number(2)?, number(3)?);
        let (with_due, overdue) = (number(6)?, number(7)?);
        let title = match self.plan.definition.steps.get(&step) {
            Some(step) => step.title.clone(),
            None => row.text(8)?.to_owned(),
        };
        Ok(StepFigures {
            step,
            title,
            entered: number(1)?,
            done,
            returned,
            cancelled: number(4)?,
            open: number(5)?,
            overdue,
            overdue_rate: share(overdue, with_due),
            return_rate: share(returned, done + returned),
            ..StepFigures::default()
        })
    }

    /// Closed after their last day, or open after it.
    fn overdue(&self) -> Condition {
        let closed = Condition::DayAfter { at: column("completed_at"), day: column("due_on") };
        let open = Condition::IsNull(column("completed_at")).and(Condition::compare(
            column("due_on"),
            Operator::Lt,
            self.today.to_string(),
        ));
        Condition::Any(vec![closed, open])
    }

    fn spans(&self, since: &str, until: &[&str], states: &[&str]) -> Spans {
        Spans {
            from: TASK.to_owned(),
            joins: vec![of_instance()],
            filter: self.population(OF).and(Condition::is_in(TASK, "state", states.iter().copied())),
            group: vec![by_step()],
            since: column(since),
            until: until.iter().map(|name| column(name)).collect(),
            limit: Some(STEPS_MAX),
            within: Some(WITHIN),
        }
    }
}

/// States of tasks that somebody worked on to the end.
const WORKED: [&str; 2] = ["done", "returned"];

async fn quantiles(from: &mut impl Fetch, spans: &Spans) -> Result<HashMap<String, Quantiles>> {
    let mut found: HashMap<String, Quantiles> = HashMap::new();
    for row in from.spans_quantile(spans, Rank::Median).await? {
        let median = row.opt_int(1)?.map(|value| hours(unscaled(value)));
        found.entry(row.text(0)?.to_owned()).or_default().median = median;
    }
    for row in from.spans_quantile(spans, P90).await? {
        found.entry(row.text(0)?.to_owned()).or_default().p90 = row.opt_int(1)?.map(hours);
    }
    Ok(found)
}

/// Milliseconds by step.
async fn total(from: &mut impl Fetch, spans: &Spans) -> Result<HashMap<String, u64>> {
    let rows = from.spans_total(spans).await?;
    let read = |row: &Row| Ok((row.text(0)?.to_owned(), row.opt_int(2)?.unwrap_or_default().unsigned_abs()));
    rows.iter().map(read).collect()
}

fn column(name: &str) -> ColumnRef {
    ColumnRef::new(TASK, name)
}

fn by_step() -> Group {
    Group { column: column("step"), kind: ColumnKind::Text, alias: "step".to_owned(), grain: None }
}

fn of_instance() -> Join {
    let on = (column("instance_id"), ColumnRef::new(OF, "id"));
    Join { table: INSTANCE.to_owned(), alias: OF.to_owned(), on }
}
