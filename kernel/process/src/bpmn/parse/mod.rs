//! XML to [`Graph`]. Reads only what it understands and names everything else.

mod activities;
mod events;
mod names;

use indexmap::IndexMap;
use roxmltree::{Document, Node, ParsingOptions};

use self::names::{Names, inner, is, line, model_name, text_of, title};
use super::{DiagramError, Element, Flow, Graph, Kind, Repeat, Variable, structure};

const XML_BYTES_MAX: usize = 5 * 1024 * 1024;
const XML_NODES_MAX: u32 = 200_000;
const ELEMENTS_MAX: usize = 2_000;
/// Sub-processes in one another.
const DEPTH_MAX: usize = 12;

/// Reads a BPMN file with one process.
///
/// # Errors
/// Every fault that was found, each with its line.
pub fn parse(xml: &str) -> Result<Graph, Vec<DiagramError>> {
    let whole = |cause: String| vec![DiagramError { element: None, line: 1, cause }];
    if xml.len() > XML_BYTES_MAX {
        return Err(whole(format!("文件超过 {XML_BYTES_MAX} 字节")));
    }
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: XML_NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options).map_err(|cause| {
        vec![DiagramError { element: None, line: cause.pos().row, cause: cause.to_string() }]
    })?;
    let root = document.root_element();
    if !is(root, "definitions") {
        return Err(whole("不是 BPMN 2.0 文件".into()));
    }
    let mut reader = Reader { names: Names::of(root), ..Reader::default() };
    let mut processes = Vec::new();
    for child in root.children().filter(Node::is_element) {
        match model_name(child) {
            Some("process") => processes.push(child),
            // The drawing, what frames it, and what events and data refer to.
            None
            | Some(
                "collaboration" | "category" | "documentation" | "extensionElements" | "message" | "signal"
                | "error" | "escalation" | "itemDefinition" | "dataStore" | "import" | "interface"
                | "resource",
            ) => {}
            Some(_) => reader.refuse(child),
        }
    }
    // Other participants are drawn as empty processes.
    let carried_out: Vec<&Node> = processes.iter().filter(|process| has_elements(**process)).collect();
    let [process] = carried_out.as_slice() else {
        return Err(whole(format!("文件中应有一个流程，现有 {} 个", carried_out.len())));
    };
    reader.read_all(**process);
    if reader.elements.len() + reader.flows.len() > ELEMENTS_MAX {
        return Err(whole(format!("流程元素超过 {ELEMENTS_MAX} 个")));
    }
    reader.finish(line(**process))
}

fn has_elements(process: Node) -> bool {
    process
        .children()
        .any(|child| !matches!(model_name(child), None | Some("documentation" | "extensionElements")))
}

#[derive(Default)]
struct Reader {
    names: Names,
    elements: IndexMap<String, Element>,
    flows: IndexMap<String, Flow>,
    variables: IndexMap<String, Variable>,
    errors: Vec<DiagramError>,
    /// The sub-processes that are being read, outermost first.
    scopes: Vec<String>,
}

impl Reader {
    fn read_all(&mut self, scope: Node) {
        for child in scope.children().filter(Node::is_element) {
            self.read(child);
            if self.elements.len() + self.flows.len() > ELEMENTS_MAX {
                return;
            }
        }
    }

    fn read(&mut self, node: Node) {
        let Some(name) = model_name(node) else { return };
        let kind = match name {
            // What tells readers something; documents and data that stand for themselves; what a sub-process has
            // besides its elements.
            "documentation"
            | "extensionElements"
            | "textAnnotation"
            | "association"
            | "group"
            | "laneSet"
            | "dataObjectReference"
            | "dataStoreReference"
            | "ioSpecification"
            | "property"
            | "incoming"
            | "outgoing"
            | "multiInstanceLoopCharacteristics"
            | "auditing"
            | "monitoring"
            | "dataInputAssociation"
            | "dataOutputAssociation" => return,
            "sequenceFlow" => return self.read_flow(node),
            "dataObject" => return self.read_variable(node),
            "startEvent" => self.start(node),
            "endEvent" => self.throw(node).map(Kind::End),
            "intermediateCatchEvent" => self.catch(node),
            "intermediateThrowEvent" => self.throw_on_the_way(node),
            "boundaryEvent" => self.boundary(node),
            "task" | "manualTask" => self.plain(node, &[]).map(|()| Kind::Manual),
            "userTask" => self.plain(node, &[]).map(|()| Kind::UserTask),
            "serviceTask" | "businessRuleTask" | "sendTask" => self.plain(node, &[]).map(|()| Kind::Service),
            "scriptTask" => self.plain(node, &["script"]).map(|()| Kind::Service),
            "receiveTask" => self.receive(node),
            "callActivity" => self.call(node),
            "subProcess" => self.sub_process(node),
            "exclusiveGateway" => self.plain(node, &[]).map(|()| Kind::Exclusive),
            "parallelGateway" => self.plain(node, &[]).map(|()| Kind::Parallel),
            "inclusiveGateway" => self.plain(node, &[]).map(|()| Kind::Inclusive),
            "eventBasedGateway" => self.event_based(node),
            _ => return self.refuse(node),
        };
        let Some(kind) = kind else { return };
        let Some(id) = self.id(node) else { return };
        let repeat = self.repeat(node);
        let within = matches!(kind, Kind::SubProcess { .. });
        let element = Element {
            id: id.clone(),
            name: title(node),
            kind,
            line: line(node),
            scope: self.scopes.last().cloned(),
            outgoing: Vec::new(),
            incoming: Vec::new(),
            default: node.attribute("default").map(str::to_owned),
            boundary: Vec::new(),
            repeat,
        };
        self.elements.insert(id.clone(), element);
        if !within {
            return;
        }
        if self.scopes.len() == DEPTH_MAX {
            return self.fault(node, format!("子流程嵌套超过 {DEPTH_MAX} 层"));
        }
        self.scopes.push(id);
        self.read_all(node);
        self.scopes.pop();
    }

