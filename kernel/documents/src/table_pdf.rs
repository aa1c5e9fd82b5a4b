use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::workbook::Watermark;
use crate::{DocumentMaker, Error, Template};

const TEMPLATE: &str = include_str!("table.typ");
/// Stands for a character that no font has: the printers' mark for a missing type.
const MISSING: &str = "〓";

/// Most cells of a table on paper. Rendering holds all of them, a few kilobytes each.
pub const PDF_CELLS_MAX: usize = 40_000;

/// A list on paper: landscape A4, the titles on every page, the watermark over all of it.
#[derive(Debug, Clone)]
pub struct PdfTable {
    pub title: String,
    pub watermark: Watermark,
    /// Lines under the title.
    pub notes: Vec<String>,
    pub columns: Vec<PdfColumn>,
    /// Texts of the cells, row by row, as many as columns.
    pub rows: Vec<Vec<String>>,
}

#[derive(Debug, Clone)]
pub struct PdfColumn {
    pub title: String,
    /// Its share of the width, among those of the others.
    pub share: u32,
    pub align: PdfAlign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PdfAlign {
    Start,
    /// For numbers.
    End,
}

impl DocumentMaker {
    /// Renders a list. Characters that no font has become 〓, and a line says so: a list is no document that
    /// anybody's name must be right in, and its workbook has them all.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond [`PDF_CELLS_MAX`] and the bounds of all documents.
    pub fn render_table(&self, table: &PdfTable, made_at: Timestamp) -> Result<Vec<u8>, Error> {
        if table.rows.len() * table.columns.len() > PDF_CELLS_MAX {
            let rows = PDF_CELLS_MAX / table.columns.len().max(1);
            return Err(Error::TooLarge(format!("PDF 最多 {rows} 行，请缩小范围或改用 xlsx")));
        }
        let template = Template { name: "table.typ", source: TEMPLATE };
        match self.render_pdf(template, &data_of(table, &BTreeSet::new()), made_at) {
            Err(Error::MissingGlyphs(missing)) => {
                let missing = missing.into_iter().collect();
                self.render_pdf(template, &data_of(table, &missing), made_at)
            }
            other => other,
        }
    }
}

fn data_of(table: &PdfTable, missing: &BTreeSet<char>) -> Value {
    let printable = |text: &str| -> String {
        let mut printable = String::with_capacity(text.len());
        for c in text.chars() {
            match missing.contains(&c) {
                true => printable.push_str(MISSING),
                false => printable.push(c),
            }
        }
        printable
    };
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|column| {
            let title = printable(&column.title);
            json!({ "title": title, "share": column.share.max(1), "end": column.align == PdfAlign::End })
        })
        .collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|text| printable(text)).collect()).collect();
    let mut notes: Vec<String> = table.notes.iter().map(|note| printable(note)).collect();
    if !missing.is_empty() {
        notes.push(format!("字库未收的字以{MISSING}代替，以电子表格为准"));
    }
    let Watermark { name, account, time } = &table.watermark;
    json!({
        "title": printable(&table.title),
        "mark": printable(&format!("{name} {account} {time}")),
        "line": printable(&table.watermark.line()),
        "notes": notes,
        "columns": columns,
        "rows": rows,
    })
}
