//! Whether the platform's answer and the rows of hand-written SQL say the same: times of different answers would not be
//! comparable.

use std::fmt::Debug;

use anyhow::ensure;
use serde_json::Value;
use sqlx::{Row, postgres::PgRow};

use super::questions::CHILDREN;

/// District, month and count.
type Group = (Option<String>, Option<String>, Option<i64>);

/// A list has the same records in the same order, a record itself and as many rows of its child tables, figures the same
/// groups with the same counts.
pub fn ensure_same(answer: &Value, rows: &[PgRow]) -> anyhow::Result<()> {
    if let Some(groups) = answer["rows"].as_array() {
        // Groups without a month come first or last, as each likes.
        let mut ours: Vec<Group> = groups.iter().map(group).collect();
        let mut theirs = rows.iter().map(group_of_sql).collect::<Result<Vec<_>, _>>()?;
        ours.sort_unstable();
        theirs.sort_unstable();
        return ensure_equal(&ours, &theirs);
    }
    if let Some(items) = answer["items"].as_array() {
        return ensure_equal(&items.iter().map(id).collect::<Vec<_>>(), &ids(rows)?);
    }
    let own = ids(rows.get(..1).unwrap_or_default())?;
    ensure_equal(&vec![id(answer)], &own)?;
    let children = CHILDREN.iter().filter_map(|(name, _)| answer[*name].as_array());
    ensure_equal(&(1 + children.map(Vec::len).sum::<usize>()), &rows.len())
}

fn ensure_equal<T: Debug + PartialEq>(ours: &T, theirs: &T) -> anyhow::Result<()> {
    ensure!(ours == theirs, "the platform answers {ours:?}, SQL {theirs:?}");
    Ok(())
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap_or_default().to_owned()
}

fn ids(rows: &[PgRow]) -> sqlx::Result<Vec<String>> {
    rows.iter().map(|row| row.try_get("id")).collect()
}

fn group(group: &Value) -> Group {
    let text = |key: &str| group[key].as_str().map(str::to_owned);
    (text("district"), text("submitted_at"), group["cases"].as_i64())
}

fn group_of_sql(row: &PgRow) -> sqlx::Result<Group> {
    Ok((row.try_get("district")?, row.try_get("month")?, row.try_get("cases")?))
}
