//! Between workbooks of documents and sheets of records.

use anju_documents::workbook::{
    self, Cell, CellError, ColumnKind, ColumnSpec, MESSAGES_TITLE, Sheet, SheetSpec, Workbook, WorkbookSpec,
};
use anju_records::{ImportError, SheetData, TemplateSpec, UnreadableCell};
use jiff::Timestamp;

const WIDTH: f64 = 18.0;

/// An empty workbook with titled columns.
pub fn template_workbook(template: &TemplateSpec, made_at: Timestamp) -> WorkbookSpec {
    let sheets = template
        .sheets
        .iter()
        .map(|sheet| SheetSpec {
            name: sheet.name.clone(),
            columns: sheet
                .columns
                .iter()
                .map(|column| ColumnSpec {
                    title: column.title.clone(),
                    width: WIDTH,
                    kind: ColumnKind::Text,
                    choices: column.choices.clone(),
                    required: column.required,
                    help: Some(column.help.clone()).filter(|help| !help.is_empty()),
                })
                .collect(),
            rows: Vec::new(),
        })
        .collect();
    WorkbookSpec { sheets, made_at }
}

/// The sheets as text, each row at the place it has in the workbook.
pub fn sheets_of(book: &Workbook) -> Vec<SheetData> {
    book.sheets.iter().map(sheet_of).collect()
}

fn sheet_of(sheet: &Sheet) -> SheetData {
    let mut data = SheetData { name: sheet.name.clone(), header: titles_of(sheet), ..SheetData::default() };
    for row in &sheet.rows {
        // Row 2 of the workbook is the first below the header.
        let place = (row.number as usize).saturating_sub(2);
        data.rows.resize_with(place, Vec::new);
        for (column, cell) in row.cells.iter().enumerate() {
            if let Cell::Faulty(reason) = cell {
                data.unreadable.push(UnreadableCell { row: place, column, reason: reason.clone() });
            }
        }
        data.rows.push(row.cells.iter().map(Cell::as_text).collect());
    }
    data
}

/// Without the column that explains the faults of a marked copy, so that the copy can be mended and uploaded.
fn titles_of(sheet: &Sheet) -> Vec<String> {
    let title = |title: &String| if title == MESSAGES_TITLE { String::new() } else { title.clone() };
    sheet.header.iter().map(title).collect()
}

/// A copy of the workbook with every fault marked.
pub fn marked(
    book: &Workbook,
    errors: &[ImportError],
    made_at: Timestamp,
) -> Result<Vec<u8>, anju_documents::Error> {
    let faults: Vec<CellError> = errors
        .iter()
        .map(|error| CellError {
            sheet: error.sheet.clone(),
            row: u32::try_from(error.row).unwrap_or(u32::MAX),
            column: Some(error.column.clone()).filter(|column| !column.is_empty()),
            message: error.message.clone(),
        })
        .collect();
    workbook::mark_errors(book, &faults, made_at)
}
