//! The rows of a file from a stranger, one after the other: a workbook or a text of separated values, whichever it
//! is. Memory is bounded by the texts a workbook shares between its cells, not by its rows.

use std::io::{BufReader, Read, Seek};

use super::{Row, csv, read, table::is_watermark};
use crate::Error;

/// Bounds of reading (S-07).
#[derive(Debug, Clone)]
pub struct Limits {
    pub file_bytes_max: u64,
    /// Bytes of all parts of a workbook together after unpacking.
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
            file_bytes_max: 100 * 1024 * 1024,
            inflated_bytes_max: 200 * 1024 * 1024,
            ratio_max: 100,
            sheets_max: 20,
            rows_max: 1_048_576,
            columns_max: 200,
        }
    }
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// The rows that follow are of this sheet.
    Sheet(String),
    /// A row that is not empty; its cells end with the last that is not.
    Row(Row),
}

/// Takes the pieces; an error ends the reading.
pub type Taker<'a> = dyn FnMut(Piece) -> Result<(), Error> + 'a;

const ZIP: &[u8] = b"PK\x03\x04";
/// An encrypted workbook and the old .xls are OLE files.
const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0];

/// Reads all visible sheets that hold anything. A text of separated values is one sheet, called by the file's name.
/// Formulas count as the values that were stored for them; nothing is computed.
pub fn read_rows<R: Read + Seek>(
    mut file: R,
    name: &str,
    limits: &Limits,
    take: &mut Taker<'_>,
) -> Result<(), Error> {
    let unreadable = |_| Error::Unreadable("文件无法读取".to_owned());
    let size = file.seek(std::io::SeekFrom::End(0)).map_err(unreadable)?;
    if size > limits.file_bytes_max {
        return Err(Error::Refused(format!("文件超过 {} MB", limits.file_bytes_max / 1024 / 1024)));
    }
    file.rewind().map_err(unreadable)?;
    let mut head = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut head).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let mut first = true;
    let mut without_watermark = |piece: Piece| {
        let is_first = std::mem::replace(&mut first, matches!(piece, Piece::Sheet(_)));
        match &piece {
            Piece::Row(row) if is_first && is_watermark(row) => {
                first = true;
                Ok(())
            }
            _ => take(piece),
        }
    };
    match head.as_slice() {
        [] => Err(Error::Unreadable("文件是空的".to_owned())),
        OLE => Err(Error::Unreadable("旧版 .xls 或加密文件，请另存为未加密的 .xlsx 后上传".to_owned())),
        ZIP => read::sheets(&mut BufReader::new(file), limits, &mut without_watermark),
        _ => csv::sheet(&mut file, name, limits, &mut without_watermark),
    }
}
