//! Dictionaries as fields use them: codes by title, trees from the top down. One for each dictionary, shared by
//! all fields that take their values from it.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use anju_definitions::{Catalog, Dictionary, DictionaryItem, LEVELS_MAX};
use indexmap::IndexMap;

use crate::value::Certificate;

/// The items of a dictionary.
#[derive(Default)]
pub(crate) struct CodeList {
    codes: IndexMap<String, Code>,
    by_title: HashMap<String, Vec<usize>>,
}

pub(crate) struct Code {
    pub title: String,
    pub retired: bool,
    pub certificate: Certificate,
    pub parent: Option<String>,
    /// Whether no item stands below it.
    pub leaf: bool,
}

/// Why a text names no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unnamed {
    Unknown,
    Ambiguous,
}

/// The lists of a catalog, by dictionary.
pub(crate) type CodeLists = HashMap<String, Arc<CodeList>>;

/// What a field without a dictionary has.
static NOTHING: LazyLock<Arc<CodeList>> = LazyLock::new(Arc::default);

pub(crate) fn code_lists(catalog: &Catalog) -> CodeLists {
    let lists = catalog.dictionaries.iter();
    lists.map(|(key, dictionary)| (key.clone(), Arc::new(CodeList::of(dictionary)))).collect()
}

pub(crate) fn code_list(lists: &CodeLists, dictionary: Option<&str>) -> Arc<CodeList> {
    dictionary.and_then(|key| lists.get(key)).unwrap_or(&NOTHING).clone()
}

impl CodeList {
    pub(crate) fn of(dictionary: &Dictionary) -> Self {
        let mut list = Self::default();
        let parents: std::collections::HashSet<&str> =
            dictionary.items.iter().filter_map(|item| item.parent.as_deref()).collect();
        for item in &dictionary.items {
            let code = code(item, !parents.contains(item.code.as_str()));
            let (at, _) = list.codes.insert_full(item.code.clone(), code);
            if !item.retired {
                list.by_title.entry(item.title.clone()).or_default().push(at);
            }
        }
        list
    }

    pub(crate) fn get(&self, code: &str) -> Option<&Code> {
        self.codes.get(code)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Code)> {
        self.codes.iter().map(|(code, item)| (code.as_str(), item))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Code> {
        self.codes.values()
    }

    /// The code and those above it, the top first.
    pub(crate) fn path<'a>(&'a self, code: &'a str) -> Vec<&'a str> {
        let above = |code: &&'a str| self.codes.get(*code)?.parent.as_deref();
        let known = self.codes.get_key_value(code).map(|(known, _)| known.as_str());
        let mut path: Vec<&str> = std::iter::successors(known, above).take(LEVELS_MAX).collect();
        path.reverse();
        path
    }

    /// The titles from the top down to the code, `separator` between them.
    pub(crate) fn path_text(&self, code: &str, separator: &str) -> String {
        let titles =
            self.path(code).into_iter().filter_map(|code| self.get(code)).map(|code| code.title.as_str());
        titles.collect::<Vec<_>>().join(separator)
    }

    /// The code that a text names: itself, a title, or titles from the top down with `/` between them.
    pub(crate) fn named(&self, text: &str) -> Result<&str, Unnamed> {
        if let Some((code, _)) = self.codes.get_key_value(text) {
            return Ok(code);
        }
        let (above, title) = match text.rsplit_once('/') {
            Some((above, title)) => (Some(above.trim()), title.trim()),
            None => (None, text),
        };
        let named = self.by_title.get(title).map_or(&[][..], Vec::as_slice).iter();
        let mut fitting = named.filter_map(|at| self.codes.get_index(*at)).filter(|(_, code)| match above {
            Some(above) => code.parent.as_deref().is_some_and(|parent| self.named(above) == Ok(parent)),
            None => true,
        });
        match (fitting.next(), fitting.next()) {
            (Some((code, _)), None) => Ok(code),
            (Some(_), Some(_)) => Err(Unnamed::Ambiguous),
            _ => Err(Unnamed::Unknown),
        }
    }

    /// The longest chain of titles from the top down that the text begins with: its last code and the rest.
    pub(crate) fn leading<'t>(&self, text: &'t str) -> Option<(&str, &'t str)> {
        let mut found = None;
        let (mut above, mut rest) = (None, text);
        for _ in 0..LEVELS_MAX {
            let below =
                self.codes.iter().filter(|(_, code)| code.parent.as_deref() == above && !code.retired);
            let next = below
                .filter(|(_, code)| rest.starts_with(code.title.as_str()))
                .max_by_key(|(_, code)| code.title.len());
            let Some((code, item)) = next else { break };
            above = Some(code.as_str());
            rest = rest[item.title.len()..].trim_start_matches([' ', '/', '　']);
            found = Some((code.as_str(), rest));
        }
        found
    }
}

fn code(item: &DictionaryItem, leaf: bool) -> Code {
    Code {
        title: item.title.clone(),
        retired: item.retired,
        certificate: Certificate::from_title(&item.title),
        parent: item.parent.clone(),
        leaf,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two districts of Shanghai, each with a street of the same name.
    pub(crate) fn regions() -> CodeList {
        let item = |code: &str, title: &str, parent: Option<&str>| DictionaryItem {
            code: code.to_owned(),
            title: title.to_owned(),
            parent: parent.map(str::to_owned),
            tone: None,
            note: None,
            retired: false,
        };
        CodeList::of(&Dictionary {
            dictionary: "t.region".to_owned(),
            title: "地区".to_owned(),
            purpose: None,
            items: vec![
                item("310115", "浦东新区", None),
                item("310115005", "陆家嘴街道", Some("310115")),
                item("310115005001", "东昌居委会", Some("310115005")),
                item("310101", "黄浦区", None),
                item("310101005", "陆家嘴街道", Some("310101")),
            ],
        })
    }

    #[test]
    fn codes_are_found_by_code_title_and_path() {
        let list = regions();
        assert_eq!(list.named("310115005"), Ok("310115005"));
        assert_eq!(list.named("东昌居委会"), Ok("310115005001"));
        assert_eq!(list.named("陆家嘴街道"), Err(Unnamed::Ambiguous));
        assert_eq!(list.named("黄浦区 / 陆家嘴街道"), Ok("310101005"));
        assert_eq!(list.named("浦东新区/陆家嘴街道/东昌居委会"), Ok("310115005001"));
        assert_eq!(list.named("徐汇区"), Err(Unnamed::Unknown));
        assert_eq!(list.named("徐汇区/陆家嘴街道"), Err(Unnamed::Unknown));
    }

    #[test]
    fn paths_go_from_the_top_down_and_leaves_are_known() {
        let list = regions();
        assert_eq!(list.path("310115005001"), ["310115", "310115005", "310115005001"]);
        assert_eq!(list.path_text("310115005", " "), "浦东新区 陆家嘴街道");
        assert!(list.path("nowhere").is_empty());
        assert!(list.get("310115005001").unwrap().leaf && !list.get("310115").unwrap().leaf);
    }

    #[test]
    fn the_region_at_the_head_of_a_text_is_taken_off() {
        let list = regions();
        assert_eq!(list.leading("浦东新区陆家嘴街道世纪大道1号"), Some(("310115005", "世纪大道1号")));
        assert_eq!(list.leading("黄浦区 人民大道200号"), Some(("310101", "人民大道200号")));
        assert_eq!(list.leading("陆家嘴街道1号"), None, "a street without its district may be anywhere");
    }
}
