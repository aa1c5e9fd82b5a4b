//! Who catches an error or an escalation: looked for from the inside outwards.

use super::{Marking, Token};
use crate::bpmn::{Element, Graph, Kind, Throw};

/// Whether an event sub-process has taken the place of what was going on in a scope: no other begins there any more.
pub fn is_interrupted(graph: &Graph, marking: &Marking, scope: Option<&str>) -> bool {
    let interrupts = |token: &Token| {
        graph.within(Some(&token.element)).any(|one| matches!(one.kind, Kind::Start { interrupts: true, .. }))
            && graph.element(&token.element).is_some_and(|at| at.kind == Kind::SubProcess { by_event: true })
    };
    marking.within(scope).any(interrupts)
}

/// What catches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catcher {
    /// An event on the activity that a token stands on.
    Boundary { token: String, event: String },
    /// The start of an event sub-process within what a token stands on.
    EventSub { scope: Option<String>, start: String },
}

/// Who catches what comes from a token; `None` when nobody does. A catcher that names the code comes before one for
/// all codes.
pub fn catcher(graph: &Graph, marking: &Marking, token: &str, thrown: &Throw) -> Option<Catcher> {
    let mut at = marking.token(token).ok()?;
    loop {
        let element = graph.element(&at.element)?;
        if at.item.is_none()
            && let Some(event) = on_activity(graph, element, thrown)
        {
            return Some(Catcher::Boundary { token: at.id.clone(), event });
        }
        let parent = at.parent.as_deref().map(|id| marking.token(id)).transpose().ok()?;
        if let Some(start) = beside(graph, at, element, parent, thrown)
            && !is_interrupted(graph, marking, at.parent.as_deref())
        {
            return Some(Catcher::EventSub { scope: parent.map(|token| token.id.clone()), start });
        }
        at = parent?;
    }
}

fn on_activity(graph: &Graph, element: &Element, thrown: &Throw) -> Option<String> {
    let events = element.boundary.iter().filter_map(|id| graph.element(id));
    best(events, thrown)
}

/// The event sub-processes of the scope that a token is in.
fn beside(
    graph: &Graph,
    token: &Token,
    element: &Element,
    parent: Option<&Token>,
    thrown: &Throw,
) -> Option<String> {
    // An item of a repeated activity is within its body, not within a scope of its own.
    if parent.map(|token| token.element.as_str()) != element.scope.as_deref() {
        return None;
    }
    let subs = graph.event_subs(element.scope.as_deref()).filter(|(sub, _)| sub.id != token.element);
    best(subs.map(|(_, start)| start), thrown)
}

fn best<'g>(events: impl Iterator<Item = &'g Element>, thrown: &Throw) -> Option<String> {
    let catching = events.filter(|event| event.trigger().is_some_and(|trigger| trigger.catches(thrown)));
    let mut catching: Vec<&Element> = catching.collect();
    catching.sort_by_key(|event| !event.trigger().is_some_and(|trigger| trigger.is_particular()));
    catching.first().map(|event| event.id.clone())
}
