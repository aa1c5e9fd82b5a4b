//! An action done to many records: told beforehand, done by a job, the outcome of each written down with it. Each
//! record is a transaction of its own, unless the action is done to all or none. See docs/import-export.md.

mod work;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use anju_definitions::{Action, Filter};
use anju_documents::workbook::{self, Cell, ColumnKind, ColumnSpec, SheetSpec, WorkbookSpec};
use anju_process::Error as Failure;
use anju_records::{Actor, Candidate, Error as Refusal, FieldError, Object};
use anju_store::{Job, JobStep, NewJob, Tx};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Runtime};
pub(crate) use work::{Deed, Work};

pub const BULK_JOB: &str = "records.bulk";
const ATTEMPTS_MAX: u32 = 10;
/// Records of an action that is done to all or none: it is one transaction.
const ATOMIC_MAX: u64 = 500;
/// Records named as examples of a refusal.
const EXAMPLES_MAX: usize = 5;
/// Steps read at a time.
const STEPS: u64 = 500;
const GONE: &str = "记录不存在，或无权查看";

/// Which records.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    Ids(Vec<String>),
    /// Every record that a filter and the words of a search find.
    Found {
        filter: Filter,
        search: Option<String>,
    },
}

/// What would come of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkPreview {
    pub total: u64,
    /// Records whose state allows the action.
    pub allowed: u64,
    pub refused: Vec<BulkRefusal>,
    /// Whether it is done to all or none.
    pub atomic: bool,
    /// Records that one order may act on.
    pub records_max: u64,
}

/// Records that would be refused for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkRefusal {
    pub reason: String,
    pub count: u64,
    /// How some of them are named.
    pub examples: Vec<String>,
}

/// How an action came out for one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkItem {
    pub id: String,
    pub display: String,
    pub outcome: BulkOutcome,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkOutcome {
    Done,
    Refused,
}

#[derive(Serialize, Deserialize)]
struct BulkOrder {
    entity: String,
    action: String,
    ids: Vec<String>,
    input: Object,
    actor: Actor,
}

impl Runtime {
    /// How many records an action may be done to, how many not and why.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] without the right, [`Failure::NotFound`] for an unknown action, [`Failure::TooMuch`].
    pub async fn preview_bulk(
        &self,
        actor: &Actor,
        entity: &str,
        action: &str,
        selection: &Selection,
    ) -> Result<BulkPreview, Failure> {
        let rule = self.action(entity, action)?;
        if let Selection::Found { filter, .. } = selection {
            self.records.admit_lookups(actor, entity, [filter]).await?;
        }
        let ids = self.selected(actor, entity, action, &rule, selection).await?;
        let candidates = self.records.candidates(actor, entity, action, &ids).await?;
        let mut refused: BTreeMap<String, BulkRefusal> = BTreeMap::new();
        let mut refuse = |reason: String, count: u64, example: Option<&Candidate>| {
            let new = BulkRefusal { reason: reason.clone(), count: 0, examples: Vec::new() };
            let refusal = refused.entry(reason).or_insert(new);
            refusal.count += count;
            let named = example.filter(|_| refusal.examples.len() < EXAMPLES_MAX);
            refusal.examples.extend(named.map(|candidate| candidate.display.clone()));
        };
        for candidate in candidates.iter().filter(|candidate| !candidate.offered) {
            refuse(otherwise(&rule), 1, Some(candidate));
        }
        let gone = ids.len() - candidates.len();
        if gone > 0 {
            refuse(GONE.to_owned(), gone as u64, None);
        }
        Ok(BulkPreview {
            total: ids.len() as u64,
            allowed: candidates.iter().filter(|candidate| candidate.offered).count() as u64,
            refused: refused.into_values().collect(),
            atomic: rule.atomic,
            records_max: self.bulk_max(&rule),
        })
    }

    /// Queues an action on many records; the job's id. The records are those of this moment.
    ///
    /// # Errors
    /// As [`Runtime::preview_bulk`]; [`Failure::Invalid`] for a faulty input.
    pub async fn request_bulk(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        action: &str,
        selection: &Selection,
        input: Object,
    ) -> Result<String, Failure> {
        let rule = self.action(entity, action)?;
        let ids = self.selected(actor, entity, action, &rule, selection).await?;
        // Once for all: every record would be refused for the same fault.
        self.records.check_fields(tx, actor, &rule.input, input.clone()).await?;
        let order = BulkOrder {
            entity: entity.to_owned(),
            action: action.to_owned(),
            ids,
            input,
            actor: actor.clone(),
        };
        let now = self.clock.now();
        let job = NewJob {
            kind: BULK_JOB.to_owned(),
            key: None,
            payload: serde_json::to_value(order).map_err(|error| Failure::Internal(error.to_string()))?,
            run_at: now,
            attempts_max: ATTEMPTS_MAX,
            created_by: actor.account_id.clone(),
            at: now,
        };
        Ok(tx.enqueue(&job).await?)
    }

