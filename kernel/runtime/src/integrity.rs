//! Looking through all authenticated tables for rows that were changed past the platform: once a day, when
//! somebody asks, or as a command. The first such rows are entries in the audit log; the run says how many there were.

use anju_records::{Actor, AuditEntry, DamagedRow};
use anju_store::{
    ColumnKind, ColumnRef, Condition, Direction, Fetch, IndexSpec, Job, NewJob, Operator, SchemaChange,
    Select, SqlValue, TableSpec, Tx,
};
use jiff::{SignedDuration, Timestamp, civil::time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Error, Result, Right, Runtime, worker::LEASE_MS};

pub const VERIFY_JOB: &str = "platform.verify_integrity";
const RUN: &str = "sys_integrity_run";
/// Rows read at once.
const BATCH: u64 = 500;
/// Damaged rows that a run names.
const NAMED_MAX: usize = 1_000;
/// Damaged rows of a run that get entries of their own in the audit log: a table that was changed as a whole must not
/// fill the log day after day.
const TOLD_MAX: usize = 100;
/// When the day's run begins, in Shanghai: nobody works then.
const AT: jiff::civil::Time = time(2, 0, 0, 0);
/// How long runs are kept; what they found stays in the audit log.
const RUNS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

pub(crate) fn tables() -> Vec<TableSpec> {
    vec![
        TableSpec::new(RUN)
            .column("id", ColumnKind::Text)
            .column("started_at", ColumnKind::Int)
            .column("ended_at", ColumnKind::Int)
            .column("started_by", ColumnKind::Text)
            .column("rows", ColumnKind::Int)
            .column("damaged", ColumnKind::Int)
            .column("named", ColumnKind::Text)
            .primary_key(["id"])
            .index(IndexSpec::on(["started_at"]))
            .authenticated(),
    ]
}

/// What looking through the tables has come to.
#[derive(Debug, Clone, Serialize)]
pub struct IntegrityRun {
    /// RFC 3339.
    pub started_at: String,
    pub ended_at: String,
    /// Account, or the platform itself.
    pub started_by: String,
    /// Rows looked at.
    pub rows: u64,
    /// Rows that are not what the platform wrote.
    pub damaged: u64,
    /// The first of them.
    pub named: Value,
}

#[derive(Serialize, Deserialize)]
struct Order {
    actor: Actor,
}

/// A run under way.
#[derive(Default)]
struct Tally {
    rows: u64,
    damaged: u64,
    named: Vec<DamagedRow>,
}

impl Runtime {
    /// The last run, and whether one is under way. For security administrators and auditors.
    pub async fn integrity(&self, actor: &Actor) -> Result<Value> {
        Right::Integrity.require(&self.catalog.load(), actor)?;
        let running = open_job(&mut self.store.reader()).await?.is_some();
        let last = self.last_integrity_run().await?;
        let alarm = last.as_ref().is_some_and(|run| run.damaged > 0);
        Ok(json!({ "alarm": alarm, "running": running, "last": last }))
    }

    /// Queues a run, in the caller's transaction; the job's id. One at a time.
    pub async fn request_verification(
        &self,
        tx: &mut Tx,
        actor: &Actor,
    ) -> std::result::Result<String, anju_records::Error> {
        Right::Integrity.require(&self.catalog.load(), actor)?;
        if let Some(open) = open_job(tx).await? {
            return Ok(open);
        }
        let now = self.clock.now();
        self.records.audit(tx, actor, &AuditEntry::named("integrity.ordered")).await?;
        let payload = serde_json::to_value(Order { actor: actor.clone() })
            .map_err(|error| anju_records::Error::Internal(error.to_string()))?;
        let job = NewJob {
            kind: VERIFY_JOB.to_owned(),
            key: Some(VERIFY_JOB.to_owned()),
            payload,
            run_at: now,
            attempts_max: 10,
            created_by: actor.account_id.clone(),
            at: now,
        };
        Ok(tx.enqueue(&job).await?)
    }

    /// Looks through all tables now.
    pub async fn verify_integrity(&self, actor: &Actor) -> Result<IntegrityRun> {
        self.look_through(actor, None).await
    }

    /// The newest run that came to its end.
    pub async fn last_integrity_run(&self) -> Result<Option<IntegrityRun>> {
        let select = Select::from(RUN)
            .column("started_at", ColumnKind::Int)
            .column("ended_at", ColumnKind::Int)
            .column("started_by", ColumnKind::Text)
            .column("rows", ColumnKind::Int)
            .column("damaged", ColumnKind::Int)
            .column("named", ColumnKind::Text)
            .order_by("started_at", Direction::Descending)
            .limit(1);
        let Some(row) = self.store.reader().fetch_optional(&select).await? else { return Ok(None) };
        Ok(Some(IntegrityRun {
            started_at: instant(row.int(0)?).to_string(),
            ended_at: instant(row.int(1)?).to_string(),
            started_by: row.text(2)?.to_owned(),
            rows: row.int(3)?.unsigned_abs(),
            damaged: row.int(4)?.unsigned_abs(),
            named: serde_json::from_str(row.text(5)?).unwrap_or(Value::Null),
        }))
    }

    pub(crate) async fn verify_job(&self, job: &Job) -> Result<()> {
        let order: Order = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        self.look_through(&order.actor, Some(job)).await.map(drop)
    }

