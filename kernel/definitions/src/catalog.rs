//! The compiled definitions of all applications: immutable, shared, swapped as a whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use indexmap::IndexMap;

use crate::{
    Connector, Decision, Dictionary, DictionaryItem, Document, Entity, Kind, Level, Menu, Message, Operation,
    Page, Process, ROLES, Role, Sequence,
};

/// What running code holds: publishing swaps the catalog under it.
pub type SharedCatalog = Arc<ArcSwap<Catalog>>;

/// All definitions by key.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub entities: IndexMap<String, Arc<Entity>>,
    pub dictionaries: IndexMap<String, Arc<Dictionary>>,
    pub pages: IndexMap<String, Arc<Page>>,
    pub processes: IndexMap<String, Arc<Process>>,
    pub decisions: IndexMap<String, Arc<Decision>>,
    pub documents: IndexMap<String, Arc<Document>>,
    pub roles: IndexMap<String, Arc<Role>>,
    pub menus: IndexMap<String, Arc<Menu>>,
    pub messages: IndexMap<String, Arc<Message>>,
    pub sequences: IndexMap<String, Arc<Sequence>>,
    pub connectors: IndexMap<String, Arc<Connector>>,
    /// SM3 (hex) of all source files: changes when any of them does.
    pub version: String,
    /// Child tables by the key of their parent.
    pub(crate) children: HashMap<String, Vec<Arc<Entity>>>,
    pub(crate) origins: HashMap<(Kind, String), Origin>,
}

/// Where a part of a definition stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub file: String,
    /// Line in the file, from 1.
    pub line: u32,
}

/// The file of a definition and the lines of its parts, by path: keys and indexes joined with `/`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub file: String,
    pub lines: BTreeMap<String, u32>,
}

impl Origin {
    /// The path of a file that stands beside the definition.
    pub(crate) fn beside(&self, file: &str) -> String {
        match self.file.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{file}"),
            None => file.to_owned(),
        }
    }

    /// The line of the part, or of the nearest part around it.
    pub(crate) fn line(&self, path: &str) -> u32 {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return *line;
            }
            match path.rsplit_once('/') {
                Some((around, _)) => path = around,
                None => return self.lines.get("").copied().unwrap_or(1),
            }
        }
    }
}

impl Catalog {
    pub fn entity(&self, key: &str) -> Option<&Arc<Entity>> {
        self.entities.get(key)
    }

    pub fn dictionary(&self, key: &str) -> Option<&Arc<Dictionary>> {
        self.dictionaries.get(key)
    }

    pub fn page(&self, key: &str) -> Option<&Arc<Page>> {
        self.pages.get(key)
    }

    pub fn process(&self, key: &str) -> Option<&Arc<Process>> {
        self.processes.get(key)
    }

    pub fn decision(&self, key: &str) -> Option<&Arc<Decision>> {
        self.decisions.get(key)
    }

    pub fn document(&self, key: &str) -> Option<&Arc<Document>> {
        self.documents.get(key)
    }

    pub fn role(&self, key: &str) -> Option<&Arc<Role>> {
        self.roles.get(key)
    }

    pub fn menu(&self, key: &str) -> Option<&Arc<Menu>> {
        self.menus.get(key)
    }

    pub fn message(&self, key: &str) -> Option<&Arc<Message>> {
        self.messages.get(key)
    }

    pub fn sequence(&self, key: &str) -> Option<&Arc<Sequence>> {
        self.sequences.get(key)
    }

    pub fn connector(&self, key: &str) -> Option<&Arc<Connector>> {
        self.connectors.get(key)
    }

    /// The connector and operation named `app.connector.operation`.
    pub fn operation(&self, name: &str) -> Option<(&Arc<Connector>, &Operation)> {
        let (connector, operation) = name.rsplit_once('.')?;
        let connector = self.connector(connector)?;
        Some((connector, connector.operations.get(operation)?))
    }

