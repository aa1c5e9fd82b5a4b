use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::{Date, DateTime, Time};

use super::{Cell, Row, Sheet, Workbook, container};
use crate::Error;

/// Bounds of reading.
#[derive(Debug, Clone)]
pub struct Limits {
    pub file_bytes_max: u64,
    /// Bytes of all parts of the file together after unpacking.
    pub inflated_bytes_max: u64,
    /// Times a part may grow by unpacking.
    pub ratio_max: u64,
    pub sheets_max: usize,
    /// Rows of one sheet, empty ones and the header included.
    pub rows_max: u32,
    pub columns_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 50 * 1024 * 1024,
            inflated_bytes_max: 200 * 1024 * 1024,
            ratio_max: 200,
            sheets_max: 20,
            rows_max: 100_001,
            columns_max: 200,
        }
    }
}

/// Numbers from here on have more digits than Excel keeps.
const EXACT_INTEGER_MAX: f64 = 1e15;

/// Reads all visible worksheets. Formulas count as the values Excel stored for them; nothing is computed.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Workbook, Error> {
    container::check(bytes, limits)?;
    let mut xlsx: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let names: Vec<String> = xlsx
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    if names.len() > limits.sheets_max {
        return Err(Error::Refused(format!("工作表共 {} 张，最多 {} 张", names.len(), limits.sheets_max)));
    }
    let mut sheets = Vec::new();
    for name in names {
        let rows = read_rows(&mut xlsx, &name, limits)?;
        sheets.extend(sheet_of(name, rows));
    }
    Ok(Workbook { sheets })
}

/// Streams the cells, so that a single cell in the last corner does not make a table of billions.
fn read_rows(xlsx: &mut Xlsx<Cursor<&[u8]>>, name: &str, limits: &Limits) -> Result<Vec<Row>, Error> {
    let mut reader = xlsx.worksheet_cells_reader(name).map_err(|error| unreadable(&error))?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(found) = reader.next_cell().map_err(|error| unreadable(&error))? {
        let (row, column) = found.get_position();
        let cell = cell_of(found.get_value());
        if cell.is_empty() {
            continue;
        }
        if row >= limits.rows_max {
            return Err(Error::Refused(format!("“{name}”超过 {} 行", limits.rows_max)));
        }
        if column >= limits.columns_max {
            return Err(Error::Refused(format!("“{name}”第 {} 行超过 {} 列", row + 1, limits.columns_max)));
        }
        let number = row + 1;
        match rows.last() {
            Some(last) if last.number == number => {}
            Some(last) if last.number > number => {
                return Err(Error::Unreadable(format!("“{name}”的行次序错乱")));
            }
            _ => rows.push(Row { number, cells: Vec::new() }),
        }
        if let Some(last) = rows.last_mut() {
            let index = column as usize;
            if last.cells.len() <= index {
                last.cells.resize(index + 1, Cell::Empty);
            }
            last.cells[index] = cell;
        }
    }
    Ok(rows)
}

/// `None` for a sheet with nothing in it.
fn sheet_of(name: String, rows: Vec<Row>) -> Option<Sheet> {
    let mut rows = rows.into_iter();
    let first = rows.next()?;
    let header: Vec<String> = first.cells.iter().map(|cell| cell.as_text().trim().to_owned()).collect();
    let rows = rows
        .map(|mut row| {
            if row.cells.len() < header.len() {
                row.cells.resize(header.len(), Cell::Empty);
            }
            row
        })
        .collect();
    Some(Sheet { name, header, header_row: first.number, rows })
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(value) => Cell::Boolean(*value),
        DataRef::Int(value) => number(*value as f64),
        DataRef::Float(value) => number(*value),
        DataRef::DateTime(at) => date(at),
        DataRef::DateTimeIso(text) => iso_date(text),
        DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::Error(error) => Cell::Faulty(format!("单元格是错误值 {error}")),
    }
}

/// Fifteen significant digits, as many as Excel shows and keeps.
fn number(value: f64) -> Cell {
    if !value.is_finite() {
        return Cell::Faulty("单元格不是有效数字".to_owned());
    }
    if value.abs() >= EXACT_INTEGER_MAX {
        return Cell::Faulty("数字超过 15 位，Excel 已舍去末位；请把单元格设为文本格式后重新填写".to_owned());
    }
    // Rounding to text and back gives the number whose shortest text is those digits.
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    let text = format!("{rounded}");
    Cell::Number(if text == "-0" { "0".to_owned() } else { text })
}

fn date(at: &ExcelDateTime) -> Cell {
    if at.is_duration() {
        return number(at.as_f64());
    }
    let faulty = || Cell::Faulty("单元格不是有效日期".to_owned());
    if !(1.0..2_958_466.0).contains(&at.as_f64()) {
        return faulty();
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let Ok(date) = i16::try_from(year)
        .map_err(drop)
        .and_then(|year| Date::new(year, month.cast_signed(), day.cast_signed()).map_err(drop))
    else {
        return faulty();
    };
    match Time::new(hour.cast_signed(), minute.cast_signed(), second.cast_signed(), 0) {
        Ok(time) if time == Time::midnight() => Cell::Date(date),
        Ok(time) => Cell::DateTime(date.to_datetime(time)),
        Err(_) => faulty(),
    }
}

fn iso_date(text: &str) -> Cell {
    match text.parse::<DateTime>() {
        Ok(at) if at.time() == Time::midnight() => Cell::Date(at.date()),
        Ok(at) => Cell::DateTime(at),
        Err(_) => Cell::Text(text.to_owned()),
    }
}

fn unreadable(error: &XlsxError) -> Error {
    Error::Unreadable(error.to_string())
}
