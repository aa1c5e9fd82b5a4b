//! SM4 in Galois/counter mode with a 96-bit nonce and a 128-bit tag (RFC 8998).

use aes_gcm::{
    AesGcm, KeyInit,
    aead::{Aead, Payload},
};
use sm4::{Sm4, cipher::consts::U12};

pub(crate) const KEY_BYTES: usize = 16;
pub(crate) const NONCE_BYTES: usize = 12;
pub(crate) const TAG_BYTES: usize = 16;

/// One SM4-GCM key, expanded.
#[derive(Clone)]
pub(crate) struct Cipher(AesGcm<Sm4, U12>);

impl Cipher {
    pub(crate) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(AesGcm::new(key.into()))
    }

    /// Ciphertext followed by the tag.
    pub(crate) fn encrypt(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        match self.0.encrypt(nonce.into(), Payload { msg: plaintext, aad }) {
            Ok(ciphertext) => ciphertext,
            // GCM only refuses messages of 64 GiB and more; values here are fields and keys.
            Err(_) => unreachable!("a message longer than GCM allows"),
        }
    }

    /// `None` when key, nonce, associated data or ciphertext do not belong together.
    pub(crate) fn decrypt(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(nonce.into(), Payload { msg: sealed, aad }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8998, appendix A.1.
    #[test]
    fn b09_sm4_gcm_gives_the_vector_of_rfc_8998() {
        let key = bytes("0123456789abcdeffedcba9876543210");
        let nonce = bytes("00001234567800000000abcd");
        let aad = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plaintext = bytes(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
             eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let expected = bytes(
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
             d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d\
             83de3541e4c2b58177e065a9bf7b62ec",
        );
        let cipher = Cipher::new(key.as_slice().try_into().unwrap());
        let nonce: &[u8; NONCE_BYTES] = nonce.as_slice().try_into().unwrap();
        assert_eq!(cipher.encrypt(nonce, &aad, &plaintext), expected);
        assert_eq!(cipher.decrypt(nonce, &aad, &expected), Some(plaintext));
    }

    fn bytes(hex_text: &str) -> Vec<u8> {
        hex::decode(hex_text).unwrap()
    }
}
