//! How work goes: how much comes and goes, how long it takes, and where it lies (M043, M048). Computed by the database,
//! from instances and tasks as they are, within the place of the viewer's post.

mod instances;
mod steps;

use anju_calendar::zone;
use anju_records::{Actor, FieldError};
use anju_store::{ColumnRef, Condition, Operator};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::rights::ProcessRight;
use crate::{Error, Processes, Result, access};

/// Days of a period at most.
const DAYS_MAX: i64 = 731;
/// Days of the period when none is asked for.
const DAYS: i64 = 30;
/// How long the database may take for each figure.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(15);

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalysisQuery {
    /// Key of the process.
    pub process: String,
    /// Only instances on this version.
    #[serde(default)]
    pub version: Option<String>,
    /// First day; 29 days before the last when there is none.
    #[serde(default)]
    pub from: Option<Date>,
    /// Last day; today when there is none.
    #[serde(default)]
    pub to: Option<Date>,
    /// Which instances the period is about.
    #[serde(default)]
    pub by: PeriodOf,
}

/// Which instances a period is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodOf {
    /// Those that were started in it.
    #[default]
    Started,
    /// Those that ended in it.
    Ended,
}

/// The figures of a process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    pub process: String,
    pub title: String,
    pub from: Date,
    pub to: Date,
    pub by: PeriodOf,
    pub counts: Counted,
    /// Of the instances of the period that have ended, by how they did.
    pub outcomes: Vec<OutcomeCount>,
    /// From start to end, of the instances of the period that have ended.
    pub lead_hours: Quantiles,
    /// In the order of the definition, those that it does not know any more at the end.
    pub steps: Vec<StepFigures>,
    /// The step with the largest share.
    pub bottleneck: Option<String>,
}

/// How many instances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Started in the period.
    pub started: u64,
    /// Ended in the period.
    pub ended: u64,
    /// Running now, whenever they were started.
    pub running: u64,
}

/// How many instances ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeCount {
    /// `completed`, `withdrawn`, `terminated`.
    pub state: String,
    /// The end event that was reached last.
    pub outcome: Option<String>,
    pub title: Option<String>,
    pub count: u64,
}

/// Of times in hours, nights and holidays included; absent when there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Quantiles {
    pub median: Option<f64>,
    /// Nine of ten take no longer.
    pub p90: Option<f64>,
}

/// The figures of one step, over the tasks of the instances of the period.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StepFigures {
    pub step: String,
    pub title: String,
    /// How often it was opened.
    pub entered: u64,
    pub done: u64,
    /// How often it sent the case back.
    pub returned: u64,
    pub cancelled: u64,
    pub open: u64,
    /// Done or left open after their last day.
    pub overdue: u64,
    /// Of those with a last day.
    pub overdue_rate: Option<f64>,
    /// Sent back, of those done or sent back.
    pub return_rate: Option<f64>,
    /// From opened to signed for, or to done where nobody signed.
    pub waiting_hours: Quantiles,
    /// From signed for to done.
    pub handling_hours: Quantiles,
    /// Of the time that all steps took together.
    pub share: Option<f64>,
}

/// A question as the database is asked it.
struct Asked<'a> {
    query: &'a AnalysisQuery,
    plan: &'a Plan,
    actor: &'a Actor,
    /// The first instant of the period, and the first after it.
    since: Timestamp,
    until: Timestamp,
    today: Date,
}

impl Processes {
    /// The figures of a process.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right; [`Error::Invalid`] for an unknown process or a period that is none;
    /// [`anju_store::Error::TooSlow`].
    pub async fn analysis(&self, actor: &Actor, query: &AnalysisQuery) -> Result<Analysis> {
        let catalog = self.catalog();
        ProcessRight::Analyse.require(&catalog, actor)?;
        let invalid =
            |field: &str, message: String| Error::Invalid(vec![FieldError::new(field, "invalid", message)]);
        if catalog.process(&query.process).is_none() {
            return Err(invalid("process", format!("没有流程“{}”", query.process)));
        }
        let plan = self.plans().current(&catalog, &query.process)?;
        let to = query.to.unwrap_or_else(|| self.today());
        let from = query.from.unwrap_or_else(|| to.saturating_sub((DAYS - 1).days()));
        let days = (to - from).get_days();
        if days < 0 || i64::from(days) >= DAYS_MAX {
            return Err(invalid("to", format!("期间应为 1 至 {DAYS_MAX} 天")));
        }
        let (since, until) = (midnight(from)?, midnight(to.saturating_add(1.day()))?);
        let asked = Asked { query, plan: &plan, actor, since, until, today: self.today() };
        let mut reader = self.reader();
        let counts = asked.counts(&mut reader).await?;
        let outcomes = asked.outcomes(&mut reader).await?;
        let lead_hours = asked.lead(&mut reader).await?;
        let steps = asked.steps(&mut reader).await?;
        let longest = steps.iter().filter(|step| step.share.is_some_and(|share| share > 0.0));
        let longest =
            longest.max_by(|a, b| a.share.partial_cmp(&b.share).unwrap_or(std::cmp::Ordering::Equal));
        let bottleneck = longest.map(|step| step.step.clone());
        let (process, title) = (query.process.clone(), plan.definition.title.clone());
        Ok(Analysis {
            process,
            title,
            from,
            to,
            by: query.by,
            counts,
            outcomes,
            lead_hours,
            steps,
            bottleneck,
        })
    }
}

impl Asked<'_> {
    /// Instances of the process that the viewer may count, as `table` is called in the question.
    fn instances(&self, table: &str) -> Condition {
        let mut filter = Condition::eq(table, "process", self.query.process.as_str());
        if let Some(version) = &self.query.version {
            filter = filter.and(Condition::eq(table, "definition_version", version.as_str()));
        }
        match self.actor.is_system() {
            true => filter,
            false => filter.and(access::place(self.actor, table)),
        }
    }

    fn in_period(&self, table: &str, column: &str) -> Condition {
        let at = || ColumnRef::new(table, column);
        Condition::compare(at(), Operator::Ge, self.since).and(Condition::compare(
            at(),
            Operator::Lt,
            self.until,
        ))
    }

    /// Those of the period.
    fn population(&self, table: &str) -> Condition {
        let column = match self.query.by {
            PeriodOf::Started => "started_at",
            PeriodOf::Ended => "ended_at",
        };
        self.instances(table).and(self.in_period(table, column))
    }
}

fn midnight(day: Date) -> Result<Timestamp> {
    let midnight = day.to_zoned_datetime(zone());
    midnight.map(|at| at.timestamp()).map_err(|cause| Error::Internal(cause.to_string()))
}

/// Hours with two places.
fn hours(ms: i64) -> f64 {
    (ms as f64 / 36_000.0).round() / 100.0
}

/// A share with four places; none of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}
