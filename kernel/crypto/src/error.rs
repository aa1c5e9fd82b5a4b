use std::path::PathBuf;

/// What can go wrong with keys and ciphertexts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file could not be read or written. Nothing was changed.
    #[error("key file {}: {source}", path.display())]
    KeyFile { path: PathBuf, source: std::io::Error },
    /// The key file can be read by others than its owner: `chmod 600` it and consider its keys known.
    #[error("key file {} is open to other users (mode {mode:o}); it must be 0600", path.display())]
    KeyFileExposed { path: PathBuf, mode: u32 },
    /// The key file exists but is not one of ours, or was damaged. It is never overwritten.
    #[error("key file {} is damaged: {reason}", path.display())]
    KeyFileDamaged { path: PathBuf, reason: &'static str },
    /// The ciphertext was altered, moved to another place, or made with other keys.
    #[error("sealed value cannot be opened: altered, moved, or sealed with other keys")]
    Unsealable,
    /// The ciphertext names a data key this keyring does not hold.
    #[error("data key version {0} is not in the keyring")]
    UnknownKeyVersion(u32),
    /// The key could not be had at the moment; nothing was sealed, opened, indexed or signed. The same may succeed soon.
    #[error("the key service is unavailable")]
    Unavailable,
    /// A stored password hash is not in the form this crate writes.
    #[error("stored password hash is malformed")]
    MalformedPasswordHash,
}
