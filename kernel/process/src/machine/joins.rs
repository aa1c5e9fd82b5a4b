//! Where flows come together: which tokens a gateway waits for, and when it has them.

use std::collections::HashSet;

use super::{Marking, Token};
use crate::bpmn::{Element, Graph, Kind};

/// Whether a token waits at a gateway for others.
pub fn waits(element: &Element, token: &Token) -> bool {
    matches!(element.kind, Kind::Parallel | Kind::Inclusive)
        && element.incoming.len() > 1
        && token.via.is_some()
}

/// The tokens of the first gateway that has all it waits for, to be joined; for when no token is on its way.
///
/// A parallel gateway waits for a token by each of its flows. An inclusive one waits while a token elsewhere could
/// still come by a flow that none came by, and not by one that some came by (BPMN 2.0.2, 13.4.3).
pub fn ready(graph: &Graph, marking: &Marking) -> Option<Vec<String>> {
    let waiting = marking
        .tokens
        .iter()
        .filter(|token| graph.element(&token.element).is_some_and(|element| waits(element, token)));
    let mut seen: HashSet<(&str, Option<&str>)> = HashSet::new();
    for token in waiting {
        if !seen.insert((&token.element, token.parent.as_deref())) {
            continue;
        }
        let gateway = graph.element(&token.element)?;
        let arrived = arrived(marking, gateway, token.parent.as_deref());
        let complete = match gateway.kind {
            Kind::Parallel => arrived.len() == gateway.incoming.len(),
            _ => !others_may_come(graph, marking, gateway, &arrived),
        };
        if complete {
            return Some(arrived.into_iter().map(|token| token.id.clone()).collect());
        }
    }
    None
}

/// The first token by each flow that has one, in the order of arrival.
fn arrived<'m>(marking: &'m Marking, gateway: &Element, parent: Option<&'m str>) -> Vec<&'m Token> {
    let mut tokens: Vec<&Token> =
        marking.within(parent).filter(|token| token.element == gateway.id && token.via.is_some()).collect();
    tokens.sort_by_key(|token| token.visit);
    let mut flows = HashSet::new();
    tokens.retain(|token| flows.insert(token.via.as_deref()));
    tokens
}

fn others_may_come(graph: &Graph, marking: &Marking, gateway: &Element, arrived: &[&Token]) -> bool {
    let has_token = |flow: &String| arrived.iter().any(|token| token.via.as_ref() == Some(flow));
    let (full, empty): (Vec<&String>, Vec<&String>) =
        gateway.incoming.iter().partition(|flow| has_token(flow));
    let (to_full, to_empty) = (leading_to(graph, gateway, &full), leading_to(graph, gateway, &empty));
    let parent = arrived.first().and_then(|token| token.parent.as_deref());
    marking
        .within(parent)
        .filter(|token| token.element != gateway.id || token.via.is_none())
        .any(|token| to_empty.contains(token.element.as_str()) && !to_full.contains(token.element.as_str()))
}

/// The elements from which a way leads to one of these flows without passing the gateway.
fn leading_to<'g>(graph: &'g Graph, gateway: &Element, flows: &[&String]) -> HashSet<&'g str> {
    let source = |flow: &String| graph.flows.get(flow).map(|flow| flow.source.as_str());
    let mut found: HashSet<&str> = HashSet::new();
    let mut waiting: Vec<&str> = flows.iter().filter_map(|flow| source(flow)).collect();
    while let Some(id) = waiting.pop() {
        if id == gateway.id || !found.insert(id) {
            continue;
        }
        let Some(element) = graph.element(id) else { continue };
        waiting.extend(element.incoming.iter().filter_map(source));
        if let Kind::Boundary { attached_to, .. } = &element.kind {
            waiting.push(attached_to);
        }
    }
    found
}
