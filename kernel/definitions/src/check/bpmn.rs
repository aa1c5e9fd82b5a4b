//! A process's bindings against its BPMN file. What the elements mean for the engine is the engine's to check.

use std::collections::{HashMap, HashSet};

use crate::Process;
use crate::bpmn::{Bpmn, Element};
use crate::hint::hint;

use super::Check;

pub(super) fn check(at: &mut Check<'_>, process: &Process) {
    let bpmn = match Bpmn::read(&process.xml) {
        Ok(bpmn) => bpmn,
        Err((line, message)) => return at.error_beside(&process.bpmn, line, "bpmn", message),
    };
    let file = &process.bpmn;
    let mut ids = HashSet::new();
    for element in &bpmn.elements {
        if !ids.insert(element.id.as_str()) {
            at.error_beside(file, element.line, "bpmn", format!("标识“{}”为空或重复", element.id));
        }
    }
    bound(at, file, "userTask", "steps", &bpmn, &|id| process.steps.contains_key(id));
    bound(at, file, "serviceTask", "services", &bpmn, &|id| process.services.contains_key(id));
    exists(at, &["userTask"], "steps", &bpmn, process.steps.keys());
    exists(at, &SERVED, "services", &bpmn, process.services.keys());
    exists(at, &["endEvent"], "ends", &bpmn, process.ends.keys());
    flows(at, file, &bpmn, &ids);
    outcomes(at, process, &bpmn);
}

/// Every element of the kind has its part in the definition.
fn bound(at: &mut Check<'_>, file: &str, tag: &str, part: &str, bpmn: &Bpmn, has: &dyn Fn(&str) -> bool) {
    for element in bpmn.of(tag).filter(|element| !has(&element.id)) {
        at.error_beside(
            file,
            element.line,
            "unbound",
            format!("{tag}“{}”在定义的 {part} 中没有说明", element.id),
        );
    }
}

/// What `services` may be about.
const SERVED: [&str; 5] =
    ["serviceTask", "scriptTask", "businessRuleTask", "sendTask", "intermediateThrowEvent"];

/// Every part of the definition has its element, of one of these kinds.
fn exists<'k>(
    at: &mut Check<'_>,
    tags: &[&str],
    part: &str,
    bpmn: &Bpmn,
    names: impl Iterator<Item = &'k String>,
) {
    let known: Vec<&str> =
        tags.iter().flat_map(|tag| bpmn.of(tag)).map(|element| element.id.as_str()).collect();
    let tag = tags[0];
    for name in names.filter(|name| !known.contains(&name.as_str())) {
        let hint = hint(name, known.iter().copied());
        at.error(&format!("{part}/{name}"), "unbound", format!("BPMN 中没有 {tag}“{name}”{hint}"));
    }
}

fn flows(at: &mut Check<'_>, file: &str, bpmn: &Bpmn, ids: &HashSet<&str>) {
    let flows: HashSet<&str> = bpmn.flows.iter().map(|flow| flow.id.as_str()).collect();
    for flow in &bpmn.flows {
        for end in [&flow.source, &flow.target] {
            if !ids.contains(end.as_str()) {
                at.error_beside(file, flow.line, "bpmn", format!("连线“{}”的一端“{end}”不存在", flow.id));
            }
        }
    }
    for element in &bpmn.elements {
        if let Some(default) = element.default.as_deref().filter(|default| !flows.contains(default)) {
            at.error_beside(
                file,
                element.line,
                "bpmn",
                format!("“{}”的默认连线“{default}”不存在", element.id),
            );
        }
        if let Some(on) = element.attached_to.as_deref().filter(|on| !ids.contains(on)) {
            at.error_beside(file, element.line, "bpmn", format!("“{}”依附的“{on}”不存在", element.id));
        }
    }
}

/// The outcomes that conditions ask for can come from a step just before.
fn outcomes(at: &mut Check<'_>, process: &Process, bpmn: &Bpmn) {
    let elements: HashMap<&str, &Element> = bpmn.elements.iter().map(|e| (e.id.as_str(), e)).collect();
    for flow in &bpmn.flows {
        let Some(condition) = &flow.condition else { continue };
        let asked = outcomes_of(condition);
        if asked.is_empty() {
            continue;
        }
        let Some(before) = bpmn.user_tasks_before(&flow.source, &elements) else { continue };
        let known: Vec<&str> = before
            .iter()
            .filter_map(|id| process.steps.get(*id))
            .flat_map(|step| step.outcomes.keys().map(String::as_str))
            .collect();
        for outcome in asked.into_iter().filter(|outcome| !known.contains(outcome)) {
            let hint = hint(outcome, known.iter().copied());
            let message = format!("连线“{}”之前的步骤没有结果“{outcome}”{hint}", flow.id);
            at.error_beside(&process.bpmn, flow.line, "no_outcome", message);
        }
    }
}

/// The texts that an expression compares `outcome` with.
fn outcomes_of(expression: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (index, word) in expression.match_indices("outcome") {
        let before = expression[..index].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '\'' | '"')) {
            continue;
        }
        let rest = expression[index + word.len()..].trim_start();
        let list = rest.strip_prefix("in").map(str::trim_start).and_then(|rest| rest.strip_prefix('['));
        let compared = rest.strip_prefix("==").or_else(|| rest.strip_prefix("!="));
        if let Some(list) = list {
            found.extend(list.split(']').next().unwrap_or_default().split(',').filter_map(quoted));
        } else {
            found.extend(compared.and_then(quoted));
        }
    }
    found
}

fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::outcomes_of;

    #[test]
    fn the_outcomes_of_a_condition_are_the_texts_it_compares_with() {
        assert_eq!(outcomes_of("outcome == 'pass' or outcome!=\"fail\""), ["pass", "fail"]);
        assert_eq!(outcomes_of("outcome in ['a', 'b'] and record.outcome == 'c'"), ["a", "b"]);
        assert!(outcomes_of("record.kind == 'outcome'").is_empty());
    }
}
