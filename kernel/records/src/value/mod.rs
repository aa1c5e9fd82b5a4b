//! Values of fields: from input to one canonical JSON form, between that and columns, texts and masks. What
//! differs by type stands in [`kinds`], each type found in the one table of [`kind`].

mod codes;
mod column;
mod decimal;
mod kind;
mod kinds;
mod markup;
mod mask;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use codes::Certificate;
pub(crate) use column::{clear_text, from_clear_text, from_column, instant_text, of_column, to_column};
pub(crate) use decimal::{SCALE_MAX, format as format_decimal, rounded};
pub(crate) use kind::{BLANK_MASK, Fault, cell_parts, kind, mask, parse, read_text, to_text};
pub(crate) use kinds::{number::scaled_number, time::instant_ms};
pub use mask::masked_name;
