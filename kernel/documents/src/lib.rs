//! Documents and spreadsheets: a Typst template and data become a PDF; a workbook becomes rows of exact
//! values, and rows become a workbook.
//!
//! What it knows: the embedded Chinese fonts and which characters they lack ([`DocumentMaker`]), the helpers
//! a template may import (`anju.typ`: seal, dates, codes), QR codes ([`qr_svg`]), how to read a workbook from a
//! stranger without being flooded by it and write one without ever writing a formula ([`workbook`]).
//!
//! What it never does: touch the file system, the network, the clock or the database; know a record or an
//! entity; sign (the caller signs the digest of the bytes). The same template, data and time give the same bytes.

mod error;
mod maker;
mod qr;
pub mod workbook;
mod world;

pub use error::{Error, TemplateProblem};
pub use maker::{DATA_BYTES_MAX, DocumentMaker, PAGES_MAX, Press, TEMPLATE_BYTES_MAX, Template};
pub use qr::qr_svg;

#[cfg(test)]
mod tests;
