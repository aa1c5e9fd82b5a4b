use std::collections::HashSet;

use crate::Dictionary;
use crate::hint::hint;

use super::Check;

pub(super) fn check(at: &mut Check<'_>, dictionary: &Dictionary) {
    let codes: HashSet<&str> = dictionary.items.iter().map(|item| item.code.as_str()).collect();
    let mut seen = HashSet::new();
    for (index, item) in dictionary.items.iter().enumerate() {
        if item.code.is_empty() || !seen.insert(item.code.as_str()) {
            at.error(&format!("items/{index}/code"), "duplicate_code", format!("代码“{}”为空或重复", item.code));
        }
        let Some(parent) = &item.parent else { continue };
        let place = format!("items/{index}/parent");
        if !codes.contains(parent.as_str()) {
            let hint = hint(parent, codes.iter().copied());
            at.error(&place, "dictionary_parent", format!("上级代码“{parent}”不在本字典中{hint}"));
        } else if in_circle(dictionary, &item.code) {
            at.error(&place, "dictionary_parent", format!("代码“{}”的上级绕回了自身", item.code));
        }
    }
    if dictionary.items.is_empty() {
        at.error("items", "empty", "字典没有任何项");
    }
}

fn in_circle(dictionary: &Dictionary, code: &str) -> bool {
    let top = dictionary.ancestry(code);
    top.last().and_then(|item| item.parent.as_deref()) == Some(code)
}