    /// The child tables of an entity, in the order of their keys.
    pub fn children_of(&self, entity: &str) -> &[Arc<Entity>] {
        self.children.get(entity).map_or(&[], Vec::as_slice)
    }

    /// The child table that appears under `name` in the parent's JSON.
    pub fn child(&self, entity: &str, name: &str) -> Option<&Arc<Entity>> {
        self.children_of(entity).iter().find(|child| child.parent.as_ref().is_some_and(|p| p.as_name == name))
    }

    /// The entity a child table hangs on; none if it is no child table.
    pub fn parent_of(&self, child: &Entity) -> Option<&Arc<Entity>> {
        let parent = child.parent.as_ref()?;
        self.entity(child.fields.get(&parent.field)?.to.as_deref()?)
    }

    /// The process that keeps its last day in a field of this entity's records, and that field.
    pub fn countdown_of(&self, entity: &str) -> Option<(&Process, &str)> {
        let mut processes = self.processes.values().filter(|process| process.entity == entity);
        processes.find_map(|process| Some((&**process, process.due_field.as_deref()?)))
    }

    /// Whether `code` is `ancestor` or stands below it in the tree of the dictionary.
    pub fn is_under(&self, dictionary: &str, code: &str, ancestor: &str) -> bool {
        self.dictionary(dictionary).is_some_and(|dictionary| dictionary.is_under(code, ancestor))
    }

    /// Where a part of a definition stands; `path` is keys and indexes joined with `/`, empty for the whole.
    /// None when the definition did not come from a file.
    pub fn place(&self, kind: Kind, key: &str, path: &str) -> Option<Place> {
        let origin = self.origins.get(&(kind, key.to_owned()))?;
        Some(Place { file: origin.file.clone(), line: origin.line(path) })
    }

    pub(crate) fn has(&self, kind: Kind, key: &str) -> bool {
        match kind {
            Kind::Entity => self.entities.contains_key(key),
            Kind::Dictionary => self.dictionaries.contains_key(key),
            Kind::Page => self.pages.contains_key(key),
            Kind::Process => self.processes.contains_key(key),
            Kind::Decision => self.decisions.contains_key(key),
            Kind::Document => self.documents.contains_key(key),
            Kind::Role => self.roles.contains_key(key),
            Kind::Menu => self.menus.contains_key(key),
            Kind::Message => self.messages.contains_key(key),
            Kind::Sequence => self.sequences.contains_key(key),
            Kind::Connector => self.connectors.contains_key(key),
        }
    }

    /// The keys of a kind that came from files, those that could not be read included.
    pub(crate) fn keys(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.origins.keys().filter(move |(of, _)| *of == kind).map(|(_, key)| key.as_str())
    }

    /// Makes the lookups that follow from the definitions.
    pub(crate) fn index(&mut self) {
        self.children.clear();
        let children: Vec<_> = self
            .entities
            .values()
            .filter_map(|e| Some((self.parent_of(e)?.entity.clone(), e.clone())))
            .collect();
        for (parent, child) in children {
            self.children.entry(parent).or_default().push(child);
        }
        self.dictionaries.insert(ROLES.to_owned(), Arc::new(self.roles_as_dictionary()));
    }

    /// Roles as choices, by level; those of callers who are not signed in are nobody's to give.
    fn roles_as_dictionary(&self) -> Dictionary {
        let mut roles: Vec<&Role> =
            self.roles.values().map(|role| &**role).filter(|role| role.level != Level::Public).collect();
        roles.sort_by_key(|role| role.level as u8);
        let item = |role: &Role| DictionaryItem {
            code: role.role.clone(),
            title: role.title.clone(),
            note: Some(role.level.title().to_owned()),
            parent: None,
            tone: None,
            retired: false,
        };
        Dictionary {
            dictionary: ROLES.to_owned(),
            title: "角色".to_owned(),
            purpose: None,
            items: roles.into_iter().map(item).collect(),
        }
    }
}
