//! The publication itself: everything that can be done beside people's work first, then one transaction, then the
//! swap, then what is better done afterwards, which the job that follows does once more ([`super::follow_up`]).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anju_definitions::Catalog;
use anju_records::{Actor, AuditEntry, Impact, Refusal};
use anju_store::{Error as StoreError, NewEvent};
use serde_json::json;

use super::assemble::Files;
use super::candidate::Candidate;
use super::drafts;
use super::publications::{self, NewPublication};
use super::texts::{self, Manifest};
use super::{PublishError, Published, RequestKey};
use crate::Runtime;

/// How often the last step is tried while tables are in use.
const ATTEMPTS_MAX: u32 = 60;
const PAUSE: Duration = Duration::from_millis(100);

/// Who publishes, and why.
pub(super) struct Publisher<'a> {
    pub actor: &'a Actor,
    pub reason: &'a str,
    /// Under which the answer is remembered.
    pub once: Option<&'a RequestKey>,
}

/// How strictly refusals are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Any refusal stops the publication.
    All,
    /// A release that is started: what it drops stays in the tables, only what the tables cannot become stops it.
    TablesOnly,
}

impl Runtime {
    /// Publishes a sound candidate over the files in force. The caller holds the publishing lock.
    pub(super) async fn carry_out(
        &self,
        publisher: &Publisher<'_>,
        files: &Files,
        candidate: Candidate,
        strictness: Strictness,
    ) -> Result<Published, PublishError> {
        if !candidate.inspected.is_sound() {
            return Err(PublishError::Problems(candidate.inspected.problems));
        }
        let mut impact = self.impact_of(&candidate, files).await?;
        if strictness == Strictness::TablesOnly {
            impact.refusals.retain(stops_a_release);
        }
        if !impact.refusals.is_empty() {
            return Err(PublishError::Refused(impact.refusals));
        }
        let mut next = candidate.inspected.catalog.clone();
        next.generations = files.generations.clone();
        let recorded = async {
            self.extend_tables(&next).await?;
            self.fill(publisher, impact.fills.iter().filter(|fill| fill.is_new())).await?;
            self.record(publisher, files, &candidate, &impact, &mut next).await
        };
        let published = match recorded.await {
            Ok(published) => published,
            Err(error) => {
                self.take_stock().await;
                return Err(error);
            }
        };
        self.swap(next, candidate.inspected.decisions, published.number)?;
        // Records that came between, and those of fields that existed before, follow under the new definitions.
        if let Err(error) = self.fill(publisher, impact.fills.iter()).await {
            tracing::warn!(%error, "existing records are filled by the job that follows");
        }
        self.tidy_keys().await;
        if let Err(error) = self.keep_search_current().await {
            tracing::warn!(%error, "records are made searchable by the job that follows");
        }
        Ok(published)
    }

    /// After a failure. The answer to the commit may have been lost: what is in force then is taken over. A unique index
    /// that was made for what nobody has published would be enforced all the same, and goes.
    async fn take_stock(&self) {
        match self.catch_up().await {
            Ok(()) => self.tidy_keys().await,
            Err(error) => tracing::warn!(%error, "unique indexes stay as they are for now"),
        }
    }

    async fn extend_tables(&self, next: &Catalog) -> Result<(), PublishError> {
        let tables = anju_records::tables(next)?;
        match self.store.extend_schema(&tables).await {
            Ok(changes) => {
                changes.iter().for_each(|change| tracing::info!(?change, "schema extended"));
                Ok(())
            }
            Err(StoreError::Unique { table, columns }) => Err(PublishError::Refused(vec![Refusal {
                entity: table,
                field: columns.last().cloned(),
                code: "unique_broken",
                message: format!("刚刚出现了 {} 相同的记录", columns.join("、")),
                way: "先合并或更正这些记录，再发布唯一约束",
            }])),
            Err(other) => Err(other.into()),
        }
    }

