//! All rows are judged, with a few queries for all of them together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anju_definitions::FieldType;
use serde_json::Value;

use super::{
    Import, ImportError, SheetData,
    cells::value_of,
    columns::{self, MappedSheet, MappedWorkbook, header_title},
    lookups::{Targets, find_targets, taken, unique_values},
};
use crate::{
    Actor, Error, FieldError, Object, Records, Result,
    access::{Access, Operation},
    computed::compute,
    expression::as_number,
    plan::{EntityPlan, Plans},
    write::{DraftRow, KnownReferences, Writer, check_row, parse_into, set_row_defaults, take_place},
};

/// Most rows of the main sheet.
const ROWS_MAX: usize = 20_000;
/// Most faults that are told one by one.
const ERRORS_MAX: usize = 10_000;

/// A row on its way: input by field, the judged values, what is wrong.
struct Row {
    /// As the spreadsheet counts: the header is row 1.
    number: usize,
    input: Object,
    draft: DraftRow,
    faults: Vec<FieldError>,
    /// Index of the row of the main sheet, for child rows.
    parent: usize,
}

impl Records {
    /// Judges a workbook: its columns, then every row. Nothing is written.
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing or unknown columns, [`Error::Forbidden`], [`Error::TooMuch`]. Faults of
    /// rows are no error; they are in the result.
    pub async fn check_import(&self, actor: &Actor, entity: &str, sheets: Vec<SheetData>) -> Result<Import> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Import)?;
        let workbook = columns::map(&plans, plan, &access, &sheets)?;
        if workbook.main.sheet.rows.len() > ROWS_MAX {
            return Err(Error::TooMuch { message: format!("一次最多导入 {ROWS_MAX} 行") });
        }
        let targets = find_targets(self, &plans, actor, &wanted_targets(&workbook)).await?;
        let mut main = read_rows(self, &workbook.main, &targets);
        let mut children: Vec<Vec<Row>> =
            workbook.children.iter().map(|sheet| read_rows(self, sheet, &targets)).collect();
        let lost = link_children(&workbook, &main, &mut children);
        let context = Judge { records: self, plans: &plans, actor, access: &access };
        context.judge(&workbook, &mut main, &mut children);
        find_duplicates(self, &workbook.main, &mut main).await?;
        for (sheet, rows) in workbook.children.iter().zip(&mut children) {
            find_duplicates(self, sheet, rows).await?;
        }
        let known = KnownReferences(targets.all().collect());
        Ok(collect(entity, &workbook, main, children, lost, known))
    }
}

/// The texts that name the targets of references, by target entity.
fn wanted_targets(workbook: &MappedWorkbook<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for sheet in std::iter::once(&workbook.main).chain(&workbook.children) {
        for (column, position) in sheet.fields.iter().enumerate() {
            let Some(field) = position.map(|position| &sheet.plan.fields[position]) else { continue };
            let (FieldType::Ref, Some(to)) = (field.kind, &field.definition.to) else { continue };
            let texts = wanted.entry(to.clone()).or_default();
            let cells = sheet.sheet.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.trim());
            texts.extend(cells.filter(|cell| !cell.is_empty()).map(str::to_owned));
        }
    }
    wanted
}

fn read_rows(records: &Records, sheet: &MappedSheet<'_>, targets: &Targets) -> Vec<Row> {
    let unreadable: HashMap<(usize, usize), &str> =
        sheet.sheet.unreadable.iter().map(|cell| ((cell.row, cell.column), cell.reason.as_str())).collect();
    let mut rows = Vec::with_capacity(sheet.sheet.rows.len());
    for (index, cells) in sheet.sheet.rows.iter().enumerate() {
        let faulty = |column| unreadable.get(&(index, column)).copied();
        if cells.iter().enumerate().all(|(column, cell)| cell.trim().is_empty() && faulty(column).is_none()) {
            continue;
        }
        let mut row = Row {
            number: index + 2,
            input: Object::new(),
            draft: DraftRow::new(records.new_id(), sheet.plan),
            faults: Vec::new(),
            parent: rows.len(),
        };
        for (column, (position, cell)) in sheet.fields.iter().zip(cells).enumerate() {
            let Some(position) = *position else { continue };
            let field = &sheet.plan.fields[position];
            if let Some(reason) = faulty(column) {
                row.faults.push(FieldError::new(field.name.as_str(), "unreadable", reason));
                continue;
            }
            let value = match (field.kind, &field.definition.to, cell.trim()) {
                (FieldType::Ref, Some(to), text) if !text.is_empty() => match targets.id(to, text) {
                    Some(id) => Ok(Value::from(id)),
                    None => Err(format!("没有找到“{text}”，或无权使用")),
                },
                _ => value_of(field, cell),
            };
            match value {
                Ok(Value::Null) => {}
                Ok(value) => drop(row.input.insert(field.name.clone(), value)),
                Err(message) => row.faults.push(FieldError::new(field.name.as_str(), "format", message)),
            }
        }
        rows.push(row);
    }
    rows
}

