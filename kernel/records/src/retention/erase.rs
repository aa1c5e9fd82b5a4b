//! Values that go for good: from the table, its blind indexes and the history.

use std::collections::BTreeSet;

use anju_definitions::Disposal;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, NewEvent, Select, SqlValue, Tx};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    due::{Due, TermKey},
    erased::{Erased, note, note_file, note_files},
    tables::DONE,
};
use crate::{
    Actor, Error, Records, Result,
    audit::AuditEntry,
    history::{StoredChange, ids_in, sealing_column},
    plan::{EntityPlan, Plans},
    read::{LoadedRow, display_of, load_rows},
    schema::{HISTORY, TOKENS},
    search::has_item,
    value,
    write::{CONFIRMATION, clean_confirmations, search_tokens},
};

/// Levels of child tables below a record.
const LEVELS_MAX: usize = 8;

/// One table of the record: its rows, and which of their values go.
struct Part<'p> {
    plan: &'p EntityPlan,
    /// Name of the child table in the parent's changes.
    child: Option<&'p str>,
    rows: Vec<LoadedRow>,
    positions: Vec<usize>,
}

impl Part<'_> {
    /// The values of a row without those that go.
    fn left(&self, values: &[Value]) -> Vec<Value> {
        let mut left = values.to_vec();
        self.positions.iter().for_each(|position| left[*position] = Value::Null);
        left
    }
}

impl Records {
    /// Erases what the term says of one record, in the caller's transaction, with an audit entry. The caller has the
    /// id from [`Records::due_ids`] of the same transaction.
    pub async fn erase(&self, tx: &mut Tx, actor: &Actor, key: &TermKey, id: &str) -> Result<Erased> {
        let plans = self.plans()?;
        let due = Due::of(&plans, key, self.today())?;
        let (plan, retention) = (due.plan, due.retention);
        let own = Condition::eq(plan.table.as_str(), "id", id);
        let rows = load_rows(self, tx, plan, own, Vec::new()).await?;
        if rows.is_empty() {
            return Err(Error::NotFound);
        }
        tx.permit_erasure().await?;
        if retention.then == Disposal::Remove {
            self.keep_count(tx, plan, retention, &rows[0]).await?;
        }
        let mut parts = Vec::new();
        self.gather(tx, &plans, plan, None, rows, &mut parts, 0).await?;
        let mut erased = Erased {
            entity: key.entity.clone(),
            id: id.to_owned(),
            then: retention.then,
            display: String::new(),
            fields: Vec::new(),
            texts: Vec::new(),
            files: Vec::new(),
        };
        match retention.then {
            Disposal::Remove => self.remove_for_good(tx, &parts, &mut erased).await?,
            Disposal::Anonymise => {
                choose(&mut parts, &retention.fields);
                self.anonymise(tx, actor, &parts, key, &mut erased).await?;
            }
        }
        erased.files.sort();
        erased.files.dedup();
        let word = match retention.then {
            Disposal::Remove => "record.removed",
            Disposal::Anonymise => "record.anonymised",
        };
        let why = match &retention.basis {
            Some(basis) => format!("{}（{basis}）", retention.term),
            None => retention.term.clone(),
        };
        self.audit(tx, actor, &AuditEntry::of(word, &key.entity, id).because(Some(&why))).await?;
        let event = NewEvent {
            topic: word.to_owned(),
            entity: key.entity.clone(),
            record_id: id.to_owned(),
            payload: json!({ "term": key.term }),
            at: self.now(),
        };
        tx.emit(&event).await?;
        Ok(erased)
    }