    /// The one transaction. What other replicas do for the old definitions from now on, as far as it concerns values
    /// that have changed their form, fails by itself.
    async fn record(
        &self,
        publisher: &Publisher<'_>,
        files: &Files,
        candidate: &Candidate,
        impact: &Impact,
        next: &mut Catalog,
    ) -> Result<Published, PublishError> {
        for _ in 0..ATTEMPTS_MAX {
            match self.try_record(publisher, files, candidate, impact, &next.version).await {
                Ok((published, generations)) => {
                    next.generations = generations;
                    return Ok(published);
                }
                Err(PublishError::Records(anju_records::Error::Store(StoreError::Retry(_)))) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(PublishError::Records(anju_records::Error::Store(StoreError::Unique { .. }))) => {
                    return Err(PublishError::Overtaken { current: files.number + 1 });
                }
                Err(other) => return Err(other),
            }
        }
        Err(StoreError::Retry("tables that have to be rewritten are in use".to_owned()).into())
    }

    async fn try_record(
        &self,
        publisher: &Publisher<'_>,
        files: &Files,
        candidate: &Candidate,
        impact: &Impact,
        catalog_version: &str,
    ) -> Result<(Published, HashMap<String, u32>), PublishError> {
        let actor = publisher.actor;
        let mut generations = files.generations.clone();
        let mut tx = self.store.begin().await?;
        if let Some(once) = publisher.once {
            once.claim(&mut tx, actor, self.clock.now()).await?;
        }
        for rewrite in &impact.rewrites {
            let generation = self.records.rewrite(&mut tx, rewrite).await?;
            generations.insert(rewrite.entity.clone(), generation);
        }
        texts::keep(&mut tx, &candidate.shipped).await?;
        texts::keep(&mut tx, &candidate.site).await?;
        let number = files.number + 1;
        let names: Vec<String> = candidate.drafts.iter().map(|draft| draft.key.name()).collect();
        let publication = NewPublication {
            number,
            kind: candidate.kind,
            at: self.clock.now(),
            account_id: &actor.account_id,
            actor_name: &actor.name,
            reason: publisher.reason,
            manifest: &Manifest::of(&candidate.shipped, &candidate.site),
            generations: &generations,
            catalog_version,
            drafts: &names,
            effects: serde_json::to_value(&impact.effects).unwrap_or_default(),
            conflicts: &candidate.conflicts,
        };
        publications::add(&mut tx, &publication).await?;
        drafts::clear(&mut tx, &candidate.drafts).await?;
        self.queue_follow_up(&mut tx, publisher, number, impact).await?;
        let why = format!("第 {number} 次发布：{}", publisher.reason);
        let entry = AuditEntry::named("definitions.published").because(Some(&why));
        self.records.audit(&mut tx, actor, &entry).await?;
        let event = NewEvent {
            topic: "definitions.published".to_owned(),
            entity: String::new(),
            record_id: number.to_string(),
            payload: json!({ "number": number, "drafts": names }),
            at: self.clock.now(),
        };
        tx.emit(&event).await?;
        let (effects, conflicts) = (impact.effects.clone(), candidate.conflicts.clone());
        let published = Published { number, effects, conflicts };
        if let Some(once) = publisher.once {
            once.answer(&mut tx, actor, &published).await?;
        }
        tx.commit().await?;
        Ok((published, generations))
    }

    /// What the program holds from now on.
    pub(super) fn swap(
        &self,
        next: Catalog,
        decisions: anju_decisions::Decisions,
        number: i64,
    ) -> Result<(), PublishError> {
        self.store.know_tables(&anju_records::tables(&next)?);
        self.decisions.store(Arc::new(decisions));
        self.catalog.store(Arc::new(next));
        self.following.reached(number);
        Ok(())
    }

    /// Unique indexes that no definition in force wants go. They can wait: a failure is only noted.
    async fn tidy_keys(&self) {
        if let Err(error) = self.drop_stale_keys().await {
            tracing::warn!(%error, "unique indexes that are not wanted stay for now");
        }
    }

    pub(super) async fn drop_stale_keys(&self) -> crate::Result<()> {
        let tables = anju_records::tables(&self.catalog.load())?;
        let dropped = self.store.drop_stale_uniques(&tables).await?;
        dropped.iter().for_each(|index| tracing::info!(index, "unique index dropped"));
        Ok(())
    }
}

/// Whether a table could not hold what the new release means.
fn stops_a_release(refusal: &Refusal) -> bool {
    matches!(
        refusal.code,
        "type_changed" | "scale_changed" | "parent_changed" | "unique_broken" | "rewrite_too_large"
    )
}
