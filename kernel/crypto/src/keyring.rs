use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use sm2::dsa::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::{
    Error, Randomness, SIGNER_ID, SeededRandom,
    cipher::{Cipher, NONCE_BYTES},
    key_file::{self, Secrets},
    password::PASSWORD_ITERATIONS,
    sm3,
};

/// The software key provider: data keys by version, the blind-index key, the password pepper and the
/// platform's SM2 key, held in memory while the process runs.
pub struct Keyring {
    data_keys: BTreeMap<u32, Cipher>,
    /// Seals new values: the highest version.
    active_version: u32,
    index_key: Zeroizing<[u8; 32]>,
    pepper: Zeroizing<[u8; 32]>,
    signing_key: SigningKey,
    password_iterations: u32,
    nonces: Nonces,
    #[cfg(feature = "testing")]
    fails: std::sync::OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
}

impl Keyring {
    /// Opens the key file, or makes one with fresh keys when there is none. An existing file is never
    /// overwritten, whatever its content; of several processes that start at once, one makes the file and
    /// all use it.
    ///
    /// The file (mode 0600) is JSON: `format` (`anju-keyring/1`), `root` (128-bit SM4 key, base64) and
    /// `keys`, a list of `{purpose, version, wrapped}`. `wrapped` is base64 of nonce (12 bytes), SM4-GCM
    /// ciphertext under the root key and tag (16 bytes), with `anju-keyring/1|purpose|version` as
    /// associated data. Purposes: `data` (128 bit, any number of versions, the highest one seals), `index`
    /// and `pepper` (256 bit), `signing` (SM2 scalar). Losing the file means losing every sealed value.
    pub fn open_or_create(path: &Path, randomness: &dyn Randomness) -> Result<Self, Error> {
        let secrets = key_file::open_or_create(path, randomness)?;
        Ok(Self::from_secrets(&secrets, randomness))
    }

    /// Adds a new version of the data key to the file and opens it; older versions keep opening what they
    /// sealed. For one administrator at a time.
    pub fn rotate(path: &Path, randomness: &dyn Randomness) -> Result<Self, Error> {
        let secrets = key_file::add_data_key(path, randomness)?;
        Ok(Self::from_secrets(&secrets, randomness))
    }

    /// Keys drawn from a seed, without a file, with fast password hashing. For tests only.
    pub fn for_tests(seed: u64) -> Self {
        let randomness = SeededRandom::new(seed);
        Self::from_secrets(&Secrets::generate(&randomness), &randomness).with_password_iterations(1_024)
    }

    /// Rounds of PBKDF2 for new password hashes; the default is [`PASSWORD_ITERATIONS`].
    #[must_use]
    pub fn with_password_iterations(self, password_iterations: u32) -> Self {
        Self { password_iterations, ..self }
    }

    fn from_secrets(secrets: &Secrets, randomness: &dyn Randomness) -> Self {
        let data_keys: BTreeMap<_, _> =
            secrets.data_keys.iter().map(|(version, key)| (*version, Cipher::new(key))).collect();
        let active_version = secrets.active_version();
        Self {
            data_keys,
            active_version,
            index_key: secrets.index_key.clone(),
            pepper: secrets.pepper.clone(),
            signing_key: secrets.signing_key.clone(),
            password_iterations: PASSWORD_ITERATIONS,
            nonces: Nonces::seeded_by(randomness),
            #[cfg(feature = "testing")]
            fails: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn active_key(&self) -> Result<(u32, &Cipher), Error> {
        Ok((self.active_version, self.data_key(self.active_version)?))
    }

    pub(crate) fn data_key(&self, version: u32) -> Result<&Cipher, Error> {
        self.reach()?;
        self.data_keys.get(&version).ok_or(Error::UnknownKeyVersion(version))
    }

    pub(crate) fn index_key(&self) -> Result<&[u8; 32], Error> {
        self.reach()?;
        Ok(&self.index_key)
    }

    pub(crate) fn pepper(&self) -> &[u8; 32] {
        &self.pepper
    }

    pub(crate) fn signing_key(&self) -> Result<&SigningKey, Error> {
        self.reach()?;
        Ok(&self.signing_key)
    }

    pub(crate) fn verifying_key(&self) -> &VerifyingKey {
        self.signing_key.verifying_key()
    }

    /// Every use of a key comes by here. Keys held in memory are always there; those of a machine or service, which the
    /// callers are made for, are not.
    fn reach(&self) -> Result<(), Error> {
        #[cfg(feature = "testing")]
        if self.fails.get().is_some_and(|fails| fails()) {
            return Err(Error::Unavailable);
        }
        Ok(())
    }

    /// Lets uses of keys fail with [`Error::Unavailable`] when asked `fails` says so. Once for a keyring.
    #[cfg(feature = "testing")]
    pub fn fail_when(&self, fails: impl Fn() -> bool + Send + Sync + 'static) {
        assert!(self.fails.set(Box::new(fails)).is_ok(), "set once");
    }

    pub(crate) fn password_iterations(&self) -> u32 {
        self.password_iterations
    }

    pub(crate) fn next_nonce(&self) -> [u8; NONCE_BYTES] {
        self.nonces.next()
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("active_version", &self.active_version)
            .field("signer", &SIGNER_ID)
            .finish_non_exhaustive()
    }
}

/// Nonces that never repeat: 64 bits that differ per process and per 2³² messages, then a 32-bit counter.
/// Replicas and restarts draw their own seed, so they need no shared counter.
struct Nonces {
    seed: Zeroizing<[u8; 32]>,
    messages: AtomicU64,
}

impl Nonces {
    fn seeded_by(randomness: &dyn Randomness) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        randomness.fill(seed.as_mut());
        Self { seed, messages: AtomicU64::new(0) }
    }

    fn next(&self) -> [u8; NONCE_BYTES] {
        let message = self.messages.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let (epoch, counter) = message.split_at(4);
        let mut input = Zeroizing::new([0; 36]);
        input[..32].copy_from_slice(self.seed.as_ref());
        input[32..].copy_from_slice(epoch);
        let mut nonce = [0; NONCE_BYTES];
        nonce[..8].copy_from_slice(&sm3(input.as_ref())[..8]);
        nonce[8..].copy_from_slice(counter);
        nonce
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn b09_nonces_do_not_repeat_within_or_across_processes() {
        let mut seen = HashSet::new();
        for process in 0..20 {
            let nonces = Nonces::seeded_by(&SeededRandom::new(process));
            for _ in 0..5_000 {
                assert!(seen.insert(nonces.next()));
            }
        }
    }

    #[test]
    fn b09_ten_million_nonces_count_on_behind_one_prefix() {
        let nonces = Nonces::seeded_by(&SeededRandom::new(1));
        let prefix = nonces.next();
        for message in 1..10_000_000_u32 {
            let nonce = nonces.next();
            assert!(nonce[..8] == prefix[..8] && nonce[8..] == message.to_be_bytes());
        }
    }

    #[test]
    fn b09_the_counters_end_changes_the_prefix() {
        let nonces = Nonces::seeded_by(&SeededRandom::new(1));
        nonces.messages.store(u64::from(u32::MAX), Ordering::Relaxed);
        let (last, first) = (nonces.next(), nonces.next());
        assert_eq!(last[8..], [0xff; 4]);
        assert_eq!(first[8..], [0; 4]);
        assert_ne!(last[..8], first[..8]);
    }
}
