//! What happens to an export between the request and the file: approved, refused, called off, given up.

use anju_definitions::FilterOp;
use anju_process::Error as Failure;
use anju_records::{Actor, AuditEntry, Error as Refusal, Object, Query, Record};
use anju_store::{JobState, Tx};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EXPORT_REQUEST, object, own, test};
use crate::{Result, Runtime};

/// Exports listed.
const LISTED_MAX: u32 = 50;
/// Exports looked at when what broke off is settled.
const SETTLED_MAX: u32 = 200;
const BROKEN_OFF: &str = "生成时出错，已记录，请重新导出或联系管理员";

impl Runtime {
    /// Approves an export that waits: it is made by a job. Nobody approves their own.
    pub async fn approve_export(&self, tx: &mut Tx, actor: &Actor, id: &str) -> Result<(), Failure> {
        let record = self.decide_export(tx, actor, id, "approved").await?;
        self.enqueue_export(tx, id, record.text("requester").unwrap_or_default()).await?;
        Ok(())
    }

    /// Refuses an export that waits.
    pub async fn refuse_export(&self, tx: &mut Tx, actor: &Actor, id: &str) -> Result<(), Failure> {
        self.decide_export(tx, actor, id, "refused").await.map(drop)
    }

    async fn decide_export(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: &str,
        state: &str,
    ) -> Result<Record, Failure> {
        let system = actor.on_behalf();
        let record = self.records.read_in(tx, &system, EXPORT_REQUEST, id).await?;
        if record.text("requester") == Some(&actor.account_id) {
            return Err(Failure::Forbidden { message: "不能审批自己的导出申请".to_owned() });
        }
        let now = self.clock.now().to_string();
        let changes =
            object([("state", json!(state)), ("decided_by", json!(actor.name)), ("decided_at", json!(now))]);
        let why = record.text("conditions").map(str::to_owned);
        let event = format!("export.{state}");
        let entity = record.text("entity").unwrap_or_default().to_owned();
        let entry = AuditEntry::of(&event, &entity, id).because(why.as_deref());
        self.records.audit(tx, actor, &entry).await?;
        Ok(self.records.patch(tx, &system, EXPORT_REQUEST, id, None, changes, None).await?)
    }

    /// The actor's own exports, the newest first.
    pub async fn exports_of(&self, actor: &Actor) -> Result<Vec<Value>, Refusal> {
        let now = self.clock.now();
        let query = own(actor, Vec::new(), LISTED_MAX);
        let page = self.records.query(&Actor::system("export"), EXPORT_REQUEST, &query).await?;
        Ok(page.items.iter().map(|record| listed(record, now)).collect())
    }

    /// Calls off the actor's own export, while it waits for approval or is being made.
    ///
    /// # Errors
    /// [`Failure::NotFound`] for one that is not the actor's; [`Failure::Conflict`] `export_ended`.
    pub async fn cancel_export(&self, tx: &mut Tx, actor: &Actor, id: &str) -> Result<(), Failure> {
        let system = actor.on_behalf();
        let record = self.records.read_in(tx, &system, EXPORT_REQUEST, id).await?;
        if record.text("requester") != Some(&actor.account_id) {
            return Err(Failure::NotFound);
        }
        match (record.text("state"), record.text("job")) {
            (Some("pending"), _) => {
                for instance in self.processes.running_of(tx, EXPORT_REQUEST, id).await? {
                    self.processes.terminate(tx, &system, &instance, "申请人撤回").await?;
                }
            }
            (Some("approved"), Some(job)) => {
                tx.cancel_job(job, self.clock.now()).await?;
            }
            _ => {
                let message = "导出已经结束，不能取消".to_owned();
                return Err(Failure::Conflict { code: "export_ended".to_owned(), message });
            }
        }
        let entity = record.text("entity").unwrap_or_default();
        self.records.audit(tx, actor, &AuditEntry::of("export.cancelled", entity, id)).await?;
        let changes = object([("state", json!("cancelled"))]);
        self.records.patch(tx, &system, EXPORT_REQUEST, id, None, changes, None).await?;
        Ok(())
    }

    /// Tells the requesters of exports whose job was given up, e.g. because servers were killed while it ran.
    pub(crate) async fn settle_exports(&self) -> Result<u64> {
        let system = Actor::system("export");
        let query = Query {
            filter: Some(test("state", FilterOp::Eq, json!("approved"))),
            page: anju_records::PageRequest { size: SETTLED_MAX, ..anju_records::PageRequest::default() },
            ..Query::default()
        };
        let mut settled = 0;
        for record in self.records.query(&system, EXPORT_REQUEST, &query).await?.items {
            let Some(job) = record.text("job") else { continue };
            if self.store.job(job).await?.state == JobState::Failed {
                let mut tx = self.store.begin().await?;
                self.give_up_export(&mut tx, &record.id, BROKEN_OFF).await?;
                tx.commit().await?;
                settled += 1;
            }
        }
        Ok(settled)
    }

    /// Writes down why an export is not made.
    pub(super) async fn give_up_export(&self, tx: &mut Tx, id: &str, message: &str) -> Result<()> {
        let changes = object([("state", json!("failed")), ("error", json!(message))]);
        self.records.patch(tx, &Actor::system("export"), EXPORT_REQUEST, id, None, changes, None).await?;
        Ok(())
    }
}

fn listed(record: &Record, now: Timestamp) -> Value {
    let expires = record.text("expires_at").and_then(|at| at.parse::<Timestamp>().ok());
    let over = expires.is_some_and(|at| at <= now);
    let state = match record.text("state") {
        Some("done") if over => "expired",
        other => other.unwrap_or_default(),
    };
    let shown = ["entity", "subject", "format", "rows", "exported", "conditions", "purpose", "note"];
    let mut listed: Object =
        shown.iter().map(|name| ((*name).to_owned(), record.get(name).clone())).collect();
    let file = record.get("result").clone();
    listed.extend(object([
        ("id", json!(record.id)),
        ("state", json!(state)),
        ("job", record.get("job").clone()),
        ("file", if state == "done" { file } else { Value::Null }),
        ("expires_at", record.get("expires_at").clone()),
        ("created_at", record.get("created_at").clone()),
        ("error", record.get("error").clone()),
    ]));
    Value::Object(listed)
}
