//! What publishers do: publish drafts, restore an earlier publication, look at what was published.

use std::collections::BTreeMap;
use std::sync::Arc;

use anju_crypto::sm3_hex;
use anju_definitions::Kind;
use anju_definitions::overlay::{Conflict, TextChange, changes, name_of};
use anju_records::{Actor, Effect};
use serde::{Deserialize, Serialize};

use super::assemble::{Files, definition, files_of};
use super::carry_out::{Publisher, Strictness};
use super::drafts::DraftKey;
use super::publications::{self, PublicationSummary};
use super::{PublishError, RequestKey, Right, texts};
use crate::Runtime;

/// Longest reason in characters.
const REASON_MAX: usize = 500;
/// Publications in one list at most.
const LIST_MAX: u64 = 200;

/// What is to be published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// The drafts; all, if absent.
    #[serde(default)]
    pub drafts: Option<Vec<DraftKey>>,
    pub reason: String,
    /// Number of the publication that the preview was held against.
    #[serde(default)]
    pub expected: Option<i64>,
}

/// A publication that is in force.
#[derive(Debug, Clone, Serialize)]
pub struct Published {
    pub number: i64,
    pub effects: Vec<Effect>,
    pub conflicts: Vec<Conflict>,
}

/// A definition as it is in force.
#[derive(Debug, Clone, Serialize)]
pub struct DefinitionSource {
    #[serde(flatten)]
    pub name: DraftKey,
    pub text: String,
    /// Files beside it, by name.
    pub files: BTreeMap<String, String>,
    pub digest: String,
    /// Whether the site has made or replaced it.
    pub is_site: bool,
    /// The shipped text that the site has replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipped: Option<String>,
}

/// What differs in one definition between two publications.
#[derive(Debug, Clone, Serialize)]
pub struct DefinitionChange {
    #[serde(flatten)]
    pub name: DraftKey,
    pub changes: Vec<TextChange>,
}

impl Runtime {
    /// Publishes drafts. Runs to its end whatever becomes of the caller.
    ///
    /// # Errors
    /// [`PublishError::Problems`], [`PublishError::Refused`] with everything that stands in the way,
    /// [`PublishError::Repeated`] with the answer that was given under the same key.
    pub async fn publish(
        self: &Arc<Self>,
        actor: &Actor,
        request: PublishRequest,
        once: Option<RequestKey>,
    ) -> Result<Published, PublishError> {
        let (runtime, actor) = (self.clone(), actor.clone());
        to_the_end(async move {
            Right::Publish.require(&runtime.catalog.load(), &actor)?;
            let reason = checked_reason(&request.reason)?.to_owned();
            let _turn = runtime.following.turn().await;
            runtime.refuse_repeated(&actor, once.as_ref()).await?;
            let files = runtime.newest_files(request.expected).await?;
            let candidate = runtime.candidate_of_drafts(&files, request.drafts.as_deref()).await?;
            if candidate.drafts.is_empty() {
                return Err(PublishError::invalid("drafts", "required", "没有要发布的草稿"));
            }
            runtime.require_publisher(&actor, &files, &candidate)?;
            let publisher = Publisher { actor: &actor, reason: &reason, once: once.as_ref() };
            runtime.carry_out(&publisher, &files, candidate, Strictness::All).await
        })
        .await
    }

    /// Puts the site's definitions back to what they were, as a publication of its own: where the data allows.
    pub async fn restore_publication(
        self: &Arc<Self>,
        actor: &Actor,
        number: i64,
        reason: &str,
        once: Option<RequestKey>,
    ) -> Result<Published, PublishError> {
        let (runtime, actor, reason) = (self.clone(), actor.clone(), reason.to_owned());
        to_the_end(async move {
            Right::Publish.require(&runtime.catalog.load(), &actor)?;
            let reason = checked_reason(&reason)?.to_owned();
            let _turn = runtime.following.turn().await;
            runtime.refuse_repeated(&actor, once.as_ref()).await?;
            let files = runtime.newest_files(None).await?;
            let candidate = runtime.candidate_of_publication(&files, number).await?;
            runtime.require_publisher(&actor, &files, &candidate)?;
            let reason = format!("恢复第 {number} 次发布：{reason}");
            let publisher = Publisher { actor: &actor, reason: &reason, once: once.as_ref() };
            runtime.carry_out(&publisher, &files, candidate, Strictness::All).await
        })
        .await
    }

