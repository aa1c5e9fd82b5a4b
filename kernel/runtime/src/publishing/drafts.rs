//! Drafts: what designers work on. They do nothing until somebody else publishes them.

use std::collections::BTreeMap;

use anju_definitions::overlay::{definition_path, name_of};
use anju_definitions::{FILE_BYTES_MAX, Kind, Source};
use anju_records::{Actor, AuditEntry};
use anju_store::{ColumnKind, Condition, Direction, Fetch, Row, Select, SqlValue, Tx};
use serde::{Deserialize, Serialize};

use super::publications::shown;
use super::tables::DRAFT;
use super::{PublishError, Right};
use crate::Runtime;

/// Most drafts at a time.
const DRAFTS_MAX: u64 = 2_000;
/// Most files beside one definition.
const FILES_MAX: usize = 3;

/// The definition a draft is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftKey {
    /// `entity`, `page` …
    pub kind: String,
    pub key: String,
}

/// What a designer hands in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftInput {
    /// The definition, as YAML or JSON. Absent: the site's definition is to go, so that the shipped one, if there is
    /// one, is in force again.
    #[serde(default)]
    pub text: Option<String>,
    /// Files beside it by name: a diagram, a template.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Digest of the text that the designer began with; the one in force if absent.
    #[serde(default)]
    pub base: Option<String>,
    /// Revision of the draft that is being replaced; absent for the first.
    #[serde(default)]
    pub revision: Option<i64>,
}

/// A draft.
#[derive(Debug, Clone, Serialize)]
pub struct Draft {
    #[serde(flatten)]
    pub key: DraftKey,
    pub text: Option<String>,
    pub files: BTreeMap<String, String>,
    /// Digest of the text it changes; absent for a new definition.
    pub base: Option<String>,
    pub revision: i64,
    /// RFC 3339.
    pub updated_at: String,
    pub updated_by: String,
    pub updated_by_name: String,
}

impl DraftKey {
    /// The kind, if there is such a one.
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_name(&self.kind)
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.kind, self.key)
    }
}

impl Draft {
    /// The files of the site that the draft stands for.
    pub(super) fn sources(&self) -> Vec<Source> {
        let (Some(kind), Some(text)) = (self.key.kind(), &self.text) else { return Vec::new() };
        let path = definition_path(kind, &self.key.key);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let beside =
            self.files.iter().map(|(name, text)| Source::new(format!("{folder}/{name}"), text.clone()));
        std::iter::once(Source::new(path, text.clone())).chain(beside).collect()
    }
}

impl Runtime {
    /// All drafts, by kind and key.
    pub async fn drafts(&self, actor: &Actor) -> Result<Vec<Draft>, PublishError> {
        self.require_designer(actor)?;
        Ok(read_all(&mut self.store.reader()).await?)
    }

    /// # Errors
    /// [`anju_records::Error::NotFound`] if there is no such draft.
    pub async fn draft(&self, actor: &Actor, key: &DraftKey) -> Result<Draft, PublishError> {
        self.require_designer(actor)?;
        Ok(read(&mut self.store.reader(), key).await?.ok_or(anju_records::Error::NotFound)?)
    }

    /// Keeps a draft, in the caller's transaction.
    ///
    /// # Errors
    /// [`anju_records::Error::Stale`] when somebody else has changed the draft, [`anju_records::Error::Invalid`] for a
    /// text that is not the definition it is kept as.
    pub async fn put_draft(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        key: &DraftKey,
        input: DraftInput,
    ) -> Result<Draft, PublishError> {
        Right::Design.require(&self.catalog.load(), actor)?;
        let kind = check(key, &input)?;
        let earlier = read(tx, key).await?;
        let revision = earlier.as_ref().map_or(0, |draft| draft.revision);
        if input.revision.unwrap_or(0) != revision {
            return Err(anju_records::Error::Stale { current: revision }.into());
        }
        let base = match (input.base, &earlier) {
            (Some(base), _) => Some(base),
            (None, Some(earlier)) => earlier.base.clone(),
            (None, None) => self.definition_in_force(tx, kind, &key.key).await?.map(|(_, digest)| digest),
        };
        let now = self.clock.now();
        tx.delete(DRAFT, one(key)).await?;
        let row: Vec<(&str, SqlValue)> = vec![
            ("kind", key.kind.as_str().into()),
            ("key", key.key.as_str().into()),
            ("text", input.text.as_deref().into()),
            ("files", serde_json::to_string(&input.files).unwrap_or_default().into()),
            ("base", base.as_deref().into()),
            ("revision", (revision + 1).into()),
            ("updated_at", now.into()),
            ("updated_by", actor.account_id.as_str().into()),
            ("updated_by_name", actor.name.as_str().into()),
        ];
        tx.insert(DRAFT, row).await?;
        let entry = AuditEntry::named("definition.drafted");
        self.records.audit(tx, actor, &entry.because(Some(&key.name()))).await?;
        Ok(read(tx, key).await?.ok_or(anju_records::Error::NotFound)?)
    }

