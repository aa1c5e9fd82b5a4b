//! From the cells of a row to the input of a record.

use std::collections::{BTreeMap, HashMap};

use anju_definitions::FieldType;
use anju_store::SqlValue;
use serde_json::Value;

use super::{
    BlankCells, ImportCell, ImportRow, ImportWrite, Importer,
    columns::{Columns, is_importable},
    lookups::{Targets, Wanted, key_value},
};
use crate::{
    FieldError, Object, Records, Result,
    history::ids_in,
    plan::{EntityPlan, FieldPlan},
    read::Loaded,
    value,
    write::DraftRow,
};

/// A row on its way: what was given, the values it leads to, what is wrong with it.
pub(super) struct Row {
    /// As the spreadsheet counts.
    pub number: u32,
    pub input: Object,
    pub draft: DraftRow,
    pub faults: Vec<FieldError>,
    /// Whether the record that the row names cannot be changed by it: nothing more is said of the row.
    pub lost: bool,
    /// By position among the entity's child tables: those that rows were given for, or that rules read.
    pub tables: BTreeMap<usize, Table>,
}

/// The rows of one child table.
#[derive(Default)]
pub(super) struct Table {
    /// Sheet of the rows that were given, by its place among the importer's; none for rows that are only read.
    pub sheet: Option<usize>,
    pub rows: Vec<Row>,
    /// Rows there are beyond those given.
    pub removed: Vec<Loaded>,
}

impl Table {
    /// Lays the given rows over those there are; without given ones, those there are stay.
    pub(super) fn lay_over(&mut self, there: Vec<Loaded>) {
        let mut there = there.into_iter();
        for (row, loaded) in self.rows.iter_mut().zip(&mut there) {
            row.draft = DraftRow::of(loaded);
        }
        match self.sheet {
            Some(_) => self.removed = there.collect(),
            None => self.rows = there.map(|loaded| Row::new(0, DraftRow::of(loaded))).collect(),
        }
    }
}

impl Row {
    fn new(number: u32, draft: DraftRow) -> Self {
        Self { number, input: Object::new(), draft, faults: Vec::new(), lost: false, tables: BTreeMap::new() }
    }
}

/// Reads the cells of rows.
pub(super) struct Reader<'a> {
    pub records: &'a Records,
    pub importer: &'a Importer,
    /// Records there are, by key.
    pub existing: HashMap<SqlValue, Loaded>,
    /// Rows that have named one of them, by key.
    pub named: HashMap<SqlValue, u32>,
    /// How the targets of their references are named, by target entity and id.
    pub names: HashMap<(String, String), String>,
}

impl Reader<'_> {
    pub(super) fn rows(mut self, rows: &[ImportRow]) -> Result<Vec<Row>> {
        let plans: Vec<_> = (0..self.importer.setup.sheets.len())
            .map(|at| self.importer.setup.plan_of(at))
            .collect::<Result<_>>()?;
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            let mut main = Row::new(row.number, DraftRow::new(self.records.new_id(), &plans[0]));
            self.find_record(&mut main, &row.cells)?;
            if main.lost {
                read.push(main);
                continue;
            }
            self.read_cells(&mut main, 0, &plans[0], &row.cells);
            for child in &row.children {
                let Some(sheet) = self.importer.setup.sheet_at(child.sheet) else { continue };
                let Some(position) = self.importer.setup.sheets[sheet].child else { continue };
                let table = main.tables.entry(position).or_default();
                table.sheet = Some(sheet);
                let mut row = Row::new(child.number, DraftRow::new(self.records.new_id(), &plans[sheet]));
                self.read_cells(&mut row, sheet, &plans[sheet], &child.cells);
                table.rows.push(row);
            }
            read.push(main);
        }
        Ok(read)
    }

    fn read_cells(&self, row: &mut Row, sheet: usize, plan: &EntityPlan, cells: &[ImportCell]) {
        let columns: &Columns = &self.importer.setup.sheets[sheet];
        let clears = self.importer.setup.options.blanks == BlankCells::Clear;
        let empty = ImportCell::Text(String::new());
        for (column, position) in columns.fields.iter().enumerate() {
            let Some(position) = *position else { continue };
            let (field, cell) = (&plan.fields[position], cells.get(column).unwrap_or(&empty));
            if self.is_echo(field, &row.draft.values[position], cell.text()) {
                continue;
            }
            match value_at(&self.importer.targets, field, cell) {
                Ok(Value::Null) if !clears => {}
                Ok(value) => drop(row.input.insert(field.name.clone(), value)),
                Err((code, message)) => row.faults.push(FieldError::new(field.name.as_str(), code, message)),
            }
        }
    }

    /// Whether the cell shows the record's value as an export shows it, and no more can be read from it: a mask, the
    /// name of a reference's target, an instant to the second.
    fn is_echo(&self, field: &FieldPlan, current: &Value, cell: &str) -> bool {
        if field.sensitive() && !current.is_null() {
            return cell == value::mask(field, current);
        }
        match (field.kind, &field.definition.to, current) {
            (kind, Some(to), current) if kind.is_reference() => {
                let names = ids_in(current).map(|id| self.names.get(&(to.clone(), id.to_owned())));
                let names: Option<Vec<&str>> = names.map(|name| name.map(String::as_str)).collect();
                names.is_some_and(|names| !names.is_empty() && names.join("、") == cell)
            }
            (FieldType::DateTime, _, Value::String(at)) => {
                at.get(..19).is_some_and(|second| second == cell.replacen(' ', "T", 1))
            }
            _ => false,
        }
    }

    /// The record that the row's key names, where records are to be found by it.
    fn find_record(&mut self, row: &mut Row, cells: &[ImportCell]) -> Result<()> {
        let Some((column, key)) = self.importer.setup.key() else { return Ok(()) };
        let text = cells.get(column).map(ImportCell::text).unwrap_or_default();
        let insert = self.importer.setup.options.write == ImportWrite::Upsert;
        let (code, message) = match text {
            "" if insert => return Ok(()),
            "" => ("required", format!("请填写{}", key.title)),
            text => {
                let value = key_value(self.records, Some(key), text)?;
                if let Some(first) = self.named.get(&value) {
                    ("duplicate", format!("{}与第 {first} 行重复", key.title))
                } else if let Some(loaded) = self.existing.remove(&value) {
                    row.draft = DraftRow::of(loaded);
                    self.named.insert(value, row.number);
                    return Ok(());
                } else if insert && is_importable(key) {
                    return Ok(());
                } else {
                    let title = &self.importer.setup.plan.entity.title;
                    ("not_found", format!("没有{}为“{text}”的{title}，或无权修改", key.title))
                }
            }
        };
        row.faults.push(FieldError::new(key.name.as_str(), code, message));
        row.lost = true;
        Ok(())
    }
}

