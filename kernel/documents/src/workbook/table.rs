//! A table of any length, written row by row: the rows go to the disk as they come.

use std::path::Path;

use jiff::Timestamp;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::write::{
    ColumnSpec, SHEET_ROWS, body_format, header_format, new_workbook, sheet_name, unwritable, write_cell,
};
use super::{Cell, ColumnKind, Row, formula::is_formula_like};
use crate::Error;

/// How the line begins that says whose copy this is; a reader leaves such a line aside.
const WATERMARK_START: &str = "导出人：";
const NOTES_SHEET: &str = "导出说明";
const NOTES_WIDTHS: [f64; 2] = [16.0, 90.0];

/// A table to write.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Characters that Excel forbids are replaced, the rest is cut after 31.
    pub name: String,
    pub columns: Vec<ColumnSpec>,
    pub watermark: Option<Watermark>,
    /// Goes into the file's properties.
    pub made_at: Timestamp,
}

/// Whose copy this is: stands above the table, on every printed page and in the file's properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    pub name: String,
    pub account: String,
    /// Shanghai, as people read it.
    pub time: String,
}

impl Watermark {
    /// One line of text.
    pub fn line(&self) -> String {
        let Self { name, account, time } = self;
        format!("{WATERMARK_START}{name}（{account}）　导出时间：{time}　仅限工作使用，不得外传")
    }
}

/// Whether a row is a watermark's line: a single cell that begins as they do.
pub(super) fn is_watermark(row: &Row) -> bool {
    let mut filled = row.cells.iter().filter(|cell| !cell.is_empty());
    let first = filled.next();
    filled.next().is_none() && matches!(first, Some(Cell::Text(text)) if text.starts_with(WATERMARK_START))
}

/// A workbook on its way.
pub struct TableWriter {
    workbook: Workbook,
    kinds: Vec<ColumnKind>,
    /// By column: as it is, and for texts that look like formulas.
    formats: Vec<(Format, Format)>,
    header_row: u32,
    next_row: u32,
}

impl TableWriter {
    /// Begins a table. What does not fit into memory goes to unnamed files in `folder`.
    pub fn new(spec: &TableSpec, folder: &Path) -> Result<Self, Error> {
        Self::begin(spec, folder).map_err(|error| unwritable(&error))
    }

    fn begin(spec: &TableSpec, folder: &Path) -> Result<Self, XlsxError> {
        let author = spec.watermark.as_ref().map(Watermark::line);
        let mut workbook = new_workbook(spec.made_at, author.as_deref());
        workbook.set_tempdir(folder)?;
        let header_row = u32::from(spec.watermark.is_some());
        let worksheet = workbook.add_worksheet_with_constant_memory()?;
        worksheet.set_name(sheet_name(&spec.name))?;
        worksheet.set_freeze_panes(header_row + 1, 0)?;
        for (index, column) in (0..).zip(&spec.columns) {
            worksheet.set_column_width(index, column.width)?;
        }
        print_setup(worksheet, header_row, spec)?;
        if let Some(watermark) = &spec.watermark {
            worksheet.write_string_with_format(0, 0, watermark.line(), &watermark_format())?;
        }
        for (index, column) in (0..).zip(&spec.columns) {
            worksheet.write_string_with_format(header_row, index, &column.title, &header_format(false))?;
        }
        let formats = |column: &ColumnSpec| {
            let format = body_format(column.kind);
            (format.clone(), format.set_quote_prefix())
        };
        Ok(Self {
            workbook,
            kinds: spec.columns.iter().map(|column| column.kind).collect(),
            formats: spec.columns.iter().map(formats).collect(),
            header_row,
            next_row: header_row + 1,
        })
    }

    /// Writes a row. Text is always written as text: what begins with `=`, `+`, `-` or `@` stays what it is, even
    /// when somebody edits the cell (S-05).
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        if self.next_row >= SHEET_ROWS {
            return Err(Error::TooLarge(format!("一个工作表最多 {SHEET_ROWS} 行，请改用 CSV 或缩小范围")));
        }
        let row = self.next_row;
        self.next_row += 1;
        self.write_row(row, cells).map_err(|error| unwritable(&error))
    }

    fn write_row(&mut self, row: u32, cells: &[Cell]) -> Result<(), XlsxError> {
        let worksheet = self.workbook.worksheet_from_index(0)?;
        for (index, (cell, (kind, (plain, shielded)))) in
            (0..).zip(cells.iter().zip(self.kinds.iter().zip(&self.formats)))
        {
            let format = match cell {
                Cell::Empty => continue,
                Cell::Text(text) if is_formula_like(text) => shielded,
                _ => plain,
            };
            write_cell(worksheet, row, index, cell, *kind, format)?;
        }
        Ok(())
    }

    /// Writes the workbook to a file. A sheet of its own says about the table what `notes` say, line by line: title and
    /// text.
    pub fn save(mut self, notes: &[(String, String)], path: &Path) -> Result<(), Error> {
        self.finish(notes, path).map_err(|error| unwritable(&error))
    }

    fn finish(&mut self, notes: &[(String, String)], path: &Path) -> Result<(), XlsxError> {
        let last_column = u16::try_from(self.kinds.len().saturating_sub(1)).unwrap_or(u16::MAX);
        if self.next_row > self.header_row + 1 && !self.kinds.is_empty() {
            let worksheet = self.workbook.worksheet_from_index(0)?;
            worksheet.autofilter(self.header_row, 0, self.next_row - 1, last_column)?;
        }
        if !notes.is_empty() {
            let worksheet = self.workbook.add_worksheet();
            worksheet.set_name(NOTES_SHEET)?;
            for (column, width) in (0..).zip(NOTES_WIDTHS) {
                worksheet.set_column_width(column, width)?;
            }
            let text = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_quote_prefix();
            for (row, (title, note)) in (0..).zip(notes) {
                worksheet.write_string_with_format(row, 0, title, &header_format(false))?;
                worksheet.write_string_with_format(row, 1, note, &text)?;
            }
        }
        self.workbook.save(path)
    }
}

/// On paper: landscape, all columns on a page, header and watermark on each.
fn print_setup(worksheet: &mut Worksheet, header_row: u32, spec: &TableSpec) -> Result<(), XlsxError> {
    worksheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
    worksheet.set_repeat_rows(header_row, header_row)?;
    if let Some(watermark) = &spec.watermark {
        // An ampersand begins a code of headers and footers.
        let line = watermark.line().replace('&', "&&");
        worksheet.set_header(format!("&C{line}"));
        worksheet.set_footer(format!("&L{line}&R第 &P 页，共 &N 页"));
    }
    Ok(())
}

fn watermark_format() -> Format {
    Format::new().set_font_color(0x8C_8C_8C).set_italic().set_quote_prefix()
}
