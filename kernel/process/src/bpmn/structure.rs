//! What makes a graph sound: every flow resolves, every element has the flows its kind needs, everything is
//! reached from the start and comes to an end.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{DiagramError, Element, Flow, Graph, Kind};

pub(super) fn connect(
    mut elements: IndexMap<String, Element>,
    flows: IndexMap<String, Flow>,
    process_line: u32,
) -> Result<Graph, Vec<DiagramError>> {
    let mut errors = Vec::new();
    for flow in flows.values() {
        for (end, word) in [(&flow.source, "起点"), (&flow.target, "终点")] {
            if !elements.contains_key(end) {
                errors.push(flow_fault(flow, format!("{word}“{end}”不存在")));
            }
        }
        if let Some(source) = elements.get_mut(&flow.source) {
            source.outgoing.push(flow.id.clone());
        }
        if let Some(target) = elements.get_mut(&flow.target) {
            target.incoming.push(flow.id.clone());
        }
    }
    let hosts: Vec<(String, String)> = elements
        .values()
        .filter_map(|element| match &element.kind {
            Kind::BoundaryTimer { attached_to, .. } => Some((element.id.clone(), attached_to.clone())),
            _ => None,
        })
        .collect();
    for (event, host) in hosts {
        match elements.get_mut(&host) {
            Some(host) if matches!(host.kind, Kind::UserTask | Kind::ServiceTask) => {
                host.boundary.push(event)
            }
            _ => {
                let cause = format!("边界事件应附在环节上，不能附在“{host}”上");
                errors.push(fault(&elements[&event], cause));
            }
        }
    }
    let starts: Vec<&Element> = elements.values().filter(|element| element.kind == Kind::Start).collect();
    let start = match starts.as_slice() {
        [start] => start.id.clone(),
        _ => {
            let cause = format!("流程应有一个开始事件，现有 {} 个", starts.len());
            errors.push(DiagramError { element: None, line: process_line, cause });
            return Err(errors);
        }
    };
    let graph = Graph { elements, flows, start };
    for element in graph.elements.values() {
        check_element(&graph, element, &mut errors);
    }
    if errors.is_empty() {
        check_ways(&graph, &mut errors);
    }
    if errors.is_empty() { Ok(graph) } else { Err(errors) }
}

fn check_element(graph: &Graph, element: &Element, errors: &mut Vec<DiagramError>) {
    let (arriving, leaving) = (element.incoming.len(), element.outgoing.len());
    let mut say = |cause: String| errors.push(fault(element, cause));
    match &element.kind {
        Kind::Start | Kind::BoundaryTimer { .. } if arriving > 0 => say("不能有流向指向它".into()),
        Kind::End { .. } if leaving > 0 => say("结束事件不能再有流出".into()),
        _ => {}
    }
    match &element.kind {
        Kind::End { .. } => {}
        Kind::ExclusiveGateway { default } => check_gateway(graph, element, default.as_deref(), &mut say),
        _ if leaving != 1 => say(format!("应恰有一条流出，现有 {leaving} 条")),
        _ => {
            if graph.leaving(element).any(|flow| flow.condition.is_some()) {
                say("只有排他网关的流出可以带条件".into());
            }
        }
    }
}

fn check_gateway(graph: &Graph, element: &Element, default: Option<&str>, say: &mut impl FnMut(String)) {
    if element.outgoing.is_empty() {
        say("网关没有流出".into());
    }
    if let Some(default) = default
        && !element.outgoing.iter().any(|flow| flow == default)
    {
        say(format!("默认流向“{default}”不是它的流出"));
    }
    let open = graph.leaving(element).filter(|flow| flow.condition.is_none()).map(|flow| flow.id.as_str());
    let open: Vec<&str> = open.filter(|flow| Some(*flow) != default).collect();
    if element.outgoing.len() > 1 && !open.is_empty() {
        say(format!("流出 {} 没有条件，也不是默认流向", open.join("、")));
    }
}

fn check_ways(graph: &Graph, errors: &mut Vec<DiagramError>) {
    let reached = spread(vec![&graph.start], |id| {
        let element = &graph.elements[id];
        let targets = graph.leaving(element).map(|flow| flow.target.as_str());
        targets.chain(element.boundary.iter().map(String::as_str)).collect()
    });
    let ends = graph.elements.values().filter(|element| matches!(element.kind, Kind::End { .. }));
    let ending = spread(ends.map(|end| end.id.as_str()).collect(), |id| {
        graph.elements[id].incoming.iter().map(|flow| graph.flows[flow].source.as_str()).collect()
    });
    for element in graph.elements.values() {
        if !reached.contains(element.id.as_str()) {
            errors.push(fault(element, "从开始事件到不了这里".into()));
        } else if !ending.contains(element.id.as_str()) {
            errors.push(fault(element, "从这里到不了结束事件".into()));
        }
    }
}

fn spread<'a>(from: Vec<&'a str>, next: impl Fn(&str) -> Vec<&'a str>) -> HashSet<&'a str> {
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

fn fault(element: &Element, cause: String) -> DiagramError {
    let name = if element.name.is_empty() { String::new() } else { format!("（{}）", element.name) };
    let cause = format!("“{}”{name}：{cause}", element.id);
    DiagramError { element: Some(element.id.clone()), line: element.line, cause }
}

fn flow_fault(flow: &Flow, cause: String) -> DiagramError {
    let cause = format!("流向“{}”：{cause}", flow.id);
    DiagramError { element: Some(flow.id.clone()), line: flow.line, cause }
}