    /// Throws a draft away.
    pub async fn discard_draft(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        key: &DraftKey,
    ) -> Result<(), PublishError> {
        Right::Design.require(&self.catalog.load(), actor)?;
        if tx.delete(DRAFT, one(key)).await? == 0 {
            return Err(anju_records::Error::NotFound.into());
        }
        let entry = AuditEntry::named("definition.discarded");
        Ok(self.records.audit(tx, actor, &entry.because(Some(&key.name()))).await?)
    }

    /// Designers and publishers both look at drafts.
    pub(super) fn require_designer(&self, actor: &Actor) -> Result<(), PublishError> {
        let catalog = self.catalog.load();
        match Right::Publish.is_held(&catalog, actor) {
            true => Ok(()),
            false => Ok(Right::Design.require(&catalog, actor)?),
        }
    }
}

fn check(key: &DraftKey, input: &DraftInput) -> Result<Kind, PublishError> {
    let kind = key.kind().ok_or(anju_records::Error::NotFound)?;
    let Some(text) = &input.text else {
        return match input.files.is_empty() {
            true => Ok(kind),
            false => Err(PublishError::invalid("files", "unknown", "撤销定义时不能带文件")),
        };
    };
    let large = text.len() > FILE_BYTES_MAX || input.files.values().any(|file| file.len() > FILE_BYTES_MAX);
    if large || input.files.len() > FILES_MAX {
        return Err(PublishError::invalid(
            "text",
            "length",
            format!("定义超过 {FILE_BYTES_MAX} 字节或附带文件过多"),
        ));
    }
    let own = key.key.split_once('.').map_or("", |(_, name)| name);
    let is_own =
        |name: &String| [".bpmn", ".json", ".typ"].iter().any(|end| name.strip_suffix(end) == Some(own));
    if let Some(name) = input.files.keys().find(|name| !is_own(name)) {
        let message = format!("“{name}”应以定义的名称命名，如 {own}.bpmn、{own}.json、{own}.typ");
        return Err(PublishError::invalid("files", "format", message));
    }
    match name_of(text) {
        Some((found, name)) if found == kind && name == key.key => Ok(kind),
        Some((found, name)) => {
            let message =
                format!("内容是{}“{name}”，与地址中的{}“{}”不符", found.title(), kind.title(), key.key);
            Err(PublishError::invalid("text", "name", message))
        }
        None => {
            let message = "无法读取定义：第一个键应为定义的种类，如 entity: app.name";
            Err(PublishError::invalid("text", "format", message))
        }
    }
}

fn one(key: &DraftKey) -> Condition {
    Condition::eq(DRAFT, "kind", key.kind.as_str()).and(Condition::eq(DRAFT, "key", key.key.as_str()))
}

fn select() -> Select {
    use ColumnKind::{Int, Text};
    let columns = [
        ("kind", Text),
        ("key", Text),
        ("text", Text),
        ("files", Text),
        ("base", Text),
        ("revision", Int),
        ("updated_at", Int),
        ("updated_by", Text),
        ("updated_by_name", Text),
    ];
    columns.into_iter().fold(Select::from(DRAFT), |select, (name, kind)| select.column(name, kind))
}

pub(super) async fn read_all(source: &mut (dyn Fetch + '_)) -> anju_store::Result<Vec<Draft>> {
    let all = select()
        .order_by("kind", Direction::Ascending)
        .order_by("key", Direction::Ascending)
        .limit(DRAFTS_MAX);
    source.fetch_all(&all).await?.iter().map(draft_of).collect()
}

async fn read(source: &mut (dyn Fetch + '_), key: &DraftKey) -> anju_store::Result<Option<Draft>> {
    let row = source.fetch_optional(&select().filter(one(key))).await?;
    row.as_ref().map(draft_of).transpose()
}

/// Takes drafts that have been published out of the way, unless they were changed meanwhile.
pub(super) async fn clear(tx: &mut Tx, drafts: &[Draft]) -> anju_store::Result<()> {
    for draft in drafts {
        let same = one(&draft.key).and(Condition::eq(DRAFT, "revision", draft.revision));
        tx.delete(DRAFT, same).await?;
    }
    Ok(())
}

fn draft_of(row: &Row) -> anju_store::Result<Draft> {
    let text = |at: usize| -> anju_store::Result<String> { Ok(row.text(at)?.to_owned()) };
    let files = serde_json::from_str(row.text(3)?)
        .map_err(|error| anju_store::Error::Database(format!("a draft is damaged: {error}")))?;
    Ok(Draft {
        key: DraftKey { kind: text(0)?, key: text(1)? },
        text: row.opt_text(2)?.map(str::to_owned),
        files,
        base: row.opt_text(4)?.map(str::to_owned),
        revision: row.int(5)?,
        updated_at: shown(row.int(6)?)?,
        updated_by: text(7)?,
        updated_by_name: text(8)?,
    })
}
