use crate::Extension;

use super::Check;

/// What extensions add is checked as part of the entity; here stands what only concerns the extension itself.
pub(super) fn check(at: &mut Check<'_>, extension: &Extension) {
    let empty = extension.fields.is_empty()
        && extension.rules.is_empty()
        && extension.unique.is_empty()
        && extension.indexes.is_empty()
        && extension.search.is_empty()
        && extension.retention.is_empty();
    if empty {
        at.error("fields", "empty", "扩展没有增加任何内容");
    }
    let catalog = at.catalog;
    let Some(entity) = catalog.entity(&extension.entity) else { return };
    for (name, field) in &extension.fields {
        if field.required && field.default.is_none() && !field.system {
            // The platform itself creates records of the entity, and knows nothing of the field.
            at.warning(
                &format!("fields/{name}/required"),
                "extension_required",
                format!("“{}”为必填：平台自动生成“{}”时不会填写它", field.title, entity.title),
            );
        }
    }
}