/// Gives each child row the index of its parent; those without one are told and left out.
fn link_children(workbook: &MappedWorkbook<'_>, main: &[Row], children: &mut [Vec<Row>]) -> Vec<ImportError> {
    let mut lost = Vec::new();
    let number_in = |sheet: &MappedSheet<'_>, row: &Row| -> String {
        let cells = sheet.sheet.rows.get(row.number - 2);
        sheet.number.and_then(|at| cells?.get(at)).map(|cell| cell.trim().to_owned()).unwrap_or_default()
    };
    let mut by_number: HashMap<String, usize> = HashMap::new();
    for (index, row) in main.iter().enumerate() {
        let number = number_in(&workbook.main, row);
        // Without numbers of their own, rows count from 1.
        let number = if workbook.main.number.is_none() { (index + 1).to_string() } else { number };
        if !number.is_empty()
            && by_number.insert(number, index).is_some()
            && !children.iter().all(Vec::is_empty)
        {
            lost.push(ImportError {
                main_row: row.number,
                ..whole_row(&workbook.main, row.number, "序号与其他行重复")
            });
        }
    }
    for (sheet, rows) in workbook.children.iter().zip(children) {
        rows.retain_mut(|row| match by_number.get(&number_in(sheet, row)) {
            Some(parent) => {
                row.parent = *parent;
                true
            }
            None => {
                let title = &workbook.main.sheet.name;
                lost.push(whole_row(sheet, row.number, &format!("序号在工作表“{title}”中不存在")));
                false
            }
        });
    }
    lost
}

fn whole_row(sheet: &MappedSheet<'_>, row: usize, message: &str) -> ImportError {
    ImportError {
        sheet: sheet.sheet.name.clone(),
        row,
        column: String::new(),
        field: String::new(),
        message: message.to_owned(),
        main_row: 0,
    }
}

struct Judge<'a> {
    records: &'a Records,
    plans: &'a Plans,
    actor: &'a Actor,
    access: &'a Access<'a>,
}

impl Judge<'_> {
    fn judge(&self, workbook: &MappedWorkbook<'_>, main: &mut [Row], children: &mut [Vec<Row>]) {
        let today = self.records.today();
        let system = self.actor.is_system();
        let writer =
            Writer { actor: self.actor, access: self.access, operation: Operation::Import, today, system };
        let nothing = Object::new();
        let mut scenes: HashMap<usize, Object> = HashMap::new();
        for (sheet, rows) in workbook.children.iter().zip(children) {
            let Ok(access) = Access::of(self.plans, sheet.plan, self.actor, Operation::Import) else {
                continue;
            };
            let child_writer = Writer { access: &access, ..writer };
            for row in rows.iter_mut() {
                parse_into(
                    &mut row.draft,
                    sheet.plan,
                    &row.input,
                    &child_writer,
                    "",
                    sheet.link,
                    &mut row.faults,
                );
                set_row_defaults(sheet.plan, &mut row.draft, &nothing, self.actor, today);
                compute(sheet.plan, &mut row.draft.values, &nothing, today, |_| true);
                if let Some(link) = sheet.link {
                    // The parent's id does not exist yet; its place in the sheet stands for it.
                    row.draft.values[link] = Value::from(format!("row-{}", row.parent));
                }
                check_row(sheet.plan, &row.draft, &nothing, self.actor, today, "", &mut row.faults);
                let name = sheet.name.unwrap_or_default();
                let scene = scenes.entry(row.parent).or_default();
                if let Value::Array(list) = scene.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                    list.push(as_expression(sheet.plan, &row.draft));
                }
            }
        }
        for (index, row) in main.iter_mut().enumerate() {
            let plan = workbook.main.plan;
            let scene = scenes.entry(index).or_default();
            for child in &plan.children {
                scene.entry(child.name.as_str()).or_insert_with(|| Value::Array(Vec::new()));
            }
            parse_into(&mut row.draft, plan, &row.input, &writer, "", None, &mut row.faults);
            take_place(plan, &mut row.draft, self.actor);
            set_row_defaults(plan, &mut row.draft, scene, self.actor, today);
            compute(plan, &mut row.draft.values, scene, today, |_| true);
            check_row(plan, &row.draft, scene, self.actor, today, "", &mut row.faults);
            if self.access.admits(&row.draft.values) == Some(false) {
                row.faults.push(FieldError::new("", "forbidden", "不在您的管理范围内"));
            }
        }
    }
}

