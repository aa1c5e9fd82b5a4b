//! Since when the rows of a table have codes. A table that is made by the platform has them from its first row; one
//! that was there before is coded once, when the column comes to it, and never again: whoever takes a code away later
//! only makes the row one that is found.

use std::collections::HashMap;
use std::sync::Arc;

use super::{CODE, Coding, Judged, judged};
use crate::build::{self, CodedRows};
use crate::schema::{columns_of, guarded, stem, unguarded};
use crate::{ColumnKind, Condition, Fetch, Result, SchemaChange, Select, SqlValue, Store, TableSpec, Tx};

const TABLE: &str = "sys_row_codes";
/// The rows from before are being coded.
const ADOPTING: &str = "adopting";
/// Every row has a code.
const CODED: &str = "coded";

/// One row for each authenticated table, under its name without generation; authenticated itself.
pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("table_name", ColumnKind::Text)
        .column("state", ColumnKind::Text)
        .primary_key(["table_name"])
        .authenticated()
}

/// Writes down, before the tables are made or extended, which of them are new and which are to be coded.
pub(crate) async fn register(store: &Store, tables: &[TableSpec]) -> Result<()> {
    let registered = registered(store).await?;
    let missing = |spec: &&TableSpec| !registered.get(stem(&spec.name)).is_some_and(|row| row.sound);
    let missing: Vec<&TableSpec> = ours(tables).filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    for spec in missing {
        let columns = columns_of(&mut tx, &spec.name).await?;
        let state = match columns.iter().any(|(name, _)| name == CODE) || columns.is_empty() {
            true => CODED,
            false => ADOPTING,
        };
        if registered.contains_key(stem(&spec.name)) {
            // Not what the platform wrote. That stays to be found, unless there is nothing to hide in the table.
            if !columns.is_empty() && !is_empty(&mut tx, spec).await? {
                continue;
            }
            tx.delete(TABLE, Condition::eq(TABLE, "table_name", stem(&spec.name))).await?;
        }
        tx.put_state(stem(&spec.name), state).await?;
    }
    tx.commit().await
}

/// Codes the rows of the tables that had none before; what was done.
pub(crate) async fn adopt(store: &Store, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
    if ours(tables).next().is_none() {
        return Ok(Vec::new());
    }
    let registered = registered(store).await?;
    let mut changes = Vec::new();
    for spec in ours(tables) {
        let is_open = |row: &Registered| row.sound && row.state == ADOPTING;
        if registered.get(stem(&spec.name)).is_some_and(is_open) {
            let rows = code_rows(store, spec).await?;
            changes.push(SchemaChange::RowsCoded { table: spec.name.clone(), rows });
        }
    }
    Ok(changes)
}

/// In batches, each a transaction: the column is new, and other servers may be at work.
async fn code_rows(store: &Store, spec: &TableSpec) -> Result<u64> {
    let columns = columns_of(&mut store.reader(), &spec.name).await?;
    let coding = Arc::new(Coding::of(spec).with_columns(columns));
    let (mut coded, mut after) = (0, None::<Vec<SqlValue>>);
    loop {
        let mut tx = store.begin().await?;
        tx.open_to_codes(spec).await?;
        let (rows, last) = tx.code_batch(&coding, after.as_deref()).await?;
        tx.close_to_changes(spec).await?;
        coded += rows;
        let done = last.is_none();
        if done {
            let this = Condition::eq(TABLE, "table_name", coding.stem.as_str());
            tx.update(TABLE, vec![("state", CODED.into())], this).await?;
        }
        tx.commit().await?;
        if done {
            return Ok(coded);
        }
        after = last;
    }
}

impl Tx {
    async fn put_state(&mut self, stem: &str, state: &str) -> Result<()> {
        let mut columns = vec!["table_name", "state"];
        let mut rows = [vec![stem.into(), state.into()]];
        self.store().known().complete(TABLE, &mut columns, &mut rows);
        let [row] = rows;
        // Another server that starts at the same time writes the same.
        let statement = build::insert_or_ignore(self.dialect(), TABLE, &columns, row, None);
        self.execute(statement).await.map(drop)
    }

    /// Lets the codes be written into rows that can only be added.
    async fn open_to_codes(&mut self, spec: &TableSpec) -> Result<()> {
        match (spec.append_only, spec.erasable) {
            (false, _) => Ok(()),
            (true, true) => self.permit_erasure().await,
            (true, false) => self.run(unguarded(self.dialect(), &spec.name)).await,
        }
    }

    async fn close_to_changes(&mut self, spec: &TableSpec) -> Result<()> {
        match spec.append_only && !spec.erasable {
            true => self.run(guarded(self.dialect(), &spec.name)).await,
            false => Ok(()),
        }
    }
}

/// What is written down of a table.
struct Registered {
    state: String,
    sound: bool,
}

async fn registered(store: &Store) -> Result<HashMap<String, Registered>> {
    let known = store.known();
    let Some(coding) = known.coding(TABLE) else { return Ok(HashMap::new()) };
    let wanted = CodedRows { table: TABLE, filter: &Condition::True, after: None, limit: None, lock: false };
    let (coding, rows) = judged(&mut store.reader(), coding, &wanted).await?;
    let state = |row: &Judged| {
        let at = coding.columns.iter().position(|(name, _)| name == "state")?;
        match row.values.as_ref()?.get(at)? {
            SqlValue::Text(state) => Some(state.clone()),
            _ => None,
        }
    };
    let one =
        |row: &Judged| (row.label(), Registered { state: state(row).unwrap_or_default(), sound: row.sound });
    Ok(rows.iter().map(one).collect())
}

fn ours(tables: &[TableSpec]) -> impl Iterator<Item = &TableSpec> {
    tables.iter().filter(|spec| spec.authenticated && spec.name != TABLE)
}

async fn is_empty(tx: &mut Tx, spec: &TableSpec) -> Result<bool> {
    Ok(tx.count(&Select::from(&spec.name), Some(1)).await? == 0)
}
