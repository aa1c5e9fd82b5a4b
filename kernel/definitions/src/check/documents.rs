use crate::hint::hint;
use crate::{Document, Kind};

use super::Check;

pub(super) fn check(at: &mut Check<'_>, document: &Document) {
    at.refers("entity", Kind::Entity, &document.entity);
    if let Some(sequence) = &document.number {
        at.refers("number", Kind::Sequence, sequence);
    }
    // What the platform adds to the data.
    let mut added = Vec::new();
    added.extend(document.number.is_some().then_some("number"));
    if document.valid_years.is_some() {
        added.extend(["valid_from", "valid_to"]);
    }
    if document.seal {
        added.extend(["verify_url", "qr"]);
    }
    for name in added.iter().filter(|name| document.data.contains_key(**name)) {
        at.error(&format!("data/{name}"), "reserved_name", format!("“{name}”由平台填入，不能再定义"));
    }
    for (name, _) in document.public_facts.iter().filter(|(_, v)| !document.data.contains_key(*v)) {
        let wanted = &document.public_facts[name];
        if !added.contains(&wanted.as_str()) {
            let hint = hint(wanted, document.data.keys().map(String::as_str).chain(added.iter().copied()));
            at.error(&format!("public_facts/{name}"), "no_data", format!("data 中没有“{wanted}”{hint}"));
        }
    }
    for name in &document.public_names {
        if !document.public_facts.values().any(|fact| fact == name) {
            let hint = hint(name, document.public_facts.values().map(String::as_str));
            at.error("public_names", "no_fact", format!("public_facts 中没有“{name}”{hint}"));
        }
    }
    if !document.public_facts.is_empty() && !document.seal {
        at.warning("public_facts", "unused", "文书不盖章（seal），public_facts 不起作用");
    }
}