    fn read_flow(&mut self, node: Node) {
        let Some(id) = self.id(node) else { return };
        let mut condition = None;
        for child in node.children().filter(Node::is_element) {
            match model_name(child) {
                Some("conditionExpression") => {
                    condition = Some(expression(child)).filter(|text| !text.is_empty());
                }
                None | Some("documentation" | "extensionElements") => {}
                Some(_) => self.refuse(child),
            }
        }
        let flow = Flow {
            id: id.clone(),
            name: title(node),
            source: node.attribute("sourceRef").unwrap_or_default().to_owned(),
            target: node.attribute("targetRef").unwrap_or_default().to_owned(),
            condition,
            line: line(node),
        };
        self.flows.insert(id, flow);
    }

    fn read_variable(&mut self, node: Node) {
        let Some(id) = self.id(node) else { return };
        self.variables.insert(id.clone(), Variable { id, name: title(node), line: line(node) });
    }

    /// An element without inner workings other than `allowed`; anything else inside is refused.
    fn plain(&mut self, node: Node, allowed: &[&str]) -> Option<()> {
        /// What other tools write down and what says nothing of how the element is carried out.
        const TOLD: [&str; 13] = [
            "incoming",
            "outgoing",
            "documentation",
            "extensionElements",
            "ioSpecification",
            "dataInputAssociation",
            "dataOutputAssociation",
            "dataInput",
            "dataOutput",
            "potentialOwner",
            "humanPerformer",
            "rendering",
            "property",
        ];
        let mut known = true;
        for child in node.children().filter(Node::is_element) {
            match model_name(child) {
                None | Some("multiInstanceLoopCharacteristics") => {}
                Some(name) if TOLD.contains(&name) || allowed.contains(&name) => {}
                Some(_) => {
                    self.refuse(child);
                    known = false;
                }
            }
        }
        known.then_some(())
    }

    fn id(&mut self, node: Node) -> Option<String> {
        let id = node.attribute("id").unwrap_or_default();
        if id.is_empty() {
            self.fault(node, "元素没有 id".into());
            return None;
        }
        if self.elements.contains_key(id) || self.flows.contains_key(id) || self.variables.contains_key(id) {
            self.fault(node, format!("id “{id}”重复"));
            return None;
        }
        Some(id.to_owned())
    }

    fn refuse(&mut self, node: Node) {
        let cause = format!("不支持“{}”", node.tag_name().name());
        self.fault(node, cause);
    }

    fn fault(&mut self, node: Node, cause: String) {
        let owner = node.ancestors().find(|above| above.attribute("id").is_some());
        let element = owner.and_then(|owner| owner.attribute("id")).map(str::to_owned);
        let name = owner.map(title).filter(|name| !name.is_empty());
        let cause = match (&element, name) {
            (Some(id), Some(name)) => format!("“{id}”（{name}）：{cause}"),
            (Some(id), None) => format!("“{id}”：{cause}"),
            _ => cause,
        };
        self.errors.push(DiagramError { element, line: line(node), cause });
    }

    fn finish(self, process_line: u32) -> Result<Graph, Vec<DiagramError>> {
        // With elements refused, what hangs together with them would only be reported a second time.
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        structure::connect(self.elements, self.flows, self.variables, process_line)
    }
}

/// A ZEN expression, with or without the `=` that marks one elsewhere.
fn expression(node: Node) -> String {
    let text = text_of(node);
    text.strip_prefix('=').unwrap_or(&text).trim().to_owned()
}
