//! Sending a case back, or on by an administrator: which token goes, and which others have to give way.

use std::collections::HashSet;

use super::{Illegal, Marking, Token, joins, known};
use crate::bpmn::Graph;

/// What is sent.
pub(super) struct Sent<'m> {
    /// The token itself, or the one of the sub-process that is left.
    pub token: &'m Token,
    /// Tokens that came from where it is sent to and would come a second time.
    pub others: Vec<&'m Token>,
}

/// # Errors
/// [`Illegal`] when the element is neither beside the token nor around it.
pub(super) fn sent<'m>(
    graph: &Graph,
    marking: &'m Marking,
    token: &str,
    element: &str,
) -> Result<Sent<'m>, Illegal> {
    let target = known(graph, element)?;
    if !target.is_activity() {
        return Err(Illegal(format!("`{element}` is no activity")));
    }
    let mut token = marking.token(token)?;
    while token.item.is_some() || known(graph, &token.element)?.scope != target.scope {
        let parent = token.parent.as_deref();
        let parent = parent.ok_or_else(|| Illegal(format!("`{element}` is in another sub-process")))?;
        token = marking.token(parent)?;
    }
    let reached = reached_from(graph, element, &token.element);
    let is_reached = |other: &&Token| {
        let waits = graph.element(&other.element).is_some_and(|at| joins::waits(at, other));
        let came_from = other.via.as_ref().filter(|_| waits).and_then(|flow| graph.flows.get(flow));
        let place = came_from.map_or(other.element.as_str(), |flow| flow.source.as_str());
        place == element || reached.contains(place)
    };
    let beside = marking.within(token.parent.as_deref()).filter(|other| other.id != token.id);
    Ok(Sent { token, others: beside.filter(is_reached).collect() })
}

/// What can be reached from an element without passing another.
fn reached_from<'g>(graph: &'g Graph, from: &str, without: &str) -> HashSet<&'g str> {
    let mut found: HashSet<&str> = HashSet::new();
    let mut waiting: Vec<&str> = graph.element(from).map(|element| element.id.as_str()).into_iter().collect();
    while let Some(id) = waiting.pop() {
        let Some(element) = graph.element(id) else { continue };
        let targets = graph.leaving(element).map(|flow| flow.target.as_str());
        for target in targets.chain(element.boundary.iter().map(String::as_str)) {
            if target != without && found.insert(target) {
                waiting.push(target);
            }
        }
    }
    found
}
