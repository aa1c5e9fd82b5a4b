//! What processes keep about a record goes when the record's own values go.

use std::collections::HashSet;

use anju_definitions::Disposal;
use anju_records::Erased;
use anju_store::{ColumnKind, ColumnRef, Condition, Fetch, Row, Select, SqlValue, Tx};

use crate::tables::{CANDIDATE, INSTANCE, TASK, TOKEN, TRAIL};
use crate::{InstanceState, Processes, Result};

impl Processes {
    /// Those of the records that a process is running on: nothing of them may be erased yet.
    pub async fn running_on(
        &self,
        tx: &mut Tx,
        entity: &str,
        ids: &[String],
    ) -> anju_store::Result<HashSet<String>> {
        let select = Select::from(INSTANCE)
            .column("record_id", ColumnKind::Text)
            .filter(Condition::is_in(INSTANCE, "record_id", ids.iter().map(String::as_str)))
            .filter(Condition::eq(INSTANCE, "entity", entity))
            .filter(Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()));
        let rows = tx.fetch_all(&select).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    /// Forgets what the finished processes on an erased record know of it. The transaction has a permit to erase.
    pub async fn forget(&self, tx: &mut Tx, erased: &Erased) -> Result<()> {
        let select = Select::from(INSTANCE)
            .column("id", ColumnKind::Text)
            .column("vars", ColumnKind::Text)
            .filter(Condition::eq(INSTANCE, "record_id", erased.id.as_str()))
            .filter(Condition::eq(INSTANCE, "entity", erased.entity.as_str()));
        for row in tx.fetch_all(&select).await? {
            match erased.then {
                Disposal::Remove => remove(tx, row.text(0)?).await?,
                Disposal::Anonymise => anonymise(tx, &row, erased).await?,
            }
        }
        Ok(())
    }
}

async fn remove(tx: &mut Tx, instance: &str) -> Result<()> {
    let task = Select::from(TASK)
        .filter(Condition::ColumnsEqual(ColumnRef::new(TASK, "id"), ColumnRef::new(CANDIDATE, "task_id")))
        .filter(Condition::eq(TASK, "instance_id", instance));
    tx.delete(CANDIDATE, Condition::Exists(Box::new(task))).await?;
    for table in [TASK, TOKEN, TRAIL] {
        tx.delete(table, Condition::eq(table, "instance_id", instance)).await?;
    }
    tx.delete(INSTANCE, Condition::eq(INSTANCE, "id", instance)).await?;
    Ok(())
}

async fn anonymise(tx: &mut Tx, row: &Row, erased: &Erased) -> Result<()> {
    let id = row.text(0)?;
    let vars = erased.clean_json(&serde_json::from_str(row.text(1)?)?);
    let sets =
        vec![("record_display", erased.display.as_str().into()), ("vars", SqlValue::from(vars.to_string()))];
    tx.update(INSTANCE, sets, Condition::eq(INSTANCE, "id", id)).await?;
    let tasks = Select::from(TASK)
        .column("id", ColumnKind::Text)
        .column("opinion", ColumnKind::Text)
        .column("asked_why", ColumnKind::Text)
        .filter(Condition::eq(TASK, "instance_id", id));
    for task in tx.fetch_all(&tasks).await? {
        let opinion = task.opt_text(1)?.map(|opinion| erased.clean(opinion));
        let asked_why = task.opt_text(2)?.map(|why| erased.clean(why));
        let sets = vec![
            ("record_display", SqlValue::from(erased.display.as_str())),
            ("opinion", SqlValue::from(opinion)),
            ("asked_why", SqlValue::from(asked_why)),
        ];
        tx.update(TASK, sets, Condition::eq(TASK, "id", task.text(0)?)).await?;
    }
    anonymise_trail(tx, id, erased).await
}

async fn anonymise_trail(tx: &mut Tx, instance: &str, erased: &Erased) -> Result<()> {
    let trail = Select::from(TRAIL)
        .column("seq", ColumnKind::Int)
        .column("opinion", ColumnKind::Text)
        .column("detail", ColumnKind::Text)
        .filter(Condition::eq(TRAIL, "instance_id", instance));
    for entry in tx.fetch_all(&trail).await? {
        let opinion = entry.opt_text(1)?.map(|opinion| erased.clean(opinion));
        let detail = match entry.opt_text(2)? {
            Some(detail) => Some(erased.clean_json(&serde_json::from_str(detail)?).to_string()),
            None => None,
        };
        let sets = vec![("opinion", SqlValue::from(opinion)), ("detail", SqlValue::from(detail))];
        let one =
            Condition::eq(TRAIL, "instance_id", instance).and(Condition::eq(TRAIL, "seq", entry.int(0)?));
        tx.update(TRAIL, sets, one).await?;
    }
    Ok(())
}
