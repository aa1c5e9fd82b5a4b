//! What becomes of elements and flows.

use anju_records::FieldError;
use indexmap::IndexMap;

use crate::bpmn::Graph;
use crate::plan::Plan;

/// Where elements and flows of an old version are in the new one.
#[derive(Clone, Copy)]
pub(super) struct Mapping<'a> {
    named: &'a IndexMap<String, Option<String>>,
    new: &'a Graph,
}

impl<'a> Mapping<'a> {
    pub fn new(named: &'a IndexMap<String, Option<String>>, new: &'a Graph) -> Self {
        Self { named, new }
    }

    /// The counterpart of an element; none when there is none.
    pub fn element(&self, id: &'a str) -> Option<&'a str> {
        self.of(id).filter(|id| self.new.elements.contains_key(*id))
    }

    /// The counterpart of a flow.
    pub fn flow(&self, id: &'a str) -> Option<&'a str> {
        self.of(id).filter(|id| self.new.flows.contains_key(*id))
    }

    /// Whether it was said that what waits there is let go.
    pub fn lets_go(&self, id: &str) -> bool {
        matches!(self.named.get(id), Some(None))
    }

    fn of(&self, id: &'a str) -> Option<&'a str> {
        match self.named.get(id) {
            Some(named) => named.as_deref(),
            None => Some(id),
        }
    }
}

/// What is wrong with a mapping as such: names that no version knows, two elements that become one.
pub(super) fn faults(
    named: &IndexMap<String, Option<String>>,
    old: &[std::sync::Arc<Plan>],
    new: &Plan,
) -> Vec<FieldError> {
    let is_known = |graph: &Graph, id: &str| graph.elements.contains_key(id) || graph.flows.contains_key(id);
    let mut faults = Vec::new();
    let mut taken: IndexMap<&str, &str> = IndexMap::new();
    for (from, to) in named {
        let field = format!("mapping.{from}");
        if !old.is_empty() && !old.iter().any(|plan| is_known(&plan.graph, from)) {
            faults.push(FieldError::new(&field, "unknown", format!("原版本中没有“{from}”")));
        }
        let Some(to) = to else { continue };
        if !is_known(&new.graph, to) {
            faults.push(FieldError::new(&field, "unknown", format!("新版本中没有“{to}”")));
        }
        if let Some(other) = taken.insert(to, from) {
            let message = format!("“{other}”和“{from}”不能对应同一个“{to}”");
            faults.push(FieldError::new(&field, "twice", message));
        }
    }
    faults
}
