//! A batch of rows is judged, with a few queries for all of them together. Nothing is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anju_store::SqlValue;
use serde_json::Value;

use super::{
    ImportCell, ImportError, ImportRow, ImportSetup, Importer,
    columns::{Columns, header_title},
    lookups::{Wanted, find_existing, find_targets, names_of},
    rows::{Reader, Row, Table, wanted_targets},
};
use crate::{
    Change, FieldError, Object, Records, Result,
    access::{Access, Operation},
    computed::compute,
    history::ids_in,
    plan::EntityPlan,
    read::{Loaded, load_children},
    write::{
        Draft, DraftTable, Known, Writer, check_row, check_transition, parse_into, set_row_defaults,
        take_place,
    },
};

/// Faults told of one row.
const ROW_FAULTS_MAX: usize = 20;

/// A batch of rows that was judged.
pub struct Judged {
    /// What is in order: Excel row and change.
    pub(crate) ready: Vec<(u32, Draft)>,
    pub(crate) known: Known,
    /// Rows of the main sheet that change nothing.
    pub unchanged: usize,
    /// Rows of the main sheet with a fault, in themselves or in their child rows.
    pub faulty: BTreeSet<u32>,
    pub errors: Vec<ImportError>,
}

impl Judged {
    /// Number of records that can be written.
    pub fn ready_len(&self) -> usize {
        self.ready.len()
    }
}

impl Records {
    pub(crate) async fn judge_import_inner(
        &self,
        importer: &mut Importer,
        rows: &[ImportRow],
    ) -> Result<Judged> {
        let wanted = wanted_targets(importer, rows)?;
        let setup = importer.setup.clone();
        find_targets(self, &setup.plans, &setup.actor, &mut importer.targets, &wanted).await?;
        let existing = self.existing(importer, rows).await?;
        let pointed = pointed_to(&setup, &existing);
        let names = names_of(self, &setup.plans, &setup.actor, &pointed).await?;
        let mut read =
            Reader { records: self, importer, existing, named: HashMap::new(), names }.rows(rows)?;
        self.load_tables(importer, &mut read).await?;
        self.judge_values(importer, &mut read)?;
        self.find_duplicates(importer, &mut read).await?;
        let known = Known { references: importer.targets.known(&wanted), found: None };
        collect(importer, known, read)
    }

    /// Remembers rows that a lost attempt has dealt with, so that later ones are held against them.
    pub async fn recall_import(&self, importer: &mut Importer, rows: &[ImportRow]) -> Result<()> {
        let wanted = wanted_targets(importer, rows)?;
        let setup = importer.setup.clone();
        find_targets(self, &setup.plans, &setup.actor, &mut importer.targets, &wanted).await?;
        let existing = self.existing(importer, rows).await?;
        let pointed = pointed_to(&setup, &existing);
        let names = names_of(self, &setup.plans, &setup.actor, &pointed).await?;
        let mut read =
            Reader { records: self, importer, existing, named: HashMap::new(), names }.rows(rows)?;
        self.judge_values(importer, &mut read)?;
        self.mark_seen(importer, &read)
    }

    /// The records that the rows name by their key and the actor may change.
    async fn existing(&self, importer: &Importer, rows: &[ImportRow]) -> Result<HashMap<SqlValue, Loaded>> {
        let Some((column, key)) = importer.setup.key() else { return Ok(HashMap::new()) };
        let texts: BTreeSet<&str> = rows
            .iter()
            .filter_map(|row| row.cells.get(column))
            .map(ImportCell::text)
            .filter(|text| !text.is_empty())
            .collect();
        let access = Access::of(
            &importer.setup.plans,
            &importer.setup.plan,
            &importer.setup.actor,
            Operation::Update,
        )?;
        find_existing(self, &importer.setup.plans, &importer.setup.plan, &access, key, &texts).await
    }