    /// The files in force, after this replica has caught up. The caller holds the publishing lock.
    pub(super) async fn newest_files(&self, expected: Option<i64>) -> Result<Files, PublishError> {
        self.catch_up().await?;
        let number = self.following.number();
        if expected.is_some_and(|expected| expected != number) {
            return Err(PublishError::Overtaken { current: number });
        }
        Ok(files_of(&mut self.store.reader(), number).await?)
    }

    /// Number of the publication in force here.
    pub fn publication_number(&self) -> i64 {
        self.following.number()
    }

    /// Publications, the newest first, at most 200 a page.
    pub async fn publications(
        &self,
        actor: &Actor,
        before: Option<i64>,
    ) -> Result<Vec<PublicationSummary>, PublishError> {
        self.require_designer(actor)?;
        Ok(publications::list(&mut self.store.reader(), before, LIST_MAX).await?)
    }

    pub async fn publication(&self, actor: &Actor, number: i64) -> Result<PublicationSummary, PublishError> {
        self.require_designer(actor)?;
        Ok(publications::summary_of(&mut self.store.reader(), number).await?)
    }

    /// What differs between two publications, by definition.
    pub async fn compare_publications(
        &self,
        actor: &Actor,
        before: i64,
        after: i64,
    ) -> Result<Vec<DefinitionChange>, PublishError> {
        self.require_designer(actor)?;
        let mut reader = self.store.reader();
        let old = definitions(&files_of(&mut reader, before).await?);
        let new = definitions(&files_of(&mut reader, after).await?);
        let names: std::collections::BTreeSet<&DraftKey> = old.keys().chain(new.keys()).collect();
        let change = |name: &DraftKey| {
            let changes = changes(old.get(name).map(String::as_str), new.get(name).map(String::as_str));
            (!changes.is_empty()).then(|| DefinitionChange { name: name.clone(), changes })
        };
        Ok(names.into_iter().filter_map(change).collect())
    }

    /// A definition as text, for designers.
    pub async fn definition_source(
        &self,
        actor: &Actor,
        name: &DraftKey,
    ) -> Result<DefinitionSource, PublishError> {
        self.require_designer(actor)?;
        let kind = name.kind().ok_or(anju_records::Error::NotFound)?;
        let files = files_of(&mut self.store.reader(), self.following.number()).await?;
        let found = definition(&files, kind, &name.key).ok_or(anju_records::Error::NotFound)?;
        let is_site = files.site.iter().any(|file| file.path == found.path);
        let shipped = Files { site: Vec::new(), ..files.clone() };
        let shipped = definition(&shipped, kind, &name.key).filter(|_| is_site);
        let stem = found.path.trim_end_matches("yaml");
        let beside = files
            .site
            .iter()
            .chain(&files.shipped)
            .filter(|file| file.path.starts_with(stem) && file.path != found.path);
        let file_name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(DefinitionSource {
            name: name.clone(),
            digest: sm3_hex(found.text.as_bytes()),
            text: found.text.clone(),
            files: beside.map(|file| (file_name(&file.path), file.text.clone())).collect(),
            is_site,
            shipped: shipped.map(|file| file.text.clone()),
        })
    }

    /// The site's own definitions in force.
    pub async fn site_definitions(&self, actor: &Actor) -> Result<Vec<DraftKey>, PublishError> {
        self.require_designer(actor)?;
        let publication = publications::read(&mut self.store.reader(), self.following.number()).await?;
        let site = texts::read(&mut self.store.reader(), &publication.manifest.site).await?;
        let names = site.iter().filter(|file| file.path.ends_with(".yaml"));
        Ok(names.filter_map(|file| Some(key_of(name_of(&file.text)?))).collect())
    }
}

fn key_of((kind, key): (Kind, String)) -> DraftKey {
    DraftKey { kind: kind.name().to_owned(), key }
}

/// Texts by name; the site's in place of the shipped ones.
fn definitions(files: &Files) -> BTreeMap<DraftKey, String> {
    let all = files.shipped.iter().chain(&files.site).filter(|file| file.path.ends_with(".yaml"));
    all.filter_map(|file| Some((key_of(name_of(&file.text)?), file.text.clone()))).collect()
}

pub(super) fn checked_reason(reason: &str) -> Result<&str, PublishError> {
    let reason = reason.trim();
    match reason.is_empty() || reason.chars().count() > REASON_MAX {
        true => {
            let message = format!("请填写发布原因，不超过 {REASON_MAX} 字");
            Err(PublishError::invalid("reason", "required", message))
        }
        false => Ok(reason),
    }
}

/// On a task of its own, so that a caller who goes away does not break it off half-way.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, PublishError>> + Send + 'static,
) -> Result<T, PublishError> {
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(broken) => Err(anju_records::Error::Internal(broken.to_string()).into()),
    }
}
