//! Events: what they wait for, what they tell.

use roxmltree::Node;

use super::super::{Throw, Timer, Trigger};
use super::{Kind, Reader, expression, inner, model_name, text_of};

/// The definitions an event may have.
const DEFINITIONS: [&str; 7] = [
    "timerEventDefinition",
    "messageEventDefinition",
    "signalEventDefinition",
    "errorEventDefinition",
    "escalationEventDefinition",
    "conditionalEventDefinition",
    "terminateEventDefinition",
];

impl Reader {
    pub(super) fn start(&mut self, node: Node) -> Option<Kind> {
        let trigger = self.trigger(node)?;
        let interrupts = ends_what_is_around(&trigger, node.attribute("isInterrupting"));
        Some(Kind::Start { trigger, interrupts })
    }

    pub(super) fn catch(&mut self, node: Node) -> Option<Kind> {
        match self.trigger(node)? {
            Trigger::None => self.missing(node, "中间捕获事件应写明等待什么"),
            Trigger::Error(_) | Trigger::Escalation(_) => {
                self.missing(node, "错误和升级只能由边界事件或事件子流程捕获")
            }
            trigger => Some(Kind::Catch(trigger)),
        }
    }

    pub(super) fn boundary(&mut self, node: Node) -> Option<Kind> {
        let trigger = match self.trigger(node)? {
            Trigger::None => return self.missing(node, "边界事件应写明等待什么"),
            trigger => trigger,
        };
        Some(Kind::Boundary {
            attached_to: node.attribute("attachedToRef").unwrap_or_default().to_owned(),
            cancels: ends_what_is_around(&trigger, node.attribute("cancelActivity")),
            trigger,
        })
    }

    pub(super) fn throw_on_the_way(&mut self, node: Node) -> Option<Kind> {
        match self.throw(node)? {
            Throw::Terminate | Throw::Error(_) => self.missing(node, "只有结束事件可以抛出错误或终止"),
            throw => Some(Kind::Throw(throw)),
        }
    }

    /// What an end or throwing event tells.
    pub(super) fn throw(&mut self, node: Node) -> Option<Throw> {
        let Some(definition) = self.definition(node)? else { return Some(Throw::None) };
        let named = |reader: &mut Self, attribute: &str| match definition.attribute(attribute) {
            Some(reference) if !reference.is_empty() => Some(reader.names.get(reference)),
            _ => reader.missing(node, "事件没有写明消息、信号、错误或升级的名称"),
        };
        match model_name(definition)? {
            "terminateEventDefinition" => Some(Throw::Terminate),
            "messageEventDefinition" => named(self, "messageRef").map(Throw::Message),
            "signalEventDefinition" => named(self, "signalRef").map(Throw::Signal),
            "errorEventDefinition" => named(self, "errorRef").map(Throw::Error),
            "escalationEventDefinition" => named(self, "escalationRef").map(Throw::Escalation),
            _ => self.missing(node, "这种事件只能等待，不能抛出"),
        }
    }

    /// What a start, catching or boundary event waits for.
    fn trigger(&mut self, node: Node) -> Option<Trigger> {
        let Some(definition) = self.definition(node)? else { return Some(Trigger::None) };
        let reference = |attribute: &str| definition.attribute(attribute).filter(|one| !one.is_empty());
        match model_name(definition)? {
            "timerEventDefinition" => self.timer(node, definition).map(Trigger::Timer),
            "messageEventDefinition" => match reference("messageRef") {
                Some(message) => Some(Trigger::Message(self.names.get(message))),
                None => self.missing(node, "事件没有写明消息（messageRef）"),
            },
            "signalEventDefinition" => match reference("signalRef") {
                Some(signal) => Some(Trigger::Signal(self.names.get(signal))),
                None => self.missing(node, "事件没有写明信号（signalRef）"),
            },
            "errorEventDefinition" => {
                Some(Trigger::Error(reference("errorRef").map(|one| self.names.get(one))))
            }
            "escalationEventDefinition" => {
                Some(Trigger::Escalation(reference("escalationRef").map(|one| self.names.get(one))))
            }
            "conditionalEventDefinition" => match inner(definition, "condition").map(expression) {
                Some(source) if !source.is_empty() => Some(Trigger::Condition(source)),
                _ => self.missing(node, "条件事件没有条件（condition）"),
            },
            _ => self.missing(node, "终止只能用在结束事件上"),
        }
    }

    /// The one definition of an event, if it has one.
    fn definition<'a, 'input>(&mut self, node: Node<'a, 'input>) -> Option<Option<Node<'a, 'input>>> {
        self.plain(node, &DEFINITIONS)?;
        let mut definitions = node
            .children()
            .filter(|child| model_name(*child).is_some_and(|name| DEFINITIONS.contains(&name)));
        let first = definitions.next();
        match definitions.next() {
            Some(_) => self.missing(node, "一个事件只能有一个定义"),
            None => Some(first),
        }
    }

    fn timer(&mut self, node: Node, definition: Node) -> Option<Timer> {
        let text = |name: &str| inner(definition, name).map(text_of);
        let timer = match (text("timeDuration"), text("timeDate"), text("timeCycle")) {
            (Some(duration), None, None) => Timer::duration(&duration),
            (None, Some(date), None) => Timer::date(&date),
            (None, None, Some(cycle)) => Timer::cycle(&cycle),
            _ => Err("定时器应写明时长（timeDuration）、日期（timeDate）或重复（timeCycle）之一".into()),
        };
        timer.map_err(|cause| self.fault(node, cause)).ok()
    }

    pub(super) fn missing<T>(&mut self, node: Node, cause: &str) -> Option<T> {
        self.fault(node, cause.to_owned());
        None
    }
}

/// An error always ends what it comes from.
fn ends_what_is_around(trigger: &Trigger, told: Option<&str>) -> bool {
    told != Some("false") || matches!(trigger, Trigger::Error(_))
}
