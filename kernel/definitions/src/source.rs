//! Definition files as text, and what their paths say: application and kind.

use std::fmt;

/// The text of one file below an application's `definitions` folder: a definition (`.yaml`) or a file that
/// stands beside one (`.bpmn`, `.json`, `.typ`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// E.g. `apps/eligibility/definitions/entities/case.yaml`.
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    pub(crate) fn is_definition(&self) -> bool {
        self.path.ends_with(".yaml") || self.path.ends_with(".yml")
    }

    /// The application and the folder of kinds: `…/<app>/definitions/<folder>/<file>`.
    pub(crate) fn app_and_folder(&self) -> Option<(&str, &str)> {
        let mut parts = self.path.rsplit('/').skip(1);
        let folder = parts.next()?;
        (parts.next()? == "definitions").then_some(())?;
        Some((parts.next()?, folder))
    }
}

/// The kinds of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Entity,
    Dictionary,
    Page,
    Process,
    Decision,
    Document,
    Role,
    Menu,
    Message,
    Sequence,
    Connector,
    Extension,
}

impl Kind {
    pub const ALL: [Kind; 12] = [
        Kind::Entity,
        Kind::Dictionary,
        Kind::Page,
        Kind::Process,
        Kind::Decision,
        Kind::Document,
        Kind::Role,
        Kind::Menu,
        Kind::Message,
        Kind::Sequence,
        Kind::Connector,
        Kind::Extension,
    ];

    /// The first key of a definition of this kind, which holds its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Entity => "entity",
            Kind::Dictionary => "dictionary",
            Kind::Page => "page",
            Kind::Process => "process",
            Kind::Decision => "decision",
            Kind::Document => "document",
            Kind::Role => "role",
            Kind::Menu => "menu",
            Kind::Message => "message",
            Kind::Sequence => "sequence",
            Kind::Connector => "connector",
            Kind::Extension => "extension",
        }
    }

    /// The folder its definitions lie in.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Entity => "entities",
            Kind::Dictionary => "dictionaries",
            Kind::Page => "pages",
            Kind::Process => "processes",
            Kind::Decision => "decisions",
            Kind::Document => "documents",
            Kind::Role => "roles",
            Kind::Menu => "menus",
            Kind::Message => "messages",
            Kind::Sequence => "sequences",
            Kind::Connector => "connectors",
            Kind::Extension => "extensions",
        }
    }

    /// What it is called in messages.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Entity => "实体",
            Kind::Dictionary => "字典",
            Kind::Page => "页面",
            Kind::Process => "流程",
            Kind::Decision => "决策",
            Kind::Document => "文书",
            Kind::Role => "角色",
            Kind::Menu => "菜单",
            Kind::Message => "消息",
            Kind::Sequence => "编号",
            Kind::Connector => "连接器",
            Kind::Extension => "扩展",
        }
    }

    pub fn from_name(name: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn from_folder(folder: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.folder() == folder)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
