use crate::hint::hint;
use crate::{Candidates, Due, FieldType, Kind, Level, Process, Step, StepField};

use super::pages::{Wanted, opens};
use super::{Check, bpmn, effects, fields};

pub(super) fn check<'a>(at: &mut Check<'a>, process: &'a Process) {
    let entity = &process.entity;
    at.refers("entity", Kind::Entity, entity);
    due(at, "due", process.due.as_ref());
    if let Some(field) = &process.due_field {
        due_field(at, process, field);
    }
    roles(at, "starters", &process.starters, None);
    if let Some(withdraw) = &process.withdraw {
        roles(at, "withdraw/roles", &withdraw.roles, None);
        effects::check(at, "withdraw/effects", entity, &withdraw.effects);
    }
    if let Some(name) = &process.correction {
        other_step(at, "correction", process, "", name);
    }
    for (name, step) in &process.steps {
        self::step(at, &format!("steps/{name}"), process, name, step);
    }
    for (name, service) in &process.services {
        effects::check(at, &format!("services/{name}/effects"), entity, &service.effects);
    }
    for (name, effects) in &process.ends {
        effects::check(at, &format!("ends/{name}"), entity, effects);
    }
    if !process.xml.is_empty() {
        bpmn::check(at, process);
    }
}

fn due(at: &mut Check<'_>, place: &str, due: Option<&Due>) {
    if due.is_some_and(|due| due.working_days == 0 || due.warn_days > due.working_days) {
        at.error(place, "bounds", "working_days 应至少为 1，warn_days 不应超过 working_days");
    }
}

/// One date field for each entity, whichever of its processes runs; only the platform writes it.
fn due_field<'a>(at: &mut Check<'a>, process: &'a Process, name: &'a str) {
    if process.due.is_none() {
        at.error("due_field", "due_field", "有 due_field 的流程须有 due");
    }
    let field = at.own_field("due_field", &process.entity, name);
    if field.is_some_and(|field| field.field_type != FieldType::Date || !field.system) {
        at.error("due_field", "field_type", format!("“{name}”应为系统写入的日期字段"));
    }
    let others = at.catalog.processes.values().filter(|other| other.entity == process.entity);
    if let Some(other) = others.filter_map(|other| other.due_field.as_ref()).find(|other| *other != name) {
        at.error("due_field", "due_field", format!("同一实体的流程应使用同一字段，另一流程使用“{other}”"));
    }
}

/// Roles that exist; with `entity`, roles that may also read its records.
fn roles(at: &mut Check<'_>, place: &str, names: &[String], entity: Option<&str>) {
    for (index, name) in names.iter().enumerate() {
        let place = format!("{place}/{index}");
        if !at.refers(&place, Kind::Role, name) {
            continue;
        }
        let catalog = at.catalog;
        let Some(role) = catalog.role(name) else { continue };
        if role.level == Level::Public {
            at.error(&place, "role_level", format!("角色“{name}”属于未登录的访问者，不能办理"));
        } else if entity.is_some_and(|entity| !role.permissions.get(entity).is_some_and(|p| p.read)) {
            at.error(
                &place,
                "role_right",
                format!("角色“{name}”没有查看实体“{}”的权限", entity.unwrap_or_default()),
            );
        }
    }
}

fn step<'a>(at: &mut Check<'a>, place: &str, process: &'a Process, name: &str, step: &'a Step) {
    let by_others = step.countersign.is_some() || !step.candidates.is_empty();
    if step.roles.is_empty() && !by_others && process.correction.as_deref() != Some(name) {
        at.error(place, "empty", format!("步骤“{name}”没有办理角色"));
    }
    roles(at, &format!("{place}/roles"), &step.roles, Some(&process.entity));
    for (index, people) in step.candidates.iter().enumerate() {
        candidates(at, &format!("{place}/candidates/{index}"), process, name, people);
    }
    if let Some(other) = &step.not_by {
        other_step(at, &format!("{place}/not_by"), process, name, other);
    }
    for (index, other) in step.return_to.iter().enumerate() {
        let place = format!("{place}/return_to/{index}");
        match (other.as_str(), &process.correction) {
            ("starter", Some(correction)) if correction != name => {}
            ("starter", None) => at.error(&place, "no_step", "退回发起人须写明流程的 correction（补正环节）"),
            _ => other_step(at, &place, process, name, other),
        }
    }
    due(at, &format!("{place}/due"), step.due.as_ref());
    effects::check(at, &format!("{place}/on_enter"), &process.entity, &step.on_enter);
    for (input, field) in &step.form {
        self::input(at, &format!("{place}/form/{input}"), process, step, input, field);
    }
    if step.outcomes.is_empty() {
        at.error(place, "empty", format!("步骤“{name}”没有任何结果"));
    }
    for (key, outcome) in &step.outcomes {
        let place = format!("{place}/outcomes/{key}");
        fields::name(at, &place, key);
        effects::check(at, &format!("{place}/effects"), &process.entity, &outcome.effects);
    }
    if let Some(page) = &step.page {
        opens(at, &format!("{place}/page"), &process.entity, page, Wanted::Record);
    }
}

/// One way to find people, with what it needs.
fn candidates(at: &mut Check<'_>, place: &str, process: &Process, name: &str, people: &Candidates) {
    let ways = [people.at.is_some(), people.district.is_some(), people.list.is_some()];
    if ways.into_iter().filter(|given| *given).count() != 1 {
        at.error(place, "candidates", "at、district、list 应写且只写一项");
    }
    if people.roles.is_empty() != people.list.is_some() {
        at.error(place, "candidates", "at 和 district 须写 roles，list 不写");
    }
    roles(at, &format!("{place}/roles"), &people.roles, Some(&process.entity));
    let Some(of) = &people.of else { return };
    match people.at {
        Some(_) => other_step(at, &format!("{place}/of"), process, name, of),
        None => at.error(place, "candidates", "of 只与 at 一起写"),
    }
}

fn other_step(at: &mut Check<'_>, place: &str, process: &Process, name: &str, other: &str) {
    if other == name {
        at.error(place, "no_step", "不能是本步骤自身");
    } else if !process.steps.contains_key(other) {
        let hint = hint(other, process.steps.keys().map(String::as_str));
        at.error(place, "no_step", format!("没有步骤“{other}”{hint}"));
    }
}

fn input<'a>(
    at: &mut Check<'a>,
    place: &str,
    process: &'a Process,
    step: &Step,
    name: &'a str,
    input: &'a StepField,
) {
    for (index, outcome) in input.outcomes.iter().enumerate().filter(|(_, o)| !step.outcomes.contains_key(*o))
    {
        let hint = hint(outcome, step.outcomes.keys().map(String::as_str));
        at.error(
            &format!("{place}/outcomes/{index}"),
            "no_outcome",
            format!("本步骤没有结果“{outcome}”{hint}"),
        );
    }
    let field = match &input.variable {
        Some(field) => {
            let place = format!("{place}/variable");
            fields::name(at, &place, name);
            fields::check(at, &place, field);
            Some(field)
        }
        None => at.own_field(place, &process.entity, name),
    };
    if let (Some(field), Some(value)) = (field, &input.default) {
        fields::literal(at, &format!("{place}/default"), field, value);
    }
}
