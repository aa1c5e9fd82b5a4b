//! Cryptography with the national algorithms: SM4-GCM for sensitive fields, HMAC-SM3 blind indexes to find
//! them, authentication codes for rows, SM2 signatures, PBKDF2-HMAC-SM3 for passwords, SM3 digests, random tokens.
//!
//! [`Keyring`] is the software provider: its keys live in one file that only the service account can read
//! (see [`Keyring::open_or_create`] for the format). Ciphertexts are bound to the place they were written
//! for: table, column, row and key version.
//!
//! What it knows: algorithms and keys. What it never does: decide who may see something, speak to a
//! database, read the clock, or draw randomness from anywhere but the [`Randomness`] it is given.

mod blind_index;
mod cipher;
mod digest;
mod error;
mod key_file;
mod keyring;
mod password;
mod randomness;
mod row_key;
mod seal;
mod signature;

pub use blind_index::normalise;
pub use digest::{sm3, sm3_hex};
pub use error::Error;
pub use keyring::Keyring;
pub use password::{PASSWORD_ITERATIONS, PasswordMatch};
pub use randomness::{OsRandom, Randomness, SeededRandom, random_token};
pub use row_key::{ROW_CODE_BYTES, RowKey};
pub use seal::Place;
pub use signature::{Purpose, SIGNER_ID, verify_with};
