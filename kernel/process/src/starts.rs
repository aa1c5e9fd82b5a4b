//! Processes that begin by themselves: at a time, or when a record comes to be such. And running ones that wait for
//! their record to be so.

use std::collections::BTreeSet;

use anju_decisions::Expression;
use anju_definitions::{Filter, Sort};
use anju_records::{Actor, PageRequest, Query};
use anju_store::{ColumnRef, Condition, Event, Fetch, NewJob, Tx};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bpmn::{Element, Timer, Trigger};
use crate::plan::Plan;
use crate::run::{Wait, waits};
use crate::tables::WAIT;
use crate::timers::{ATTEMPTS_MAX, event_job};
use crate::{Error, Processes, Result};

/// Kind of the jobs that begin processes at a time; their payload is given to [`Processes::begin_timed`].
pub const START_JOB: &str = "process.start";
/// Who starts them.
const BY: &str = "system";
/// Most records that one timer takes up; a filter that finds more is a fault of the definition.
const RECORDS_MAX: usize = 200_000;
const PAGE: u32 = 500;

/// A start that is set for a time.
#[derive(Deserialize)]
struct Timed {
    process: String,
    start: String,
    /// As the diagram has it: a newer version may have set another time.
    timer: String,
    at: Timestamp,
}

/// A start event that waits for records to become such.
struct ConditionalStart {
    process: String,
    start: String,
    entity: String,
    /// The fields of the record that its condition reads.
    fields: Vec<String>,
}

impl Processes {
    /// Sets the timers by which processes begin, where they are not set yet. After a start of the platform and after
    /// each publication.
    pub async fn keep_timed_starts(&self, tx: &mut Tx) -> Result<()> {
        let catalog = self.catalog();
        for process in catalog.processes.values().filter(|process| !process.starts.is_empty()) {
            let plan = self.plans().current(&catalog, &process.process)?;
            for (start, timer) in timed(&plan) {
                self.set_start(tx, &plan, start, timer).await?;
            }
        }
        Ok(())
    }

    async fn set_start(&self, tx: &mut Tx, plan: &Plan, start: &Element, timer: &Timer) -> Result<()> {
        let now = self.now();
        let value = match timer.expression() {
            Some(source) => {
                let scene = json!({ "today": self.today().to_string() });
                let value = Expression::compile(source).and_then(|expression| expression.evaluate(&scene));
                value.map_err(|cause| Error::expression(&start.id, cause))?
            }
            None => Value::Null,
        };
        let due =
            timer.due(now, &self.calendar(), &value).map_err(|cause| Error::expression(&start.id, cause))?;
        if due < now {
            return Ok(());
        }
        let (process, told) = (plan.definition.process.as_str(), told(timer));
        let job = NewJob {
            kind: START_JOB.to_owned(),
            key: Some(format!("{process}/{}/{told}", start.id)),
            payload: json!({ "process": process, "start": start.id, "timer": told, "at": due.to_string() }),
            run_at: due,
            attempts_max: ATTEMPTS_MAX,
            created_by: BY.to_owned(),
            at: now,
        };
        tx.enqueue(&job).await?;
        Ok(())
    }

    /// Takes up the records of a start that is due: each begins in a transaction of its own. How many there are. The
    /// next time is set by [`Processes::keep_timed_starts`], when the job has been finished.
    ///
    /// # Errors
    /// Those of the query; [`Error::TooMuch`].
    pub async fn begin_timed(&self, tx: &mut Tx, payload: &Value) -> Result<usize> {
        let Timed { process, start, timer, at } = Timed::deserialize(payload)?;
        let catalog = self.catalog();
        let Some(definition) = catalog.process(&process) else { return Ok(0) };
        let plan = self.plans().current(&catalog, &process)?;
        let is_set = timed(&plan).any(|(event, set)| event.id == start && told(set) == timer);
        let Some(starts) = definition.starts.get(&start).filter(|_| is_set) else { return Ok(0) };
        let records = self.found(&definition.entity, starts.filter.as_ref()).await?;
        let now = self.now();
        for record in &records {
            let key = format!("{process}/{start}/{at}/{record}");
            let payload = beginning(&process, &start, &definition.entity, record);
            let job = event_job(Some(key), payload, BY, now);
            tx.enqueue(&job).await?;
        }
        Ok(records.len())
    }