    fn action(&self, entity: &str, action: &str) -> Result<Action, Refusal> {
        let catalog = self.catalog.load();
        let entity = catalog.entity(entity).ok_or(Refusal::NotFound)?;
        entity.actions.get(action).cloned().ok_or(Refusal::NotFound)
    }

    fn bulk_max(&self, rule: &Action) -> u64 {
        let most = self.settings.exchange.bulk_records_max;
        if rule.atomic { most.min(ATOMIC_MAX) } else { most }
    }

    async fn selected(
        &self,
        actor: &Actor,
        entity: &str,
        action: &str,
        rule: &Action,
        selection: &Selection,
    ) -> Result<Vec<String>, Failure> {
        self.records.may_act(actor, entity, action)?;
        let most = self.bulk_max(rule);
        let ids = match selection {
            Selection::Ids(ids) => {
                let mut seen = HashSet::new();
                ids.iter().filter(|id| seen.insert(id.as_str())).cloned().collect()
            }
            Selection::Found { filter, search } => {
                let mut filter = filter.clone();
                self.processes.without_countdown(entity, Some(&mut filter), &mut [])?;
                self.records.ids_of(actor, entity, &filter, search.as_deref(), most + 1).await?
            }
        };
        if ids.len() as u64 > most {
            let message = format!("一次最多对 {most} 条记录进行此操作，请缩小范围");
            return Err(Failure::TooMuch { message });
        }
        if ids.is_empty() {
            return Err(Failure::Invalid(vec![FieldError::new("ids", "count", "没有选中任何记录")]));
        }
        Ok(ids)
    }

    pub(crate) async fn bulk_job(self: &Arc<Self>, job: &Job) -> Result<()> {
        let order: BulkOrder = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        let rule = self.action(&order.entity, &order.action)?;
        let names = self.names(&order).await?;
        let work = Work { runtime: self, job, ids: &order.ids, deed: &order, names };
        if rule.atomic { work.together().await } else { work.one_by_one().await }
    }

    /// How the records are named.
    async fn names(&self, order: &BulkOrder) -> Result<HashMap<String, String>> {
        match self.records.candidates(&order.actor, &order.entity, &order.action, &order.ids).await {
            Ok(candidates) => Ok(candidates.into_iter().map(|one| (one.id, one.display)).collect()),
            // Whoever lost the right meanwhile is refused record by record.
            Err(Refusal::Forbidden { .. }) => Ok(HashMap::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// What came of an action, record by record: those after a position, at most so many.
    pub async fn bulk_items(
        &self,
        job: &str,
        after: Option<i64>,
        at_most: u64,
    ) -> Result<Vec<(i64, BulkItem)>> {
        let steps = self.store.steps(job, after, at_most).await?;
        let item = |step: JobStep| {
            let item = BulkItem::deserialize(step.body);
            item.map(|item| (step.position, item))
                .map_err(|error| Error::Job(format!("unreadable step: {error}")))
        };
        steps.into_iter().map(item).collect()
    }

    /// The same as a workbook.
    pub async fn bulk_workbook(&self, job: &str) -> Result<Vec<u8>> {
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let mut after = None;
        loop {
            let items = self.bulk_items(job, after, STEPS).await?;
            let Some((last, _)) = items.last() else { break };
            after = Some(*last);
            for (position, item) in items {
                let outcome = match item.outcome {
                    BulkOutcome::Done => "已完成",
                    BulkOutcome::Refused => "未完成",
                };
                let number = Cell::Number((position + 1).to_string());
                rows.push(vec![
                    number,
                    item.display.as_str().into(),
                    outcome.into(),
                    item.reason.as_str().into(),
                ]);
            }
        }
        let column = |title: &str, width, kind| ColumnSpec {
            title: title.to_owned(),
            width,
            kind,
            choices: Vec::new(),
            required: false,
            help: None,
        };
        let columns = vec![
            column("序号", 8.0, ColumnKind::Integer),
            column("记录", 40.0, ColumnKind::Text),
            column("结果", 12.0, ColumnKind::Text),
            column("原因", 60.0, ColumnKind::Text),
        ];
        let sheets = vec![SheetSpec { name: "操作结果".to_owned(), columns, rows }];
        Ok(workbook::write(&WorkbookSpec { sheets, made_at: self.clock.now() })?)
    }
}

fn otherwise(rule: &Action) -> String {
    rule.otherwise.clone().unwrap_or_else(|| format!("当前状态不能{}", rule.title))
}
