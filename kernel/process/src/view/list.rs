use anju_records::Actor;
use anju_store::{ColumnRef, Condition, Direction, Fetch, Operator, Reader, Select};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{StepCount, TaskCounts, opt_time, time};
use crate::countdown::DAYS_MAX;
use crate::rows::{Instance, InstanceState, Task, TaskState};
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS, TASK, TASK_COLUMNS};
use crate::{Error, Processes, Result, access};

const PAGE_SIZE_MAX: u32 = 200;
/// Counting stops here: one more than people are told of, so that they know there are more.
pub(super) const COUNT_MAX: u64 = 10_001;

/// Which list of work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskBox {
    /// Signed for by the actor, or open to their roles and place.
    #[default]
    Todo,
    /// Completed or sent back by the actor.
    Done,
    /// Instances the actor started.
    Started,
    /// Copies sent to the actor, those not yet looked at in front.
    Copied,
}

/// What to list.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskQuery {
    #[serde(rename = "box")]
    pub task_box: TaskBox,
    pub process: Option<String>,
    pub step: Option<String>,
    pub entity: Option<String>,
    pub record_id: Option<String>,
    /// Part of the record's name.
    pub search: Option<String>,
    /// Least working days left; negative when overdue (M048).
    pub days_left_min: Option<i64>,
    /// Most working days left.
    pub days_left_max: Option<i64>,
    /// Rows per page, 1 to 200.
    pub size: u32,
    /// Which page, from 1.
    pub number: u32,
}

impl Default for TaskQuery {
    fn default() -> Self {
        Self {
            task_box: TaskBox::Todo,
            process: None,
            step: None,
            entity: None,
            record_id: None,
            search: None,
            days_left_min: None,
            days_left_max: None,
            size: 20,
            number: 1,
        }
    }
}

/// One page of a list of work.
#[derive(Debug, Clone, Serialize)]
pub struct TaskPage {
    /// Tasks; of the box `started`, instances with the same keys.
    pub items: Vec<Value>,
    /// How many there are in all, at most 10,000.
    pub total: u64,
    /// How much lies in each box, whatever is searched for.
    pub counts: TaskCounts,
    /// Of those to do, how much lies at each step, in the order of the processes.
    pub steps: Vec<StepCount>,
}

