//! What makes a graph sound: every flow resolves within its scope, every scope can begin, every element has the flows
//! its kind needs, everything is reached and comes to an end.

mod elements;
mod ways;

use indexmap::IndexMap;

use super::{DiagramError, Element, Flow, Graph, Kind, Trigger, Variable};

pub(super) fn connect(
    elements: IndexMap<String, Element>,
    flows: IndexMap<String, Flow>,
    variables: IndexMap<String, Variable>,
    process_line: u32,
) -> Result<Graph, Vec<DiagramError>> {
    let mut graph = Graph { elements, flows, variables, start: None };
    let mut errors = Vec::new();
    join_flows(&mut graph, &mut errors);
    attach(&mut graph, &mut errors);
    begin(&mut graph, process_line, &mut errors);
    for element in graph.elements.values() {
        elements::check(&graph, element, &mut |cause| errors.push(fault(element, cause)));
    }
    if errors.is_empty() {
        ways::check(&graph, &mut errors);
    }
    if errors.is_empty() { Ok(graph) } else { Err(errors) }
}

fn join_flows(graph: &mut Graph, errors: &mut Vec<DiagramError>) {
    for flow in graph.flows.values() {
        for (end, word) in [(&flow.source, "起点"), (&flow.target, "终点")] {
            if !graph.elements.contains_key(end) {
                errors.push(flow_fault(flow, format!("{word}“{end}”不存在")));
            }
        }
        let scope = |id: &String| graph.elements.get(id).map(|element| element.scope.clone());
        if let (Some(source), Some(target)) = (scope(&flow.source), scope(&flow.target))
            && source != target
        {
            errors.push(flow_fault(flow, "流向不能穿过子流程的边界".into()));
        }
        if let Some(source) = graph.elements.get_mut(&flow.source) {
            source.outgoing.push(flow.id.clone());
        }
        if let Some(target) = graph.elements.get_mut(&flow.target) {
            target.incoming.push(flow.id.clone());
        }
    }
}

fn attach(graph: &mut Graph, errors: &mut Vec<DiagramError>) {
    let hosts: Vec<(String, String)> = graph
        .elements
        .values()
        .filter_map(|element| match &element.kind {
            Kind::Boundary { attached_to, .. } => Some((element.id.clone(), attached_to.clone())),
            _ => None,
        })
        .collect();
    for (event, host) in hosts {
        match graph.elements.get_mut(&host) {
            Some(host) if host.is_activity() && host.kind != Kind::Manual => host.boundary.push(event),
            _ => {
                let cause = format!("边界事件应附在环节上，不能附在“{host}”上");
                errors.push(fault(&graph.elements[&event], cause));
            }
        }
    }
}

/// How the process and its sub-processes begin.
fn begin(graph: &mut Graph, process_line: u32, errors: &mut Vec<DiagramError>) {
    let (plain, all) = starts(graph, None);
    if plain.len() > 1 || all == 0 {
        let cause = format!("流程应有一个开始事件，现有 {} 个", plain.len());
        errors.push(DiagramError { element: None, line: process_line, cause });
    }
    graph.start = plain.into_iter().next();
    for element in graph.elements.values() {
        let Kind::SubProcess { by_event } = element.kind else { continue };
        let (plain, all) = starts(graph, Some(&element.id));
        let cause = match by_event {
            false if plain.len() != 1 || all != 1 => "子流程应恰有一个不带触发条件的开始事件",
            true if !plain.is_empty() || all != 1 => "事件子流程应恰有一个带触发条件的开始事件",
            _ => continue,
        };
        errors.push(fault(element, cause.into()));
    }
    for element in graph.within(None) {
        if let Kind::Start { trigger: Trigger::Error(_) | Trigger::Escalation(_), .. } = element.kind {
            errors.push(fault(element, "流程不能由错误或升级开始".into()));
        }
    }
}

/// The plain start events of a scope, and how many there are in all.
fn starts(graph: &Graph, scope: Option<&str>) -> (Vec<String>, usize) {
    let all: Vec<&Element> = graph.within(scope).filter(|element| element.is_start()).collect();
    let plain = all.iter().filter(|element| element.is_plain_start()).map(|element| element.id.clone());
    (plain.collect(), all.len())
}

fn fault(element: &Element, cause: String) -> DiagramError {
    let name = if element.name.is_empty() { String::new() } else { format!("（{}）", element.name) };
    let cause = format!("“{}”{name}：{cause}", element.id);
    DiagramError { element: Some(element.id.clone()), line: element.line, cause }
}

fn flow_fault(flow: &Flow, cause: String) -> DiagramError {
    DiagramError {
        element: Some(flow.id.clone()), line: flow.line, cause: format!("“{}”：{cause}", flow.id)
    }
}
