//! Spreadsheets in the .xlsx format: rows of exact values in, styled tables out.

mod container;
mod marked;
mod read;
mod write;

#[cfg(test)]
mod tests;

use jiff::civil::{Date, DateTime};

pub use marked::{CellError, MESSAGES_TITLE, mark_errors};
pub use read::{Limits, read};
pub use write::{ColumnKind, ColumnSpec, SheetSpec, WorkbookSpec, write};

/// What was read of a file: the visible worksheets that hold anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Workbook {
    pub sheets: Vec<Sheet>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    pub name: String,
    /// The first row that is not empty, trimmed.
    pub header: Vec<String>,
    /// Number of the header's row as Excel shows it, from 1.
    pub header_row: u32,
    /// Rows below the header that are not empty.
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Number as Excel shows it, from 1.
    pub number: u32,
    /// At least as many cells as the header has.
    pub cells: Vec<Cell>,
}

/// The value of a cell, without the noise of its storage.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    /// A number as exact decimal text without exponent: `56.3`, never `56.300000000000004`.
    Number(String),
    Boolean(bool),
    Date(Date),
    DateTime(DateTime),
    /// What cannot be trusted, with the reason in Chinese: an error value, an identity number that Excel has
    /// already rounded.
    Faulty(String),
}

impl Cell {
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// The value as text a person would type: dates `YYYY-MM-DD`, booleans 是 and 否. Faulty cells have none.
    pub fn as_text(&self) -> String {
        match self {
            Self::Empty | Self::Faulty(_) => String::new(),
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::Boolean(value) => if *value { "是" } else { "否" }.to_owned(),
            Self::Date(date) => date.to_string(),
            Self::DateTime(at) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
