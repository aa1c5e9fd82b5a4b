//! What jobs make for one person to fetch: exports and the like. Kept apart from uploads, since a result has a term
//! and is gone after it.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use crate::files::blocking;
use crate::json::{from_text, instant, to_text};
use crate::{
    ColumnKind, ColumnRef, Condition, DraftFile, Error, Fetch, IndexSpec, Operator, Result, Select, Store,
    TableSpec, Tx, files,
};

const TABLE: &str = "sys_result";

pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("id", ColumnKind::Text)
        .column("digest", ColumnKind::Text)
        .column("name", ColumnKind::Text)
        .column("media_type", ColumnKind::Text)
        .column("size", ColumnKind::Int)
        .column("about", ColumnKind::Text)
        .column("created_by", ColumnKind::Text)
        .column("created_at", ColumnKind::Int)
        .column("expires_at", ColumnKind::Int)
        .primary_key(["id"])
        .index(IndexSpec::on(["expires_at"]))
        .authenticated()
}

/// A result to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct NewResult<'a> {
    /// Name for whoever downloads it; never used as a path.
    pub name: &'a str,
    /// Media type.
    pub media_type: &'a str,
    /// What it is, for the audit log.
    pub about: &'a Value,
    /// The account it is for: nobody else gets it.
    pub created_by: &'a str,
    /// Now.
    pub at: Timestamp,
    /// From when on nobody gets it.
    pub expires_at: Timestamp,
}

/// A result that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultFile {
    /// UUID that cannot be guessed.
    pub id: String,
    /// SM3 of the contents, 64 lower-case hexadecimal digits.
    pub digest: String,
    /// Name for whoever downloads it.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// What it is.
    pub about: Value,
    /// The account it is for.
    pub created_by: String,
    /// From when on nobody gets it.
    pub expires_at: Timestamp,
}

impl Tx {
    /// Keeps a file that was written before; its id. Should the transaction not be committed, the file
    /// lies there until [`Store::forget_drafts`] finds it abandoned.
    pub async fn put_result(&mut self, draft: DraftFile, new: &NewResult<'_>) -> Result<String> {
        let id = crate::id::unguessable()?;
        #[cfg(feature = "testing")]
        self.store().faults().before_call()?;
        let target = path_of(self.files_dir(), &id);
        let (digest, size) = blocking(move || files::move_durably(draft.path(), &target)).await?;
        let values = vec![
            ("id", id.as_str().into()),
            ("digest", digest.into()),
            ("name", new.name.into()),
            ("media_type", new.media_type.into()),
            ("size", i64::try_from(size).unwrap_or(i64::MAX).into()),
            ("about", to_text(new.about).into()),
            ("created_by", new.created_by.into()),
            ("created_at", new.at.into()),
            ("expires_at", new.expires_at.into()),
        ];
        self.insert(TABLE, values).await?;
        Ok(id)
    }
}

impl Store {
    /// What is known of a result; [`Error::NotFound`] if there is none, or its term is over.
    pub async fn result(&self, id: &str, now: Timestamp) -> Result<ResultFile> {
        let select = columns().filter(Condition::eq(TABLE, "id", id)).filter(Condition::compare(
            ColumnRef::new(TABLE, "expires_at"),
            Operator::Gt,
            now,
        ));
        let row = self.reader().fetch_optional(&select).await?.ok_or(Error::NotFound)?;
        Ok(ResultFile {
            id: row.text(0)?.to_owned(),
            digest: row.text(1)?.to_owned(),
            name: row.text(2)?.to_owned(),
            media_type: row.text(3)?.to_owned(),
            size: row.int(4)?,
            about: from_text(row.text(5)?)?,
            created_by: row.text(6)?.to_owned(),
            expires_at: instant(row.int(7)?)?,
        })
    }

    /// A result's contents, to be read bit by bit.
    pub async fn open_result(&self, result: &ResultFile) -> Result<File> {
        let path = path_of(self.files_dir(), &result.id);
        blocking(move || File::open(path)).await
    }

    /// Ids of all results.
    pub(crate) async fn kept_results(&self) -> Result<HashSet<String>> {
        let rows = self.reader().fetch_all(&Select::from(TABLE).column("id", ColumnKind::Text)).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    /// Removes results whose term is over, with their files; how many there were.
    pub async fn forget_results(&self, now: Timestamp) -> Result<u64> {
        let over = Condition::compare(ColumnRef::new(TABLE, "expires_at"), Operator::Le, now);
        let ids = Select::from(TABLE).column("id", ColumnKind::Text).filter(over.clone());
        let expired = self.reader().fetch_all(&ids).await?;
        if expired.is_empty() {
            return Ok(0);
        }
        for row in &expired {
            let path = path_of(self.files_dir(), row.text(0)?);
            blocking(move || remove_if_there(&path)).await?;
        }
        // Files first: a row without a file is forgotten the next time, a file without a row would stay.
        let mut tx = self.begin().await?;
        let forgotten = tx.delete(TABLE, over).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

fn columns() -> Select {
    Select::from(TABLE)
        .column("id", ColumnKind::Text)
        .column("digest", ColumnKind::Text)
        .column("name", ColumnKind::Text)
        .column("media_type", ColumnKind::Text)
        .column("size", ColumnKind::Int)
        .column("about", ColumnKind::Text)
        .column("created_by", ColumnKind::Text)
        .column("expires_at", ColumnKind::Int)
}

pub(crate) fn folder(files: &Path) -> PathBuf {
    files.join("results")
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn path_of(files: &Path, id: &str) -> PathBuf {
    folder(files).join(id)
}
