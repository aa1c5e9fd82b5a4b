use anju_records::Actor;
use anju_store::{Aggregate, ColumnKind, ColumnRef, Condition, Fetch, Group, Measure};
use serde::Serialize;

use super::list::{COUNT_MAX, TaskBox, TaskQuery};
use crate::tables::TASK;
use crate::{Processes, Result};

/// Up to so many working days after today something is due soon.
const DUE_SOON_DAYS: i64 = 3;
/// Most steps that are counted one by one.
const STEPS_MAX: u64 = 200;

/// How much lies in each box; at most 10,000 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TaskCounts {
    pub todo: u64,
    pub done: u64,
    pub started: u64,
    /// Copies not yet looked at, and others.
    pub copied: u64,
    /// Of those to do: past their last day, due today, due within three working days after today, due later.
    pub late: u64,
    pub due_today: u64,
    pub due_soon: u64,
    pub due_later: u64,
}

/// How much of what is to do lies at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepCount {
    pub process: String,
    pub step: String,
    pub title: String,
    pub count: u64,
}

impl Processes {
    /// How much work lies in each of the actor's boxes, and how pressing it is.
    pub async fn task_counts(&self, actor: &Actor) -> Result<TaskCounts> {
        let todo = self.todo(&mut self.reader(), actor).await?;
        self.counts_with(actor, &todo).await
    }

    pub(super) async fn counts_with(&self, actor: &Actor, todo: &Condition) -> Result<TaskCounts> {
        let within =
            |least, most| TaskQuery { days_left_min: least, days_left_max: most, ..TaskQuery::default() };
        let of_box = |task_box| TaskQuery { task_box, ..TaskQuery::default() };
        Ok(TaskCounts {
            todo: self.count(actor, &of_box(TaskBox::Todo), todo).await?,
            done: self.count(actor, &of_box(TaskBox::Done), todo).await?,
            started: self.count(actor, &of_box(TaskBox::Started), todo).await?,
            copied: self.count(actor, &of_box(TaskBox::Copied), todo).await?,
            late: self.count(actor, &within(None, Some(-1)), todo).await?,
            due_today: self.count(actor, &within(Some(0), Some(0)), todo).await?,
            due_soon: self.count(actor, &within(Some(1), Some(DUE_SOON_DAYS)), todo).await?,
            due_later: self.count(actor, &within(Some(DUE_SOON_DAYS + 1), None), todo).await?,
        })
    }

    async fn count(&self, actor: &Actor, query: &TaskQuery, todo: &Condition) -> Result<u64> {
        Ok(self.reader().count(&self.listing(actor, query, todo)?, Some(COUNT_MAX)).await?)
    }

    /// How much the actor has to do at each step, in the order of the definitions.
    pub(super) async fn step_counts(&self, actor: &Actor, todo: &Condition) -> Result<Vec<StepCount>> {
        let select = self.listing(actor, &TaskQuery::default(), todo)?;
        let group = |name: &str| Group {
            column: ColumnRef::new(TASK, name),
            kind: ColumnKind::Text,
            alias: format!("of_{name}"),
            grain: None,
        };
        let aggregate = Aggregate {
            filter: select.filter,
            group: ["process", "step", "title"].map(group).to_vec(),
            measures: vec![Measure::count_rows("tasks")],
            limit: Some(STEPS_MAX),
            ..Aggregate::of(select.from)
        };
        let rows = self.reader().aggregate(&aggregate).await?;
        let mut steps = rows
            .iter()
            .map(|row| {
                Ok(StepCount {
                    process: row.text(0)?.to_owned(),
                    step: row.text(1)?.to_owned(),
                    title: row.text(2)?.to_owned(),
                    count: row.int(3)?.unsigned_abs(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let catalog = self.catalog();
        let place = |count: &StepCount| {
            let process = catalog.processes.get_index_of(&count.process);
            let step =
                catalog.process(&count.process).and_then(|process| process.steps.get_index_of(&count.step));
            (process, step)
        };
        steps.sort_by_key(place);
        Ok(steps)
    }
}
