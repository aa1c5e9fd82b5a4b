//! Everything is reached from a beginning and comes to an end.

use std::collections::HashSet;

use super::super::{DiagramError, Element, Graph, Kind};
use super::fault;

pub(super) fn check(graph: &Graph, errors: &mut Vec<DiagramError>) {
    let begins = |element: &&Element| {
        element.is_start() && element.scope.is_none()
            || matches!(element.kind, Kind::SubProcess { by_event: true })
    };
    let reached = spread(ids(graph, begins), |id| {
        let element = &graph.elements[id];
        let targets = graph.leaving(element).map(|flow| flow.target.as_str());
        let inside = graph.within(Some(id)).filter(|one| one.is_start()).map(|start| start.id.as_str());
        targets.chain(element.boundary.iter().map(String::as_str)).chain(inside).collect()
    });
    let ends =
        |element: &&Element| matches!(element.kind, Kind::End(_) | Kind::SubProcess { by_event: true });
    let ending = spread(ids(graph, ends), |id| {
        let element = &graph.elements[id];
        let sources = element.incoming.iter().map(|flow| graph.flows[flow].source.as_str());
        let host = match &element.kind {
            Kind::Boundary { attached_to, .. } => Some(attached_to.as_str()),
            _ => None,
        };
        sources.chain(host).collect()
    });
    for element in graph.elements.values() {
        if !reached.contains(element.id.as_str()) {
            errors.push(fault(element, "从开始事件到不了这里".into()));
        } else if !ending.contains(element.id.as_str()) {
            errors.push(fault(element, "从这里到不了结束事件".into()));
        }
    }
}

fn ids<'g>(graph: &'g Graph, which: impl Fn(&&Element) -> bool) -> Vec<&'g str> {
    graph.elements.values().filter(|element| which(element)).map(|element| element.id.as_str()).collect()
}

/// Everything that is reached step by step.
pub(super) fn spread<'a>(from: Vec<&'a str>, next: impl Fn(&'a str) -> Vec<&'a str>) -> HashSet<&'a str> {
    let mut seen: HashSet<&str> = from.iter().copied().collect();
    let mut waiting = from;
    while let Some(id) = waiting.pop() {
        for target in next(id) {
            if seen.insert(target) {
                waiting.push(target);
            }
        }
    }
    seen
}
