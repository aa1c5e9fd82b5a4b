//! Which child rows belong to which row of the main sheet.

use std::collections::{BTreeSet, HashMap};

use anju_documents::workbook::Cell;
use anju_records::{ImportChildRow, ImportError, ImportRow, ImportSetup};

use super::spool::{Spool, import_cell};
use crate::Result;

/// Child rows of the main sheet's rows, by number.
pub(super) struct Links {
    main: usize,
    /// By child sheet: pairs of a main row's index and a child row's index, in order.
    children: Vec<(usize, Vec<(u32, u32)>)>,
    /// What is wrong with the numbers themselves.
    pub lost: Vec<ImportError>,
    /// Indices of main rows whose number another has too.
    faulty: BTreeSet<usize>,
}

impl Links {
    /// Reads the numbers of all sheets.
    pub fn of(spool: &Spool, setup: &ImportSetup) -> Result<Self> {
        let main = setup.main_sheet();
        let mut links = Self { main, children: Vec::new(), lost: Vec::new(), faulty: BTreeSet::new() };
        let sheets: Vec<usize> =
            setup.child_sheets().filter(|sheet| spool.sheets[*sheet].len() > 0).collect();
        if sheets.is_empty() {
            return Ok(links);
        }
        let by_number = links.main_numbers(spool, setup)?;
        for sheet in sheets {
            let mut pairs = Vec::with_capacity(spool.sheets[sheet].len());
            for index in 0..spool.sheets[sheet].len() {
                let row = spool.row(sheet, index)?;
                let number = setup.number_column(sheet).map(|at| text(&row.cells, at)).unwrap_or_default();
                match by_number.get(&number) {
                    Some(parent) => pairs.push((*parent, u32::try_from(index).unwrap_or(u32::MAX))),
                    None => {
                        let message = format!("序号在工作表“{}”中不存在", spool.sheets[main].name);
                        links.lost.push(setup.row_error(sheet, row.number, 0, &message));
                    }
                }
            }
            pairs.sort_unstable();
            links.children.push((sheet, pairs));
        }
        Ok(links)
    }

    fn main_numbers(&mut self, spool: &Spool, setup: &ImportSetup) -> Result<HashMap<String, u32>> {
        let column = setup.number_column(self.main);
        let mut by_number = HashMap::with_capacity(spool.sheets[self.main].len());
        for index in 0..spool.sheets[self.main].len() {
            let row = spool.row(self.main, index)?;
            // Without numbers of their own, rows count from 1.
            let number = column.map_or_else(|| (index + 1).to_string(), |at| text(&row.cells, at));
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            if !number.is_empty() && by_number.insert(number, index).is_some() {
                let message = "序号与其他行重复";
                self.lost.push(setup.row_error(self.main, row.number, row.number, message));
                self.faulty.insert(index as usize);
            }
        }
        Ok(by_number)
    }

    /// Whether a row's number keeps it from being imported.
    pub fn is_faulty(&self, index: usize) -> bool {
        self.faulty.contains(&index)
    }

    /// Rows of the main sheet with their child rows, without those whose number is faulty.
    pub fn rows(&self, spool: &Spool, range: std::ops::Range<usize>) -> Result<Vec<ImportRow>> {
        let mut rows = Vec::with_capacity(range.len());
        for index in range.filter(|index| !self.is_faulty(*index)) {
            let row = spool.row(self.main, index)?;
            let mut children = Vec::new();
            for (sheet, child) in self.children_of(index) {
                let child = spool.row(sheet, child)?;
                let cells = child.cells.iter().map(import_cell).collect();
                children.push(ImportChildRow { sheet, number: child.number, cells });
            }
            rows.push(ImportRow {
                number: row.number,
                cells: row.cells.iter().map(import_cell).collect(),
                children,
            });
        }
        Ok(rows)
    }

    /// Sheet and index of each child row of a main row.
    pub fn children_of(&self, index: usize) -> impl Iterator<Item = (usize, usize)> {
        let parent = u32::try_from(index).unwrap_or(u32::MAX);
        self.children.iter().flat_map(move |(sheet, pairs)| {
            let from = pairs.partition_point(|(at, _)| *at < parent);
            let children = pairs[from..].iter().take_while(move |(at, _)| *at == parent);
            children.map(move |(_, child)| (*sheet, *child as usize))
        })
    }
}

fn text(cells: &[Cell], column: usize) -> String {
    cells.get(column).map(|cell| cell.as_text().trim().to_owned()).unwrap_or_default()
}
