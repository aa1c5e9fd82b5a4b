//! From the text of a cell to the value a form would send.

use serde_json::Value;

use crate::{plan::FieldPlan, value};

/// The value of a cell, or what is wrong with it. References are left as the text that names their target.
pub(crate) fn value_of(field: &FieldPlan, cell: &str) -> Result<Value, String> {
    value::from_text(field, cell).map_err(|fault| fault.message)
}
