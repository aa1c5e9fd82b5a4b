//! What the checker needs of a BPMN file: elements, flows and the expressions in them.

use std::collections::{HashMap, HashSet};

use roxmltree::{Document, Node, ParsingOptions};

const MODEL: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const NODES_MAX: u32 = 200_000;

#[derive(Debug, Default)]
pub(crate) struct Bpmn {
    pub elements: Vec<Element>,
    pub flows: Vec<Flow>,
    /// Timer expressions (`=` first): line and text.
    pub timers: Vec<(u32, String)>,
}

/// A flow node: event, task or gateway.
#[derive(Debug)]
pub(crate) struct Element {
    pub id: String,
    pub tag: String,
    pub line: u32,
    pub default: Option<String>,
    pub attached_to: Option<String>,
    /// Ids of the sub-processes around it, innermost first.
    pub scopes: Vec<String>,
    /// A sub-process that begins by an event.
    pub by_event: bool,
}

#[derive(Debug)]
pub(crate) struct Flow {
    pub id: String,
    pub line: u32,
    pub source: String,
    pub target: String,
    pub condition: Option<String>,
}

impl Bpmn {
    /// Reads the one process of the file; line and message if that cannot be done. DOCTYPE is refused.
    pub(crate) fn read(xml: &str) -> Result<Self, (u32, String)> {
        let options =
            ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = Document::parse_with_options(xml, options).map_err(|error| match error {
            roxmltree::Error::DtdDetected => (1, "BPMN 文件不能有 DOCTYPE".to_owned()),
            error => (error.pos().row, format!("不是合法的 XML：{error}")),
        })?;
        let mut processes = document.root_element().children().filter(|node| is(node, "process"));
        let process = processes.next().ok_or((1, "没有 BPMN 2.0 的 process 元素".to_owned()))?;
        if let Some(second) = processes.next() {
            return Err((line(&second), "一个 BPMN 文件只能有一个 process".to_owned()));
        }
        let mut bpmn = Self::default();
        for node in process.descendants().filter(|node| node.tag_name().namespace() == Some(MODEL)) {
            bpmn.take(&node);
        }
        Ok(bpmn)
    }

    fn take(&mut self, node: &Node<'_, '_>) {
        let tag = node.tag_name().name();
        let attribute = |name: &str| node.attribute(name).map(str::to_owned);
        match tag {
            "sequenceFlow" => self.flows.push(Flow {
                id: attribute("id").unwrap_or_default(),
                line: line(node),
                source: attribute("sourceRef").unwrap_or_default(),
                target: attribute("targetRef").unwrap_or_default(),
                condition: node
                    .children()
                    .find(|child| is(child, "conditionExpression"))
                    .map(|child| text(&child)),
            }),
            "timeDate" | "timeDuration" | "timeCycle" => self.timers.push((line(node), text(node))),
            _ if is_flow_node(tag) => self.elements.push(Element {
                id: attribute("id").unwrap_or_default(),
                tag: tag.to_owned(),
                line: line(node),
                default: attribute("default"),
                attached_to: attribute("attachedToRef"),
                scopes: scopes(node),
                by_event: node.attribute("triggeredByEvent") == Some("true"),
            }),
            _ => {}
        }
    }

    pub(crate) fn of<'b>(&'b self, tag: &'b str) -> impl Iterator<Item = &'b Element> {
        self.elements.iter().filter(move |element| element.tag == tag)
    }

    /// The user tasks that may be last passed when a token leaves the element; `None` when that cannot be told, for
    /// another process was called or an event took over.
    pub(crate) fn user_tasks_before<'b>(
        &'b self,
        element: &'b str,
        elements: &HashMap<&'b str, &'b Element>,
    ) -> Option<Vec<&'b str>> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([element]);
        let mut next = vec![element];
        while let Some(id) = next.pop() {
            let Some(at) = elements.get(id) else { continue };
            match at.tag.as_str() {
                "userTask" => {
                    found.push(id);
                    continue;
                }
                "callActivity" => return None,
                "subProcess" if at.by_event => return None,
                "subProcess" => found.extend(self.user_tasks_in(id)),
                _ => {}
            }
            let begins = (at.tag == "startEvent").then(|| at.scopes.first()).flatten();
            if begins.and_then(|scope| elements.get(scope.as_str())).is_some_and(|scope| scope.by_event) {
                return None;
            }
            // A sub-process begins where its flows come from.
            let target = begins.map_or(id, String::as_str);
            let above =
                self.flows.iter().filter(|flow| flow.target == target).map(|flow| flow.source.as_str());
            next.extend(above.chain(at.attached_to.as_deref()).filter(|id| seen.insert(id)));
        }
        Some(found)
    }

    fn user_tasks_in<'b>(&'b self, scope: &'b str) -> impl Iterator<Item = &'b str> {
        let within = move |element: &&Element| element.scopes.iter().any(|around| around == scope);
        self.of("userTask").filter(within).map(|element| element.id.as_str())
    }
}

/// The sub-processes around a node.
fn scopes(node: &Node<'_, '_>) -> Vec<String> {
    let around = node.ancestors().skip(1).filter(|above| is(above, "subProcess"));
    around.filter_map(|above| above.attribute("id").map(str::to_owned)).collect()
}

fn is_flow_node(tag: &str) -> bool {
    let suffix = ["Task", "Event", "Gateway"].into_iter().any(|suffix| tag.ends_with(suffix));
    suffix || matches!(tag, "task" | "subProcess" | "callActivity" | "transaction")
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.has_tag_name((MODEL, name))
}

fn text(node: &Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

fn line(node: &Node<'_, '_>) -> u32 {
    node.document().text_pos_at(node.range().start).row
}