    /// The child rows of records there are, where some are given or rules read them. Given ones are laid over those
    /// there are, one by one in their order, so that equal ones stay what they are.
    async fn load_tables(&self, importer: &Importer, rows: &mut [Row]) -> Result<()> {
        for (position, child) in importer.setup.plan.children.iter().enumerate() {
            let is_read = importer.setup.plan.child_is_read_by_rules(&child.name);
            let concerned = |row: &&mut Row| {
                row.draft.before.is_some() && (is_read || row.tables.contains_key(&position))
            };
            let mut parents: Vec<&mut Row> = rows.iter_mut().filter(concerned).collect();
            if parents.is_empty() {
                continue;
            }
            let plan = importer.setup.plans.child(child)?;
            let ids: Vec<String> = parents.iter().map(|row| row.draft.id.clone()).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let mut loaded = load_children(self, &mut self.store().reader(), child, plan, &ids).await?;
            for row in &mut parents {
                let there = loaded.remove(&row.draft.id).unwrap_or_default();
                row.tables.entry(position).or_default().lay_over(there);
            }
        }
        Ok(())
    }

    fn judge_values(&self, importer: &Importer, rows: &mut [Row]) -> Result<()> {
        let (plan, actor) = (&importer.setup.plan, &importer.setup.actor);
        let (insert, update) = importer.setup.accesses()?;
        for row in rows.iter_mut().filter(|row| !row.lost) {
            let (access, operation) = match (&row.draft.before, &update) {
                (Some(_), Some(update)) => (update, Operation::Update),
                _ => (&insert, Operation::Import),
            };
            let scene = self.judge_tables(importer, operation, row)?;
            let judge = Judge { records: self, importer, plan, access, operation };
            judge.values(row, &scene, None);
            check_transition(plan, &row.draft, actor, &mut row.faults);
            let moved = access.place_field().is_none_or(|at| row.draft.changed(at));
            if moved && access.admits(&row.draft.values) == Some(false) {
                row.faults.push(FieldError::new("", "forbidden", "不在您的管理范围内"));
            }
        }
        Ok(())
    }

    /// Judges the child rows of a row; the child tables as its own rules see them.
    fn judge_tables(&self, importer: &Importer, operation: Operation<'_>, row: &mut Row) -> Result<Object> {
        let mut scene = Object::new();
        for (position, child) in importer.setup.plan.children.iter().enumerate() {
            let plan = importer.setup.plans.child(child)?;
            let Some(table) = row.tables.get_mut(&position) else {
                // A new record has no rows but those that were given.
                if row.draft.before.is_none() {
                    scene.insert(child.name.clone(), Value::Array(Vec::new()));
                }
                continue;
            };
            if table.rows.len() > child.rows_max {
                let message = format!("{}最多 {} 行", child.title, child.rows_max);
                row.faults.push(FieldError::new("", "length", message));
            }
            if table.sheet.is_some() {
                let access = Access::of(&importer.setup.plans, plan, &importer.setup.actor, operation)?;
                let judge = Judge { records: self, importer, plan, access: &access, operation };
                for child_row in &mut table.rows {
                    child_row.draft.values[child.parent_field] = Value::from(row.draft.id.as_str());
                    judge.values(child_row, &Object::new(), Some(child.parent_field));
                }
            }
            let shown = table.rows.iter().map(|row| row.draft.in_expressions(plan)).collect();
            scene.insert(child.name.clone(), Value::Array(shown));
        }
        Ok(scene)
    }
}

/// Ids that references of these records point to, of the columns at hand, by target entity.
fn pointed_to(setup: &ImportSetup, existing: &HashMap<SqlValue, Loaded>) -> Wanted {
    let mut pointed = Wanted::new();
    for position in setup.sheets[0].fields.iter().flatten() {
        let field = &setup.plan.fields[*position];
        let (true, Some(to)) = (field.kind.is_reference(), &field.definition.to) else { continue };
        let ids = existing.values().flat_map(|loaded| ids_in(&loaded.values[*position]));
        pointed.entry(to.clone()).or_default().extend(ids.map(str::to_owned));
    }
    pointed
}

