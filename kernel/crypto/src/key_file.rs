//! The key file: reading, checking, wrapping, and writing without ever losing keys.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sm2::{Scalar, SecretKey, dsa::SigningKey};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    Error, Randomness, SIGNER_ID,
    cipher::{Cipher, KEY_BYTES, NONCE_BYTES},
};

const FORMAT: &str = "anju-keyring/1";

/// Every key in clear, with the root that wraps them.
pub(crate) struct Secrets {
    root: Zeroizing<[u8; KEY_BYTES]>,
    pub(crate) data_keys: BTreeMap<u32, Zeroizing<[u8; KEY_BYTES]>>,
    pub(crate) index_key: Zeroizing<[u8; 32]>,
    pub(crate) pepper: Zeroizing<[u8; 32]>,
    pub(crate) signing_key: SigningKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: String,
    root: String,
    keys: Vec<WrappedKey>,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.root.zeroize();
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrappedKey {
    purpose: KeyPurpose,
    version: u32,
    wrapped: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyPurpose {
    Data,
    Index,
    Pepper,
    Signing,
}

impl KeyPurpose {
    fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Index => "index",
            Self::Pepper => "pepper",
            Self::Signing => "signing",
        }
    }
}

pub(crate) fn open_or_create(path: &Path, randomness: &dyn Randomness) -> Result<Secrets, Error> {
    if path.exists() {
        return read(path);
    }
    let temporary = write_temporary(path, &Secrets::generate(randomness), randomness)?;
    // A hard link fails when the name is taken: the file of whoever came first stays.
    let linked = fs::hard_link(&temporary, path);
    let removed = fs::remove_file(&temporary);
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(at(path)(error)),
    }
    removed.map_err(at(&temporary))?;
    sync_folder(path)?;
    read(path)
}

pub(crate) fn add_data_key(path: &Path, randomness: &dyn Randomness) -> Result<Secrets, Error> {
    let mut secrets = read(path)?;
    let version = secrets.active_version() + 1;
    secrets.data_keys.insert(version, random_key(randomness));
    let temporary = write_temporary(path, &secrets, randomness)?;
    fs::rename(&temporary, path).map_err(at(path))?;
    sync_folder(path)?;
    Ok(secrets)
}

impl Secrets {
    pub(crate) fn generate(randomness: &dyn Randomness) -> Self {
        Self {
            root: random_key(randomness),
            data_keys: BTreeMap::from([(1, random_key(randomness))]),
            index_key: random_key(randomness),
            pepper: random_key(randomness),
            signing_key: random_signing_key(randomness),
        }
    }

    /// The highest version; there always is one, because reading refuses a file without data keys.
    pub(crate) fn active_version(&self) -> u32 {
        self.data_keys.last_key_value().map_or(1, |(version, _)| *version)
    }

    fn wrap(&self, randomness: &dyn Randomness) -> KeyFile {
        let root = Cipher::new(&self.root);
        let wrap = |purpose: KeyPurpose, version: u32, key: &[u8]| {
            let mut nonce = [0; NONCE_BYTES];
            randomness.fill(&mut nonce);
            let mut wrapped = nonce.to_vec();
            wrapped.extend(root.encrypt(&nonce, &associated_data(purpose, version), key));
            WrappedKey { purpose, version, wrapped: STANDARD.encode(wrapped) }
        };
        let mut keys: Vec<_> = self
            .data_keys
            .iter()
            .map(|(version, key)| wrap(KeyPurpose::Data, *version, key.as_ref()))
            .collect();
        keys.push(wrap(KeyPurpose::Index, 1, self.index_key.as_ref()));
        keys.push(wrap(KeyPurpose::Pepper, 1, self.pepper.as_ref()));
        let scalar = Zeroizing::new(self.signing_key.to_bytes());
        keys.push(wrap(KeyPurpose::Signing, 1, scalar.as_slice()));
        KeyFile { format: FORMAT.to_owned(), root: STANDARD.encode(self.root.as_ref()), keys }
    }

