//! Questions about rights that span entities, and the platform's own figures.

use anju_definitions::{FieldTest, Filter, FilterOp};
use anju_records::{Actor, AuditEntry, PageRequest, Query};
use anju_store::{ColumnKind, Condition, Fetch, JobState, ResultFile, Select, SqlValue};
use serde_json::{Value, json};

use crate::{Error, Result, Runtime};

impl Runtime {
    /// Whether the actor uploaded the file, or may read a record that holds it.
    pub async fn may_read_file(&self, actor: &Actor, file: &str) -> Result<bool> {
        match self.store.file_meta(file).await {
            Ok(meta) if meta.created_by == actor.account_id => return Ok(true),
            Ok(_) => {}
            Err(anju_store::Error::NotFound) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let catalog = self.catalog.load_full();
        for entity in catalog.entities.values() {
            let fields = entity.fields.iter().filter(|(_, field)| field.field_type.is_file());
            for (name, _) in fields {
                if self.holds_file(actor, &entity.entity, name, file).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// An export or report that was made for the actor, while its term lasts; that an export was fetched is in the audit
    /// log.
    pub async fn fetch_result(&self, actor: &Actor, id: &str) -> Result<Option<(ResultFile, std::fs::File)>> {
        let result = match self.store.result(id, self.clock.now()).await {
            Ok(result) if result.created_by == actor.account_id => result,
            Ok(_) | Err(anju_store::Error::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let file = self.store.open_result(&result).await?;
        if let (Some(export), Some(entity)) =
            (result.about["export"].as_str(), result.about["entity"].as_str())
        {
            let mut tx = self.store.begin().await?;
            let entry = AuditEntry::of("export.fetched", entity, export);
            self.records.audit(&mut tx, actor, &entry).await?;
            tx.commit().await?;
        }
        Ok(Some((result, file)))
    }

    async fn holds_file(&self, actor: &Actor, entity: &str, field: &str, file: &str) -> Result<bool> {
        let test = FieldTest { field: field.to_owned(), op: FilterOp::Eq, value: json!(file) };
        let query = Query {
            filter: Some(Filter::Test(test)),
            select: vec![field.to_owned()],
            page: PageRequest { size: 1, ..PageRequest::default() },
            ..Query::default()
        };
        match self.records.query(actor, entity, &query).await {
            Ok(page) => Ok(!page.items.is_empty()),
            // No right on the entity or the field: not through this record.
            Err(
                anju_records::Error::Forbidden { .. }
                | anju_records::Error::Invalid(_)
                | anju_records::Error::NotFound,
            ) => Ok(false),
            Err(error) => Err(Error::Records(error)),
        }
    }

    /// What the actor may do with records of an entity: `{create, update, delete, import, export, actions, unmask}`.
    pub fn rights_on(&self, actor: &Actor, entity: &str) -> Value {
        let catalog = self.catalog.load();
        let granted: Vec<_> = actor
            .roles
            .iter()
            .filter_map(|role| catalog.role(role)?.permissions.get(entity).cloned())
            .collect();
        let any = |test: fn(&anju_definitions::Permission) -> bool| granted.iter().any(test);
        let all = |list: fn(&anju_definitions::Permission) -> &Vec<String>| {
            let mut keys: Vec<&String> = granted.iter().flat_map(list).collect();
            keys.sort();
            keys.dedup();
            json!(keys)
        };
        json!({
            "create": any(|right| right.create),
            "update": any(|right| right.update),
            "delete": any(|right| right.delete),
            "import": any(|right| right.import),
            "export": any(|right| right.export),
            "actions": all(|right| &right.actions),
            "unmask": all(|right| &right.unmask),
        })
    }

    /// Figures for monitoring, by Prometheus name.
    pub async fn gauges(&self) -> Result<Vec<(String, u64)>> {
        let mut reader = self.store.reader();
        let mut gauges = Vec::new();
        for state in [JobState::Queued, JobState::Running, JobState::Failed] {
            let jobs = Select::from("sys_job").column("id", ColumnKind::Text);
            let column = jobs.own("state");
            let is = Condition::Compare {
                column,
                op: anju_store::Operator::Eq,
                value: SqlValue::from(state.as_str()),
            };
            let count = reader.count(&jobs.filter(is), Some(100_000)).await?;
            gauges.push((format!("anju_jobs{{state=\"{}\"}}", state.as_str()), count));
        }
        if let Some(run) = self.last_integrity_run().await? {
            gauges.push(("anju_damaged_rows".to_owned(), run.damaged));
        }
        gauges.extend(self.dead_job_gauges().await?);
        Ok(gauges)
    }
}