/// Judges rows of one entity by themselves.
struct Judge<'a> {
    records: &'a Records,
    importer: &'a Importer,
    plan: &'a EntityPlan,
    access: &'a Access<'a>,
    operation: Operation<'a>,
}

impl Judge<'_> {
    fn values(&self, row: &mut Row, scene: &Object, link: Option<usize>) {
        let (plan, actor, today) = (self.plan, &self.importer.setup.actor, self.records.today());
        let writer = Writer {
            actor,
            access: self.access,
            operation: self.operation,
            today,
            system: actor.is_system(),
        };
        parse_into(&mut row.draft, plan, &row.input, &writer, "", link, &mut row.faults);
        if link.is_none() && row.draft.before.is_none() {
            take_place(plan, &mut row.draft, actor);
        }
        set_row_defaults(plan, &mut row.draft, scene, actor, today);
        compute(plan, &mut row.draft.values, scene, today, |_| true);
        check_row(plan, &row.draft, scene, actor, today, "", &mut row.faults);
    }
}

fn collect(importer: &Importer, known: Known, rows: Vec<Row>) -> Result<Judged> {
    let mut judged = Judged {
        ready: Vec::with_capacity(rows.len()),
        known,
        unchanged: 0,
        faulty: BTreeSet::new(),
        errors: Vec::new(),
    };
    for mut row in rows {
        let mut errors =
            placed(&importer.setup.sheets[0], &importer.setup.plan, row.number, row.number, &mut row.faults);
        for table in row.tables.values_mut() {
            let Some(sheet) = table.sheet else { continue };
            let plan = importer.setup.plan_of(sheet)?;
            for child in &mut table.rows {
                let columns = &importer.setup.sheets[sheet];
                errors.extend(placed(columns, &plan, row.number, child.number, &mut child.faults));
            }
        }
        errors.truncate(ROW_FAULTS_MAX);
        if !errors.is_empty() {
            judged.faulty.insert(row.number);
            judged.errors.extend(errors);
            continue;
        }
        let number = row.number;
        let draft = draft_of(importer, row)?;
        match draft.is_changed() {
            true => judged.ready.push((number, draft)),
            false => judged.unchanged += 1,
        }
    }
    Ok(judged)
}

fn draft_of(importer: &Importer, row: Row) -> Result<Draft> {
    let change = if row.draft.before.is_some() { Change::Updated } else { Change::Created };
    let mut given: BTreeMap<usize, Table> = row.tables;
    let mut tables = Vec::with_capacity(importer.setup.plan.children.len());
    for (child, known) in importer.setup.plan.children.iter().enumerate() {
        let table = match (given.remove(&child), change) {
            (Some(table), _) => table,
            (None, Change::Created) => Table::default(),
            (None, _) => continue,
        };
        tables.push(DraftTable {
            child,
            plan: importer.setup.plans.child(known)?.clone(),
            given: table.sheet.is_some(),
            rows: table.rows.into_iter().map(|row| row.draft).collect(),
            removed: table.removed,
            moved: false,
        });
    }
    let mut draft = Draft::new(importer.setup.plan.clone(), change, row.draft);
    draft.tables = tables;
    Ok(draft)
}

/// The faults of a row where they stand in the workbook.
fn placed(
    columns: &Columns,
    plan: &EntityPlan,
    main_row: u32,
    row: u32,
    faults: &mut Vec<FieldError>,
) -> Vec<ImportError> {
    let at_cell = |fault: FieldError| ImportError {
        sheet: columns.name.clone(),
        row,
        column: plan.field(&fault.field).map(header_title).unwrap_or_default(),
        field: fault.field,
        message: fault.message,
        main_row,
    };
    faults.drain(..).map(at_cell).collect()
}
