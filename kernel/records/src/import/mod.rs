//! Importing a workbook: every row is judged before any is written.

mod cells;
mod check;
mod columns;
mod lookups;
mod template;
mod write;

use std::collections::BTreeSet;

use anju_store::Tx;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use write::ImportFailure;

use crate::{Object, Record, Result, write::KnownReferences};

/// One sheet of a workbook, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SheetData {
    pub name: String,
    /// Titles of the columns: row 1 of the sheet.
    pub header: Vec<String>,
    /// Row 2 on.
    pub rows: Vec<Vec<CellText>>,
    /// Cells whose text cannot be trusted, and is therefore left out of `rows`.
    pub unreadable: Vec<UnreadableCell>,
}

/// A cell that could not be read as what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableCell {
    /// Index into [`SheetData::rows`].
    pub row: usize,
    /// Index of the column.
    pub column: usize,
    /// Why, in Chinese.
    pub reason: String,
}

/// Text of a cell: dates as `YYYY-MM-DD`, numbers without separators, empty for an empty cell.
pub type CellText = String;

/// What to do when rows are faulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// Write nothing.
    AllOrNothing,
    /// Write the others.
    SkipFaulty,
}

/// A fault of one cell or row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportError {
    pub sheet: String,
    /// Row number as the spreadsheet shows it, from 1.
    pub row: usize,
    /// Column title; empty when the whole row is meant.
    pub column: String,
    /// Field name; empty when the whole row is meant.
    pub field: String,
    pub message: String,
    /// Row of the main sheet that is not imported because of it; 0 for a child row that belongs to none.
    pub main_row: usize,
}

/// A checked workbook, ready to be written.
#[derive(Debug)]
pub struct Import {
    pub entity: String,
    /// Name of the main sheet.
    pub sheet: String,
    /// Rows of the main sheet.
    pub rows: usize,
    pub errors: Vec<ImportError>,
    /// What will be written: Excel row and input.
    pub(crate) ready: Vec<(usize, Object)>,
    /// Rows of the main sheet with a fault, in themselves or in their child rows.
    pub(crate) faulty_rows: BTreeSet<usize>,
    pub(crate) known: KnownReferences,
}

impl Import {
    /// Number of records that can be written: the rows without a fault.
    pub fn ready_len(&self) -> usize {
        self.ready.len()
    }

    /// Number of rows of the main sheet with a fault, in themselves or in their child rows.
    pub fn faulty(&self) -> usize {
        self.faulty_rows.len()
    }

    /// Those rows, as the spreadsheet shows them.
    pub fn faulty_rows(&self) -> impl Iterator<Item = usize> {
        self.faulty_rows.iter().copied()
    }

    /// Row of the main sheet, as the spreadsheet shows it, of the record at a place among those that are ready.
    pub fn row_of(&self, ready: usize) -> Option<usize> {
        self.ready.get(ready).map(|(row, _)| *row)
    }

    /// What is left of an import that was broken off after this row of the main sheet: neither the records up to
    /// it nor their faults, but still those of child rows that belong to no row.
    #[must_use]
    pub fn after(mut self, row: usize) -> Self {
        self.ready.retain(|(ready, _)| *ready > row);
        self.faulty_rows.retain(|faulty| *faulty > row);
        self.errors.retain(|error| error.main_row > row || error.main_row == 0);
        self
    }
}

/// What is done with each record right after it was created, in the same transaction.
#[async_trait]
pub trait AfterEach: Send {
    async fn created(&mut self, tx: &mut Tx, record: &Record) -> Result<()>;
}

/// What an import workbook for an entity looks like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateSpec {
    pub title: String,
    pub sheets: Vec<TemplateSheet>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateSheet {
    pub name: String,
    pub columns: Vec<TemplateColumn>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateColumn {
    /// Text of the header cell.
    pub title: String,
    /// Field name; empty for the column that links child rows.
    pub field: String,
    pub required: bool,
    /// What to enter, in Chinese.
    pub help: String,
    /// Titles to choose from; empty for free input.
    pub choices: Vec<String>,
}
