use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DocProperties, ExcelDateTime, Format, FormatAlign,
    FormatBorder, Formula, Note, Worksheet, XlsxError,
};

use super::Cell;
use crate::Error;

/// A workbook to write.
#[derive(Debug, Clone)]
pub struct WorkbookSpec {
    pub sheets: Vec<SheetSpec>,
    /// Goes into the file's properties.
    pub made_at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct SheetSpec {
    /// Characters that Excel forbids are replaced, the rest is cut after 31.
    pub name: String,
    pub columns: Vec<ColumnSpec>,
    /// None for an import template.
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone)]
pub struct ColumnSpec {
    pub title: String,
    /// In characters of Latin text; a Chinese character takes two.
    pub width: f64,
    pub kind: ColumnKind,
    /// When not empty: a list to choose from, anything else is refused by Excel.
    pub choices: Vec<String>,
    /// Shown by a red title.
    pub required: bool,
    /// Shown when the pointer rests on the title.
    pub help: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text; identity numbers, codes and phone numbers keep every digit and leading zero.
    Text,
    Integer,
    Decimal {
        scale: u8,
    },
    Date,
    DateTime,
}

/// Rows below the header that a template's lists and formats reach.
const TEMPLATE_ROWS: u32 = 10_000;
/// Rows of a worksheet, by the format.
pub(super) const SHEET_ROWS: u32 = 1_048_576;
const LISTS_SHEET: &str = "选项";
const SHEET_NAME_CHARS_MAX: usize = 31;
/// Digits that Excel keeps of a number.
const DIGITS_MAX: usize = 15;

/// Writes a workbook. Text is always written as text: what begins with `=`, `+`, `-` or `@` stays what it is.
pub fn write(spec: &WorkbookSpec) -> Result<Vec<u8>, Error> {
    let mut workbook = new_workbook(spec.made_at, None);
    let mut lists = Worksheet::new();
    let mut list_count = 0_u16;
    let mut sheets = Vec::new();
    for sheet in &spec.sheets {
        let mut worksheet = worksheet(sheet).map_err(|error| unwritable(&error))?;
        for (column, spec) in (0..).zip(&sheet.columns).filter(|(_, spec)| !spec.choices.is_empty()) {
            let rows = last_row(sheet.rows.len());
            let range =
                write_list(&mut lists, list_count, &spec.choices).map_err(|error| unwritable(&error))?;
            list_count += 1;
            add_list(&mut worksheet, column, rows, &range).map_err(|error| unwritable(&error))?;
        }
        sheets.push(worksheet);
    }
    for worksheet in sheets {
        workbook.push_worksheet(worksheet);
    }
    if list_count > 0 {
        lists.set_name(LISTS_SHEET).map_err(|error| unwritable(&error))?;
        lists.set_hidden(true);
        workbook.push_worksheet(lists);
    }
    workbook.save_to_buffer().map_err(|error| unwritable(&error))
}

pub(super) fn new_workbook(made_at: Timestamp, author: Option<&str>) -> rust_xlsxwriter::Workbook {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let mut properties = DocProperties::new().set_author(author.unwrap_or("Anju"));
    if let Ok(created) = ExcelDateTime::from_timestamp(made_at.as_second()) {
        properties = properties.set_creation_datetime(&created);
    }
    workbook.set_properties(&properties);
    workbook
}

fn worksheet(sheet: &SheetSpec) -> Result<Worksheet, XlsxError> {
    let mut worksheet = Worksheet::new();
    worksheet.set_name(sheet_name(&sheet.name))?;
    worksheet.set_freeze_panes(1, 0)?;
    worksheet.set_row_height(0, 22)?;
    for (index, column) in (0..).zip(&sheet.columns) {
        worksheet.set_column_width(index, column.width)?;
        worksheet.set_column_format(index, &body_format(column.kind))?;
        worksheet.write_string_with_format(0, index, &column.title, &header_format(column.required))?;
        worksheet.insert_note(0, index, &Note::new(note_text(column)).add_author_prefix(false))?;
    }
    for (row, cells) in (1..).zip(&sheet.rows) {
        for (index, cell) in (0..).zip(cells) {
            let kind = sheet.columns.get(usize::from(index)).map_or(ColumnKind::Text, |column| column.kind);
            write_cell(&mut worksheet, row, index, cell, kind, &body_format(kind))?;
        }
    }
    if let (Some(last), false) = (sheet.columns.len().checked_sub(1), sheet.rows.is_empty()) {
        let last = u16::try_from(last).map_err(|_| XlsxError::RowColumnLimitError)?;
        worksheet.autofilter(0, 0, u32::try_from(sheet.rows.len()).unwrap_or(SHEET_ROWS - 1), last)?;
    }
    Ok(worksheet)
}