impl Processes {
    /// One page of the actor's work, what is due first in front; finished work by time, latest first.
    pub async fn tasks(&self, actor: &Actor, query: &TaskQuery) -> Result<TaskPage> {
        if query.size == 0 || query.size > PAGE_SIZE_MAX || query.number == 0 {
            return Err(Error::TooMuch { message: format!("每页最多 {PAGE_SIZE_MAX} 条") });
        }
        let mut reader = self.reader();
        let todo = self.todo(&mut reader, actor).await?;
        let select = self.listing(actor, query, &todo)?;
        let total = reader.count(&select, Some(COUNT_MAX)).await?;
        let offset = u64::from(query.number - 1) * u64::from(query.size);
        let rows = reader.fetch_all(&select.limit(u64::from(query.size)).offset(offset)).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            if query.task_box == TaskBox::Started {
                let instance = Instance::read(row)?;
                let plan = self.plan_of(&mut reader, &instance).await?;
                items.push(self.started_row(&instance, &plan));
            } else {
                let task = Task::read(row)?;
                let plan =
                    self.plans().of_version(&mut reader, &task.process, &task.definition_version).await?;
                items.push(self.task_row(&task, &plan));
            }
        }
        let (counts, steps) = (self.counts_with(actor, &todo).await?, self.step_counts(actor, &todo).await?);
        Ok(TaskPage { items, total, counts, steps })
    }

    /// What the actor has to do; one question for all lists and counts of a request.
    pub(super) async fn todo(&self, reader: &mut Reader, actor: &Actor) -> Result<Condition> {
        let hands = self.hands(reader, actor).await?;
        access::todo(reader, &hands).await
    }

    /// The tasks or instances of a query in their order, whichever page.
    pub(super) fn listing(&self, actor: &Actor, query: &TaskQuery, todo: &Condition) -> Result<Select> {
        let mut select = listing(actor, query, todo);
        let due_on = select.own("due_on");
        let calendar = self.calendar();
        let bounds = [
            (Operator::Le, query.days_left_max),
            (Operator::Gt, query.days_left_min.map(|days| days.saturating_sub(1))),
        ];
        for (op, days) in bounds {
            let Some(days) = days else { continue };
            if days.saturating_abs() > DAYS_MAX {
                return Err(Error::TooMuch {
                    message: format!("剩余工作日不能超过 {DAYS_MAX} 天")
                });
            }
            let day = calendar.last_day_within(self.today(), days).to_string();
            select = select.filter(Condition::compare(due_on.clone(), op, day));
        }
        Ok(select)
    }

    fn started_row(&self, instance: &Instance, plan: &crate::plan::Plan) -> Value {
        let running = instance.state == InstanceState::Running;
        json!({
            "suspended": instance.suspended_at.is_some(),
            "id": instance.id,
            "instance_id": instance.id,
            "process": instance.process,
            "process_title": plan.definition.title,
            "title": plan.definition.title,
            "state": instance.state.as_str(),
            "entity": instance.entity,
            "record_id": instance.record_id,
            "record_display": instance.record_display,
            "created_at": time(instance.started_at),
            "due_on": instance.due_on,
            "days_left": running.then(|| self.days_left(instance.due_on.as_deref())).flatten(),
            "warn_days": plan.definition.due.as_ref().map(|due| due.warn_days),
            "completed_at": opt_time(instance.ended_at),
            "outcome": instance.outcome,
            "outcome_title": instance.outcome.as_deref().map(|end| plan.title(end)),
        })
    }
}

fn theirs(actor: &Actor, states: [TaskState; 2]) -> Condition {
    Condition::eq(TASK, "assignee", actor.account_id.as_str()).and(Condition::is_in(
        TASK,
        "state",
        states.map(TaskState::as_str),
    ))
}

fn listing(actor: &Actor, query: &TaskQuery, todo: &Condition) -> Select {
    let (table, columns) = match query.task_box {
        TaskBox::Started => (INSTANCE, INSTANCE_COLUMNS),
        TaskBox::Todo | TaskBox::Done | TaskBox::Copied => (TASK, TASK_COLUMNS),
    };
    let whose = match query.task_box {
        TaskBox::Todo => todo.clone(),
        TaskBox::Done => theirs(actor, [TaskState::Done, TaskState::Returned]),
        TaskBox::Copied => theirs(actor, [TaskState::Copied, TaskState::Read]),
        TaskBox::Started => Condition::eq(INSTANCE, "started_by", actor.account_id.as_str()),
    };
    let step = query.step.as_ref().filter(|_| table == TASK);
    let exact = [("process", &query.process), ("entity", &query.entity), ("record_id", &query.record_id)];
    let mut select = tables::select(table, columns).filter(whose);
    for (column, value) in exact {
        if let Some(value) = value {
            select = select.filter(Condition::eq(table, column, value.as_str()));
        }
    }
    if let Some(step) = step {
        select = select.filter(Condition::eq(TASK, "step", step.as_str()));
    }
    if let Some(text) = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let column = ColumnRef::new(table, "record_display");
        select = select.filter(Condition::Contains { column, text: text.to_owned() });
    }
    match query.task_box {
        TaskBox::Todo => {
            select.order_by("due_on", Direction::Ascending).order_by("created_at", Direction::Ascending)
        }
        TaskBox::Done => select.order_by("completed_at", Direction::Descending),
        // `copied` comes before `read`.
        TaskBox::Copied => {
            select.order_by("state", Direction::Ascending).order_by("created_at", Direction::Descending)
        }
        TaskBox::Started => select.order_by("started_at", Direction::Descending),
    }
    .order_by("id", Direction::Ascending)
}
