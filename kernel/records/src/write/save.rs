//! Station five: the row and its child rows, in one transaction, if the version still is what it was.

use anju_store::{ColumnRef, Condition, SqlValue, Tx};

use super::{
    draft::{Draft, DraftTable},
    seal::Sealed,
    uniques::{duplicate, duplicates},
};
use crate::{Actor, Change, Error, Records, Result, plan::EntityPlan, schema::DELETED_WITH};

/// A change that is in the database (of this transaction).
pub(crate) struct Stored {
    pub draft: Draft,
    pub version: i64,
    pub at_ms: i64,
}

impl Stored {
    /// `along_with` is the record whose deletion takes this one along.
    pub(crate) async fn from(
        records: &Records,
        tx: &mut Tx,
        actor: &Actor,
        sealed: Sealed,
        along_with: Option<&str>,
    ) -> Result<Self> {
        let at_ms = records.now().as_millisecond();
        let Sealed { draft, columns, tables } = sealed;
        let stamp = Stamp { at_ms, by: &actor.account_id };
        let version = match &draft.row.before {
            None => {
                let row = stamp.new_row(&draft.row.id, columns);
                let inserted = tx.insert(&draft.plan.table, row).await;
                if let Err(error) = inserted {
                    return Err(refused(records, &draft, &draft.plan, "", error).await);
                }
                1
            }
            Some(before) => {
                let mut sets = stamp.touched(columns, before.version + 1);
                match draft.change {
                    Change::Deleted => sets.extend(gone(at_ms, along_with)),
                    Change::Restored => sets.extend(back()),
                    Change::Created | Change::Updated => {}
                }
                let place = match draft.change {
                    Change::Restored => deleted(&draft.plan, &draft.row.id),
                    _ => live(&draft.plan, &draft.row.id),
                };
                let version = Condition::eq(draft.plan.table.as_str(), "version", before.version);
                match tx.update(&draft.plan.table, sets, place.and(version)).await {
                    Ok(0) => return Err(Error::Stale { current: before.version + 1 }),
                    Ok(_) => before.version + 1,
                    Err(error) => return Err(refused(records, &draft, &draft.plan, "", error).await),
                }
            }
        };
        for (table, rows) in draft.tables.iter().zip(tables).filter(|(table, _)| table.given) {
            let removal = match draft.change {
                Change::Deleted => gone(at_ms, Some(along_with.unwrap_or(&draft.row.id))),
                _ => gone(at_ms, None),
            };
            let saved = match draft.change {
                Change::Restored => bring_back(tx, table).await,
                _ => save_table(tx, &stamp, table, rows, removal).await,
            };
            if let Err(error) = saved {
                return Err(refused(records, &draft, &table.plan, &draft.child(table).name, error).await);
            }
        }
        Ok(Self { draft, version, at_ms })
    }
}

/// When and by whom.
pub(super) struct Stamp<'a> {
    pub(super) at_ms: i64,
    pub(super) by: &'a str,
}

impl Stamp<'_> {
    pub(super) fn new_row(&self, id: &str, columns: Vec<(String, SqlValue)>) -> Vec<(String, SqlValue)> {
        self.whole_row(id, columns, 1, self)
    }

    /// A row that is new to the database, whatever became of it since it was created.
    pub(super) fn whole_row(
        &self,
        id: &str,
        mut columns: Vec<(String, SqlValue)>,
        version: i64,
        updated: &Stamp<'_>,
    ) -> Vec<(String, SqlValue)> {
        columns.extend([
            ("id".to_owned(), id.into()),
            ("created_at".to_owned(), self.at_ms.into()),
            ("created_by".to_owned(), self.by.into()),
        ]);
        updated.touched(columns, version)
    }

    pub(super) fn touched(
        &self,
        mut columns: Vec<(String, SqlValue)>,
        version: i64,
    ) -> Vec<(String, SqlValue)> {
        columns.extend([
            ("version".to_owned(), version.into()),
            ("updated_at".to_owned(), self.at_ms.into()),
            ("updated_by".to_owned(), self.by.into()),
        ]);
        columns
    }
}

/// Columns of a record that goes, and with which other it goes.
pub(super) fn gone(at_ms: i64, along_with: Option<&str>) -> Vec<(String, SqlValue)> {
    vec![("deleted_at".to_owned(), at_ms.into()), (DELETED_WITH.to_owned(), along_with.into())]
}

