//! Between workbooks of documents and sheets of records.

use anju_documents::workbook::{self, CellError, ColumnKind, ColumnSpec, SheetSpec, Workbook, WorkbookSpec};
use anju_records::{ImportError, SheetData, TemplateSpec};
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
    book.sheets
        .iter()
        .map(|sheet| {
            let mut rows: Vec<Vec<String>> = Vec::new();
            for row in &sheet.rows {
                // Row 2 of the workbook is the first below the header.
                let place = (row.number as usize).saturating_sub(2);
                rows.resize_with(place, Vec::new);
                rows.push(row.cells.iter().map(workbook::Cell::as_text).collect());
            }
            SheetData { name: sheet.name.clone(), header: sheet.header.clone(), rows }
        })
        .collect()
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
