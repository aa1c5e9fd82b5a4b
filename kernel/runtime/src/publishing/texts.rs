//! Texts by their digest, and the list of texts that a publication is made of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anju_crypto::sm3_hex;
use anju_definitions::Source;
use anju_store::{ColumnKind, Condition, Fetch, Result, Select, Tx};
use serde::{Deserialize, Serialize};

use super::tables::TEXT;

/// Digests of files by their paths: the shipped ones and the site's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub shipped: BTreeMap<String, String>,
    pub site: BTreeMap<String, String>,
}

impl Manifest {
    pub(crate) fn of(shipped: &[Source], site: &[Source]) -> Self {
        let digests = |files: &[Source]| {
            files.iter().map(|file| (file.path.clone(), sm3_hex(file.text.as_bytes()))).collect()
        };
        Self { shipped: digests(shipped), site: digests(site) }
    }

    /// Changes when any shipped file does.
    pub(crate) fn shipped_digest(&self) -> String {
        let lines: Vec<String> =
            self.shipped.iter().map(|(path, digest)| format!("{path} {digest}")).collect();
        sm3_hex(lines.join("\n").as_bytes())
    }
}

/// Keeps the texts that are not kept yet.
pub(crate) async fn keep(tx: &mut Tx, files: &[Source]) -> Result<()> {
    let texts: BTreeMap<String, &str> =
        files.iter().map(|file| (sm3_hex(file.text.as_bytes()), file.text.as_str())).collect();
    let known = known(tx, texts.keys()).await?;
    let rows = texts.into_iter().filter(|(digest, _)| !known.contains(digest));
    let rows = rows.map(|(digest, text)| vec![digest.into(), text.into()]).collect();
    tx.insert_many(TEXT, &["digest", "text"], rows).await
}

async fn known<'d>(tx: &mut Tx, digests: impl Iterator<Item = &'d String>) -> Result<BTreeSet<String>> {
    let select = Select::from(TEXT).column("digest", ColumnKind::Text).filter(Condition::is_in(
        TEXT,
        "digest",
        digests.map(String::as_str),
    ));
    let rows = tx.fetch_all(&select).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// The files of a list, in the order of their paths.
pub(crate) async fn read(
    source: &mut (dyn Fetch + '_),
    files: &BTreeMap<String, String>,
) -> Result<Vec<Source>> {
    let digests: BTreeSet<&str> = files.values().map(String::as_str).collect();
    let select = Select::from(TEXT)
        .column("digest", ColumnKind::Text)
        .column("text", ColumnKind::Text)
        .filter(Condition::is_in(TEXT, "digest", digests));
    let mut texts = HashMap::new();
    for row in source.fetch_all(&select).await? {
        texts.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
    }
    let missing = |path: &str| anju_store::Error::Database(format!("the text of {path} is gone"));
    files
        .iter()
        .map(|(path, digest)| {
            let text = texts.get(digest).ok_or_else(|| missing(path))?;
            Ok(Source::new(path.clone(), text.clone()))
        })
        .collect()
}