    fn unwrap_from(file: &KeyFile) -> Result<Self, &'static str> {
        if file.format != FORMAT {
            return Err("unknown format");
        }
        let root: Zeroizing<[u8; KEY_BYTES]> = exactly(&decode(&file.root)?)?;
        let cipher = Cipher::new(&root);
        let mut data_keys = BTreeMap::new();
        let (mut index_key, mut pepper, mut signing_key) = (None, None, None);
        for entry in &file.keys {
            let key = unwrap_key(&cipher, entry)?;
            let repeated = match entry.purpose {
                KeyPurpose::Data => data_keys.insert(entry.version, exactly(&key)?).is_some(),
                KeyPurpose::Index => index_key.replace(exactly(&key)?).is_some(),
                KeyPurpose::Pepper => pepper.replace(exactly(&key)?).is_some(),
                KeyPurpose::Signing => {
                    signing_key.replace(signing_key_from(&key).ok_or("impossible SM2 key")?).is_some()
                }
            };
            if repeated {
                return Err("a key appears twice");
            }
        }
        if data_keys.is_empty() {
            return Err("no data key");
        }
        Ok(Self {
            root,
            data_keys,
            index_key: index_key.ok_or("no index key")?,
            pepper: pepper.ok_or("no pepper")?,
            signing_key: signing_key.ok_or("no signing key")?,
        })
    }
}

fn read(path: &Path) -> Result<Secrets, Error> {
    let mode = fs::metadata(path).map_err(at(path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::KeyFileExposed { path: path.to_owned(), mode });
    }
    let damaged = |reason| Error::KeyFileDamaged { path: path.to_owned(), reason };
    let text = Zeroizing::new(fs::read_to_string(path).map_err(at(path))?);
    let file: KeyFile = serde_json::from_str(&text).map_err(|_| damaged("not a key file"))?;
    Secrets::unwrap_from(&file).map_err(damaged)
}

/// Writes the file beside its final place, durable before anyone can see it under its name.
fn write_temporary(path: &Path, secrets: &Secrets, randomness: &dyn Randomness) -> Result<PathBuf, Error> {
    let mut suffix = [0; 8];
    randomness.fill(&mut suffix);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{}", std::process::id(), hex::encode(suffix)));
    let temporary = PathBuf::from(name);
    let Ok(text) = serde_json::to_vec_pretty(&secrets.wrap(randomness)).map(Zeroizing::new) else {
        unreachable!("a key file is plain strings and numbers")
    };
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()));
    written.map_err(at(&temporary))?;
    Ok(temporary)
}

/// Makes the new name itself survive a power cut.
fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::KeyFile { path: path.clone(), source }
}

fn associated_data(purpose: KeyPurpose, version: u32) -> Vec<u8> {
    format!("{FORMAT}|{}|{version}", purpose.name()).into_bytes()
}

fn unwrap_key(root: &Cipher, entry: &WrappedKey) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let wrapped = decode(&entry.wrapped)?;
    let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_BYTES>().ok_or("a key is too short")?;
    root.decrypt(nonce, &associated_data(entry.purpose, entry.version), sealed)
        .map(Zeroizing::new)
        .ok_or("a key does not unwrap")
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    STANDARD.decode(text).map(Zeroizing::new).map_err(|_| "not base64")
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<Zeroizing<[u8; N]>, &'static str> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| "a key has the wrong length")
}

fn random_key<const N: usize>(randomness: &dyn Randomness) -> Zeroizing<[u8; N]> {
    let mut key = Zeroizing::new([0; N]);
    randomness.fill(key.as_mut());
    key
}

fn random_signing_key(randomness: &dyn Randomness) -> SigningKey {
    loop {
        // About one draw in 2³² lies outside the group's order and is drawn again.
        if let Some(key) = signing_key_from(random_key::<32>(randomness).as_ref()) {
            return key;
        }
    }
}

/// `None` for scalars outside 1 … n−2. With n−1 a signature would need the inverse of zero.
fn signing_key_from(scalar: &[u8]) -> Option<SigningKey> {
    let secret = SecretKey::from_slice(scalar).ok()?;
    if *secret.to_nonzero_scalar() == -Scalar::ONE {
        return None;
    }
    SigningKey::new(SIGNER_ID, &secret).ok()
}

#[cfg(test)]
mod tests;
