//! The file of an export on its way, in whichever format.

use std::{fs::File, path::Path};

use anju_documents::{
    Error, PdfAlign, PdfColumn, PdfTable, Press,
    workbook::{Cell, ColumnKind, ColumnSpec, CsvWriter, TableSpec, TableWriter, Watermark},
};
use anju_records::{ExportCell, ExportColumn, ExportKind};
use jiff::Timestamp;

use super::ExportFormat;

/// Characters of a column's width at most.
const WIDTH_MAX: usize = 40;
/// Rows looked at to find how wide a column of a PDF should be.
const ROWS_MEASURED: usize = 200;

/// What every page of the file says about it.
pub(super) struct Heading {
    pub title: String,
    pub watermark: Watermark,
    pub made_at: Timestamp,
}

/// A file being written, row by row.
pub(super) enum Table {
    Xlsx(Box<TableWriter>),
    Csv(CsvWriter<File>),
    /// Set at the end, all rows together.
    Pdf {
        columns: Vec<ExportColumn>,
        rows: Vec<Vec<String>>,
    },
}

impl Table {
    pub fn begin(
        format: ExportFormat,
        columns: Vec<ExportColumn>,
        heading: &Heading,
        path: &Path,
    ) -> Result<Self, Error> {
        Ok(match format {
            ExportFormat::Xlsx => {
                let spec = TableSpec {
                    name: heading.title.clone(),
                    columns: columns.iter().map(column_spec).collect(),
                    watermark: Some(heading.watermark.clone()),
                    made_at: heading.made_at,
                };
                let folder = path.parent().unwrap_or(path);
                Self::Xlsx(Box::new(TableWriter::new(&spec, folder)?))
            }
            ExportFormat::Csv => {
                let file = File::create_new(path).map_err(|error| Error::Unwritable(error.to_string()))?;
                Self::Csv(CsvWriter::new(file, columns.iter().map(|column| column.title.as_str()))?)
            }
            ExportFormat::Pdf => Self::Pdf { columns, rows: Vec::new() },
        })
    }

    pub fn rows(&mut self, rows: Vec<Vec<ExportCell>>) -> Result<(), Error> {
        for row in rows {
            match self {
                Self::Xlsx(writer) => writer.row(&row.into_iter().map(cell).collect::<Vec<_>>())?,
                Self::Csv(writer) => writer.row(&row.into_iter().map(cell).collect::<Vec<_>>())?,
                Self::Pdf { rows, .. } => {
                    rows.push(row.into_iter().map(|shown| cell(shown).as_text()).collect())
                }
            }
        }
        Ok(())
    }

    /// Writes what is left. `notes` say what the file is, title by text.
    pub fn finish(
        self,
        press: &dyn Press,
        heading: &Heading,
        notes: &[(String, String)],
        path: &Path,
    ) -> Result<(), Error> {
        match self {
            Self::Xlsx(writer) => writer.save(notes, path),
            Self::Csv(writer) => writer.finish().map(drop),
            Self::Pdf { columns, rows } => {
                let columns = columns.iter().enumerate().map(|(at, column)| pdf_column(column, at, &rows));
                let table = PdfTable {
                    title: heading.title.clone(),
                    watermark: heading.watermark.clone(),
                    notes: notes.iter().map(|(title, text)| format!("{title}：{text}")).collect(),
                    columns: columns.collect(),
                    rows,
                };
                let pdf = press.render_table(&table, heading.made_at)?;
                std::fs::write(path, pdf).map_err(|error| Error::Unwritable(error.to_string()))
            }
        }
    }
}

fn column_spec(column: &ExportColumn) -> ColumnSpec {
    let (kind, least) = match column.kind {
        ExportKind::Text => (ColumnKind::Text, 16),
        ExportKind::Integer => (ColumnKind::Integer, 10),
        ExportKind::Decimal { scale } => {
            (ColumnKind::Decimal { scale: u8::try_from(scale).unwrap_or(u8::MAX) }, 12)
        }
        ExportKind::Date => (ColumnKind::Date, 12),
        ExportKind::Instant => (ColumnKind::DateTime, 20),
    };
    let width = (width_of(&column.title) + 4).clamp(least, WIDTH_MAX);
    ColumnSpec {
        title: column.title.clone(),
        width: width as f64,
        kind,
        choices: Vec::new(),
        required: false,
        help: None,
    }
}

fn pdf_column(column: &ExportColumn, at: usize, rows: &[Vec<String>]) -> PdfColumn {
    let measured = rows.iter().take(ROWS_MEASURED).map(|row| row.get(at).map_or(0, |text| width_of(text)));
    let widest = measured.chain([width_of(&column.title)]).max().unwrap_or_default();
    let align = match column.kind {
        ExportKind::Integer | ExportKind::Decimal { .. } => PdfAlign::End,
        _ => PdfAlign::Start,
    };
    let share = u32::try_from(widest.clamp(4, WIDTH_MAX)).unwrap_or(4);
    PdfColumn { title: column.title.clone(), share, align }
}

/// In characters of Latin text.
fn width_of(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

fn cell(cell: ExportCell) -> Cell {
    match cell {
        ExportCell::Empty => Cell::Empty,
        ExportCell::Text(text) => Cell::Text(text),
        ExportCell::Number(number) => Cell::Number(number),
        ExportCell::Date(date) => Cell::Date(date),
        ExportCell::Instant(at) => Cell::DateTime(at),
    }
}
