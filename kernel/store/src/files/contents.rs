//! Contents on disk: `ab/cd/<digest>` under the files' directory. A name appears only once its bytes are durable.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

use sm3::{Digest, Sm3};

/// Writes the bytes unless they are there already; their digest.
pub(super) fn write(directory: &Path, bytes: &[u8]) -> Result<String> {
    let digest = hex::encode(Sm3::digest(bytes));
    let path = path_of(directory, &digest)?;
    if fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64) {
        return Ok(digest);
    }
    let folder = path.parent().unwrap_or(directory);
    create_folders(directory, folder)?;
    let temporary = temporary_name(folder)?;
    let written = write_durably(&temporary, bytes).and_then(|()| fs::rename(&temporary, &path));
    if let Err(error) = written {
        // the first error is the one that matters
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(folder)?;
    Ok(digest)
}

/// Reads the bytes and checks them.
pub(super) fn read(directory: &Path, digest: &str) -> Result<Vec<u8>> {
    let bytes = fs::read(path_of(directory, digest)?)?;
    if hex::encode(Sm3::digest(&bytes)) != digest {
        return Err(Error::new(ErrorKind::InvalidData, format!("the contents of {digest} are damaged")));
    }
    Ok(bytes)
}

pub(super) fn exist(directory: &Path, digest: &str) -> Result<bool> {
    path_of(directory, digest)?.try_exists()
}

/// Removes the bytes; nothing if they are gone already.
pub(super) fn remove(directory: &Path, digest: &str) -> Result<()> {
    match fs::remove_file(path_of(directory, digest)?) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn path_of(directory: &Path, digest: &str) -> Result<PathBuf> {
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::new(ErrorKind::InvalidInput, "not a digest"));
    }
    Ok(directory.join(&digest[..2]).join(&digest[2..4]).join(digest))
}

fn create_folders(directory: &Path, folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let middle = folder.parent().unwrap_or(directory);
    sync_folder(middle)?;
    sync_folder(directory)
}

fn temporary_name(folder: &Path) -> Result<PathBuf> {
    let name = crate::id::unguessable().map_err(|error| Error::other(error.to_string()))?;
    Ok(folder.join(format!(".{name}.tmp")))
}

fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}
