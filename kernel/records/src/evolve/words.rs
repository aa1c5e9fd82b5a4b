//! Words for publishers.

use anju_definitions::Field;

/// What users of the designer call a type.
pub(super) fn type_title(field: &Field) -> String {
    let name = field.field_type.traits().title;
    match field.scale {
        Some(scale) => format!("{name}（{scale} 位）"),
        None => name.to_owned(),
    }
}

/// A count that stops at a limit, with its measure word.
pub(super) fn number(count: u64, at_most: u64, unit: &str) -> String {
    if count > at_most { format!("{at_most} {unit}以上") } else { format!("{count} {unit}") }
}