    /// The record and everything below it, deleted rows too.
    #[allow(clippy::too_many_arguments)]
    async fn gather<'p>(
        &self,
        tx: &mut Tx,
        plans: &'p Plans,
        plan: &'p EntityPlan,
        child: Option<&'p str>,
        rows: Vec<LoadedRow>,
        parts: &mut Vec<Part<'p>>,
        level: usize,
    ) -> Result<()> {
        let ids: Vec<String> = rows.iter().map(|row| row.loaded.id.clone()).collect();
        parts.push(Part { plan, child, rows, positions: Vec::new() });
        if level >= LEVELS_MAX {
            return Ok(());
        }
        for table in &plan.children {
            let below = &**plans.child(table)?;
            let link = below.fields[table.parent_field].name.as_str();
            let of = Condition::is_in(below.table.as_str(), link, ids.iter().map(String::as_str));
            let rows = load_rows(self, tx, below, of, Vec::new()).await?;
            if !rows.is_empty() {
                let name = (level == 0).then_some(table.name.as_str());
                Box::pin(self.gather(tx, plans, below, name, rows, parts, level + 1)).await?;
            }
        }
        Ok(())
    }

    async fn remove_for_good(&self, tx: &mut Tx, parts: &[Part<'_>], erased: &mut Erased) -> Result<()> {
        // The lowest first, for the sake of whoever reads meanwhile.
        for part in parts.iter().rev() {
            let ids = || part.rows.iter().map(|row| row.loaded.id.as_str());
            for (position, field) in part.plan.fields.iter().enumerate() {
                note(field, part.rows.iter().map(|row| &row.loaded.values[position]), erased);
            }
            let of = Condition::is_in(HISTORY, "record_id", ids()).and(Condition::eq(
                HISTORY,
                "entity",
                part.plan.key(),
            ));
            for (_, changes) in history(tx, of.clone()).await? {
                note_files(part.plan, &changes, erased);
            }
            tx.delete(HISTORY, of).await?;
            tx.delete(CONFIRMATION, Condition::is_in(CONFIRMATION, "record_id", ids())).await?;
            tx.delete(DONE, Condition::is_in(DONE, "record_id", ids())).await?;
            tx.delete(&part.plan.table, Condition::is_in(part.plan.table.as_str(), "id", ids())).await?;
        }
        Ok(())
    }

    async fn anonymise(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        parts: &[Part<'_>],
        key: &TermKey,
        erased: &mut Erased,
    ) -> Result<()> {
        let now_ms = self.now().as_millisecond();
        for part in parts.iter().filter(|part| !part.positions.is_empty()) {
            for position in &part.positions {
                let field = &part.plan.fields[*position];
                note(field, part.rows.iter().map(|row| &row.loaded.values[*position]), erased);
                if part.child.is_none() {
                    erased.fields.push(field.name.clone());
                }
            }
            for row in &part.rows {
                // `updated_at` stays: it may be what another term counts from.
                let mut sets = vec![("version", SqlValue::Int(row.loaded.version + 1))];
                for position in &part.positions {
                    let field = &part.plan.fields[*position];
                    sets.push((field.name.as_str(), SqlValue::Null));
                    sets.extend(field.index_column.as_deref().map(|column| (column, SqlValue::Null)));
                }
                if part.plan.search.iter().any(|searched| part.positions.contains(searched)) {
                    let left = part.left(&row.loaded.values);
                    sets.push((TOKENS, search_tokens(part.plan, &left).into()));
                }
                let own = Condition::eq(part.plan.table.as_str(), "id", row.loaded.id.as_str());
                tx.update(&part.plan.table, sets, own).await?;
            }
        }
        self.anonymise_history(tx, parts, erased).await?;
        clean_confirmations(tx, &parts[0].rows[0].loaded.id, &|text| erased.clean(text)).await?;
        let own = &parts[0];
        let row = &own.rows[0];
        let left = own.left(&row.loaded.values);
        erased.display = display_of(own.plan, &left, true, &[]).unwrap_or_default();
        let entry: Vec<(&str, SqlValue)> = vec![
            ("entity", key.entity.as_str().into()),
            ("record_id", row.loaded.id.as_str().into()),
            ("version", (row.loaded.version + 1).into()),
            ("at", now_ms.into()),
            ("actor_id", actor.account_id.as_str().into()),
            ("actor_name", actor.name.as_str().into()),
            ("action", "anonymised".into()),
            ("why", key.term.as_str().into()),
            ("changes", "[]".into()),
        ];
        tx.insert(HISTORY, entry).await?;
        let done: Vec<(&str, SqlValue)> = vec![
            ("entity", key.entity.as_str().into()),
            ("record_id", row.loaded.id.as_str().into()),
            ("term", key.term.as_str().into()),
            ("at", now_ms.into()),
        ];
        Ok(tx.insert(DONE, done).await?)
    }

    /// Takes the values, and the texts among them wherever somebody wrote them as a reason, out of the history.
    async fn anonymise_history(&self, tx: &mut Tx, parts: &[Part<'_>], erased: &mut Erased) -> Result<()> {
        for part in parts {
            let ids = part.rows.iter().map(|row| row.loaded.id.as_str());
            let of = Condition::is_in(HISTORY, "record_id", ids).and(Condition::eq(
                HISTORY,
                "entity",
                part.plan.key(),
            ));
            for (entry, mut changes) in history(tx, of).await? {
                for change in &mut changes {
                    if is_erased(parts, part, change) {
                        note_file(part.plan, change, erased);
                        self.note_earlier(parts, part, change, erased)?;
                        (change.before, change.after) = (Value::Null, Value::Null);
                        (change.sealed, change.erased) = (false, true);
                    }
                }
                let changes =
                    serde_json::to_string(&changes).map_err(|cause| Error::Internal(cause.to_string()))?;
                let why = entry.why.map(|why| erased.clean(&why));
                let sets = vec![("changes", changes.into()), ("why", why.into())];
                tx.update(HISTORY, sets, Condition::eq(HISTORY, "id", entry.id)).await?;
            }
        }
        Ok(())
    }
}

impl Records {
    /// Texts that a value had before.
    fn note_earlier(
        &self,
        parts: &[Part<'_>],
        part: &Part<'_>,
        change: &StoredChange,
        erased: &mut Erased,
    ) -> Result<()> {
        let Some(owner) = owner_of(parts, part, change) else { return Ok(()) };
        let Some(field) = owner.plan.field(&change.field) else { return Ok(()) };
        for stored in [&change.before, &change.after] {
            let value = match (change.sealed, stored) {
                (true, Value::String(sealed)) => {
                    let bytes =
                        STANDARD.decode(sealed).map_err(|cause| Error::Internal(cause.to_string()))?;
                    let column = sealing_column(owner.plan, field);
                    self.open_at(HISTORY, &column, &part.rows[0].loaded.id, field, &bytes)?
                }
                _ => stored.clone(),
            };
            note(field, std::iter::once(&value), erased);
        }
        Ok(())
    }
}

/// Marks the fields of a term in the tables they belong to.
fn choose(parts: &mut [Part<'_>], fields: &[String]) {
    for part in parts {
        let of = |path: &String| match (path.split_once('.'), part.child) {
            (None, None) if part.plan.parent().is_none() => part.plan.position(path),
            (Some((child, name)), Some(own)) if child == own => part.plan.position(name),
            _ => None,
        };
        part.positions = fields.iter().filter_map(of).collect();
        add_derived(part);
    }
}

/// What was computed from values that go, goes with them.
fn add_derived(part: &mut Part<'_>) {
    for position in part.plan.computed.iter().copied() {
        let field = &part.plan.fields[position];
        let Some(formula) = field.formula.as_ref().filter(|_| field.is_stored()) else { continue };
        let goes = |at: &usize| formula.reads(&part.plan.fields[*at].name);
        if !part.positions.contains(&position) && part.positions.iter().any(goes) {
            part.positions.push(position);
        }
    }
    part.positions.retain(|position| part.plan.fields[*position].is_stored());
}

/// The table that a change in the history of `part` is about.
fn owner_of<'a, 'p>(
    parts: &'a [Part<'p>],
    part: &'a Part<'p>,
    change: &StoredChange,
) -> Option<&'a Part<'p>> {
    match &change.child {
        None => Some(part),
        Some(name) => parts.iter().find(|other| other.child == Some(name)),
    }
}

/// Whether a change in the history of `part` tells of a value that goes.
fn is_erased(parts: &[Part<'_>], part: &Part<'_>, change: &StoredChange) -> bool {
    let owner = owner_of(parts, part, change).filter(|owner| !owner.positions.is_empty());
    let Some(owner) = owner else { return false };
    // A removed row is told by its display text, which may hold any of them.
    change.field.is_empty()
        || owner.positions.iter().any(|position| owner.plan.fields[*position].name == change.field)
}

/// What else a row of the history says.
struct Entry {
    id: i64,
    why: Option<String>,
}

async fn history(tx: &mut Tx, of: Condition) -> Result<Vec<(Entry, Vec<StoredChange>)>> {
    let select = Select::from(HISTORY)
        .column("id", ColumnKind::Int)
        .column("why", ColumnKind::Text)
        .column("changes", ColumnKind::Text)
        .filter(of)
        .order_by("id", Direction::Ascending);
    let rows = tx.fetch_all(&select).await?;
    let entry = |row: &anju_store::Row| {
        let changes = serde_json::from_str(row.text(2)?)
            .map_err(|cause| Error::Internal(format!("stored history: {cause}")))?;
        Ok((Entry { id: row.int(0)?, why: row.opt_text(1)?.map(str::to_owned) }, changes))
    };
    rows.iter().map(entry).collect()
}

impl Records {
    /// Those of the files that no record names any more, in whatever state.
    pub async fn unreferenced_files(&self, tx: &mut Tx, files: &[String]) -> Result<Vec<String>> {
        let plans = self.plans()?;
        let mut left: BTreeSet<&str> = files.iter().map(String::as_str).collect();
        for entity in plans.catalog.entities.keys() {
            let plan = plans.entity(entity)?;
            for field in plan.fields.iter().filter(|field| field.kind.is_file()) {
                if left.is_empty() {
                    return Ok(Vec::new());
                }
                let column = ColumnRef::new(plan.table.as_str(), field.name.as_str());
                let names_one = match field.definition.many {
                    false => Condition::is_in(plan.table.as_str(), field.name.as_str(), left.iter().copied()),
                    true => Condition::Any(left.iter().map(|id| has_item(&column, id)).collect()),
                };
                let select = Select::from(plan.table.as_str())
                    .column(field.name.as_str(), field.sql)
                    .filter(names_one);
                for row in tx.fetch_all(&select).await? {
                    let value = value::of_column(field, row.value(0).clone())?;
                    for id in ids_in(&value) {
                        left.remove(id);
                    }
                }
            }
        }
        Ok(left.into_iter().map(str::to_owned).collect())
    }
}
