//! Loading: records that come with their whole past, migrated or generated, many at a time. Values are parsed, computed
//! and sealed by the same stations as any change, and every version leaves its entry in the history. What loading leaves
//! out: references and rules over other records are not looked up, hooks are not called, subscribers are not told, and
//! the audit log gets one entry for each load, with the digest of all changes.

use std::sync::Arc;

use anju_calendar::day_of;
use anju_store::{SqlValue, Tx};
use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use super::{
    check::{check_rows, check_transition},
    draft::{Draft, DraftRow, DraftTable},
    operations::set_row_defaults,
    parse::{Writer, parse_into},
    save::{Stamp, aligned},
    seal::changed_columns,
    trail::{HISTORY_COLUMNS, Occasion, history_row},
};
use crate::{
    Actor, Boxed, Change, Error, FieldError, Object, Records, Result,
    access::{Access, Operation},
    audit::AuditEntry,
    plan::{ChildPlan, EntityPlan, Plans},
    read::Loaded,
    schema::HISTORY,
    sequence::SequencePlan,
};

/// A record to be loaded.
#[derive(Debug, Clone)]
pub struct LoadRecord {
    /// Its id, a UUID; lists in the order of ids are best in the order of creation.
    pub id: String,
    /// What became of it, the creation first.
    pub versions: Vec<LoadVersion>,
}

/// One change of a record to be loaded.
#[derive(Debug, Clone)]
pub struct LoadVersion {
    pub at: Timestamp,
    /// Id of the account that made the change, and the name it had then.
    pub by: String,
    pub by_name: String,
    pub why: Option<String>,
    /// Fields in the form in which the API takes them, system fields too. The creation has the rows of child tables,
    /// each with its `id`; later versions have none.
    pub values: Object,
}

/// Records of one entity, judged and sealed: rows that only wait to be written.
pub struct PreparedLoad {
    plan: Arc<EntityPlan>,
    rows: Vec<Columns>,
    /// By position of the child table.
    children: Vec<(Arc<EntityPlan>, Vec<Columns>)>,
    history: Vec<Vec<SqlValue>>,
    digests: String,
}

type Columns = Vec<(String, SqlValue)>;

/// How many rows a load wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadCounts {
    pub records: u64,
    pub child_rows: u64,
    pub history: u64,
}

impl LoadCounts {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.records + self.child_rows + self.history
    }
}

impl std::ops::AddAssign for LoadCounts {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.child_rows += other.child_rows;
        self.history += other.history;
    }
}

impl Records {
    /// Judges and seals records for loading. Waits for nothing and computes much: threads may share the work.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the faults of the first faulty record; a fault's place begins with the record's id.
    pub fn prepare_load(&self, entity: &str, records: Vec<LoadRecord>) -> Result<PreparedLoad> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?.clone();
        let children = plan.children.iter().map(|child| Ok((plans.child(child)?.clone(), Vec::new())));
        let mut prepared = PreparedLoad {
            children: children.collect::<Result<_>>()?,
            rows: Vec::with_capacity(records.len()),
            history: Vec::new(),
            digests: String::new(),
            plan,
        };
        let system = Actor::system("");
        let access = Access::of(&plans, plans.entity(entity)?, &system, Operation::Create)?;
        for record in records {
            let id = record.id.clone();
            let faulty = |faults: Vec<FieldError>| {
                let named =
                    faults.into_iter().map(|f| FieldError { field: format!("{id}.{}", f.field), ..f });
                Error::Invalid(named.collect())
            };
            let mut one =
                One { records: self, plans: &plans, system: &system, access: &access, faults: Vec::new() };
            one.prepare(record, &mut prepared)?;
            if !one.faults.is_empty() {
                return Err(faulty(one.faults));
            }
        }
        Ok(prepared)
    }

    /// Writes prepared records with their history, in the given transaction.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error) for what the database refuses: repeated ids, or repeated unique values while the
    /// indexes are there.
    pub fn load<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        prepared: PreparedLoad,
        why: &'a str,
    ) -> Boxed<'a, LoadCounts> {
        Box::pin(async move {
            let PreparedLoad { plan, rows, children, history, digests } = prepared;
            let mut counts = LoadCounts {
                records: load_rows(tx, &plan, rows).await?,
                history: tx.load(HISTORY, &HISTORY_COLUMNS, history).await?,
                ..LoadCounts::default()
            };
            for (child, rows) in children {
                counts.child_rows += load_rows(tx, &child, rows).await?;
            }
            let entry = AuditEntry {
                entity: Some(plan.key()),
                changes_digest: Some(anju_crypto::sm3_hex(digests.as_bytes())),
                ..AuditEntry::named("records.loaded").because(Some(why))
            };
            self.audit(tx, actor, &entry).await?;
            Ok(counts)
        })
    }

    /// Counters of a sequence move on by so many numbers, which were given on that day to records like this one.
    #[allow(clippy::too_many_arguments)]
    pub fn skip_numbers<'a>(
        &'a self,
        tx: &'a mut Tx,
        sequence: &'a str,
        entity: &'a str,
        record: &'a Object,
        day: Date,
        count: u32,
    ) -> Boxed<'a, ()> {
        Box::pin(async move {
            let plans = self.plans()?;
            let plan = plans.entity(entity)?;
            let definition = plans.catalog.sequence(sequence);
            let definition =
                definition.ok_or_else(|| Error::Internal(format!("no sequence `{sequence}`")))?;
            let values: Vec<Value> =
                plan.fields.iter().map(|f| record.get(&f.name).cloned().unwrap_or_default()).collect();
            SequencePlan::compile(definition)?.skip(tx, plan, &values, day, count).await
        })
    }
}

