//! Reading nodes, and what events refer to by id.

use std::collections::HashMap;

use roxmltree::Node;

const MODEL: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";

/// Messages, signals, errors and escalations by id: their code, else their name, else the id itself.
#[derive(Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    pub(super) fn of(definitions: Node) -> Self {
        let named = |node: Node| {
            let code = match model_name(node)? {
                "message" | "signal" => None,
                "error" => node.attribute("errorCode"),
                "escalation" => node.attribute("escalationCode"),
                _ => return None,
            };
            let id = node.attribute("id")?;
            let given = |text: &&str| !text.trim().is_empty();
            let name = code.filter(given).or_else(|| node.attribute("name").filter(given));
            Some((id.to_owned(), name.unwrap_or(id).trim().to_owned()))
        };
        Self(definitions.children().filter_map(named).collect())
    }

    /// What a reference is called; the reference itself where nothing of the id is in the file.
    pub(super) fn get(&self, reference: &str) -> String {
        // A reference may be a qualified name.
        let id = reference.rsplit(':').next().unwrap_or(reference);
        self.0.get(id).cloned().unwrap_or_else(|| reference.to_owned())
    }
}

pub(super) fn is(node: Node, name: &str) -> bool {
    node.tag_name().namespace() == Some(MODEL) && node.tag_name().name() == name
}

/// The name of an element of the BPMN model; `None` for the drawing and for extensions.
pub(super) fn model_name<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    (node.tag_name().namespace() == Some(MODEL)).then(|| node.tag_name().name())
}

pub(super) fn inner<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| is(*child, name))
}

pub(super) fn text_of(node: Node) -> String {
    node.descendants()
        .filter_map(|part| part.text().filter(|_| part.is_text()))
        .collect::<String>()
        .trim()
        .to_owned()
}

pub(super) fn title(node: Node) -> String {
    node.attribute("name").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn line(node: Node) -> u32 {
    node.document().text_pos_at(node.range().start).row
}
