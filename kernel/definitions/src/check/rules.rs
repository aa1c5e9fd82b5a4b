//! Rules over the record and over other records.

use std::collections::HashSet;

use crate::{Entity, Expected, FieldTest, Filter, FilterOp, Kind, Rule};

use super::{Check, Reach, filters};

pub(super) fn check<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    let mut codes = HashSet::new();
    for (index, rule) in entity.rules.iter().enumerate() {
        at.path(&format!("rules/{index}/field"), &entity.entity, &rule.field, Reach::Own);
        let place = format!("rules/{index}/code");
        if !crate::parse::is_snake_case(&rule.code) {
            at.error(&place, "name_syntax", format!("“{}”应为小写字母、数字和下划线，字母开头", rule.code));
        }
        if !codes.insert(&rule.code) {
            at.error(&place, "duplicate_code", format!("规则代码“{}”重复", rule.code));
        }
        one_judgement(at, index, rule);
        others(at, index, rule);
    }
}

fn one_judgement(at: &mut Check<'_>, index: usize, rule: &Rule) {
    let given =
        [rule.check.is_some(), rule.exists.is_some(), rule.not_exists.is_some(), rule.count_max.is_some()];
    if given.into_iter().filter(|given| *given).count() != 1 {
        let message = "规则须有且只有一项：check、exists、not_exists、count_max";
        at.error(&format!("rules/{index}"), "rule_judgement", message);
    }
}

fn others<'a>(at: &mut Check<'a>, index: usize, rule: &'a Rule) {
    let Some((entity, filter, expected)) = rule.others() else { return };
    let place = format!("rules/{index}/{}", rule.others_key());
    if expected == Expected::AtMost(0) && rule.count_max.is_some() {
        at.error(&format!("{place}/max"), "bounds", "max 为 0 时请用 not_exists");
    }
    if !at.refers(&format!("{place}/entity"), Kind::Entity, entity) {
        return;
    }
    filters::check(at, &format!("{place}/where"), entity, filter);
    if at.catalog.entity(entity).is_some_and(|entity| !is_found_by_index(entity, filter)) {
        let message = "条件没有对任何有索引的字段求相等，每次保存都会扫描全表";
        at.warning(&format!("{place}/where"), "rule_scan", message);
    }
}

/// Whether all records in question share the value of a field that has an index.
fn is_found_by_index(entity: &Entity, filter: &Filter) -> bool {
    match filter {
        Filter::And { and } => and.iter().any(|one| is_found_by_index(entity, one)),
        Filter::Test(FieldTest { field, op: FilterOp::Eq, .. }) => {
            let first = |groups: &[Vec<String>]| groups.iter().any(|group| group.first() == Some(field));
            let own = entity.fields.get(field);
            field == "id"
                || entity.key.as_ref() == Some(field)
                || first(&entity.unique)
                || first(&entity.indexes)
                || own.is_some_and(|own| {
                    own.unique
                        || (own.sensitive && !own.is_unfindable())
                        || own.field_type == crate::FieldType::Ref
                })
        }
        _ => false,
    }
}
