//! Rows of the engine's tables as values.

use anju_records::Object;
use anju_store::{Condition, Fetch, Row, SqlValue, Tx};
use jiff::Timestamp;

use crate::help::Help;
use crate::machine::{Marking, Round, Token};
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS, TASK, TASK_COLUMNS, TOKEN, TOKEN_COLUMNS};
use crate::{Error, Result};

#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub id: String,
    pub process: String,
    pub definition_version: String,
    pub revision: i64,
    pub entity: String,
    pub record_id: String,
    pub record_display: String,
    pub state: InstanceState,
    pub outcome: Option<String>,
    pub vars: Object,
    pub visits: i64,
    pub trail_seq: i64,
    pub started_at: Timestamp,
    pub started_by: String,
    pub started_by_name: String,
    pub ended_at: Option<Timestamp>,
    pub due_on: Option<String>,
    /// The instance whose call activity this one is, and the token that waits there.
    pub parent: Option<(String, String)>,
    /// Since when nothing may be done in it.
    pub suspended_at: Option<Timestamp>,
    /// The organisation of whoever started it.
    pub started_org: Option<String>,
}

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    Running,
    Completed,
    Withdrawn,
    Terminated,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    Open,
    Claimed,
    /// Waits for another task, which helps it, or which it helps.
    Waiting,
    Done,
    Returned,
    Cancelled,
    /// A copy that was not looked at yet.
    Copied,
    /// A copy that was looked at.
    Read,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub id: String,
    pub instance_id: String,
    pub token_id: String,
    pub process: String,
    pub definition_version: String,
    pub step: String,
    pub title: String,
    pub entity: String,
    pub record_id: String,
    pub record_display: String,
    pub state: TaskState,
    pub claim: bool,
    pub assignee: Option<String>,
    pub assignee_name: Option<String>,
    pub excluded_account: Option<String>,
    pub scope: Scope,
    pub created_at: Timestamp,
    pub due_on: Option<String>,
    pub completed_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub outcome_title: Option<String>,
    pub opinion: Option<String>,
    /// What it does for another task; none of a step's own task.
    pub help: Option<Help>,
    /// Id and name of the absent one for whom a substitute did it.
    pub acted_for: Option<(String, String)>,
    /// The day it was urged last, and how often in all.
    pub urged: Option<(String, i64)>,
}

/// To whom the record of a task belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub shared: bool,
    pub district: Option<String>,
    pub subdistrict: Option<String>,
    pub operator: Option<String>,
}

impl InstanceState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Withdrawn => "withdrawn",
            Self::Terminated => "terminated",
        }
    }

    fn parse(word: &str) -> Result<Self> {
        [Self::Running, Self::Completed, Self::Withdrawn, Self::Terminated]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| Error::Internal(format!("an instance has the unknown state {word}")))
    }
}

impl TaskState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
            Self::Copied => "copied",
            Self::Read => "read",
        }
    }

    /// Whether somebody has it to do now.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Claimed)
    }

    /// Whether it is still to be done, now or later.
    pub fn is_live(self) -> bool {
        self.is_open() || self == Self::Waiting
    }

    fn parse(word: &str) -> Result<Self> {
        use TaskState::{Cancelled, Claimed, Copied, Done, Open, Read, Returned, Waiting};
        [Open, Claimed, Waiting, Done, Returned, Cancelled, Copied, Read]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| Error::Internal(format!("a task has the unknown state {word}")))
    }
}

