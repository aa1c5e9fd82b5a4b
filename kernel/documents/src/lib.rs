//! Documents and spreadsheets: a Typst template and data become a PDF; a workbook becomes rows of exact
//! values, and rows become a workbook.
//!
//! What it knows: the embedded Chinese fonts and which characters they lack ([`DocumentMaker`]), the helpers
//! a template may import (`anju.typ`: seal, dates, codes), QR codes ([`qr_svg`]), how to read a workbook from a
//! stranger without being flooded by it and write one of any length without ever writing a formula ([`workbook`]),
//! how a list looks on paper ([`PdfTable`]).
//!
//! What it never does: touch files it is not handed, the network, the clock or the database; know a record or an
//! entity; sign (the caller signs the digest of the bytes). The same template, data and time give the same bytes.

mod error;
mod maker;
mod qr;
mod table_pdf;
pub mod workbook;
mod world;

pub use error::{Error, TemplateProblem};
pub use maker::{DATA_BYTES_MAX, DocumentMaker, PAGES_MAX, Press, TEMPLATE_BYTES_MAX, Template};
pub use qr::qr_svg;
pub use table_pdf::{PDF_CELLS_MAX, PdfAlign, PdfColumn, PdfTable};

#[cfg(test)]
mod tests;
