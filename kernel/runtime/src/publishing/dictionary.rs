//! Items of dictionaries, kept by those who use them: each change is a publication of its own.

use std::sync::Arc;

use anju_definitions::Kind;
use anju_definitions::overlay::{ItemChange, definition_path, edit_items};
use anju_records::{Actor, FieldError};
use serde::Deserialize;

use super::assemble::definition;
use super::carry_out::{Publisher, Strictness};
use super::publications::PublicationKind;
use super::publish::{checked_reason, to_the_end};
use super::{PublishError, Published, RequestKey, Right};
use crate::Runtime;

/// Most changes at a time.
const CHANGES_MAX: usize = 1_000;

/// Changes of a dictionary's items.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DictionaryEdit {
    pub changes: Vec<ItemChange>,
    pub reason: String,
}

impl Runtime {
    /// Changes the items of a dictionary; in force when this returns.
    ///
    /// # Errors
    /// [`anju_records::Error::Invalid`] with every change that cannot be made, [`PublishError::Refused`] for the
    /// removal of a code that records use.
    pub async fn edit_dictionary(
        self: &Arc<Self>,
        actor: &Actor,
        key: &str,
        edit: DictionaryEdit,
        once: Option<RequestKey>,
    ) -> Result<Published, PublishError> {
        let (runtime, actor, key) = (self.clone(), actor.clone(), key.to_owned());
        to_the_end(async move {
            Right::EditDictionaries.require(&runtime.catalog.load(), &actor)?;
            let reason = checked_reason(&edit.reason)?.to_owned();
            if edit.changes.is_empty() || edit.changes.len() > CHANGES_MAX {
                let message = format!("应有 1 至 {CHANGES_MAX} 处修改");
                return Err(PublishError::invalid("changes", "length", message));
            }
            let _turn = runtime.following.turn().await;
            runtime.refuse_repeated(&actor, once.as_ref()).await?;
            let files = runtime.newest_files(None).await?;
            let found = definition(&files, Kind::Dictionary, &key).ok_or(anju_records::Error::NotFound)?;
            let text = edit_items(&found.text, &edit.changes).map_err(|faults| {
                let fault = |(at, code, message)| FieldError::new(format!("changes[{at}]"), code, message);
                anju_records::Error::Invalid(faults.into_iter().map(fault).collect())
            })?;
            let path = definition_path(Kind::Dictionary, &key);
            let mut site = files.site.clone();
            site.retain(|file| file.path != path);
            site.push(anju_definitions::Source::new(path, text));
            let candidate = runtime.candidate(PublicationKind::Dictionary, files.shipped.clone(), site);
            let reason = format!("字典 {key}：{reason}");
            let publisher = Publisher { actor: &actor, reason: &reason, once: once.as_ref() };
            runtime.carry_out(&publisher, &files, candidate, Strictness::All).await
        })
        .await
    }
}
