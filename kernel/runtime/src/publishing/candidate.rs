//! A set of definitions that might be published: looked at as a whole, and held against the data.

use anju_definitions::overlay::Conflict;
use anju_definitions::{Problem, Source};
use anju_records::{Actor, Effect, Impact, Refusal};
use anju_store::SchemaChange;
use serde::Serialize;

use super::assemble::{self, Files, files_of, outdated, with_drafts};
use super::drafts::{self, Draft, DraftKey};
use super::publications::PublicationKind;
use super::{PublishError, Right};
use crate::{Runtime, inspection::Inspected};

/// What might be published.
pub(super) struct Candidate {
    pub kind: PublicationKind,
    pub shipped: Vec<Source>,
    pub site: Vec<Source>,
    pub drafts: Vec<Draft>,
    pub conflicts: Vec<Conflict>,
    pub inspected: Inspected,
}

/// What publishing would do.
#[derive(Debug, Default, Serialize)]
pub struct Preview {
    /// The publication in force that this was held against.
    pub current: i64,
    pub problems: Vec<Problem>,
    pub effects: Vec<Effect>,
    pub refusals: Vec<Refusal>,
    /// Changes of tables, in Chinese.
    pub schema: Vec<String>,
}

impl Preview {
    /// Whether it could be published as it is.
    pub fn is_publishable(&self) -> bool {
        self.refusals.is_empty() && !self.problems.iter().any(Problem::is_error)
    }
}

impl Runtime {
    /// Every problem of the drafts named (of all, if none are) as they would be published.
    pub async fn check_drafts(
        &self,
        actor: &Actor,
        chosen: Option<&[DraftKey]>,
    ) -> Result<Vec<Problem>, PublishError> {
        self.require_designer(actor)?;
        let files = files_of(&mut self.store.reader(), self.following.number()).await?;
        let candidate = self.candidate_of_drafts(&files, chosen).await?;
        Ok(of_site(candidate.inspected.problems))
    }

    /// What publishing the drafts named (all, if none are) would do.
    pub async fn preview_drafts(
        &self,
        actor: &Actor,
        chosen: Option<&[DraftKey]>,
    ) -> Result<Preview, PublishError> {
        self.require_designer(actor)?;
        let files = files_of(&mut self.store.reader(), self.following.number()).await?;
        let candidate = self.candidate_of_drafts(&files, chosen).await?;
        self.preview(&files, candidate).await
    }

    /// What restoring an earlier publication would do.
    pub async fn preview_restoring(&self, actor: &Actor, number: i64) -> Result<Preview, PublishError> {
        self.require_designer(actor)?;
        let files = files_of(&mut self.store.reader(), self.following.number()).await?;
        let candidate = self.candidate_of_publication(&files, number).await?;
        self.preview(&files, candidate).await
    }

    async fn preview(&self, files: &Files, candidate: Candidate) -> Result<Preview, PublishError> {
        let mut preview = Preview { current: files.number, ..Preview::default() };
        let sound = candidate.inspected.is_sound();
        preview.problems = of_site(candidate.inspected.problems.clone());
        if !sound {
            return Ok(preview);
        }
        let impact = self.impact_of(&candidate, files).await?;
        preview.schema = self.schema_of(&candidate, files).await?;
        (preview.effects, preview.refusals) = (impact.effects, impact.refusals);
        Ok(preview)
    }

    /// The candidate that drafts make.
    pub(super) async fn candidate_of_drafts(
        &self,
        files: &Files,
        chosen: Option<&[DraftKey]>,
    ) -> Result<Candidate, PublishError> {
        let all = drafts::read_all(&mut self.store.reader()).await?;
        let drafts = choose(all, chosen)?;
        let site = with_drafts(&files.site, &drafts);
        let mut candidate = self.candidate(PublicationKind::Drafts, files.shipped.clone(), site);
        candidate.inspected.problems.extend(outdated(files, &drafts));
        candidate.drafts = drafts;
        Ok(candidate)
    }

