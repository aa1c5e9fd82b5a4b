//! Uploaded files: contents on disk under their SM3 digest, each kept once; one row for each upload.

mod contents;

pub(crate) use contents::move_durably;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::json::instant;
use crate::{
    ColumnKind, Condition, DraftFile, Error, Fetch, IndexSpec, Result, Select, Store, TableSpec, Tx,
};

const TABLE: &str = "sys_file";
/// Ids of one query.
const IDS_MAX: usize = 500;

pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("id", ColumnKind::Text)
        .column("digest", ColumnKind::Text)
        .column("name", ColumnKind::Text)
        .column("media_type", ColumnKind::Text)
        .column("size", ColumnKind::Int)
        .column("created_by", ColumnKind::Text)
        .column("created_at", ColumnKind::Int)
        .primary_key(["id"])
        .index(IndexSpec::on(["digest"]))
        .authenticated()
}

/// Contents on disk that no upload need refer to yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContents {
    /// SM3 of the contents, 64 lower-case hexadecimal digits.
    pub digest: String,
    /// Bytes.
    pub size: u64,
}

/// What [`Tx::remove_files`] leaves behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemovedFiles {
    /// How many uploads there were.
    pub uploads: u64,
    /// Digests of contents that no upload has any more, for [`Store::remove_contents`] after the commit.
    pub contents: Vec<String>,
}

/// One upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMeta {
    /// UUID that cannot be guessed, new for each upload.
    pub id: String,
    /// SM3 of the contents, 64 lower-case hexadecimal digits.
    pub digest: String,
    /// Name given by the uploader; never used as a path.
    pub name: String,
    /// Media type given by the caller.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// Account or system actor.
    pub created_by: String,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

