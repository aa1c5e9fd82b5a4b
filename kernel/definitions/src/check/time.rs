//! Periods in force and terms of retention.

use std::collections::HashSet;

use crate::{Disposal, Effective, Entity, Field, FieldType, Retention};

use super::{Check, Reach, filters};

/// Instants every record has.
const EVENTS: [&str; 3] = ["created_at", "updated_at", "deleted_at"];

pub(super) fn check<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    if let Some(effective) = &entity.effective {
        self::effective(at, entity, effective);
    }
    let mut terms = HashSet::new();
    for (index, retention) in entity.retention.iter().enumerate() {
        let place = format!("retention/{index}");
        if !crate::parse::is_snake_case(&retention.term) {
            let message = format!("“{}”应为小写字母、数字和下划线，字母开头", retention.term);
            at.error(&format!("{place}/term"), "name_syntax", message);
        }
        if !terms.insert(&retention.term) {
            at.error(&format!("{place}/term"), "duplicate_code", format!("期限“{}”重复", retention.term));
        }
        self::retention(at, &place, entity, retention);
    }
}

fn effective<'a>(at: &mut Check<'a>, entity: &'a Entity, effective: &'a Effective) {
    if entity.parent.is_some() {
        at.error("effective", "effective", "子表不能有生效期间");
    }
    for (name, field) in [("from", &effective.from), ("to", &effective.to)] {
        let place = format!("effective/{name}");
        let Some(found) = at.own_field(&place, &entity.entity, field) else { continue };
        if found.field_type != FieldType::Date || found.sensitive {
            at.error(&place, "effective", format!("“{field}”应为不加密的日期字段"));
        } else if name == "from" && !found.required {
            at.error(&place, "effective", format!("“{field}”应为必填：没有起始日的记录不知何时生效"));
        } else if name == "to" && found.required {
            at.warning(&place, "effective", format!("“{field}”为必填：长期有效的记录无法填写"));
        }
    }
    if effective.by.is_empty() {
        at.error("effective/by", "empty", "没有字段：应说明哪些字段相同的记录是同一事物");
    }
    for (index, name) in effective.by.iter().enumerate() {
        let place = format!("effective/by/{index}");
        let found = at.own_field(&place, &entity.entity, name);
        if found.is_some_and(Field::is_unfindable) {
            at.error(&place, "unfindable", format!("“{name}”加密保存且取值容易猜出，不能按它区分事物"));
        }
    }
}

fn retention<'a>(at: &mut Check<'a>, place: &str, entity: &'a Entity, retention: &'a Retention) {
    if retention.length().is_none() {
        let message = format!("“{}”应为年、月或日数，如 5y、18m、90d", retention.keep);
        at.error(&format!("{place}/keep"), "retention", message);
    }
    if !EVENTS.contains(&retention.after.as_str()) {
        let place = format!("{place}/after");
        let found = at.own_field(&place, &entity.entity, &retention.after);
        let fits = |field: &Field| {
            matches!(field.field_type, FieldType::Date | FieldType::DateTime) && !field.sensitive
        };
        if found.is_some_and(|field| !fits(field)) {
            let message =
                format!("“{}”应为不加密的日期或日期时间，或 {}", retention.after, EVENTS.join("、"));
            at.error(&place, "retention", message);
        }
    }
    if entity.parent.is_some() {
        at.error(place, "retention", "子表随上级保存，期限应写在上级");
    }
    if let Some(filter) = &retention.filter {
        filters::check(at, &format!("{place}/where"), &entity.entity, filter);
        if filters::asks_for_today(filter) {
            at.error(&format!("{place}/where"), "in_force", "期限的条件不能随当天变化，应写明某一天");
        }
    }
    match retention.then {
        Disposal::Remove if !retention.fields.is_empty() => {
            at.error(&format!("{place}/fields"), "retention", "remove 删除整条记录，不能再列字段");
        }
        Disposal::Anonymise if retention.fields.is_empty() => {
            at.error(place, "retention", "anonymise 须列出要清除的字段");
        }
        Disposal::Anonymise if !retention.count_by.is_empty() => {
            at.error(&format!("{place}/count_by"), "retention", "anonymise 的记录仍在，无须另行计数");
        }
        _ => {}
    }
    for (index, path) in retention.fields.iter().enumerate() {
        erasable(at, &format!("{place}/fields/{index}"), entity, path);
    }
    for (index, name) in retention.count_by.iter().enumerate() {
        countable(at, &format!("{place}/count_by/{index}"), entity, name);
    }
}

/// A field whose values say nothing of anybody.
fn countable<'a>(at: &mut Check<'a>, place: &str, entity: &'a Entity, name: &'a str) {
    let Some(found) = at.own_field(place, &entity.entity, name) else { return };
    if !matches!(found.field_type, FieldType::Choice | FieldType::Boolean) || found.sensitive {
        at.error(place, "retention", format!("“{name}”应为不加密的单选或是否"));
    }
}

/// A field whose value may go while its record stays.
fn erasable<'a>(at: &mut Check<'a>, place: &str, entity: &'a Entity, path: &'a str) {
    let Some(found) = at.path(place, &entity.entity, path, Reach::Any) else { return };
    let scope = &entity.scope;
    let places = [&scope.district, &scope.subdistrict, &scope.operator, &scope.owner];
    let keeps_in_sight = places.into_iter().flatten().any(|kept| kept == path);
    let is_state = entity.transitions.as_ref().is_some_and(|transitions| transitions.field == path);
    let is_link = found.entity.parent.as_ref().is_some_and(|parent| parent.field == found.name);
    let is_way = |hop: &crate::path::Hop<'_>| matches!(hop, crate::path::Hop::Ref { .. });
    if found.hops.len() > 1 || found.hops.iter().any(is_way) {
        at.error(place, "path_reach", format!("“{path}”应为本实体或其子表的字段"));
    } else if found.field().is_none() || keeps_in_sight || is_state || is_link {
        at.error(place, "retention", format!("“{path}”决定记录归谁、处于何种状态，不能清除"));
    }
}
