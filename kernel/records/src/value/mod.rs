//! Values of fields: from input to one canonical JSON form, and between that and columns.

mod column;
mod decimal;
mod identity;
mod mask;
mod parse;

pub(crate) use column::{clear_text, from_clear_text, from_column, instant_text, to_column};
pub(crate) use decimal::{SCALE_MAX, format as format_decimal};
pub(crate) use identity::Certificate;
pub(crate) use mask::mask;
pub use mask::masked_name;
pub(crate) use parse::{Fault, instant_ms, parse, scaled_number};