    /// Queues the day's run when it is time and none has begun since; forgets old ones.
    pub(crate) async fn keep_integrity_verified(&self) -> Result<()> {
        let now = self.clock.now();
        let shanghai = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        let today = shanghai.to_datetime(now).with().time(AT).build();
        let time = today.ok().and_then(|at| shanghai.to_timestamp(at).ok()).filter(|time| *time <= now);
        let since = Select::from(RUN).filter(Condition::compare(
            ColumnRef::new(RUN, "started_at"),
            Operator::Ge,
            time.unwrap_or(now),
        ));
        if time.is_none() || self.store.reader().count(&since, Some(1)).await? > 0 {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let old = now.saturating_sub(RUNS_KEPT).unwrap_or(now);
        tx.delete(RUN, Condition::compare(ColumnRef::new(RUN, "started_at"), Operator::Lt, old)).await?;
        self.request_verification(&mut tx, &Actor::system("完整性校验")).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Rows that had no code before their table was authenticated were given one unchecked: the log says so.
    pub(crate) async fn tell_of_adopted_rows(&self, changes: &[SchemaChange]) -> Result<()> {
        let adopted = changes.iter().filter_map(|change| match change {
            SchemaChange::RowsCoded { table, rows } => Some((table, rows)),
            _ => None,
        });
        let mut tx = self.store.begin().await?;
        for (table, rows) in adopted {
            tracing::warn!(table, rows, "rows without codes were given some, unchecked");
            let why = format!("{table}：{rows} 行");
            let entry = AuditEntry::named("integrity.adopted").because(Some(&why));
            self.records.audit(&mut tx, &Actor::system("平台启动"), &entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn look_through(&self, actor: &Actor, job: Option<&Job>) -> Result<IntegrityRun> {
        let started_at = self.clock.now();
        let mut tally = Tally::default();
        for table in self.store.authenticated_tables() {
            self.look_through_table(actor, &table, &mut tally).await?;
            if let Some(job) = job {
                let rows = i64::try_from(tally.rows).unwrap_or(i64::MAX);
                self.store.progress_job(job, rows, 0, self.clock.now(), LEASE_MS).await?;
            }
        }
        self.conclude(actor, job, started_at, tally).await
    }

    async fn look_through_table(&self, actor: &Actor, table: &str, tally: &mut Tally) -> Result<()> {
        let mut after = None;
        loop {
            let inspected = self.records.inspect_rows(table, after.as_ref(), BATCH).await?;
            tally.rows += inspected.rows;
            if !inspected.damaged.is_empty() {
                let told = usize::try_from(tally.damaged).unwrap_or(TOLD_MAX).min(TOLD_MAX);
                let told = inspected.damaged.len().min(TOLD_MAX - told);
                self.tell_of_damage(actor, &inspected.damaged[..told]).await?;
                tally.damaged += inspected.damaged.len() as u64;
                let room = NAMED_MAX.saturating_sub(tally.named.len());
                tally.named.extend(inspected.damaged.into_iter().take(room));
            }
            match inspected.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn tell_of_damage(&self, actor: &Actor, damaged: &[DamagedRow]) -> Result<()> {
        if damaged.is_empty() {
            return Ok(());
        }
        let whys: Vec<String> = damaged
            .iter()
            .map(|row| match &row.field {
                Some(field) => format!("{}：{field}", row.flaw.title()),
                None => row.flaw.title().to_owned(),
            })
            .collect();
        let entry = |(row, why): (&DamagedRow, &String)| {
            tracing::error!(table = row.table, key = row.key, flaw = ?row.flaw, "a row was changed past the platform");
            (row.entity.clone().unwrap_or_else(|| row.table.clone()), row.key.clone(), why.clone())
        };
        let told: Vec<_> = damaged.iter().zip(&whys).map(entry).collect();
        let entries: Vec<AuditEntry<'_>> = told
            .iter()
            .map(|(entity, key, why)| {
                AuditEntry::of("integrity.damaged", entity, key).refused().because(Some(why))
            })
            .collect();
        let mut tx = self.store.begin().await?;
        self.records.audit_all(&mut tx, actor, &entries).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn conclude(
        &self,
        actor: &Actor,
        job: Option<&Job>,
        started_at: Timestamp,
        tally: Tally,
    ) -> Result<IntegrityRun> {
        let ended_at = self.clock.now();
        let run = IntegrityRun {
            started_at: started_at.to_string(),
            ended_at: ended_at.to_string(),
            started_by: actor.account_id.clone(),
            rows: tally.rows,
            damaged: tally.damaged,
            named: json!(tally.named),
        };
        let count = |number: u64| SqlValue::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let values = vec![
            ("id", anju_crypto::random_token(&*self.randomness, 16).into()),
            ("started_at", started_at.into()),
            ("ended_at", ended_at.into()),
            ("started_by", run.started_by.as_str().into()),
            ("rows", count(run.rows)),
            ("damaged", count(run.damaged)),
            ("named", run.named.to_string().into()),
        ];
        let mut tx = self.store.begin().await?;
        tx.insert(RUN, values).await?;
        let why = format!("{} 行，{} 行异常", run.rows, run.damaged);
        let entry = AuditEntry::named("integrity.verified").because(Some(&why));
        self.records.audit(&mut tx, actor, &entry).await?;
        if let Some(job) = job {
            let result = json!({ "rows": run.rows, "damaged": run.damaged });
            tx.finish_job(job, &result, ended_at).await?;
        }
        tx.commit().await?;
        tracing::info!(rows = run.rows, damaged = run.damaged, "integrity verified");
        Ok(run)
    }
}

/// The job of the run that is queued or under way.
async fn open_job(source: &mut dyn Fetch) -> std::result::Result<Option<String>, anju_store::Error> {
    let open = Select::from("sys_job")
        .column("id", ColumnKind::Text)
        .filter(Condition::eq("sys_job", "kind", VERIFY_JOB))
        .filter(Condition::NotNull(ColumnRef::new("sys_job", "due_at")));
    source.fetch_optional(&open).await?.map(|row| row.text(0).map(str::to_owned)).transpose()
}

fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}
