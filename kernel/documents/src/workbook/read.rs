use std::io::{BufReader, Cursor, Read, Seek};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::{Date, DateTime, Time};

use super::rows::{Limits, Piece, Taker, read_rows};
use super::{Cell, Row, Sheet, Workbook, container};
use crate::Error;

/// Numbers from here on have more digits than Excel keeps.
const EXACT_INTEGER_MAX: f64 = 1e15;

/// Reads a small file whole; see [`read_rows`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Workbook, Error> {
    let mut book = Workbook { sheets: Vec::new() };
    read_rows(Cursor::new(bytes), "表格.csv", limits, &mut |piece| {
        match (piece, book.sheets.last_mut()) {
            (Piece::Sheet(name), _) => {
                book.sheets.push(Sheet { name, header: Vec::new(), header_row: 0, rows: Vec::new() });
            }
            (Piece::Row(row), Some(sheet)) if sheet.header_row == 0 => {
                sheet.header = row.cells.iter().map(|cell| cell.as_text().trim().to_owned()).collect();
                sheet.header_row = row.number;
            }
            (Piece::Row(mut row), Some(sheet)) => {
                row.cells.resize(row.cells.len().max(sheet.header.len()), Cell::Empty);
                sheet.rows.push(row);
            }
            (Piece::Row(_), None) => {}
        }
        Ok(())
    })?;
    Ok(book)
}

/// The visible worksheets of a workbook that hold anything.
pub(super) fn sheets<R: Read + Seek>(
    file: &mut BufReader<R>,
    limits: &Limits,
    take: &mut Taker<'_>,
) -> Result<(), Error> {
    container::check(&mut *file, limits)?;
    file.rewind().map_err(|_| Error::Unreadable("文件无法读取".to_owned()))?;
    let mut xlsx: Xlsx<_> = Xlsx::new(file).map_err(|error| unreadable(&error))?;
    let names: Vec<String> = xlsx
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    if names.len() > limits.sheets_max {
        return Err(Error::Refused(format!("工作表共 {} 张，最多 {} 张", names.len(), limits.sheets_max)));
    }
    for name in names {
        rows(&mut xlsx, &name, limits, take)?;
    }
    Ok(())
}

/// Streams the cells, so that a single cell in the last corner does not make a table of billions.
fn rows<R: Read + Seek>(
    xlsx: &mut Xlsx<R>,
    name: &str,
    limits: &Limits,
    take: &mut Taker<'_>,
) -> Result<(), Error> {
    let mut reader = xlsx.worksheet_cells_reader(name).map_err(|error| unreadable(&error))?;
    let mut current: Option<Row> = None;
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
        match &current {
            Some(last) if last.number == number => {}
            Some(last) if last.number > number => {
                return Err(Error::Unreadable(format!("“{name}”的行次序错乱")));
            }
            None => take(Piece::Sheet(name.to_owned()))?,
            Some(_) => current.take().map_or(Ok(()), |row| take(Piece::Row(row)))?,
        }
        let row = current.get_or_insert_with(|| Row { number, cells: Vec::new() });
        let index = column as usize;
        if row.cells.len() <= index {
            row.cells.resize(index + 1, Cell::Empty);
        }
        row.cells[index] = cell;
    }
    current.map_or(Ok(()), |row| take(Piece::Row(row)))
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
