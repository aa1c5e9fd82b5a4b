use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sm3::Sm3;

use crate::{Error, Keyring, blind_index::hmac_sm3};

/// Bytes of a row's authentication code: HMAC-SM3, cut to 128 bits.
pub const ROW_CODE_BYTES: usize = 16;

/// The key of the codes by which the rows of tables are authenticated.
#[derive(Clone)]
pub struct RowKey(Hmac<Sm3>);

impl RowKey {
    fn new(key: &[u8; 32]) -> Self {
        let Ok(mac) = Hmac::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
        Self(mac)
    }

    /// A key drawn from a seed. For tests only.
    pub fn for_tests(seed: u64) -> Self {
        Keyring::for_tests(seed).row_key().expect("the keys of tests are there")
    }

    /// The code of an encoded row.
    pub fn code(&self, row: &[u8]) -> [u8; ROW_CODE_BYTES] {
        let mut mac = self.0.clone();
        mac.update(row);
        let digest = mac.finalize().into_bytes();
        let mut code = [0; ROW_CODE_BYTES];
        code.copy_from_slice(&digest[..ROW_CODE_BYTES]);
        code
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowKey").finish_non_exhaustive()
    }
}

impl Keyring {
    /// The key for the codes of rows; derived from the index key, apart from all blind indexes by its label.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key cannot be had.
    pub fn row_key(&self) -> Result<RowKey, Error> {
        Ok(RowKey::new(&hmac_sm3(self.index_key()?, &[b"anju/row-code/1\0"])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a41_codes_are_repeated_and_differ_by_row_and_keyring() {
        let key = Keyring::for_tests(1).row_key().unwrap();
        assert_eq!(key.code(b"row"), Keyring::for_tests(1).row_key().unwrap().code(b"row"));
        assert_ne!(key.code(b"row"), key.code(b"rov"));
        assert_ne!(key.code(b"row"), RowKey::for_tests(2).code(b"row"));
    }

    #[test]
    fn a41_the_key_is_none_of_a_blind_index() {
        let keyring = Keyring::for_tests(1);
        assert_ne!(keyring.row_key().unwrap().code(b"VALUE"), keyring.blind_index("", "VALUE").unwrap());
    }
}
