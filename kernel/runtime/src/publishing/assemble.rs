//! The files in force, and those with drafts laid over them.

use std::collections::BTreeMap;

use anju_crypto::sm3_hex;
use anju_definitions::overlay::{SITE, definition_path, name_of};
use anju_definitions::{Kind, Problem, Source};
use anju_store::Fetch;

use super::drafts::Draft;
use super::{publications, texts};
use crate::Runtime;

/// The files of a publication.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub number: i64,
    pub shipped: Vec<Source>,
    pub site: Vec<Source>,
    pub generations: std::collections::HashMap<String, u32>,
}

/// The files of the publication of this number.
pub(super) async fn files_of(source: &mut (dyn Fetch + '_), number: i64) -> anju_store::Result<Files> {
    let publication = publications::read(source, number).await?;
    Ok(Files {
        number,
        shipped: texts::read(source, &publication.manifest.shipped).await?,
        site: texts::read(source, &publication.manifest.site).await?,
        generations: publication.generations,
    })
}

/// The definition of this name among the files: the site's own before the shipped one.
pub(super) fn definition<'f>(files: &'f Files, kind: Kind, key: &str) -> Option<&'f Source> {
    let wanted = Some((kind, key.to_owned()));
    let is_it = |file: &&Source| file.path.ends_with(".yaml") && name_of(&file.text) == wanted;
    files.site.iter().find(is_it).or_else(|| files.shipped.iter().find(is_it))
}

/// The site's files with the drafts laid over them.
pub(super) fn with_drafts(site: &[Source], drafts: &[Draft]) -> Vec<Source> {
    let mut files: BTreeMap<String, String> =
        site.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
    for draft in drafts {
        let Some(kind) = draft.key.kind() else { continue };
        let path = definition_path(kind, &draft.key.key);
        // Files beside a definition carry its name, so they go with it.
        let stem = path.trim_end_matches("yaml").to_owned();
        files.retain(|path, _| !path.starts_with(&stem));
        files.extend(draft.sources().into_iter().map(|file| (file.path, file.text)));
    }
    files.into_iter().map(|(path, text)| Source { path, text }).collect()
}

/// Drafts of definitions that somebody else has published another version of since they were begun.
pub(super) fn outdated(files: &Files, drafts: &[Draft]) -> Vec<Problem> {
    let is_outdated = |draft: &&Draft| {
        let kind = draft.key.kind()?;
        let now = definition(files, kind, &draft.key.key).map(|file| sm3_hex(file.text.as_bytes()));
        (now != draft.base).then_some(kind)
    };
    drafts
        .iter()
        .filter_map(|draft| Some((draft, is_outdated(&draft)?)))
        .map(|(draft, kind)| {
            let message = "此定义在起草之后已有新的发布，请在最新的内容上重新修改并保存";
            Problem::error(&definition_path(kind, &draft.key.key), 1, "stale_draft", message)
        })
        .collect()
}

/// Whether the file is one of the site's.
pub(super) fn is_site(path: &str) -> bool {
    path.strip_prefix(SITE).is_some_and(|rest| rest.starts_with('/'))
}

impl Runtime {
    /// Text and digest of a definition as it is in force.
    pub(super) async fn definition_in_force(
        &self,
        source: &mut (dyn Fetch + '_),
        kind: Kind,
        key: &str,
    ) -> anju_store::Result<Option<(Source, String)>> {
        let files = files_of(source, self.following.number()).await?;
        let found = definition(&files, kind, key).cloned();
        Ok(found.map(|file| {
            let digest = sm3_hex(file.text.as_bytes());
            (file, digest)
        }))
    }
}
