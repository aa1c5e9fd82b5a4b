//! The rows of an uploaded file on the disk, so that a workbook of any length takes little memory and its rows can be
//! read again and again, in any order. The file has no name: it is gone when the job ends, however it ends.

use std::{
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use anju_documents::{
    Error,
    workbook::{Cell, Limits, MESSAGES_TITLE, Piece, Row, read_rows},
};
use anju_records::{ImportCell, ImportSheet};

/// The rows of a file.
pub(super) struct Spool {
    rows: File,
    pub sheets: Vec<SpooledSheet>,
}

/// One sheet: its titles, and where its rows lie.
pub(super) struct SpooledSheet {
    pub name: String,
    /// Row of the titles, as the spreadsheet shows it.
    pub header_row: u32,
    pub header: Vec<String>,
    /// Where each row begins.
    places: Vec<u64>,
}

impl SpooledSheet {
    pub fn len(&self) -> usize {
        self.places.len()
    }
}

impl Spool {
    /// Reads all rows of a file once. Takes seconds for long ones: not for an async thread.
    pub fn of(file: File, name: &str, folder: &Path) -> Result<Self, Error> {
        let rows = tempfile::tempfile_in(folder).map_err(unwritable)?;
        let mut out = BufWriter::new(rows);
        let mut sheets: Vec<SpooledSheet> = Vec::new();
        let mut place = 0;
        let mut bytes = Vec::new();
        read_rows(file, name, &Limits::default(), &mut |piece| {
            match (piece, sheets.last_mut()) {
                (Piece::Sheet(name), _) => {
                    sheets.push(SpooledSheet { name, header_row: 0, header: Vec::new(), places: Vec::new() });
                }
                (Piece::Row(row), Some(sheet)) if sheet.header_row == 0 => {
                    sheet.header_row = row.number;
                    sheet.header = row.cells.iter().map(|cell| cell.as_text().trim().to_owned()).collect();
                }
                (Piece::Row(row), Some(sheet)) => {
                    bytes.clear();
                    write_row(&mut bytes, &row);
                    out.write_all(&bytes).map_err(unwritable)?;
                    sheet.places.push(place);
                    place += bytes.len() as u64;
                }
                (Piece::Row(_), None) => {}
            }
            Ok(())
        })?;
        let rows = out.into_inner().map_err(|error| unwritable(error.into_error()))?;
        Ok(Self { rows, sheets })
    }

    /// The sheets as an import knows them. The column that explains the faults of a marked copy is left aside, so that
    /// the copy can be mended and uploaded.
    pub fn import_sheets(&self) -> Vec<ImportSheet> {
        let title = |title: &String| if title == MESSAGES_TITLE { String::new() } else { title.clone() };
        let sheet = |sheet: &SpooledSheet| ImportSheet {
            name: sheet.name.clone(),
            header: sheet.header.iter().map(title).collect(),
            has_rows: !sheet.places.is_empty(),
        };
        self.sheets.iter().map(sheet).collect()
    }

    /// One row of a sheet.
    pub fn row(&self, sheet: usize, index: usize) -> Result<Row, Error> {
        let place = self.sheets[sheet].places[index];
        let mut head = [0; HEAD_BYTES];
        self.rows.read_exact_at(&mut head, place).map_err(unreadable)?;
        let mut bytes = vec![0; number_at(&head, 0) as usize];
        self.rows.read_exact_at(&mut bytes, place + HEAD_BYTES as u64).map_err(unreadable)?;
        let mut row = Row { number: number_at(&head, 4), cells: Vec::new() };
        let mut rest = bytes.as_slice();
        while let [kind, after @ ..] = rest {
            let (text, after) = after[4..].split_at(number_at(after, 0) as usize);
            row.cells.push(cell_of(
                *kind,
                std::str::from_utf8(text).map_err(|error| unreadable(std::io::Error::other(error)))?,
            ));
            rest = after;
        }
        Ok(row)
    }
}

/// Length of what follows, and the row's number.
const HEAD_BYTES: usize = 8;

fn number_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn write_row(bytes: &mut Vec<u8>, row: &Row) {
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&row.number.to_le_bytes());
    for cell in &row.cells {
        let (kind, text) = match cell {
            Cell::Empty => (0, String::new()),
            Cell::Text(text) => (1, text.clone()),
            Cell::Number(number) => (2, number.clone()),
            Cell::Boolean(value) => (3, if *value { "1" } else { "" }.to_owned()),
            Cell::Date(date) => (4, date.to_string()),
            Cell::DateTime(at) => (5, at.to_string()),
            Cell::Faulty(reason) => (6, reason.clone()),
        };
        bytes.push(kind);
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or_default().to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    let length = u32::try_from(bytes.len() - HEAD_BYTES).unwrap_or_default();
    bytes[..4].copy_from_slice(&length.to_le_bytes());
}

fn cell_of(kind: u8, text: &str) -> Cell {
    let text_cell = || Cell::Text(text.to_owned());
    match kind {
        0 => Cell::Empty,
        2 => Cell::Number(text.to_owned()),
        3 => Cell::Boolean(!text.is_empty()),
        4 => text.parse().map_or_else(|_| text_cell(), Cell::Date),
        5 => text.parse().map_or_else(|_| text_cell(), Cell::DateTime),
        6 => Cell::Faulty(text.to_owned()),
        _ => text_cell(),
    }
}

/// A cell as an import knows it.
pub(super) fn import_cell(cell: &Cell) -> ImportCell {
    match cell {
        Cell::Faulty(reason) => ImportCell::Unreadable(reason.clone()),
        other => ImportCell::Text(other.as_text()),
    }
}

fn unwritable(error: std::io::Error) -> Error {
    Error::Unwritable(error.to_string())
}

fn unreadable(error: std::io::Error) -> Error {
    Error::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_any_order() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "姓名,错误说明,备注\n张三,旧的说明,\n\n\"李\n四\",,=1\n").expect("writes");
        let spool = Spool::of(File::open(&path).expect("opens"), "清单.csv", folder.path()).expect("reads");
        assert_eq!(spool.sheets[0].len(), 2);
        assert_eq!(spool.import_sheets()[0].header, ["姓名", "", "备注"]);
        let row = spool.row(0, 1).expect("the row");
        assert_eq!((row.number, row.cells), (4, vec!["李\n四".into(), Cell::Empty, "=1".into()]));
        assert_eq!(spool.row(0, 0).expect("the row").cells[0], "张三".into());
    }

    #[test]
    fn every_kind_of_cell_comes_back() {
        let cells = vec![
            Cell::Empty,
            Cell::Number("56.3".to_owned()),
            Cell::Boolean(true),
            Cell::Boolean(false),
            Cell::Date(jiff::civil::date(2026, 3, 5)),
            Cell::DateTime(jiff::civil::date(2026, 3, 5).at(9, 30, 0, 0)),
            Cell::Faulty("单元格是错误值".to_owned()),
            "文字".into(),
        ];
        let mut bytes = Vec::new();
        write_row(&mut bytes, &Row { number: 7, cells: cells.clone() });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut rows = tempfile::tempfile_in(folder.path()).expect("a file");
        rows.write_all(&bytes).expect("writes");
        let sheet = SpooledSheet { name: String::new(), header_row: 1, header: Vec::new(), places: vec![0] };
        let spool = Spool { rows, sheets: vec![sheet] };
        assert_eq!(spool.row(0, 0).expect("the row"), Row { number: 7, cells });
    }
}