    /// The candidate that an earlier publication's own definitions make over what is shipped today.
    pub(super) async fn candidate_of_publication(
        &self,
        files: &Files,
        number: i64,
    ) -> Result<Candidate, PublishError> {
        let earlier = files_of(&mut self.store.reader(), number).await?;
        let upgraded = anju_definitions::overlay::upgrade(&earlier.shipped, &files.shipped, &earlier.site);
        let mut candidate = self.candidate(PublicationKind::Restored, files.shipped.clone(), upgraded.site);
        candidate.conflicts = upgraded.conflicts;
        Ok(candidate)
    }

    pub(super) fn candidate(
        &self,
        kind: PublicationKind,
        shipped: Vec<Source>,
        site: Vec<Source>,
    ) -> Candidate {
        let sources = anju_definitions::overlay::compose(&shipped, &site);
        let mut inspected = self.inspector.inspect(&sources);
        inspected.problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Candidate { kind, shipped, site, drafts: Vec::new(), conflicts: Vec::new(), inspected }
    }

    /// What the data and the running processes say.
    pub(super) async fn impact_of(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Impact, PublishError> {
        let mut next = candidate.inspected.catalog.clone();
        next.generations = files.generations.clone();
        let mut impact = self.records.impact(&next).await?;
        impact.refusals.extend(self.process_refusals(candidate).await?);
        Ok(impact)
    }

    async fn schema_of(&self, candidate: &Candidate, files: &Files) -> Result<Vec<String>, PublishError> {
        let mut next = candidate.inspected.catalog.clone();
        next.generations = files.generations.clone();
        match self.store.schema_changes(&anju_records::tables(&next)?).await {
            Ok(changes) => Ok(changes.iter().map(words).collect()),
            // What the tables cannot become is among the refusals already.
            Err(anju_store::Error::Schema(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses whoever may publish, but not this.
    pub(super) fn require_publisher(
        &self,
        actor: &Actor,
        files: &Files,
        candidate: &Candidate,
    ) -> Result<(), PublishError> {
        let catalog = self.catalog.load();
        if roles_of(&files.site).ne(roles_of(&candidate.site)) {
            Right::GrantRoles.require(&catalog, actor)?;
        }
        let own = candidate.drafts.iter().find(|draft| draft.updated_by == actor.account_id);
        match own.filter(|_| !actor.is_system()) {
            None => Ok(()),
            Some(own) => {
                let message = format!("“{}”是您本人起草的，须由他人发布", own.key.key);
                Err(anju_records::Error::forbidden(message).into())
            }
        }
    }
}

/// The site's own definitions of roles.
fn roles_of(site: &[Source]) -> impl Iterator<Item = (&str, &str)> {
    let roles = site.iter().filter(|file| file.path.contains("/definitions/roles/"));
    let mut roles: Vec<_> = roles.map(|file| (file.path.as_str(), file.text.as_str())).collect();
    roles.sort_unstable();
    roles.into_iter()
}

fn choose(all: Vec<Draft>, chosen: Option<&[DraftKey]>) -> Result<Vec<Draft>, PublishError> {
    let Some(chosen) = chosen else { return Ok(all) };
    let known = |key: &&DraftKey| all.iter().any(|draft| draft.key == **key);
    if let Some(missing) = chosen.iter().find(|key| !known(key)) {
        let message = format!("没有“{}”的草稿", missing.key);
        return Err(PublishError::invalid("drafts", "unknown", message));
    }
    Ok(all.into_iter().filter(|draft| chosen.contains(&draft.key)).collect())
}

/// Errors wherever they are; warnings only about the site's own definitions.
fn of_site(problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().filter(|problem| problem.is_error() || assemble::is_site(&problem.file)).collect()
}

fn words(change: &SchemaChange) -> String {
    match change {
        SchemaChange::TableCreated { table } => format!("新建数据表 {table}"),
        SchemaChange::ColumnAdded { table, column } => format!("数据表 {table} 增加列 {column}"),
        SchemaChange::IndexCreated { index, .. } => format!("新建索引 {index}（不影响办理）"),
        SchemaChange::RowsCoded { table, rows } => format!("数据表 {table} 的 {rows} 行补记认证码"),
        SchemaChange::MadeAppendOnly { table } => format!("数据表 {table} 改为只增不改"),
    }
}