/// The value of a cell, or what is wrong with it.
fn value_at(
    targets: &Targets,
    field: &FieldPlan,
    cell: &ImportCell,
) -> Result<Value, (&'static str, String)> {
    if let ImportCell::Unreadable(reason) = cell {
        return Err(("unreadable", reason.clone()));
    }
    match (field.kind, &field.definition.to, cell.text()) {
        (kind, Some(to), text) if kind.is_reference() && !text.is_empty() => {
            let ids = named_in(kind, text).into_iter().map(|name| match targets.id(to, name) {
                Some(id) => Ok(Value::from(id)),
                None => Err(("format", format!("没有找到“{name}”，或无权使用"))),
            });
            let ids = ids.collect::<Result<Vec<_>, _>>()?;
            match kind {
                FieldType::RefList => Ok(Value::Array(ids)),
                _ => Ok(ids.into_iter().next().unwrap_or_default()),
            }
        }
        (_, _, text) => value::read_text(field, text).map_err(|fault| ("format", fault.message)),
    }
}

/// The names in a cell of references.
fn named_in(kind: FieldType, text: &str) -> Vec<&str> {
    if kind == FieldType::RefList { value::cell_parts(text).collect() } else { vec![text] }
}

/// The texts that name the targets of references, by target entity.
pub(super) fn wanted_targets(importer: &Importer, rows: &[ImportRow]) -> Result<Wanted> {
    let mut wanted = Wanted::new();
    for (at, columns) in importer.setup.sheets.iter().enumerate() {
        let plan = importer.setup.plan_of(at)?;
        for (column, position) in columns.fields.iter().enumerate() {
            let Some(field) = position.map(|position| &plan.fields[position]) else { continue };
            let (true, Some(to)) = (field.kind.is_reference(), &field.definition.to) else { continue };
            let texts = wanted.entry(to.clone()).or_default();
            let mut add = |cells: &[ImportCell]| {
                let text = cells.get(column).map(ImportCell::text).filter(|text| !text.is_empty());
                texts.extend(text.into_iter().flat_map(|text| named_in(field.kind, text)).map(str::to_owned));
            };
            match columns.child {
                None => rows.iter().for_each(|row| add(&row.cells)),
                Some(_) => {
                    let children = rows.iter().flat_map(|row| &row.children);
                    children.filter(|row| row.sheet == columns.sheet).for_each(|row| add(&row.cells));
                }
            }
        }
    }
    Ok(wanted)
}

/// The given rows of a sheet.
pub(super) fn rows_of(rows: &[Row], sheet: usize) -> Box<dyn Iterator<Item = &Row> + '_> {
    if sheet == 0 {
        return Box::new(rows.iter());
    }
    let tables = rows.iter().flat_map(|row| row.tables.values());
    Box::new(tables.filter(move |table| table.sheet == Some(sheet)).flat_map(|table| &table.rows))
}

/// The given row of a sheet with this number.
pub(super) fn row_at(rows: &mut [Row], sheet: usize, number: u32) -> Option<&mut Row> {
    if sheet == 0 {
        return rows.iter_mut().find(|row| row.number == number);
    }
    let tables = rows.iter_mut().flat_map(|row| row.tables.values_mut());
    let mut rows = tables.filter(|table| table.sheet == Some(sheet)).flat_map(|table| &mut table.rows);
    rows.find(|row| row.number == number)
}
