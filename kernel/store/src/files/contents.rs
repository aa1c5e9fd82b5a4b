//! Contents on disk: `ab/cd/<digest>` under the files' directory. A name appears only once its bytes are durable.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result, Seek, Write};
use std::path::{Path, PathBuf};

use sm3::{Digest, Sm3};

/// Bytes read at a time.
const COPIED_BYTES: usize = 64 * 1024;

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

/// As [`write`], of a file on the same file system, which is moved; digest and size.
pub(super) fn adopt(directory: &Path, source: &Path) -> Result<(String, u64)> {
    let (digest, size) = digest_of(&mut File::open(source)?)?;
    let path = path_of(directory, &digest)?;
    if fs::metadata(&path).is_ok_and(|found| found.len() == size) {
        fs::remove_file(source)?;
        return Ok((digest, size));
    }
    create_folders(directory, path.parent().unwrap_or(directory))?;
    move_to(source, &path)?;
    Ok((digest, size))
}

/// Moves a file within the file system; it is at its target with all its bytes, or still where it was. Digest and
/// size.
pub(crate) fn move_durably(source: &Path, target: &Path) -> Result<(String, u64)> {
    let found = digest_of(&mut File::open(source)?)?;
    fs::create_dir_all(target.parent().unwrap_or(target))?;
    move_to(source, target)?;
    Ok(found)
}

fn move_to(source: &Path, target: &Path) -> Result<()> {
    File::open(source)?.sync_all()?;
    fs::rename(source, target)?;
    sync_folder(target.parent().unwrap_or(target))
}

/// Opens the contents after checking them.
pub(super) fn open(directory: &Path, digest: &str) -> Result<File> {
    let mut file = File::open(path_of(directory, digest)?)?;
    if digest_of(&mut file)?.0 != digest {
        return Err(damaged(digest));
    }
    file.rewind()?;
    Ok(file)
}

fn digest_of(file: &mut File) -> Result<(String, u64)> {
    let mut digest = Sm3::new();
    let mut buffer = vec![0; COPIED_BYTES];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex::encode(digest.finalize()), size));
        }
        digest.update(&buffer[..read]);
        size += read as u64;
    }
}

/// Reads the bytes and checks them.
pub(super) fn read(directory: &Path, digest: &str) -> Result<Vec<u8>> {
    let bytes = fs::read(path_of(directory, digest)?)?;
    if hex::encode(Sm3::digest(&bytes)) != digest {
        return Err(damaged(digest));
    }
    Ok(bytes)
}

fn damaged(digest: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the contents of {digest} are damaged"))
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