pub(super) fn write_cell(
    worksheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    kind: ColumnKind,
    format: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty | Cell::Faulty(_) => worksheet.write_blank(row, column, format)?,
        Cell::Boolean(_) => worksheet.write_string_with_format(row, column, cell.as_text(), format)?,
        Cell::Text(text) => worksheet.write_string_with_format(row, column, text, format)?,
        Cell::Number(text) => match exact_number(text, kind) {
            Some(number) => worksheet.write_number_with_format(row, column, number, format)?,
            None => worksheet.write_string_with_format(row, column, text, format)?,
        },
        Cell::Date(date) => {
            let format = format.clone().set_num_format("yyyy-mm-dd");
            worksheet.write_datetime_with_format(row, column, &excel(date.at(0, 0, 0, 0))?, &format)?
        }
        Cell::DateTime(at) => {
            let format = format.clone().set_num_format("yyyy-mm-dd hh:mm:ss");
            worksheet.write_datetime_with_format(row, column, &excel(*at)?, &format)?
        }
    };
    Ok(())
}

fn excel(at: DateTime) -> Result<ExcelDateTime, XlsxError> {
    let year =
        u16::try_from(at.year()).map_err(|_| XlsxError::DateTimeRangeError("年份超出范围".to_owned()))?;
    ExcelDateTime::from_ymd(year, at.month().unsigned_abs(), at.day().unsigned_abs())?.and_hms(
        u16::from(at.hour().unsigned_abs()),
        at.minute().unsigned_abs(),
        at.second().unsigned_abs(),
    )
}

/// `None` when the number must be written as text to keep its digits.
fn exact_number(text: &str, kind: ColumnKind) -> Option<f64> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if kind == ColumnKind::Text || digits > DIGITS_MAX {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn write_list(lists: &mut Worksheet, column: u16, choices: &[String]) -> Result<String, XlsxError> {
    for (row, choice) in (0..).zip(choices) {
        lists.write_string(row, column, choice)?;
    }
    let letters = rust_xlsxwriter::utility::column_number_to_name(column);
    Ok(format!("={LISTS_SHEET}!${letters}$1:${letters}${}", choices.len()))
}

fn add_list(worksheet: &mut Worksheet, column: u16, last_row: u32, range: &str) -> Result<(), XlsxError> {
    let validation = DataValidation::new()
        .allow_list_formula(Formula::new(range))
        .set_error_style(DataValidationErrorStyle::Stop)
        .set_error_title("无效的选项")?
        .set_error_message("请从下拉列表中选择。")?;
    worksheet.add_data_validation(1, column, last_row, column, &validation)?;
    Ok(())
}

fn last_row(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(SHEET_ROWS).clamp(TEMPLATE_ROWS, SHEET_ROWS - 1)
}

fn note_text(column: &ColumnSpec) -> String {
    let duty = if column.required { "必填" } else { "选填" };
    let form = match column.kind {
        ColumnKind::Text if !column.choices.is_empty() => "从下拉列表中选择".to_owned(),
        ColumnKind::Text => "文本".to_owned(),
        ColumnKind::Integer => "整数".to_owned(),
        ColumnKind::Decimal { scale } => format!("数字，最多 {scale} 位小数"),
        ColumnKind::Date => "日期，如 2026-03-05".to_owned(),
        ColumnKind::DateTime => "时间，如 2026-03-05 09:30:00".to_owned(),
    };
    match &column.help {
        Some(help) => format!("{duty}；{form}。\n{help}"),
        None => format!("{duty}；{form}。"),
    }
}

pub(super) fn header_format(required: bool) -> Format {
    Format::new()
        .set_bold()
        .set_font_color(if required { 0xC0_00_00 } else { 0x1F_1F_1F })
        .set_background_color(0xDC_E6_F1)
        .set_border(FormatBorder::Thin)
        .set_border_color(0xA6_A6_A6)
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
}

pub(super) fn body_format(kind: ColumnKind) -> Format {
    let pattern = match kind {
        ColumnKind::Text => "@".to_owned(),
        ColumnKind::Integer => "0".to_owned(),
        ColumnKind::Decimal { scale: 0 } => "0".to_owned(),
        ColumnKind::Decimal { scale } => format!("0.{}", "0".repeat(usize::from(scale))),
        ColumnKind::Date => "yyyy-mm-dd".to_owned(),
        ColumnKind::DateTime => "yyyy-mm-dd hh:mm:ss".to_owned(),
    };
    Format::new().set_num_format(pattern)
}

pub(super) fn sheet_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') { '_' } else { c })
        .take(SHEET_NAME_CHARS_MAX)
        .collect();
    if name.trim().is_empty() { "工作表".to_owned() } else { name }
}

pub(super) fn unwritable(error: &XlsxError) -> Error {
    Error::Unwritable(error.to_string())
}