/// Columns of a record that comes back.
pub(super) fn back() -> Vec<(String, SqlValue)> {
    vec![("deleted_at".to_owned(), SqlValue::Null), (DELETED_WITH.to_owned(), SqlValue::Null)]
}

fn deleted(plan: &EntityPlan, id: &str) -> Condition {
    Condition::eq(plan.table.as_str(), "id", id)
        .and(Condition::NotNull(ColumnRef::new(plan.table.as_str(), "deleted_at")))
}

fn live(plan: &EntityPlan, id: &str) -> Condition {
    Condition::eq(plan.table.as_str(), "id", id)
        .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at")))
}

/// Removed rows first, so that their unique values are free again; then changes, then new rows.
pub(super) async fn save_table(
    tx: &mut Tx,
    stamp: &Stamp<'_>,
    table: &DraftTable,
    rows: Vec<Vec<(String, SqlValue)>>,
    removal: Vec<(String, SqlValue)>,
) -> anju_store::Result<()> {
    let plan = &table.plan;
    if !table.removed.is_empty() {
        let ids = table.removed.iter().map(|row| row.id.as_str());
        tx.update(&plan.table, removal, Condition::is_in(plan.table.as_str(), "id", ids)).await?;
    }
    let mut new_rows = Vec::new();
    for (position, (row, mut columns)) in (0i64..).zip(table.rows.iter().zip(rows)) {
        columns.push(("position".to_owned(), position.into()));
        match &row.before {
            Some(before) => {
                let version = before.version + i64::from(row.is_changed());
                tx.update(&plan.table, stamp.touched(columns, version), live(plan, &row.id)).await?;
            }
            None => new_rows.push(stamp.new_row(&row.id, columns)),
        }
    }
    insert_together(tx, plan, new_rows).await
}

/// The rows of a table come back with their record.
async fn bring_back(tx: &mut Tx, table: &DraftTable) -> anju_store::Result<()> {
    if table.rows.is_empty() {
        return Ok(());
    }
    let ids = table.rows.iter().map(|row| row.id.as_str());
    tx.update(&table.plan.table, back(), Condition::is_in(table.plan.table.as_str(), "id", ids)).await?;
    Ok(())
}

/// New rows in as few statements as possible: each gets the columns that any of them has.
pub(super) async fn insert_together(
    tx: &mut Tx,
    plan: &EntityPlan,
    rows: Vec<Vec<(String, SqlValue)>>,
) -> anju_store::Result<()> {
    let (columns, aligned) = aligned(rows);
    if !aligned.is_empty() {
        tx.insert_many(&plan.table, &columns, aligned).await?;
    }
    Ok(())
}

/// Rows that all have the same columns: those that any of them has.
pub(super) fn aligned(rows: Vec<Vec<(String, SqlValue)>>) -> (Vec<String>, Vec<Vec<SqlValue>>) {
    let mut columns: Vec<String> = Vec::new();
    for row in &rows {
        // Most rows have the columns of the row before them, in the same order.
        if !row.iter().map(|(name, _)| name).eq(&columns) {
            let new: Vec<&String> =
                row.iter().map(|(name, _)| name).filter(|name| !columns.contains(name)).collect();
            columns.extend(new.into_iter().cloned());
        }
    }
    let aligned = rows.into_iter().map(|row| align(&columns, row)).collect();
    (columns, aligned)
}

/// The values of a row by the columns of all.
fn align(columns: &[String], mut row: Vec<(String, SqlValue)>) -> Vec<SqlValue> {
    if row.iter().map(|(name, _)| name).eq(columns) {
        return row.into_iter().map(|(_, value)| value).collect();
    }
    let mut take = |name: &String| {
        let found = row.iter().position(|(its, _)| its == name);
        found.map_or(SqlValue::Null, |at| row.swap_remove(at).1)
    };
    columns.iter().map(&mut take).collect()
}

/// What the database refused, for people: every value that repeats, not only the first. `child` is the name of the
/// child table it happened in.
async fn refused(
    records: &Records,
    draft: &Draft,
    plan: &EntityPlan,
    child: &str,
    error: anju_store::Error,
) -> Error {
    if !matches!(error, anju_store::Error::Unique { .. }) {
        return error.into();
    }
    // The transaction takes no more questions.
    match duplicates(records, &mut records.store().reader(), draft, &[]).await {
        Ok(found) if found.is_empty() => duplicate(plan, child, error),
        Ok(found) => Error::Invalid(found),
        Err(error) => error,
    }
}
