//! Effects: what they set, create, start, send and call exists and fits the record at hand.

use indexmap::IndexMap;
use serde_json::Value;

use crate::hint::hint;
use crate::{Effect, Kind};

use super::{Check, fields};

pub(super) fn check<'a>(at: &mut Check<'a>, place: &str, entity: &str, effects: &'a [Effect]) {
    for (index, effect) in effects.iter().enumerate() {
        one(at, &format!("{place}/{index}"), entity, effect);
    }
}

fn one<'a>(at: &mut Check<'a>, place: &str, entity: &str, effect: &'a Effect) {
    let catalog = at.catalog;
    match effect {
        Effect::Set(values) => set(at, &format!("{place}/set"), entity, values),
        Effect::Create { entity, values } => {
            let place = format!("{place}/create");
            if at.refers(&format!("{place}/entity"), Kind::Entity, entity) {
                set(at, &format!("{place}/values"), entity, values);
            }
        }
        Effect::Start { process } => {
            let place = format!("{place}/start/process");
            at.refers(&place, Kind::Process, process);
            let of = catalog.process(process).map(|process| &process.entity);
            same_entity(at, &place, entity, of, "流程");
        }
        Effect::Complete { step, outcome } => {
            complete(at, &format!("{place}/complete"), entity, step, outcome)
        }
        Effect::Message(message) => {
            let place = format!("{place}/message");
            at.refers(&place, Kind::Message, message);
            let of = catalog.message(message).map(|message| &message.entity);
            same_entity(at, &place, entity, of, "消息");
        }
        Effect::Document { document, into } => {
            let place = format!("{place}/document");
            at.refers(&format!("{place}/document"), Kind::Document, document);
            let of = catalog.document(document).map(|document| &document.entity);
            same_entity(at, &format!("{place}/document"), entity, of, "文书");
            let field = at.own_field(&format!("{place}/into"), entity, into);
            if field.is_some_and(|field| !field.field_type.is_file() || field.many) {
                at.error(&format!("{place}/into"), "effect_type", format!("“{into}”应为文件字段"));
            }
        }
        Effect::Call { operation, values } => call(at, &format!("{place}/call"), operation, values),
        Effect::Decide { decision, .. } => {
            at.refers(&format!("{place}/decide/decision"), Kind::Decision, decision);
        }
        Effect::Command { command, .. } => {
            if command.split('.').count() != 2 || !command.split('.').all(crate::parse::is_snake_case) {
                let message = format!("“{command}”应为 应用.名称，只用小写字母、数字和下划线");
                at.error(&format!("{place}/command/command"), "key_syntax", message);
            }
        }
    }
}

fn set<'a>(at: &mut Check<'a>, place: &str, entity: &str, values: &'a IndexMap<String, Value>) {
    for (name, value) in values {
        let place = format!("{place}/{name}");
        if let Some(field) = at.own_field(&place, entity, name) {
            fields::literal(at, &place, field, value);
        }
    }
}

fn same_entity(at: &mut Check<'_>, place: &str, entity: &str, of: Option<&String>, what: &str) {
    if let Some(of) = of.filter(|of| *of != entity) {
        at.error(place, "wrong_entity", format!("{what}属于实体“{of}”，不能用于“{entity}”的记录"));
    }
}

fn complete(at: &mut Check<'_>, place: &str, entity: &str, step: &str, outcome: &str) {
    let processes: Vec<_> =
        at.catalog.processes.values().filter(|process| process.entity == entity).collect();
    let steps: Vec<_> = processes.iter().filter_map(|process| process.steps.get(step)).collect();
    if steps.is_empty() {
        let known = processes.iter().flat_map(|process| process.steps.keys().map(String::as_str));
        let message = format!("实体“{entity}”的流程没有步骤“{step}”{}", hint(step, known));
        at.error(&format!("{place}/step"), "no_step", message);
    } else if !steps.iter().any(|step| step.outcomes.contains_key(outcome)) {
        let known = steps.iter().flat_map(|step| step.outcomes.keys().map(String::as_str));
        let message = format!("步骤“{step}”没有结果“{outcome}”{}", hint(outcome, known));
        at.error(&format!("{place}/outcome"), "no_outcome", message);
    }
}

fn call(at: &mut Check<'_>, place: &str, name: &str, values: &IndexMap<String, Value>) {
    let connector = name.rsplit_once('.').map_or("", |(connector, _)| connector);
    if !at.refers(&format!("{place}/operation"), Kind::Connector, connector) {
        return;
    }
    let catalog = at.catalog;
    let Some((_, operation)) = catalog.operation(name) else {
        let known =
            catalog.connector(connector).into_iter().flat_map(|c| c.operations.keys().map(String::as_str));
        let operation = name.rsplit('.').next().unwrap_or_default();
        let message = format!("连接器“{connector}”没有操作“{operation}”{}", hint(operation, known));
        at.error(&format!("{place}/operation"), "dangling_reference", message);
        return;
    };
    for needed in operation.needs.iter().filter(|needed| !values.contains_key(*needed)) {
        at.error(place, "call_values", format!("操作“{name}”需要“{needed}”"));
    }
    for (given, _) in values.iter().filter(|(given, _)| !operation.needs.contains(given)) {
        let hint = hint(given, operation.needs.iter().map(String::as_str));
        at.error(
            &format!("{place}/values/{given}"),
            "call_values",
            format!("操作“{name}”不用“{given}”{hint}"),
        );
    }
}
