use sm2::dsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer, Verifier},
};

use crate::{Error, Keyring};

/// The distinguishing identifier of GM/T 0009 when parties agree on no other.
pub const SIGNER_ID: &str = "1234567812345678";

/// What a signature is for. A signature made for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A document issued by the platform (certificates, notices).
    Document,
    /// Data handed to or taken from an outside system.
    Exchange,
    /// A point in the audit log up to which it is sealed.
    AuditCheckpoint,
}

impl Purpose {
    fn context(self) -> &'static [u8] {
        match self {
            Self::Document => b"HSP/document/v1\0",
            Self::Exchange => b"HSP/exchange/v1\0",
            Self::AuditCheckpoint => b"HSP/audit-checkpoint/v1\0",
        }
    }

    fn message(self, data: &[u8]) -> Vec<u8> {
        [self.context(), data].concat()
    }
}

impl Keyring {
    /// SM2 signature with SM3 over the purpose's context and the data, as DER `SEQUENCE {r, s}`. The same
    /// data gives the same signature (RFC 6979), so that a repeated rendering is identical.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key cannot be had.
    pub fn sign(&self, purpose: Purpose, data: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(sign_with(self.signing_key()?, &purpose.message(data)))
    }

    /// Whether this keyring signed the data for this purpose.
    pub fn verify(&self, purpose: Purpose, data: &[u8], signature: &[u8]) -> bool {
        verify_message(self.verifying_key(), &purpose.message(data), signature)
    }

    /// The platform's SM2 public key: 04, x, y (65 bytes).
    pub fn public_key(&self) -> Vec<u8> {
        self.verifying_key().to_sec1_bytes().into_vec()
    }
}

/// Whether the holder of `public_key` (04, x, y) signed the data for this purpose. `false` too for a key
/// that is not a point of the curve.
pub fn verify_with(public_key: &[u8], purpose: Purpose, data: &[u8], signature: &[u8]) -> bool {
    VerifyingKey::from_sec1_bytes(SIGNER_ID, public_key)
        .is_ok_and(|key| verify_message(&key, &purpose.message(data), signature))
}

fn sign_with(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: Signature = key.sign(message);
    signature.to_der().to_vec()
}

fn verify_message(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    Signature::from_der(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use sm2::SecretKey;

    use super::*;

    const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
    const DATA: &[u8] = "上海市公共租赁住房准入资格证".as_bytes();

    /// GM/T 0003.5, appendix A: the recommended curve, its key, and the signature printed there.
    #[test]
    fn b14_the_signature_printed_in_gmt_0003_5_verifies() {
        let key = signing_key("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8", SIGNER_ID);
        let public_key = hex::encode(key.verifying_key().to_sec1_bytes());
        assert_eq!(
            public_key,
            "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
             ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
        );
        let signature = der(
            "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3",
            "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        );
        assert!(verify_message(key.verifying_key(), b"message digest", &signature));
        assert!(!verify_message(key.verifying_key(), b"message digesu", &signature));
    }

    #[test]
    fn b14_signatures_verify_for_their_purpose_and_data_only() {
        let keyring = Keyring::for_tests(1);
        let signature = keyring.sign(Purpose::Document, DATA).unwrap();
        assert!(keyring.verify(Purpose::Document, DATA, &signature));
        assert!(verify_with(&keyring.public_key(), Purpose::Document, DATA, &signature));
        assert!(!keyring.verify(Purpose::Exchange, DATA, &signature));
        assert!(!keyring.verify(Purpose::Document, &DATA[1..], &signature));
        assert!(!Keyring::for_tests(2).verify(Purpose::Document, DATA, &signature));
    }

    #[test]
    fn b14_another_signer_id_does_not_verify() {
        let keyring = Keyring::for_tests(1);
        let scalar = hex::encode(keyring.signing_key().unwrap().to_bytes());
        let signature = sign_with(&signing_key(&scalar, "another signer"), &Purpose::Document.message(DATA));
        assert!(!keyring.verify(Purpose::Document, DATA, &signature));
    }

    #[test]
    fn b14_impossible_and_sloppy_signatures_are_refused() {
        let keyring = Keyring::for_tests(1);
        let good = keyring.sign(Purpose::Document, DATA).unwrap();
        let one = "01";
        let order_less_one = format!("{}22", &ORDER[..62]);
        let beyond = "ff".repeat(32);
        let mut trailing = good.clone();
        trailing.push(0);
        let refused = [
            ("empty", Vec::new()),
            ("trailing byte", trailing),
            ("cut short", good[..good.len() - 1].to_vec()),
            ("r = 0", der("00", one)),
            ("s = 0", der(one, "00")),
            ("r + s = n", der(one, &order_less_one)),
            ("r = n", der(ORDER, one)),
            ("s > n", der(one, &beyond)),
            ("non-minimal length", non_minimal_length(&good)),
            ("non-minimal integer", non_minimal_integer(&good)),
        ];
        for (case, signature) in refused {
            assert!(!keyring.verify(Purpose::Document, DATA, &signature), "{case}");
        }
    }

    #[test]
    fn b14_a_public_key_off_the_curve_verifies_nothing() {
        let keyring = Keyring::for_tests(1);
        let signature = keyring.sign(Purpose::Document, DATA).unwrap();
        let mut off_curve = keyring.public_key();
        off_curve[64] ^= 1;
        for key in [off_curve, vec![0], Vec::new(), vec![4; 65]] {
            assert!(!verify_with(&key, Purpose::Document, DATA, &signature));
        }
    }

    fn signing_key(scalar: &str, id: &str) -> SigningKey {
        SigningKey::new(id, &SecretKey::from_slice(&hex::decode(scalar).unwrap()).unwrap()).unwrap()
    }

    /// DER `SEQUENCE {r, s}` of two positive integers.
    fn der(r: &str, s: &str) -> Vec<u8> {
        let body = [integer(r), integer(s)].concat();
        [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
    }

    fn integer(hex_text: &str) -> Vec<u8> {
        let mut value = hex::decode(hex_text).unwrap();
        if value[0] >= 0x80 {
            value.insert(0, 0);
        }
        [vec![0x02, u8::try_from(value.len()).unwrap()], value].concat()
    }

    fn non_minimal_length(signature: &[u8]) -> Vec<u8> {
        [&[0x30, 0x81, signature[1]], &signature[2..]].concat()
    }

    fn non_minimal_integer(signature: &[u8]) -> Vec<u8> {
        [&[0x30, signature[1] + 1, 0x02, signature[3] + 1, 0x00], &signature[4..]].concat()
    }
}
