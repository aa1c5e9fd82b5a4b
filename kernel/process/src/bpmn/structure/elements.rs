//! The flows that each kind of element needs.

use super::super::{Element, Graph, Kind, Trigger};

pub(super) fn check(graph: &Graph, element: &Element, say: &mut dyn FnMut(String)) {
    let (arriving, leaving) = (element.incoming.len(), element.outgoing.len());
    let by_event = matches!(element.kind, Kind::SubProcess { by_event: true });
    let begins = matches!(element.kind, Kind::Start { .. } | Kind::Boundary { .. });
    if (begins || by_event) && arriving > 0 {
        say("不能有流向指向它".into());
    }
    match (&element.kind, leaving) {
        (Kind::End(_), 1..) => say("结束事件不能再有流出".into()),
        (Kind::End(_), 0) => {}
        (_, 1..) if by_event => say("事件子流程不能有流出".into()),
        (_, 0) if !by_event => say("没有流出".into()),
        _ => {}
    }
    if let Some(default) = &element.default
        && !element.outgoing.contains(default)
    {
        say(format!("默认流向“{default}”不是它的流出"));
    }
    if element.repeat.is_some() && (!element.is_activity() || element.kind == Kind::Manual) {
        say("只有环节和子流程可以多次办理".into());
    }
    conditions(graph, element, say);
    if element.kind == Kind::EventBased {
        events_after(graph, element, say);
    }
}

fn conditions(graph: &Graph, element: &Element, say: &mut dyn FnMut(String)) {
    let has_condition = graph.leaving(element).any(|flow| flow.condition.is_some());
    match element.kind {
        Kind::Exclusive => {
            let open = graph.leaving(element).filter(|flow| flow.condition.is_none());
            let open: Vec<&str> = open
                .map(|flow| flow.id.as_str())
                .filter(|flow| element.default.as_deref() != Some(flow))
                .collect();
            if element.outgoing.len() > 1 && !open.is_empty() {
                say(format!("流出 {} 没有条件，也不是默认流向", open.join("、")));
            }
        }
        Kind::Inclusive => {}
        _ if element.is_activity() => {}
        _ if has_condition => say("只有环节、排他网关和相容网关的流出可以带条件".into()),
        _ => {}
    }
}

/// What follows an event-based gateway waits, and is reached from nowhere else.
fn events_after(graph: &Graph, element: &Element, say: &mut dyn FnMut(String)) {
    for target in graph.leaving(element).filter_map(|flow| graph.element(&flow.target)) {
        let waits = match &target.kind {
            Kind::Receive(_) => target.boundary.is_empty() && target.repeat.is_none(),
            Kind::Catch(trigger) => *trigger != Trigger::None,
            _ => false,
        };
        if !waits || target.incoming.len() != 1 {
            say(format!("事件网关之后应是只由它到达的捕获事件或接收任务，不能是“{}”", target.id));
        }
    }
}
