//! What becomes of the tasks of an instance, those that are done among them: steps look back at who did which.

use std::collections::BTreeMap;

use anju_store::{ColumnKind, Condition, Fetch, Select, SqlValue, Tx};

use super::mapping::Mapping;
use crate::Result;
use crate::plan::Plan;
use crate::tables::{CANDIDATE, TASK};
use crate::task_rows::candidates;

struct Row {
    id: String,
    is_open: bool,
}

/// Tasks of steps that the new version has become tasks of those. Open ones keep their last day and whoever signed for
/// them; who else may do them is as the new version says.
pub(super) async fn take_along(
    tx: &mut Tx,
    instance: &str,
    old: &Plan,
    new: &Plan,
    mapping: Mapping<'_>,
) -> Result<()> {
    for (step, rows) in by_step(tx, instance).await? {
        let Some(target) = mapping.element(&step) else { continue };
        let Some(definition) = new.definition.steps.get(target) else { continue };
        let all = rows.iter().map(|row| row.id.as_str());
        let sets: Vec<(&str, SqlValue)> =
            vec![("step", target.into()), ("definition_version", new.version.as_str().into())];
        tx.update(TASK, sets, Condition::is_in(TASK, "id", all)).await?;
        for row in rows.iter().filter(|row| row.is_open) {
            let sets: Vec<(&str, SqlValue)> =
                vec![("title", definition.title.as_str().into()), ("claim", definition.claim.into())];
            tx.update(TASK, sets, Condition::eq(TASK, "id", row.id.as_str())).await?;
            let was = old.definition.steps.get(&step).map(|step| step.roles.clone()).unwrap_or_default();
            give_to(tx, row, was, &definition.roles).await?;
        }
    }
    Ok(())
}

async fn by_step(tx: &mut Tx, instance: &str) -> Result<BTreeMap<String, Vec<Row>>> {
    let select = Select::from(TASK)
        .column("id", ColumnKind::Text)
        .column("step", ColumnKind::Text)
        .column("open_token", ColumnKind::Text)
        .filter(Condition::eq(TASK, "instance_id", instance));
    let mut found: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in tx.fetch_all(&select).await? {
        let (id, is_open) = (row.text(0)?.to_owned(), row.opt_text(2)?.is_some());
        found.entry(row.text(1)?.to_owned()).or_default().push(Row { id, is_open });
    }
    Ok(found)
}

/// Who may do an open task, unless it was given to particular people.
async fn give_to(tx: &mut Tx, row: &Row, mut was: Vec<String>, now: &[String]) -> Result<()> {
    let mut given = candidates(tx, &row.id).await?;
    given.sort();
    was.sort();
    was.dedup();
    if given != was || was == now {
        return Ok(());
    }
    tx.delete(CANDIDATE, Condition::eq(CANDIDATE, "task_id", row.id.as_str())).await?;
    let mut roles = now.to_vec();
    roles.sort();
    roles.dedup();
    let rows = roles.into_iter().map(|role| vec![row.id.as_str().into(), role.into()]);
    tx.insert_many(CANDIDATE, &["task_id", "role"], rows.collect()).await?;
    Ok(())
}
