//! Importing a workbook: every row is judged before any is written.

mod cells;
mod check;
mod columns;
mod lookups;
mod template;
mod write;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportError {
    pub sheet: String,
    /// Row number as the spreadsheet shows it, from 1.
    pub row: usize,
    /// Column title; empty when the whole row is meant.
    pub column: String,
    /// Field name; empty when the whole row is meant.
    pub field: String,
    pub message: String,
}

/// A checked workbook, ready to be written.
#[derive(Debug)]
pub struct Import {
    pub entity: String,
    /// Name of the main sheet.
    pub sheet: String,
    /// Rows of the main sheet.
    pub rows: usize,
    /// Rows of the main sheet with a fault, in themselves or in their child rows.
    pub faulty: usize,
    pub errors: Vec<ImportError>,
    /// What will be written: Excel row and input.
    pub(crate) ready: Vec<(usize, Object)>,
    pub(crate) known: KnownReferences,
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
