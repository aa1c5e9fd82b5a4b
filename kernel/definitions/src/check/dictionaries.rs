use std::collections::{HashMap, HashSet};

use crate::Dictionary;
use crate::hint::hint;
use crate::tree::LEVELS_MAX;

use super::Check;

pub(super) fn check(at: &mut Check<'_>, dictionary: &Dictionary) {
    let parents: HashMap<&str, Option<&str>> =
        dictionary.items.iter().map(|item| (item.code.as_str(), item.parent.as_deref())).collect();
    let mut seen = HashSet::new();
    for (index, item) in dictionary.items.iter().enumerate() {
        if item.code.is_empty() || !seen.insert(item.code.as_str()) {
            at.error(
                &format!("items/{index}/code"),
                "duplicate_code",
                format!("代码“{}”为空或重复", item.code),
            );
        }
        let Some(parent) = &item.parent else { continue };
        let place = format!("items/{index}/parent");
        if !parents.contains_key(parent.as_str()) {
            let hint = hint(parent, dictionary.items.iter().map(|item| item.code.as_str()));
            at.error(&place, "dictionary_parent", format!("上级代码“{parent}”不在本字典中{hint}"));
        } else if levels(&parents, &item.code) > LEVELS_MAX {
            let message = format!("代码“{}”的上级绕回了自身，或超过 {LEVELS_MAX} 层", item.code);
            at.error(&place, "dictionary_parent", message);
        }
    }
    if dictionary.items.is_empty() {
        at.error("items", "empty", "字典没有任何项");
    }
}

/// How many levels up to the top; one more than the most when there is no end.
fn levels(parents: &HashMap<&str, Option<&str>>, code: &str) -> usize {
    let above = |code: &&str| parents.get(code).copied().flatten();
    std::iter::successors(Some(code), above).take(LEVELS_MAX + 1).count()
}
