use std::io::{BufWriter, Write};

use super::{Cell, formula::shielded};
use crate::Error;

/// Tells Excel that the text is UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Values separated by commas, RFC 4180, UTF-8 with its mark, as Excel and WPS open without asking.
pub struct CsvWriter<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> CsvWriter<W> {
    /// Begins with a line of titles.
    pub fn new<'t>(out: W, titles: impl IntoIterator<Item = &'t str>) -> Result<Self, Error> {
        let mut writer = Self { out: BufWriter::new(out) };
        writer.out.write_all(MARK).map_err(unwritable)?;
        let titles: Vec<Cell> = titles.into_iter().map(Cell::from).collect();
        writer.row(&titles)?;
        Ok(writer)
    }

    /// Writes a row. A text that a program might take for a formula gets an apostrophe before it (S-05); numbers and
    /// dates are ours and stay what they are.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        for (index, cell) in cells.iter().enumerate() {
            let separator: &[u8] = if index == 0 { b"" } else { b"," };
            self.out.write_all(separator).map_err(unwritable)?;
            let written = match cell {
                Cell::Text(text) => self.text(&shielded(text)),
                other => self.out.write_all(other.as_text().as_bytes()),
            };
            written.map_err(unwritable)?;
        }
        self.out.write_all(b"\r\n").map_err(unwritable)
    }

    fn text(&mut self, text: &str) -> std::io::Result<()> {
        // Spaces at the ends are quoted too, since some programs drop them.
        let plain = !text.contains(['"', ',', '\r', '\n', ';', '\t']) && text.trim() == text;
        if plain {
            return self.out.write_all(text.as_bytes());
        }
        write!(self.out, "\"{}\"", text.replace('"', "\"\""))
    }

    /// Writes what is left; what was written to.
    pub fn finish(self) -> Result<W, Error> {
        self.out.into_inner().map_err(|error| unwritable(error.into_error()))
    }
}

#[allow(clippy::needless_pass_by_value)]
fn unwritable(error: std::io::Error) -> Error {
    Error::Unwritable(error.to_string())
}