impl Instance {
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text(0)?.to_owned(),
            process: row.text(1)?.to_owned(),
            definition_version: row.text(2)?.to_owned(),
            revision: row.int(3)?,
            entity: row.text(4)?.to_owned(),
            record_id: row.text(5)?.to_owned(),
            record_display: row.text(6)?.to_owned(),
            state: InstanceState::parse(row.text(7)?)?,
            outcome: owned(row, 8)?,
            vars: serde_json::from_str(row.text(9)?)?,
            visits: row.int(10)?,
            trail_seq: row.int(11)?,
            started_at: instant(row.int(12)?)?,
            started_by: row.text(13)?.to_owned(),
            started_by_name: row.text(14)?.to_owned(),
            ended_at: row.opt_int(15)?.map(instant).transpose()?,
            due_on: owned(row, 16)?,
            parent: owned(row, 18)?.zip(owned(row, 19)?),
            suspended_at: row.opt_int(20)?.map(instant).transpose()?,
            started_org: owned(row, 21)?,
        })
    }

    pub(crate) async fn find(from: &mut impl Fetch, id: &str) -> Result<Option<Self>> {
        let select = tables::select(INSTANCE, INSTANCE_COLUMNS).filter(Condition::eq(INSTANCE, "id", id));
        from.fetch_optional(&select).await?.as_ref().map(Self::read).transpose()
    }

    /// Waits for whoever works on the instance, then reads it.
    pub(crate) async fn lock(tx: &mut Tx, id: &str) -> Result<Option<Self>> {
        let select =
            tables::select(INSTANCE, INSTANCE_COLUMNS).filter(Condition::eq(INSTANCE, "id", id)).for_update();
        tx.fetch_optional(&select).await?.as_ref().map(Self::read).transpose()
    }

    pub(crate) async fn insert(&self, tx: &mut Tx, scope: &Scope) -> Result<()> {
        let mut values = self.changing()?;
        values.extend([
            ("id", self.id.as_str().into()),
            ("process", self.process.as_str().into()),
            ("definition_version", self.definition_version.as_str().into()),
            ("entity", self.entity.as_str().into()),
            ("record_id", self.record_id.as_str().into()),
            ("started_at", self.started_at.into()),
            ("started_by", self.started_by.as_str().into()),
            ("started_by_name", self.started_by_name.as_str().into()),
            ("due_on", self.due_on.as_deref().into()),
            ("parent_instance", self.parent.as_ref().map(|(instance, _)| instance.as_str()).into()),
            ("parent_token", self.parent.as_ref().map(|(_, token)| token.as_str()).into()),
            ("shared", scope.shared.into()),
            ("district", scope.district.as_deref().into()),
            ("subdistrict", scope.subdistrict.as_deref().into()),
            ("operator", scope.operator.as_deref().into()),
            ("started_org", self.started_org.as_deref().into()),
        ]);
        Ok(tx.insert(INSTANCE, values).await?)
    }

    /// Writes what changes in the life of an instance, if nobody else did since it was read.
    pub(crate) async fn save(&self, tx: &mut Tx, expected_revision: i64) -> Result<()> {
        let filter = Condition::eq(INSTANCE, "id", self.id.as_str()).and(Condition::eq(
            INSTANCE,
            "revision",
            expected_revision,
        ));
        match tx.update(INSTANCE, self.changing()?, filter).await? {
            1 => Ok(()),
            _ => Err(Error::conflict("changed", "流程刚被他人处理，请刷新后重试")),
        }
    }

    fn changing(&self) -> Result<Vec<(&'static str, SqlValue)>> {
        let running =
            (self.state == InstanceState::Running).then(|| format!("{}/{}", self.process, self.record_id));
        Ok(vec![
            ("revision", self.revision.into()),
            ("record_display", self.record_display.as_str().into()),
            ("state", self.state.as_str().into()),
            ("outcome", self.outcome.as_deref().into()),
            ("vars", serde_json::to_string(&self.vars)?.into()),
            ("visits", self.visits.into()),
            ("trail_seq", self.trail_seq.into()),
            ("ended_at", self.ended_at.into()),
            ("running_key", running.into()),
        ])
    }

    /// Where its tokens stand.
    pub(crate) async fn marking(&self, from: &mut impl Fetch) -> Result<Marking> {
        let select = tables::select(TOKEN, TOKEN_COLUMNS)
            .filter(Condition::eq(TOKEN, "instance_id", self.id.as_str()))
            .order_by("visit", anju_store::Direction::Ascending);
        let rows = from.fetch_all(&select).await?;
        let tokens = rows.iter().map(token).collect::<Result<_>>()?;
        Ok(Marking { tokens, visits: self.visits, ended: None })
    }
}