impl Store {
    /// Writes contents durably; [`Error::TooLarge`] beyond the configured limit. Follow with [`Tx::put_file`].
    pub async fn write_contents(&self, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<StoredContents> {
        let size = bytes.as_ref().len() as u64;
        let limit = self.file_bytes_max();
        if size > limit {
            return Err(Error::TooLarge { size, limit });
        }
        #[cfg(feature = "testing")]
        self.faults().before_call()?;
        let directory = self.files_dir().to_owned();
        let digest = blocking(move || contents::write(&directory, bytes.as_ref())).await?;
        Ok(StoredContents { digest, size })
    }

    /// As [`Store::write_contents`], of a file that was written bit by bit; whoever wrote it kept it within bounds.
    pub async fn keep_contents(&self, draft: DraftFile) -> Result<StoredContents> {
        #[cfg(feature = "testing")]
        self.faults().before_call()?;
        let directory = self.files_dir().to_owned();
        let (digest, size) = blocking(move || contents::adopt(&directory, draft.path())).await?;
        Ok(StoredContents { digest, size })
    }

    /// Stores a file in a transaction of its own.
    pub async fn put_file(
        &self,
        bytes: impl AsRef<[u8]> + Send + 'static,
        name: &str,
        media_type: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<FileMeta> {
        let contents = self.write_contents(bytes).await?;
        let mut tx = self.begin().await?;
        let meta = tx.put_file(&contents, name, media_type, actor, now).await?;
        tx.commit().await?;
        Ok(meta)
    }

    /// A file with its contents, checked against their digest; [`Error::NotFound`] if there is no such upload.
    pub async fn get_file(&self, id: &str) -> Result<(FileMeta, Vec<u8>)> {
        let meta = self.file_meta(id).await?;
        #[cfg(feature = "testing")]
        self.faults().before_call()?;
        let (directory, digest) = (self.files_dir().to_owned(), meta.digest.clone());
        let bytes = blocking(move || contents::read(&directory, &digest)).await?;
        Ok((meta, bytes))
    }

    /// A file with its contents, checked against their digest, to be read bit by bit; [`Error::NotFound`] if there is
    /// no such upload.
    pub async fn open_file(&self, id: &str) -> Result<(FileMeta, std::fs::File)> {
        let meta = self.file_meta(id).await?;
        #[cfg(feature = "testing")]
        self.faults().before_call()?;
        let (directory, digest) = (self.files_dir().to_owned(), meta.digest.clone());
        let file = blocking(move || contents::open(&directory, &digest)).await?;
        Ok((meta, file))
    }

    /// Removes contents from the disk, unless an upload has them (again); nothing for those that are gone already.
    pub async fn remove_contents(&self, digests: &[String]) -> Result<()> {
        for digest in digests {
            let mut tx = self.begin().await?;
            tx.take_turn(&turn(digest)).await?;
            if !tx.is_uploaded(digest).await? {
                let (directory, digest) = (self.files_dir().to_owned(), digest.clone());
                blocking(move || contents::remove(&directory, &digest)).await?;
            }
            // Nothing is written: it only ends the turn.
            tx.rollback().await?;
        }
        Ok(())
    }

    /// What is known of a file; [`Error::NotFound`] if there is no such upload.
    pub async fn file_meta(&self, id: &str) -> Result<FileMeta> {
        meta(&mut self.reader(), id).await
    }
}

impl Store {
    /// Names of uploads by id; ids that nobody knows are left out.
    pub async fn file_names(&self, ids: &[&str]) -> Result<HashMap<String, String>> {
        let mut names = HashMap::with_capacity(ids.len());
        for some in ids.chunks(IDS_MAX) {
            let select = Select::from(TABLE)
                .column("id", ColumnKind::Text)
                .column("name", ColumnKind::Text)
                .filter(Condition::is_in(TABLE, "id", some.iter().copied()));
            for row in self.reader().fetch_all(&select).await? {
                names.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
            }
        }
        Ok(names)
    }
}

impl Tx {
    /// Registers an upload of contents written before.
    pub async fn put_file(
        &mut self,
        contents: &StoredContents,
        name: &str,
        media_type: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<FileMeta> {
        // Whoever removes contents takes the same turn, so that none vanish that somebody has just referred to.
        self.take_turn(&turn(&contents.digest)).await?;
        let (directory, digest) = (self.store().files_dir().to_owned(), contents.digest.clone());
        if !blocking(move || contents::exist(&directory, &digest)).await? {
            return Err(self.fail(Error::Retry("the contents were removed at this moment".to_owned())));
        }
        let meta = FileMeta {
            id: crate::id::unguessable()?,
            digest: contents.digest.clone(),
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: i64::try_from(contents.size).unwrap_or(i64::MAX),
            created_by: actor.to_owned(),
            created_at: now,
        };
        let values = vec![
            ("id", meta.id.as_str().into()),
            ("digest", meta.digest.as_str().into()),
            ("name", name.into()),
            ("media_type", media_type.into()),
            ("size", meta.size.into()),
            ("created_by", actor.into()),
            ("created_at", now.into()),
        ];
        self.insert(TABLE, values).await?;
        Ok(meta)
    }

    /// Forgets uploads. Their contents stay until the caller, after the commit, removes those that are left over: a
    /// transaction that is undone has lost nothing.
    pub async fn remove_files(&mut self, ids: &[&str]) -> Result<RemovedFiles> {
        let mut removed = RemovedFiles::default();
        for id in ids {
            let meta = match self.file_meta(id).await {
                Ok(meta) => meta,
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            self.take_turn(&turn(&meta.digest)).await?;
            removed.uploads += self.delete(TABLE, Condition::eq(TABLE, "id", *id)).await?;
            if !self.is_uploaded(&meta.digest).await? {
                removed.contents.push(meta.digest);
            }
        }
        Ok(removed)
    }

    async fn is_uploaded(&mut self, digest: &str) -> Result<bool> {
        let uploads = Select::from(TABLE)
            .column("id", ColumnKind::Text)
            .filter(Condition::eq(TABLE, "digest", digest))
            .limit(1);
        Ok(self.fetch_optional(&uploads).await?.is_some())
    }

    /// What is known of a file, those of this transaction included; [`Error::NotFound`] if there is none.
    pub async fn file_meta(&mut self, id: &str) -> Result<FileMeta> {
        meta(self, id).await
    }
}

fn turn(digest: &str) -> String {
    format!("{TABLE} {digest}")
}

async fn meta(source: &mut dyn Fetch, id: &str) -> Result<FileMeta> {
    let select = Select::from(TABLE)
        .column("id", ColumnKind::Text)
        .column("digest", ColumnKind::Text)
        .column("name", ColumnKind::Text)
        .column("media_type", ColumnKind::Text)
        .column("size", ColumnKind::Int)
        .column("created_by", ColumnKind::Text)
        .column("created_at", ColumnKind::Int)
        .filter(Condition::eq(TABLE, "id", id));
    let row = source.fetch_optional(&select).await?.ok_or(Error::NotFound)?;
    Ok(FileMeta {
        id: row.text(0)?.to_owned(),
        digest: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        media_type: row.text(3)?.to_owned(),
        size: row.int(4)?,
        created_by: row.text(5)?.to_owned(),
        created_at: instant(row.int(6)?)?,
    })
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Error::Io(std::io::Error::other(error)))??)
}
