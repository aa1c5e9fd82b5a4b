//! The workbook that goes back to the person who uploaded a faulty one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_xlsxwriter::{Format, FormatAlign, Note, Worksheet, XlsxError};

use super::write::{header_format, new_workbook, sheet_name, unwritable, write_cell};
use super::{Cell, ColumnKind, Row, Sheet, Workbook};
use crate::Error;

/// One error found in a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    pub sheet: String,
    /// Number as Excel shows it, from 1.
    pub row: u32,
    /// Title of the column; `None` for an error of the whole row.
    pub column: Option<String>,
    /// In Chinese.
    pub message: String,
}

/// Title of the column that explains the faults of each row.
pub const MESSAGES_TITLE: &str = "错误说明";
const MESSAGES_WIDTH: f64 = 60.0;
const COLUMN_WIDTH: f64 = 16.0;

/// The same rows in the same places: faulty cells red with a note, the row's messages in a last column.
/// Whoever reads the mended file again leaves the column [`MESSAGES_TITLE`] aside.
pub fn mark_errors(workbook: &Workbook, errors: &[CellError], made_at: Timestamp) -> Result<Vec<u8>, Error> {
    let mut file = new_workbook(made_at);
    for sheet in &workbook.sheets {
        let worksheet =
            marked_sheet(sheet, &by_row(&sheet.name, errors)).map_err(|error| unwritable(&error))?;
        file.push_worksheet(worksheet);
    }
    file.save_to_buffer().map_err(|error| unwritable(&error))
}

fn by_row<'a>(sheet: &str, errors: &'a [CellError]) -> BTreeMap<u32, Vec<&'a CellError>> {
    let mut rows: BTreeMap<u32, Vec<&CellError>> = BTreeMap::new();
    for error in errors.iter().filter(|error| error.sheet == sheet) {
        rows.entry(error.row).or_default().push(error);
    }
    rows
}

fn marked_sheet(sheet: &Sheet, errors: &BTreeMap<u32, Vec<&CellError>>) -> Result<Worksheet, XlsxError> {
    let mut worksheet = Worksheet::new();
    worksheet.set_name(sheet_name(&sheet.name))?;
    let header_row = sheet.header_row.saturating_sub(1);
    worksheet.set_freeze_panes(header_row + 1, 0)?;
    let titles: Vec<&str> =
        sheet.header.iter().map(String::as_str).filter(|title| *title != MESSAGES_TITLE).collect();
    for (column, title) in (0..).zip(&titles) {
        worksheet.set_column_width(column, COLUMN_WIDTH)?;
        worksheet.write_string_with_format(header_row, column, *title, &header_format(false))?;
    }
    let messages_column = u16::try_from(titles.len()).map_err(|_| XlsxError::RowColumnLimitError)?;
    worksheet.set_column_width(messages_column, MESSAGES_WIDTH)?;
    worksheet.write_string_with_format(header_row, messages_column, MESSAGES_TITLE, &header_format(true))?;
    for row in &sheet.rows {
        let found = errors.get(&row.number).map_or(&[][..], Vec::as_slice);
        marked_row(&mut worksheet, &sheet.header, row, found)?;
        if !found.is_empty() {
            let text = found.iter().map(|error| error_text(error)).collect::<Vec<_>>().join("\n");
            worksheet.write_string_with_format(row.number - 1, messages_column, text, &message_format())?;
        }
    }
    Ok(worksheet)
}

fn marked_row(
    worksheet: &mut Worksheet,
    header: &[String],
    row: &Row,
    errors: &[&CellError],
) -> Result<(), XlsxError> {
    let place = row.number.saturating_sub(1);
    let titled = header.iter().zip(&row.cells).filter(|(title, _)| title.as_str() != MESSAGES_TITLE);
    for (column, (title, cell)) in (0..).zip(titled) {
        let messages: Vec<&str> = errors
            .iter()
            .filter(|error| error.column.as_ref() == Some(title))
            .map(|error| error.message.as_str())
            .collect();
        let format = if messages.is_empty() { plain_format(cell) } else { faulty_format(cell) };
        write_cell(worksheet, place, column, cell, kind_of(cell), &format)?;
        if !messages.is_empty() {
            worksheet.insert_note(place, column, &Note::new(messages.join("\n")).add_author_prefix(false))?;
        }
    }
    Ok(())
}

fn error_text(error: &CellError) -> String {
    match &error.column {
        Some(column) => format!("{column}：{}", error.message),
        None => error.message.clone(),
    }
}

/// Any kind that keeps the cell as it is: numbers stay numbers, text stays text.
fn kind_of(cell: &Cell) -> ColumnKind {
    if matches!(cell, Cell::Number(_)) { ColumnKind::Integer } else { ColumnKind::Text }
}

fn plain_format(cell: &Cell) -> Format {
    match cell {
        Cell::Number(_) => Format::new(),
        _ => Format::new().set_num_format("@"),
    }
}

fn faulty_format(cell: &Cell) -> Format {
    plain_format(cell).set_background_color(0xFF_C7_CE).set_font_color(0x9C_00_06)
}

fn message_format() -> Format {
    Format::new().set_font_color(0x9C_00_06).set_text_wrap().set_align(FormatAlign::Top)
}