/// The one place where loaded rows of entities are written.
async fn load_rows(tx: &mut Tx, plan: &EntityPlan, rows: Vec<Columns>) -> Result<u64> {
    let (columns, rows) = aligned(rows);
    Ok(tx.load(&plan.table, &columns, rows).await?)
}

/// One record on its way.
struct One<'a> {
    records: &'a Records,
    plans: &'a Plans,
    system: &'a Actor,
    access: &'a Access<'a>,
    faults: Vec<FieldError>,
}

impl One<'_> {
    fn prepare(&mut self, record: LoadRecord, prepared: &mut PreparedLoad) -> Result<()> {
        let plan = prepared.plan.clone();
        let (Some(first), Some(last)) = (record.versions.first(), record.versions.last()) else {
            self.faults.push(FieldError::new("versions", "required", "没有任何版本"));
            return Ok(());
        };
        if uuid::Uuid::try_parse(&record.id).is_err() {
            self.faults.push(FieldError::new("id", "format", "不是有效的标识"));
            return Ok(());
        }
        let created = Stamp { at_ms: first.at.as_millisecond(), by: &first.by };
        let updated = Stamp { at_ms: last.at.as_millisecond(), by: &last.by };
        let count = record.versions.len() as i64;
        let mut draft = Draft::new(plan.clone(), Change::Created, DraftRow::new(record.id.clone(), &plan));
        for (number, version) in (1i64..).zip(&record.versions) {
            if number > 1 {
                turn_page(&mut draft, number - 1);
            }
            self.apply(&mut draft, version)?;
            if !self.faults.is_empty() {
                return Ok(());
            }
            let occasion = Occasion {
                version: number,
                at_ms: version.at.as_millisecond(),
                by: &version.by,
                by_name: &version.by_name,
                why: version.why.as_deref(),
            };
            let (row, digest) = history_row(self.records, &draft, &occasion)?;
            prepared.history.push(row);
            prepared.digests.push_str(&digest);
        }
        // Judged as it is in the end, and written as new.
        draft.row.before = None;
        draft.tables.iter_mut().for_each(|table| table.given = true);
        check_rows(&draft, &draft.child_scene(), self.system, day_of(last.at), &mut self.faults);
        let columns = changed_columns(self.records, &plan, &draft.row)?;
        prepared.rows.push(created.whole_row(&record.id, columns, count, &updated));
        for table in &draft.tables {
            let rows = &mut prepared.children[table.child].1;
            for (position, row) in (0i64..).zip(&table.rows) {
                let mut columns = changed_columns(self.records, &table.plan, row)?;
                columns.push(("position".to_owned(), position.into()));
                rows.push(created.new_row(&row.id, columns));
            }
        }
        Ok(())
    }

    /// Puts a version's values into the draft.
    fn apply(&mut self, draft: &mut Draft, version: &LoadVersion) -> Result<()> {
        let (plan, today) = (draft.plan.clone(), day_of(version.at));
        let is_new = draft.change == Change::Created;
        let writer = writer(self.system, self.access, today);
        parse_into(&mut draft.row, &plan, &version.values, &writer, "", None, &mut self.faults);
        for (position, child) in plan.children.iter().enumerate() {
            match version.values.get(&child.name) {
                None => {}
                Some(Value::Array(rows)) if is_new => {
                    let table = self.child_rows(&draft.row.id, position, child, rows, today)?;
                    draft.tables.push(table);
                }
                Some(_) => {
                    let message = format!("{}只能在创建时给出，且应为多行内容", child.title);
                    self.faults.push(FieldError::new(child.name.as_str(), "type", message));
                }
            }
        }
        if is_new {
            let children = draft.child_scene();
            set_row_defaults(&plan, &mut draft.row, &children, self.system, today);
        }
        draft.compute(today);
        check_transition(&plan, &draft.row, self.system, &mut self.faults);
        Ok(())
    }

    fn child_rows(
        &mut self,
        parent: &str,
        position: usize,
        child: &ChildPlan,
        given: &[Value],
        today: Date,
    ) -> Result<DraftTable> {
        let plan = self.plans.child(child)?.clone();
        let access = Access::of(self.plans, &plan, self.system, Operation::Create)?;
        let mut rows = Vec::with_capacity(given.len());
        for (index, input) in given.iter().enumerate() {
            let path = format!("{}[{index}].", child.name);
            let id = input["id"].as_str().filter(|id| uuid::Uuid::try_parse(id).is_ok());
            let (Some(id), Some(input)) = (id, input.as_object()) else {
                self.faults.push(FieldError::new(format!("{path}id"), "format", "不是有效的标识"));
                continue;
            };
            let mut row = DraftRow::new(id.to_owned(), &plan);
            row.values[child.parent_field] = Value::from(parent);
            let writer = writer(self.system, &access, today);
            let link = Some(child.parent_field);
            parse_into(&mut row, &plan, input, &writer, &path, link, &mut self.faults);
            set_row_defaults(&plan, &mut row, &Object::new(), self.system, today);
            rows.push(row);
        }
        Ok(DraftTable { child: position, plan, given: true, rows, moved: false, removed: Vec::new() })
    }
}

/// What the last version made is what the next one changes.
fn turn_page(draft: &mut Draft, version: i64) {
    let values = std::mem::take(&mut draft.row.values);
    draft.row = DraftRow::of(Loaded { id: draft.row.id.clone(), version, values });
    draft.change = Change::Updated;
    for table in &mut draft.tables {
        table.given = false;
    }
}

fn writer<'w>(system: &'w Actor, access: &'w Access<'w>, today: Date) -> Writer<'w> {
    Writer { actor: system, access, operation: Operation::Create, today, system: true }
}
