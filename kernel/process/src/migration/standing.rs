//! Where an instance stands, with all that is set up for it.

use std::collections::HashMap;

use anju_store::{ColumnKind, Condition, Direction, Fetch, Job, Select, open_job};
use jiff::Timestamp;

use crate::Result;
use crate::bpmn::{Element, Timer, Trigger};
use crate::machine::Marking;
use crate::plan::Plan;
use crate::rows::{Instance, instant};
use crate::run::{NO_TOKEN, awaited_at};
use crate::tables::{TOKEN, WAIT};
use crate::timers::{TIMER_JOB, timer_key, times_fired};

pub(crate) struct Standing {
    pub marking: Marking,
    /// When each token arrived.
    pub arrived: HashMap<String, Timestamp>,
    /// Tokens whose service waits for its signal.
    pub waiting: Vec<String>,
    /// Messages, signals and conditions that are waited for.
    pub waits: Vec<Awaited>,
    pub timers: Vec<Pending>,
}

/// An event that is waited for.
pub(crate) struct Awaited {
    /// [`NO_TOKEN`] for an event sub-process of the instance itself.
    pub token: String,
    pub visit: i64,
    pub event: String,
}

/// A timer that is set.
pub(crate) struct Pending {
    pub at: Awaited,
    pub timer: Timer,
    /// How often it had fired when it was set.
    pub fired: u32,
    pub job: Job,
    pub key: String,
}

impl Standing {
    pub async fn of(from: &mut impl Fetch, instance: &Instance, plan: &Plan) -> Result<Self> {
        let marking = instance.marking(from).await?;
        let select = Select::from(TOKEN)
            .column("id", ColumnKind::Text)
            .column("entered_at", ColumnKind::Int)
            .column("waiting", ColumnKind::Bool)
            .filter(Condition::eq(TOKEN, "instance_id", instance.id.as_str()));
        let (mut arrived, mut waiting) = (HashMap::new(), Vec::new());
        for row in from.fetch_all(&select).await? {
            arrived.insert(row.text(0)?.to_owned(), instant(row.int(1)?)?);
            if row.bool(2)? {
                waiting.push(row.text(0)?.to_owned());
            }
        }
        let waits = waits(from, &instance.id).await?;
        let timers = timers(from, instance, plan, &marking).await?;
        Ok(Self { marking, arrived, waiting, waits, timers })
    }
}

async fn waits(from: &mut impl Fetch, instance: &str) -> Result<Vec<Awaited>> {
    let select = Select::from(WAIT)
        .column("token_id", ColumnKind::Text)
        .column("visit", ColumnKind::Int)
        .column("element", ColumnKind::Text)
        .filter(Condition::eq(WAIT, "instance_id", instance))
        .order_by("token_id", Direction::Ascending)
        .order_by("element", Direction::Ascending);
    let rows = from.fetch_all(&select).await?;
    let read = |row: &anju_store::Row| {
        Ok(Awaited { token: row.text(0)?.to_owned(), visit: row.int(1)?, event: row.text(2)?.to_owned() })
    };
    rows.iter().map(read).collect()
}

async fn timers(
    from: &mut impl Fetch,
    instance: &Instance,
    plan: &Plan,
    marking: &Marking,
) -> Result<Vec<Pending>> {
    let mut possible: Vec<(&str, i64, &Element)> =
        plan.graph.event_subs(None).map(|(_, start)| (NO_TOKEN, 0, start)).collect();
    for token in &marking.tokens {
        let Some(at) = plan.graph.element(&token.element) else { continue };
        possible.extend(awaited_at(&plan.graph, at).into_iter().map(|e| (token.id.as_str(), token.visit, e)));
    }
    let mut found = Vec::new();
    for (token, visit, event) in possible {
        let Some(Trigger::Timer(timer)) = event.trigger() else { continue };
        let fired = match timer {
            Timer::Cycle { .. } => times_fired(from, &instance.id, token, visit, &event.id).await?,
            _ => 0,
        };
        let key = timer_key(&instance.id, token, visit, &event.id, fired);
        if let Some(job) = open_job(from, TIMER_JOB, &key).await? {
            let at = Awaited { token: token.to_owned(), visit, event: event.id.clone() };
            found.push(Pending { at, timer: timer.clone(), fired, job, key });
        }
    }
    Ok(found)
}
