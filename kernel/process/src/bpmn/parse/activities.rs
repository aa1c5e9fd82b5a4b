//! Activities with more to them than their kind, and gateways that wait.

use roxmltree::Node;

use super::{Kind, Reader, Repeat, expression, inner, model_name};

/// Where other tools keep the list of a repeated activity.
const EXTENSIONS: [&str; 2] = ["http://camunda.org/schema/1.0/bpmn", "http://flowable.org/bpmn"];

impl Reader {
    pub(super) fn receive(&mut self, node: Node) -> Option<Kind> {
        self.plain(node, &[])?;
        match node.attribute("messageRef") {
            Some(message) if !message.is_empty() => Some(Kind::Receive(self.names.get(message))),
            _ => self.missing(node, "接收任务没有写明消息（messageRef）"),
        }
    }

    pub(super) fn call(&mut self, node: Node) -> Option<Kind> {
        self.plain(node, &[])?;
        match node.attribute("calledElement") {
            Some(called) if !called.is_empty() => Some(Kind::Call(called.to_owned())),
            _ => self.missing(node, "调用活动没有写明流程（calledElement）"),
        }
    }

    pub(super) fn sub_process(&mut self, node: Node) -> Option<Kind> {
        Some(Kind::SubProcess { by_event: node.attribute("triggeredByEvent") == Some("true") })
    }

    pub(super) fn event_based(&mut self, node: Node) -> Option<Kind> {
        self.plain(node, &[])?;
        match (node.attribute("instantiate"), node.attribute("eventGatewayType")) {
            (None | Some("false"), None | Some("Exclusive")) => Some(Kind::EventBased),
            _ => self.missing(node, "只支持流程中的、排他的事件网关"),
        }
    }

    /// How often an activity is done; an activity with a loop that is not understood is done once and refused.
    pub(super) fn repeat(&mut self, node: Node) -> Option<Repeat> {
        let several = inner(node, "multiInstanceLoopCharacteristics")?;
        let within = |name: &str| inner(several, name).map(expression).filter(|text| !text.is_empty());
        let extension = |name: &str| EXTENSIONS.iter().find_map(|space| several.attribute((*space, name)));
        // Other tools write `${list}` where we write an expression.
        let plain = |text: &str| text.trim().trim_start_matches("${").trim_end_matches('}').trim().to_owned();
        let each = inner(several, "loopDataInputRef").map(expression).filter(|text| !text.is_empty());
        let repeat = Repeat {
            sequential: several.attribute("isSequential") == Some("true"),
            times: within("loopCardinality").map(|text| plain(&text)),
            each: each.or_else(|| extension("collection").map(plain)),
            until: within("completionCondition").map(|text| plain(&text)),
        };
        if repeat.times.is_some() && repeat.each.is_some() {
            return self.missing(node, "多实例应写明次数（loopCardinality）或集合之一");
        }
        for child in several.children().filter(Node::is_element) {
            match model_name(child) {
                None
                | Some(
                    "loopCardinality"
                    | "completionCondition"
                    | "loopDataInputRef"
                    | "inputDataItem"
                    | "documentation"
                    | "extensionElements"
                    | "loopDataOutputRef"
                    | "outputDataItem",
                ) => {}
                Some(_) => self.refuse(child),
            }
        }
        Some(repeat)
    }
}
