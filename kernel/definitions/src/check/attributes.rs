//! Which attributes a field has, must have and may have.

use crate::{Field, FieldType, OnDelete};

use super::Check;

/// Attributes of limits, which nobody can keep for a value that is worked out.
const LIMITS: [&str; 5] = ["min", "max", "length_min", "length_max", "pattern"];

/// Attributes that some types take, and whether the field has them.
fn given(field: &Field) -> [(&'static str, bool); 21] {
    [
        ("dictionary", field.dictionary.is_some()),
        ("leaf_only", field.leaf_only),
        ("to", field.to.is_some()),
        ("on_delete", field.on_delete.is_some()),
        ("sequence", field.sequence.is_some()),
        ("id_type_field", field.id_type_field.is_some()),
        ("scale", field.scale.is_some()),
        ("unit", field.unit.is_some()),
        ("min", field.min.is_some()),
        ("max", field.max.is_some()),
        ("length_min", field.length_min.is_some()),
        ("length_max", field.length_max.is_some()),
        ("pattern", field.pattern.is_some()),
        ("accept", !field.accept.is_empty()),
        ("many", field.many),
        ("size_mb_max", field.size_mb_max.is_some()),
        ("count_max", field.count_max.is_some()),
        ("datum", field.datum.is_some()),
        ("expression", field.expression.is_some()),
        ("result", field.result.is_some()),
        ("stored", field.stored),
    ]
}

pub(super) fn check(at: &mut Check<'_>, place: &str, field: &Field) {
    let own = field.field_type.traits();
    let of_values = field.value_type().traits();
    let computed = field.field_type == FieldType::Computed;
    for (name, given) in given(field) {
        let needed = own.needs.contains(&name) || of_values.needs.contains(&name);
        let limit = computed && LIMITS.contains(&name);
        let taken = own.takes.contains(&name) || (of_values.takes.contains(&name) && !limit);
        if given && !taken && !needed {
            refuse(at, place, name);
        } else if needed && !given {
            at.error(place, "attribute", format!("此类型的字段须有“{name}”"));
        }
    }
    let traits = field.traits();
    for (name, given, taken) in [
        ("sensitive", field.sensitive, traits.sealable),
        ("unique", field.unique, traits.uniquable),
        ("default", field.default.is_some(), traits.defaults || field.field_type == FieldType::Sequence),
    ] {
        if given && !taken {
            refuse(at, place, name);
        }
    }
    if field.unique && field.is_unfindable() {
        let message = format!("{}加密后没有索引，不能要求唯一", own.title);
        at.error(&format!("{place}/unique"), "unfindable", message);
    }
    if field.count_max.is_some() && field.field_type.is_file() && !field.many {
        at.error(&format!("{place}/count_max"), "attribute", "只有 many 的文件字段可以有“count_max”");
    }
    if field.field_type == FieldType::RefList && field.on_delete == Some(OnDelete::Cascade) {
        let message = "多项关联的记录不随其中一项删除，on_delete 只能为 restrict 或 keep";
        at.error(&format!("{place}/on_delete"), "attribute", message);
    }
    if computed {
        self::computed(at, place, field);
    }
    if matches!(field.field_type, FieldType::BankCard | FieldType::IdNumber) && !field.sensitive {
        at.warning(place, "not_sensitive", format!("{}应加密保存（sensitive: true）", own.title));
    }
    flat(at, place, field);
}

fn refuse(at: &mut Check<'_>, place: &str, name: &str) {
    at.error(&format!("{place}/{name}"), "attribute", format!("此类型的字段不能有“{name}”"));
}

/// A value that is worked out is of a plain type, and nobody is asked for it.
fn computed(at: &mut Check<'_>, place: &str, field: &Field) {
    if field.result.is_some_and(|result| !result.is_result()) {
        at.error(
            &format!("{place}/result"),
            "attribute",
            "计算结果应为文字、数字、金额、是否、日期、日期时间或单选",
        );
    }
    for (name, given) in [
        ("required", field.required),
        ("required_when", field.required_when.is_some()),
        ("read_only_when", field.read_only_when.is_some()),
        ("immutable", field.immutable),
    ] {
        if given {
            refuse(at, place, name);
        }
    }
}

/// `leaf_only` says something of trees only.
fn flat(at: &mut Check<'_>, place: &str, field: &Field) {
    let catalog = at.catalog;
    let dictionary = field.dictionary.as_deref().and_then(|key| catalog.dictionary(key));
    let is_flat =
        dictionary.is_some_and(|dictionary| dictionary.items.iter().all(|item| item.parent.is_none()));
    if is_flat && field.leaf_only {
        at.warning(&format!("{place}/leaf_only"), "flat", "字典没有层级，“leaf_only”不起作用");
    }
}