    /// Ids of the records that a filter finds.
    async fn found(&self, entity: &str, filter: Option<&Filter>) -> Result<Vec<String>> {
        let system = Actor::system("流程");
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = Query {
                filter: filter.cloned(),
                select: vec!["id".to_owned()],
                sort: vec![Sort { field: "id".to_owned(), dir: Default::default() }],
                page: PageRequest { size: PAGE, after, number: None },
                ..Query::default()
            };
            let page = self.records().query(&system, entity, &query).await?;
            found.extend(page.items.into_iter().map(|record| record.id));
            if found.len() > RECORDS_MAX {
                return Err(Error::TooMuch {
                    message: format!("定时发起的记录超过 {RECORDS_MAX} 条")
                });
            }
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Sets to work whoever waits for records to be as they have become, and starts what begins by it. For the events
    /// of records, which may be told more than once.
    pub async fn hear(&self, tx: &mut Tx, events: &[Event]) -> Result<()> {
        let records: BTreeSet<&str> = events.iter().map(|event| event.record_id.as_str()).collect();
        if records.is_empty() {
            return Ok(());
        }
        let waiting = waits(Condition::eq(WAIT, "kind", "condition"))
            .filter(Condition::eq(WAIT, "name", ""))
            .filter(Condition::In {
                column: ColumnRef::new(WAIT, "key"),
                values: records.iter().map(|id| (*id).into()).collect(),
            });
        let waiting = tx.fetch_all(&waiting).await?;
        let instances = waiting.iter().map(|row| Ok(Wait::read(row)?.instance));
        for instance in instances.collect::<Result<BTreeSet<String>>>()? {
            self.put_out(tx, format!("reconsider/{instance}"), json!({ "reconsider": instance })).await?;
        }
        self.start_by_condition(tx, events).await
    }

    /// A process begins when its condition holds after one of the fields that it reads has changed.
    async fn start_by_condition(&self, tx: &mut Tx, events: &[Event]) -> Result<()> {
        let entities: BTreeSet<&str> = events.iter().map(|event| event.entity.as_str()).collect();
        let conditional = self.conditional_starts(&entities)?;
        for event in events.iter().filter(|_| !conditional.is_empty()) {
            let changed: BTreeSet<&str> =
                event.payload["changed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for begins in conditional.iter().filter(|begins| begins.entity == event.entity) {
                if begins.fields.iter().any(|field| changed.contains(field.as_str())) {
                    let key = format!("{}/{}/{}", begins.process, begins.start, event.record_id);
                    let payload = beginning(&begins.process, &begins.start, &event.entity, &event.record_id);
                    self.put_out(tx, key, payload).await?;
                }
            }
        }
        Ok(())
    }

    /// The starts by a condition of the processes on these entities; worked out once for many events.
    fn conditional_starts(&self, entities: &BTreeSet<&str>) -> Result<Vec<ConditionalStart>> {
        let (catalog, mut found) = (self.catalog(), Vec::new());
        for process in catalog.processes.values().filter(|one| entities.contains(one.entity.as_str())) {
            let plan = self.plans().current(&catalog, &process.process)?;
            for start in plan.graph.within(None).filter(|element| element.is_start()) {
                let Some(Trigger::Condition(source)) = start.trigger() else { continue };
                let reads = anju_decisions::variables(source);
                found.push(ConditionalStart {
                    process: process.process.clone(),
                    start: start.id.clone(),
                    entity: process.entity.clone(),
                    fields: reads.iter().filter_map(|path| field_of(path)).map(str::to_owned).collect(),
                });
            }
        }
        Ok(found)
    }

    async fn put_out(&self, tx: &mut Tx, key: String, payload: Value) -> Result<()> {
        tx.enqueue(&event_job(Some(key), payload, BY, self.now())).await?;
        Ok(())
    }

    /// Whether an expression over a record holds; not for one that is gone.
    pub(crate) async fn holds(&self, tx: &mut Tx, entity: &str, record: &str, source: &str) -> Result<bool> {
        let system = Actor::system("流程");
        let record = match self.records().read_in(tx, &system, entity, record).await {
            Err(anju_records::Error::NotFound) => return Ok(false),
            other => other?,
        };
        let record = Value::Object(self.records().expression_context(entity, &record.values)?);
        let scene = json!({ "record": record, "vars": {}, "today": self.today().to_string() });
        let failed = |cause: anju_decisions::Error| Error::expression(source, cause);
        Expression::compile(source).map_err(failed)?.is_true(&scene).map_err(failed)
    }
}

/// The start events that a timer triggers.
fn timed(plan: &Plan) -> impl Iterator<Item = (&Element, &Timer)> {
    plan.graph.within(None).filter(|element| element.is_start()).filter_map(|start| match start.trigger() {
        Some(Trigger::Timer(timer)) => Some((start, timer)),
        _ => None,
    })
}

/// For the job that begins a process by an event of its own.
fn beginning(process: &str, start: &str, entity: &str, record: &str) -> Value {
    json!({ "process": process, "start": start, "entity": entity, "record": record })
}

/// The field of the record that a path begins with.
fn field_of(path: &str) -> Option<&str> {
    path.strip_prefix("record.").and_then(|rest| rest.split('.').next())
}

/// What tells one timer from another.
fn told(timer: &Timer) -> String {
    anju_crypto::sm3_hex(format!("{timer:?}").as_bytes())[..16].to_owned()
}
