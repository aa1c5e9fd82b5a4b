//! Station two: input to canonical values. Every fault is noted; nothing stops at the first.

use jiff::civil::Date;
use serde_json::Value;

use super::draft::DraftRow;
use crate::{
    Actor, FieldError, Object,
    access::{Access, Operation},
    plan::{EntityPlan, FieldPlan},
    value,
};

/// Who writes, and with what rights.
pub(crate) struct Writer<'a> {
    pub actor: &'a Actor,
    pub access: &'a Access<'a>,
    /// What is being done; child rows are written under the same right.
    pub operation: Operation<'a>,
    pub today: Date,
    /// The platform, or business code: `system` fields may be set.
    pub system: bool,
}

/// Puts the fields of an input into a row. `path` is the prefix of the row in error messages; names of
/// child tables are left to the caller. `link` is the reference of a child row to its parent.
pub(crate) fn parse_into(
    row: &mut DraftRow,
    plan: &EntityPlan,
    input: &Object,
    writer: &Writer<'_>,
    path: &str,
    link: Option<usize>,
    faults: &mut Vec<FieldError>,
) {
    for (name, given) in input {
        let is_row_id = link.is_some() && name == "id";
        if name.starts_with('$') || is_row_id || plan.child(name).is_some() {
            continue;
        }
        let known = plan.position(name).filter(|position| writer.system || writer.access.sees(*position));
        let Some(position) = known else {
            faults.push(FieldError::new(format!("{path}{name}"), "unknown", format!("没有“{name}”这个字段")));
            continue;
        };
        if link == Some(position) {
            continue;
        }
        let field = &plan.fields[position];
        let current = &row.values[position];
        if is_masked_echo(field, given, current) {
            continue;
        }
        match value::parse(field, given, writer.today) {
            Err(fault) => faults.push(FieldError::new(format!("{path}{name}"), fault.code, fault.message)),
            Ok(parsed) if parsed == *current => {}
            Ok(parsed) => match refusal(field, row, writer) {
                Some((code, message)) => faults.push(FieldError::new(format!("{path}{name}"), code, message)),
                None => {
                    row.values[position] = parsed;
                    if !writer.system {
                        row.given.push(position);
                    }
                }
            },
        }
    }
}

/// Why this field may not be changed.
fn refusal(field: &FieldPlan, row: &DraftRow, writer: &Writer<'_>) -> Option<(&'static str, String)> {
    let computed = field.formula.is_some();
    let platform = field.definition.system || field.is_given_by_platform();
    if computed || (platform && !writer.system) {
        return Some(("read_only", format!("{}由系统填写，不能修改", field.title)));
    }
    if !writer.system && !writer.access.writes(&field.name) {
        return Some(("read_only", format!("您无权修改{}", field.title)));
    }
    if field.definition.immutable && row.before.is_some() && !writer.system {
        return Some(("immutable", format!("{}在创建后不能修改", field.title)));
    }
    None
}

/// A person sends back the mask they were shown: the value stays as it is.
fn is_masked_echo(field: &FieldPlan, given: &Value, current: &Value) -> bool {
    field.sensitive()
        && !current.is_null()
        && given.as_str().is_some_and(|text| text == value::mask(field, current))
}
