//! Files on their way: written bit by bit, never held whole, gone if nobody keeps them.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::files::blocking;
use crate::{Result, Store, results};

/// A draft that is older was left behind by a server that was killed.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A file to write to. It is removed when this is dropped, unless [`Store::keep_contents`] or
/// [`crate::Tx::put_result`] took it over.
#[derive(Debug)]
pub struct DraftFile {
    path: PathBuf,
}

impl DraftFile {
    /// Where to write; the file does not exist yet.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        // Not there any more once it was taken over.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Store {
    /// A place for a file that is to be written bit by bit.
    pub fn draft_file(&self) -> Result<DraftFile> {
        let folder = drafts(self.files_dir());
        std::fs::create_dir_all(&folder)?;
        Ok(DraftFile { path: folder.join(crate::id::unguessable()?) })
    }

    /// Removes drafts of servers that were killed, and results of theirs that nobody committed; how many there were.
    pub async fn forget_drafts(&self) -> Result<u64> {
        let kept = self.kept_results().await?;
        let folders = [drafts(self.files_dir()), results::folder(self.files_dir())];
        blocking(move || remove_abandoned(&folders, &kept)).await
    }
}

fn drafts(files: &Path) -> PathBuf {
    files.join("drafts")
}

fn remove_abandoned(folders: &[PathBuf], kept: &HashSet<String>) -> std::io::Result<u64> {
    let mut removed = 0;
    for folder in folders {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let age = SystemTime::now().duration_since(entry.metadata()?.modified()?).unwrap_or_default();
            let is_kept = entry.file_name().to_str().is_some_and(|name| kept.contains(name));
            if age > ABANDONED_AFTER && !is_kept && std::fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
    }
    Ok(removed)
}
