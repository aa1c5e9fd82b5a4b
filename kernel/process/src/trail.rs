//! The history of an instance: what happened, in order, by whom, and why. Only ever added to.

use anju_records::Actor;
use anju_store::{Condition, Direction, Fetch, Row, SqlValue, Tx};
use jiff::Timestamp;
use serde_json::Value;

use crate::people::Person;
use crate::rows::instant;
use crate::tables::{self, TRAIL, TRAIL_COLUMNS};
use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailKind {
    Started,
    /// A token arrived at the element.
    Entered,
    /// A flow was taken; `element` is the flow.
    Flow,
    /// A gateway was decided; the detail says why.
    Gateway,
    /// A service task waits for its signal.
    Waiting,
    Signalled,
    /// A timer fired.
    Timer,
    /// A message, a signal or a condition was taken in.
    Told,
    Claimed,
    Released,
    Completed,
    Returned,
    /// A task was called off, by a timer or a withdrawal.
    Cancelled,
    Withdrawn,
    /// The instance went over to another version of its definition.
    Migrated,
    /// An administrator put something right; the detail says what.
    Repaired,
    Ended,
    Transferred,
    /// Another was asked to do the task, or to give an opinion on it.
    Asked,
    /// Whoever was asked has said something.
    Advised,
    Copied,
    /// A copy was looked at.
    Read,
    Urged,
    Suspended,
    Resumed,
    Terminated,
    /// An administrator sent the case to another step.
    Jumped,
}

const WORDS: [(TrailKind, &str); 27] = [
    (TrailKind::Started, "started"),
    (TrailKind::Entered, "entered"),
    (TrailKind::Flow, "flow"),
    (TrailKind::Gateway, "gateway"),
    (TrailKind::Waiting, "waiting"),
    (TrailKind::Signalled, "signalled"),
    (TrailKind::Timer, "timer"),
    (TrailKind::Told, "told"),
    (TrailKind::Claimed, "claimed"),
    (TrailKind::Released, "released"),
    (TrailKind::Completed, "completed"),
    (TrailKind::Returned, "returned"),
    (TrailKind::Cancelled, "cancelled"),
    (TrailKind::Withdrawn, "withdrawn"),
    (TrailKind::Migrated, "migrated"),
    (TrailKind::Repaired, "repaired"),
    (TrailKind::Ended, "ended"),
    (TrailKind::Transferred, "transferred"),
    (TrailKind::Asked, "asked"),
    (TrailKind::Advised, "advised"),
    (TrailKind::Copied, "copied"),
    (TrailKind::Read, "read"),
    (TrailKind::Urged, "urged"),
    (TrailKind::Suspended, "suspended"),
    (TrailKind::Resumed, "resumed"),
    (TrailKind::Terminated, "terminated"),
    (TrailKind::Jumped, "jumped"),
];

impl TrailKind {
    pub fn as_str(self) -> &'static str {
        WORDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    fn parse(text: &str) -> Result<Self> {
        let found = WORDS.iter().find(|(_, word)| *word == text).map(|(kind, _)| *kind);
        found.ok_or_else(|| Error::Internal(format!("the trail has an unknown kind {text}")))
    }
}

/// One entry to add.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub kind: TrailKind,
    pub element: &'a str,
    pub title: String,
    /// The token and its visit.
    pub token: Option<(&'a str, i64)>,
    pub outcome: Option<(&'a str, &'a str)>,
    pub opinion: Option<&'a str>,
    pub detail: Value,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(kind: TrailKind, element: &'a str, title: impl Into<String>) -> Self {
        Self {
            kind,
            element,
            title: title.into(),
            token: None,
            outcome: None,
            opinion: None,
            detail: Value::Null,
        }
    }
}

/// One entry as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub seq: i64,
    pub element: String,
    pub title: String,
    pub kind: TrailKind,
    pub at: Timestamp,
    pub actor_name: String,
    pub outcome: Option<String>,
    pub outcome_title: Option<String>,
    pub opinion: Option<String>,
    pub detail: Value,
}

pub(crate) async fn add(
    tx: &mut Tx,
    instance_id: &str,
    seq: i64,
    (actor, acting_for): (&Actor, Option<&Person>),
    now: Timestamp,
    entry: Entry<'_>,
) -> Result<()> {
    let name = match acting_for {
        Some(absent) => format!("{} 代 {}", actor.name, absent.name),
        None => actor.name.clone(),
    };
    let detail = (!entry.detail.is_null()).then(|| entry.detail.to_string());
    let values: Vec<(&str, SqlValue)> = vec![
        ("instance_id", instance_id.into()),
        ("seq", seq.into()),
        ("element", entry.element.into()),
        ("title", entry.title.into()),
        ("kind", entry.kind.as_str().into()),
        ("token_id", entry.token.map(|(token, _)| token).into()),
        ("visit", entry.token.map(|(_, visit)| visit).into()),
        ("at", now.into()),
        ("actor_id", actor.account_id.as_str().into()),
        ("actor_name", name.into()),
        ("outcome", entry.outcome.map(|(key, _)| key).into()),
        ("outcome_title", entry.outcome.map(|(_, title)| title).into()),
        ("opinion", entry.opinion.into()),
        ("detail", detail.into()),
        ("for_id", acting_for.map(|absent| absent.id.as_str()).into()),
    ];
    Ok(tx.insert(TRAIL, values).await?)
}

/// All entries of an instance, oldest first.
pub(crate) async fn of_instance(from: &mut impl Fetch, instance_id: &str) -> Result<Vec<Written>> {
    let select = tables::select(TRAIL, TRAIL_COLUMNS)
        .filter(Condition::eq(TRAIL, "instance_id", instance_id))
        .order_by("seq", Direction::Ascending);
    from.fetch_all(&select).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Written> {
    let owned = |at: usize| -> Result<Option<String>> { Ok(row.opt_text(at)?.map(str::to_owned)) };
    Ok(Written {
        seq: row.int(1)?,
        element: row.text(2)?.to_owned(),
        title: row.text(3)?.to_owned(),
        kind: TrailKind::parse(row.text(4)?)?,
        at: instant(row.int(7)?)?,
        actor_name: row.text(9)?.to_owned(),
        outcome: owned(10)?,
        outcome_title: owned(11)?,
        opinion: owned(12)?,
        detail: row.opt_text(13)?.map(serde_json::from_str).transpose()?.unwrap_or(Value::Null),
    })
}