impl Task {
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.text(0)?.to_owned(),
            instance_id: row.text(1)?.to_owned(),
            token_id: row.text(2)?.to_owned(),
            process: row.text(4)?.to_owned(),
            definition_version: row.text(5)?.to_owned(),
            step: row.text(6)?.to_owned(),
            title: row.text(7)?.to_owned(),
            entity: row.text(8)?.to_owned(),
            record_id: row.text(9)?.to_owned(),
            record_display: row.text(10)?.to_owned(),
            state: TaskState::parse(row.text(11)?)?,
            claim: row.bool(12)?,
            assignee: owned(row, 13)?,
            assignee_name: owned(row, 14)?,
            excluded_account: owned(row, 15)?,
            scope: Scope {
                shared: row.bool(16)?,
                district: owned(row, 17)?,
                subdistrict: owned(row, 18)?,
                operator: owned(row, 19)?,
            },
            created_at: instant(row.int(20)?)?,
            due_on: owned(row, 21)?,
            completed_at: row.opt_int(22)?.map(instant).transpose()?,
            outcome: owned(row, 23)?,
            outcome_title: owned(row, 24)?,
            opinion: owned(row, 25)?,
            help: Help::read(row)?,
            acted_for: owned(row, 31)?.zip(owned(row, 32)?),
            urged: owned(row, 34)?.zip(row.opt_int(35)?),
        })
    }

    pub(crate) async fn find(from: &mut impl Fetch, id: &str) -> Result<Option<Self>> {
        let select = tables::select(TASK, TASK_COLUMNS).filter(Condition::eq(TASK, "id", id));
        from.fetch_optional(&select).await?.as_ref().map(Self::read).transpose()
    }

    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<()> {
        let open_token = match &self.help {
            None => Some(self.token_id.as_str()),
            Some(_) => self.state.is_live().then_some(self.id.as_str()),
        };
        let mut values = vec![
            ("id", self.id.as_str().into()),
            ("instance_id", self.instance_id.as_str().into()),
            ("token_id", self.token_id.as_str().into()),
            ("open_token", open_token.into()),
            ("process", self.process.as_str().into()),
            ("definition_version", self.definition_version.as_str().into()),
            ("step", self.step.as_str().into()),
            ("title", self.title.as_str().into()),
            ("entity", self.entity.as_str().into()),
            ("record_id", self.record_id.as_str().into()),
            ("record_display", self.record_display.as_str().into()),
            ("state", self.state.as_str().into()),
            ("claim", self.claim.into()),
            ("assignee", self.assignee.as_deref().into()),
            ("assignee_name", self.assignee_name.as_deref().into()),
            ("excluded_account", self.excluded_account.as_deref().into()),
            ("shared", self.scope.shared.into()),
            ("district", self.scope.district.as_deref().into()),
            ("subdistrict", self.scope.subdistrict.as_deref().into()),
            ("operator", self.scope.operator.as_deref().into()),
            ("created_at", self.created_at.into()),
            ("due_on", self.due_on.as_deref().into()),
        ];
        values.extend(self.help.iter().flat_map(Help::values));
        Ok(tx.insert(TASK, values).await?)
    }
}

fn token(row: &Row) -> Result<Token> {
    let round = match (row.opt_int(9)?, row.opt_int(10)?, row.opt_int(11)?) {
        (Some(total), Some(begun), Some(done)) => Some(Round { total, begun, done }),
        _ => None,
    };
    Ok(Token {
        id: row.text(0)?.to_owned(),
        element: row.text(2)?.to_owned(),
        visit: row.int(3)?,
        parent: owned(row, 6)?,
        via: owned(row, 7)?,
        item: row.opt_int(8)?,
        round,
        back_to: owned(row, 12)?,
    })
}

pub(crate) fn owned(row: &Row, at: usize) -> Result<Option<String>> {
    Ok(row.opt_text(at)?.map(str::to_owned))
}

pub(crate) fn instant(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|cause| Error::Internal(cause.to_string()))
}

pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
