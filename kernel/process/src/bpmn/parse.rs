//! XML to [`Graph`]. Reads only what it understands and names everything else.

use indexmap::IndexMap;
use roxmltree::{Document, Node, ParsingOptions};

use super::{DiagramError, Element, Flow, Graph, Kind, Timer, structure};

const MODEL: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const XML_BYTES_MAX: usize = 5 * 1024 * 1024;
const XML_NODES_MAX: u32 = 200_000;
const ELEMENTS_MAX: usize = 2_000;

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
    let mut reader = Reader::default();
    let mut processes = Vec::new();
    for child in root.children().filter(Node::is_element) {
        match model_name(child) {
            Some("process") => processes.push(child),
            // The drawing, and what frames it.
            None | Some("collaboration" | "category" | "documentation" | "extensionElements") => {}
            Some(_) => reader.refuse(child),
        }
    }
    let [process] = processes.as_slice() else {
        return Err(whole(format!("文件中应有一个流程，现有 {} 个", processes.len())));
    };
    for child in process.children().filter(Node::is_element) {
        reader.read(child);
        if reader.elements.len() + reader.flows.len() > ELEMENTS_MAX {
            return Err(whole(format!("流程元素超过 {ELEMENTS_MAX} 个")));
        }
    }
    reader.finish(line(*process))
}

#[derive(Default)]
struct Reader {
    elements: IndexMap<String, Element>,
    flows: IndexMap<String, Flow>,
    errors: Vec<DiagramError>,
}

impl Reader {
    fn read(&mut self, node: Node) {
        let Some(name) = model_name(node) else { return };
        let kind = match name {
            "documentation" | "extensionElements" | "textAnnotation" | "association" | "group"
            | "laneSet" => {
                return;
            }
            "sequenceFlow" => return self.read_flow(node),
            "startEvent" => self.plain(node, &[]).map(|()| Kind::Start),
            "endEvent" => self.end(node),
            "userTask" => self.plain(node, &[]).map(|()| Kind::UserTask),
            "serviceTask" => self.plain(node, &[]).map(|()| Kind::ServiceTask),
            "exclusiveGateway" => self
                .plain(node, &[])
                .map(|()| Kind::ExclusiveGateway { default: node.attribute("default").map(str::to_owned) }),
            "intermediateCatchEvent" => self.timer(node).map(|timer| Kind::TimerCatch { timer }),
            "boundaryEvent" => self.timer(node).map(|timer| Kind::BoundaryTimer {
                attached_to: node.attribute("attachedToRef").unwrap_or_default().to_owned(),
                cancels: node.attribute("cancelActivity") != Some("false"),
                timer,
            }),
            _ => return self.refuse(node),
        };
        let Some(kind) = kind else { return };
        let Some(id) = self.id(node) else { return };
        let element = Element {
            id: id.clone(),
            name: title(node),
            kind,
            line: line(node),
            outgoing: Vec::new(),
            incoming: Vec::new(),
            boundary: Vec::new(),
        };
        self.elements.insert(id, element);
    }

    fn read_flow(&mut self, node: Node) {
        let Some(id) = self.id(node) else { return };
        let mut condition = None;
        for child in node.children().filter(Node::is_element) {
            match model_name(child) {
                Some("conditionExpression") => {
                    let text = text_of(child);
                    let text = text.strip_prefix('=').unwrap_or(&text).trim().to_owned();
                    condition = (!text.is_empty()).then_some(text);
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

    /// An element without inner workings other than `allowed`; anything else inside is refused.
    fn plain(&mut self, node: Node, allowed: &[&str]) -> Option<()> {
        let mut known = true;
        for child in node.children().filter(Node::is_element) {
            match model_name(child) {
                None | Some("incoming" | "outgoing" | "documentation" | "extensionElements") => {}
                Some(name) if allowed.contains(&name) => {}
                Some(_) => {
                    self.refuse(child);
                    known = false;
                }
            }
        }
        known.then_some(())
    }

    fn end(&mut self, node: Node) -> Option<Kind> {
        self.plain(node, &["terminateEventDefinition"])?;
        let terminate = inner(node, "terminateEventDefinition").is_some();
        Some(Kind::End { terminate })
    }

    fn timer(&mut self, node: Node) -> Option<Timer> {
        self.plain(node, &["timerEventDefinition"])?;
        let Some(definition) = inner(node, "timerEventDefinition") else {
            self.fault(node, "中间事件和边界事件只支持定时器".into());
            return None;
        };
        let timer = match (inner(definition, "timeDuration"), inner(definition, "timeDate")) {
            (Some(duration), None) => Timer::duration(&text_of(duration)),
            (None, Some(date)) => Timer::date(&text_of(date)),
            _ => Err("定时器应写明时长（timeDuration）或日期（timeDate）之一".into()),
        };
        timer.map_err(|cause| self.fault(node, cause)).ok()
    }

    fn id(&mut self, node: Node) -> Option<String> {
        let id = node.attribute("id").unwrap_or_default();
        if id.is_empty() {
            self.fault(node, "元素没有 id".into());
            return None;
        }
        if self.elements.contains_key(id) || self.flows.contains_key(id) {
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
        structure::connect(self.elements, self.flows, process_line)
    }
}

fn is(node: Node, name: &str) -> bool {
    node.tag_name().namespace() == Some(MODEL) && node.tag_name().name() == name
}

/// The name of an element of the BPMN model; `None` for the drawing and for extensions.
fn model_name<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    (node.tag_name().namespace() == Some(MODEL)).then(|| node.tag_name().name())
}

fn inner<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| is(*child, name))
}

fn text_of(node: Node) -> String {
    node.descendants()
        .filter_map(|part| part.text().filter(|_| part.is_text()))
        .collect::<String>()
        .trim()
        .to_owned()
}

fn title(node: Node) -> String {
    node.attribute("name").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line(node: Node) -> u32 {
    node.document().text_pos_at(node.range().start).row
}