fn as_expression(plan: &EntityPlan, draft: &DraftRow) -> Value {
    let values = plan.fields.iter().zip(&draft.values);
    Value::Object(values.map(|(field, value)| (field.name.clone(), as_number(field.kind, value))).collect())
}

/// Rows that repeat a unique value of an earlier row, or of a record there is.
async fn find_duplicates(records: &Records, sheet: &MappedSheet<'_>, rows: &mut [Row]) -> Result<()> {
    let plan = sheet.plan;
    for group in &plan.uniques {
        let mut first: HashMap<Vec<anju_store::SqlValue>, usize> = HashMap::new();
        let keys: Vec<Option<Vec<anju_store::SqlValue>>> =
            rows.iter().map(|row| unique_values(records, plan, group, &row.draft.values)).collect();
        let in_database = match sheet.link.is_some_and(|link| group.contains(&link)) {
            true => BTreeSet::new(),
            false => taken(records, plan, group, &keys.iter().flatten().cloned().collect::<Vec<_>>()).await?,
        };
        let Some(field) = group.iter().rev().map(|at| &plan.fields[*at]).find(|f| columns::is_importable(f))
        else {
            continue;
        };
        let titles: Vec<&str> = group
            .iter()
            .filter(|at| Some(**at) != sheet.link)
            .map(|at| plan.fields[*at].title.as_str())
            .collect();
        for (row, key) in rows.iter_mut().zip(keys) {
            let Some(key) = key else { continue };
            let message = match (in_database.contains(&key), first.get(&key)) {
                (true, _) => format!("已有相同{}的{}", titles.join("、"), plan.entity.title),
                (false, Some(earlier)) => format!("{}与第 {earlier} 行重复", titles.join("、")),
                (false, None) => {
                    first.insert(key, row.number);
                    continue;
                }
            };
            row.faults.push(FieldError::new(field.name.as_str(), "duplicate", message));
        }
    }
    Ok(())
}

fn collect(
    entity: &str,
    workbook: &MappedWorkbook<'_>,
    main: Vec<Row>,
    children: Vec<Vec<Row>>,
    lost: Vec<ImportError>,
    known: KnownReferences,
) -> Import {
    let mut faulty_rows: BTreeSet<usize> =
        lost.iter().map(|error| error.main_row).filter(|row| *row > 0).collect();
    let mut errors = Vec::new();
    let mut inputs: Vec<(usize, Object)> = Vec::with_capacity(main.len());
    let rows = main.len();
    for row in main {
        if !row.faults.is_empty() {
            faulty_rows.insert(row.number);
        }
        let placed = |fault| at_cell(&workbook.main, row.number, row.number, fault);
        errors.extend(row.faults.into_iter().map(placed));
        inputs.push((row.number, row.input));
    }
    for (sheet, rows) in workbook.children.iter().zip(children) {
        let name = sheet.name.unwrap_or_default();
        for row in rows {
            let (main_row, input) = &mut inputs[row.parent];
            if !row.faults.is_empty() {
                faulty_rows.insert(*main_row);
            }
            errors.extend(row.faults.into_iter().map(|fault| at_cell(sheet, row.number, *main_row, fault)));
            let list = input.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(Value::Object(row.input));
            }
        }
    }
    errors.extend(lost);
    errors.truncate(ERRORS_MAX);
    let ready = inputs.into_iter().filter(|(row, _)| !faulty_rows.contains(row)).collect();
    let sheet = workbook.main.sheet.name.clone();
    Import { entity: entity.to_owned(), sheet, rows, errors, ready, faulty_rows, known }
}

fn at_cell(sheet: &MappedSheet<'_>, row: usize, main_row: usize, fault: FieldError) -> ImportError {
    let column = sheet.plan.field(&fault.field).map(header_title).unwrap_or_default();
    ImportError {
        sheet: sheet.sheet.name.clone(),
        row,
        column,
        field: fault.field,
        message: fault.message,
        main_row,
    }
}
