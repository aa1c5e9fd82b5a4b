//! Dictionaries as trees.

use crate::{Dictionary, DictionaryItem};

/// Most levels of a tree.
pub const LEVELS_MAX: usize = 20;

impl Dictionary {
    pub fn item(&self, code: &str) -> Option<&DictionaryItem> {
        self.items.iter().find(|item| item.code == code)
    }

    /// What users read for the code.
    pub fn title_of(&self, code: &str) -> Option<&str> {
        self.item(code).map(|item| item.title.as_str())
    }

    /// The item and those above it, the item first; at most [`LEVELS_MAX`].
    pub fn ancestry(&self, code: &str) -> Vec<&DictionaryItem> {
        let above = |item: &&DictionaryItem| item.parent.as_deref().and_then(|parent| self.item(parent));
        std::iter::successors(self.item(code), above).take(LEVELS_MAX).collect()
    }

    /// Whether `code` is `ancestor` or stands below it. Codes that do not exist are under nothing.
    pub fn is_under(&self, code: &str, ancestor: &str) -> bool {
        self.ancestry(code).iter().any(|item| item.code == ancestor)
    }

    /// The code and all codes below it, in the order of the dictionary; empty if it does not exist.
    pub fn descendants(&self, code: &str) -> Vec<&str> {
        let Some(top) = self.item(code) else { return Vec::new() };
        let mut found = vec![top.code.as_str()];
        let mut next = 0;
        while next < found.len() {
            let above = found[next];
            for item in self.items.iter().filter(|item| item.parent.as_deref() == Some(above)) {
                if !found.contains(&item.code.as_str()) {
                    found.push(&item.code);
                }
            }
            next += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(code: &str, parent: Option<&str>) -> DictionaryItem {
        DictionaryItem {
            code: code.to_owned(),
            title: format!("项{code}"),
            note: None,
            parent: parent.map(str::to_owned),
            tone: None,
            retired: false,
        }
    }

    fn districts() -> Dictionary {
        Dictionary {
            dictionary: "platform.district".into(),
            title: "区划".into(),
            purpose: None,
            items: vec![
                item("31", None),
                item("310101", Some("31")),
                item("310115", Some("31")),
                item("310115001", Some("310115")),
            ],
        }
    }

    #[test]
    fn a_code_is_under_itself_and_all_above_it() {
        let d = districts();
        assert!(d.is_under("310115001", "31"));
        assert!(d.is_under("310115", "310115"));
        assert!(!d.is_under("310115", "310115001"));
        assert!(!d.is_under("nowhere", "31"));
    }

    #[test]
    fn descendants_include_the_code_and_every_level_below() {
        let d = districts();
        assert_eq!(d.descendants("31"), ["31", "310101", "310115", "310115001"]);
        assert_eq!(d.descendants("310101"), ["310101"]);
        assert!(d.descendants("nowhere").is_empty());
        assert_eq!(d.title_of("31"), Some("项31"));
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let mut d = districts();
        d.items[0].parent = Some("310115001".into());
        assert!(!d.is_under("310101", "nowhere"));
        assert_eq!(d.descendants("31").len(), 4);
    }
}
