//! The faults of an import: many rows say the same, so that texts are kept once.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::Path,
    sync::Arc,
};

use anju_documents::{
    Error,
    workbook::{MarkedWriter, RowFault},
};
use anju_records::{ImportError, ImportSetup};
use jiff::Timestamp;

use super::{links::Links, spool::Spool};

/// Faults told one by one; beyond them rows are only counted.
const FAULTS_MAX: usize = 500_000;

/// All faults of an import so far.
#[derive(Default)]
pub(super) struct Faults {
    texts: HashSet<Arc<str>>,
    /// By sheet and row.
    by_row: BTreeMap<(Arc<str>, u32), Vec<Fault>>,
    count: usize,
    /// Rows of the main sheet that are not imported.
    rows: BTreeSet<u32>,
}

struct Fault {
    column: Arc<str>,
    field: Arc<str>,
    message: Arc<str>,
    main_row: u32,
}

/// Which rows a marked copy has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    /// All, where they were: nothing was imported.
    All,
    /// Those that were not imported, close together.
    Faulty,
}

impl Faults {
    pub fn add(&mut self, error: ImportError) {
        if error.main_row > 0 {
            self.rows.insert(error.main_row);
        }
        self.count += 1;
        if self.count > FAULTS_MAX {
            return;
        }
        let fault = Fault {
            column: self.text(&error.column),
            field: self.text(&error.field),
            message: self.text(&error.message),
            main_row: error.main_row,
        };
        let place = (self.text(&error.sheet), error.row);
        self.by_row.entry(place).or_default().push(fault);
    }

    pub fn add_all(&mut self, errors: Vec<ImportError>) {
        errors.into_iter().for_each(|error| self.add(error));
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Number of rows of the main sheet that are not imported.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The first faults, sheet by sheet and row by row.
    pub fn first(&self, at_most: usize) -> Vec<ImportError> {
        let error = |((sheet, row), fault): (&(Arc<str>, u32), &Fault)| ImportError {
            sheet: sheet.to_string(),
            row: *row,
            column: fault.column.to_string(),
            field: fault.field.to_string(),
            message: fault.message.to_string(),
            main_row: fault.main_row,
        };
        let all =
            self.by_row.iter().flat_map(|(place, faults)| faults.iter().map(move |fault| (place, fault)));
        all.take(at_most).map(error).collect()
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let text: Arc<str> = Arc::from(text);
        self.texts.insert(text.clone());
        text
    }

    /// Writes a copy of the uploaded rows with every fault marked.
    pub fn write_copy(
        &self,
        spool: &Spool,
        setup: &ImportSetup,
        links: &Links,
        copied: Copied,
        made_at: Timestamp,
        path: &Path,
    ) -> Result<(), Error> {
        let mut writer = MarkedWriter::new(path.parent().unwrap_or(path), made_at)?;
        let mut sheets: Vec<(usize, Option<Vec<usize>>)> = Vec::new();
        let main = setup.main_sheet();
        let faulty = (copied == Copied::Faulty).then(|| self.faulty_rows(spool, main)).transpose()?;
        for child in setup.child_sheets() {
            let rows = match &faulty {
                Some(parents) => Some(self.rows_below(spool, links, parents, child)?),
                None => None,
            };
            sheets.push((child, rows));
        }
        sheets.insert(0, (main, faulty));
        for (sheet, rows) in sheets {
            self.write_sheet(&mut writer, spool, sheet, rows)?;
        }
        writer.save(path)
    }

    /// Indices of the main rows that were not imported.
    fn faulty_rows(&self, spool: &Spool, main: usize) -> Result<Vec<usize>, Error> {
        let mut faulty = Vec::with_capacity(self.rows.len());
        for index in 0..spool.sheets[main].len() {
            if self.rows.contains(&spool.row(main, index)?.number) {
                faulty.push(index);
            }
        }
        Ok(faulty)
    }

    /// Indices of the child rows of these rows, and of those that belong to none.
    fn rows_below(
        &self,
        spool: &Spool,
        links: &Links,
        parents: &[usize],
        sheet: usize,
    ) -> Result<Vec<usize>, Error> {
        let below = parents.iter().flat_map(|parent| links.children_of(*parent));
        let mut rows: BTreeSet<usize> = below.filter(|(at, _)| *at == sheet).map(|(_, row)| row).collect();
        let name = spool.sheets[sheet].name.as_str();
        let lost = links.lost.iter().filter(|lost| lost.main_row == 0 && lost.sheet == name);
        let lost: HashSet<u32> = lost.map(|lost| lost.row).collect();
        for index in (0..spool.sheets[sheet].len()).filter(|_| !lost.is_empty()) {
            if lost.contains(&spool.row(sheet, index)?.number) {
                rows.insert(index);
            }
        }
        Ok(rows.into_iter().collect())
    }

    fn write_sheet(
        &self,
        writer: &mut MarkedWriter,
        spool: &Spool,
        sheet: usize,
        rows: Option<Vec<usize>>,
    ) -> Result<(), Error> {
        let spooled = &spool.sheets[sheet];
        let name: Arc<str> = Arc::from(spooled.name.as_str());
        let close = rows.is_some();
        let header_row = if close { 1 } else { spooled.header_row };
        writer.sheet(&spooled.name, header_row, &spooled.header)?;
        let rows = rows.unwrap_or_else(|| (0..spooled.len()).collect());
        for (place, index) in (header_row + 1..).zip(rows) {
            let row = spool.row(sheet, index)?;
            let found = self.by_row.get(&(name.clone(), row.number)).map_or(&[][..], Vec::as_slice);
            let faults: Vec<RowFault<'_>> = found
                .iter()
                .map(|fault| RowFault {
                    column: Some(&*fault.column).filter(|column| !column.is_empty()),
                    message: &fault.message,
                })
                .collect();
            writer.row(if close { place } else { row.number }, &row.cells, &faults)?;
        }
        Ok(())
    }
}
