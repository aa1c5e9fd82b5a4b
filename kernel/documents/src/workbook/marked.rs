//! The workbook that goes back to the person who uploaded a faulty one.

use std::path::Path;

use jiff::Timestamp;
use rust_xlsxwriter::{Format, FormatAlign, Note, Workbook, XlsxError};

use super::write::{SHEET_ROWS, header_format, new_workbook, sheet_name, unwritable, write_cell};
use super::{Cell, ColumnKind, formula::is_formula_like};
use crate::Error;

/// Title of the column that explains the faults of each row.
pub const MESSAGES_TITLE: &str = "错误说明";
const MESSAGES_WIDTH: f64 = 60.0;
const COLUMN_WIDTH: f64 = 16.0;
/// Notes at cells; the rows beyond are explained in their last column only, since notes are held in memory.
const NOTES_MAX: usize = 20_000;

/// A fault of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault<'a> {
    /// Title of the column; `None` for a fault of the whole row.
    pub column: Option<&'a str>,
    /// In Chinese.
    pub message: &'a str,
}

/// Writes rows as they were, faulty cells red with a note, the row's faults in a last column. Whoever reads the
/// mended file again leaves the column [`MESSAGES_TITLE`] aside.
pub struct MarkedWriter {
    workbook: Workbook,
    sheet: Option<usize>,
    titles: Vec<String>,
    messages_column: u16,
    notes: usize,
    formats: Formats,
}

struct Formats {
    /// For numbers and for texts, and for texts that look like formulas.
    plain: [Format; 3],
    faulty: [Format; 3],
    message: Format,
}

impl MarkedWriter {
    /// What does not fit into memory goes to unnamed files in `folder`.
    pub fn new(folder: &Path, made_at: Timestamp) -> Result<Self, Error> {
        let mut workbook = new_workbook(made_at, None);
        workbook.set_tempdir(folder).map_err(|error| unwritable(&error))?;
        Ok(Self {
            workbook,
            sheet: None,
            titles: Vec::new(),
            messages_column: 0,
            notes: 0,
            formats: Formats::new(),
        })
    }

    /// Begins a sheet with its titles at the given row.
    pub fn sheet(&mut self, name: &str, header_row: u32, titles: &[String]) -> Result<(), Error> {
        self.begin_sheet(name, header_row, titles).map_err(|error| unwritable(&error))
    }

    fn begin_sheet(&mut self, name: &str, header_row: u32, titles: &[String]) -> Result<(), XlsxError> {
        let worksheet = self.workbook.add_worksheet_with_constant_memory()?;
        worksheet.set_name(sheet_name(name))?;
        worksheet.set_freeze_panes(header_row, 0)?;
        self.sheet = Some(self.sheet.map_or(0, |sheet| sheet + 1));
        self.titles = titles.to_vec();
        let mut column = 0;
        for title in titles.iter().filter(|title| *title != MESSAGES_TITLE) {
            worksheet.set_column_width(column, COLUMN_WIDTH)?;
            worksheet.write_string_with_format(header_row - 1, column, title, &header_format(false))?;
            column += 1;
        }
        self.messages_column = column;
        worksheet.set_column_width(column, MESSAGES_WIDTH)?;
        worksheet.write_string_with_format(header_row - 1, column, MESSAGES_TITLE, &header_format(true))?;
        Ok(())
    }

    /// Writes a row at the given place, which is below all before it.
    pub fn row(&mut self, number: u32, cells: &[Cell], faults: &[RowFault<'_>]) -> Result<(), Error> {
        if number > SHEET_ROWS {
            return Err(Error::TooLarge(format!("一个工作表最多 {SHEET_ROWS} 行")));
        }
        self.write_row(number - 1, cells, faults).map_err(|error| unwritable(&error))
    }

    fn write_row(&mut self, place: u32, cells: &[Cell], faults: &[RowFault<'_>]) -> Result<(), XlsxError> {
        let worksheet = self.workbook.worksheet_from_index(self.sheet.unwrap_or_default())?;
        let kept = self.titles.iter().enumerate().filter(|(_, title)| *title != MESSAGES_TITLE);
        for (column, (index, title)) in (0..).zip(kept) {
            // A missing value has no cell among those that were read.
            let cell = cells.get(index).unwrap_or(&Cell::Empty);
            let messages: Vec<&str> = faults
                .iter()
                .filter(|fault| fault.column.is_some_and(|at| plain(at) == plain(title)))
                .map(|fault| fault.message)
                .collect();
            let formats = if messages.is_empty() { &self.formats.plain } else { &self.formats.faulty };
            if !messages.is_empty() || !cell.is_empty() {
                write_cell(worksheet, place, column, cell, kind_of(cell), &formats[format_of(cell)])?;
            }
            if !messages.is_empty() && self.notes < NOTES_MAX {
                self.notes += 1;
                worksheet.insert_note(
                    place,
                    column,
                    &Note::new(messages.join("\n")).add_author_prefix(false),
                )?;
            }
        }
        if !faults.is_empty() {
            let text = faults.iter().map(text_of).collect::<Vec<_>>().join("\n");
            worksheet.write_string_with_format(place, self.messages_column, text, &self.formats.message)?;
        }
        Ok(())
    }

    /// Writes the workbook to a file.
    pub fn save(mut self, path: &Path) -> Result<(), Error> {
        self.workbook.save(path).map_err(|error| unwritable(&error))
    }
}

impl Formats {
    fn new() -> Self {
        let text = Format::new().set_num_format("@");
        let plain = [Format::new(), text.clone(), text.set_quote_prefix()];
        let faulty = plain.clone().map(|f| f.set_background_color(0xFF_C7_CE).set_font_color(0x9C_00_06));
        let message = Format::new()
            .set_font_color(0x9C_00_06)
            .set_text_wrap()
            .set_align(FormatAlign::Top)
            .set_quote_prefix();
        Self { plain, faulty, message }
    }
}

fn text_of(fault: &RowFault<'_>) -> String {
    match fault.column {
        Some(column) => format!("{column}：{}", fault.message),
        None => fault.message.to_owned(),
    }
}

/// A title without what people and templates add to it.
fn plain(title: &str) -> &str {
    let title = title.trim().trim_end_matches(['*', '＊']).trim();
    title.strip_suffix("（元）").unwrap_or(title)
}

/// Any kind that keeps the cell as it is: numbers stay numbers, text stays text.
fn kind_of(cell: &Cell) -> ColumnKind {
    if matches!(cell, Cell::Number(_)) { ColumnKind::Integer } else { ColumnKind::Text }
}

fn format_of(cell: &Cell) -> usize {
    match cell {
        Cell::Number(_) => 0,
        Cell::Text(text) if is_formula_like(text) => 2,
        _ => 1,
    }
}
