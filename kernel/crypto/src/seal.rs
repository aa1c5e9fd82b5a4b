use crate::{
    Error, Keyring,
    cipher::{NONCE_BYTES, TAG_BYTES},
};

/// First byte of every sealed value; also part of what it is bound to.
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 1 + 4 + NONCE_BYTES;

/// Where a sealed value belongs. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    /// Id of the row.
    pub row: &'a str,
}

impl Keyring {
    /// Seals a value for one place with SM4-GCM. The result is: format (1 byte), key version (4 bytes, big
    /// endian), nonce (12), ciphertext (as long as the value), tag (16).
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key cannot be had.
    pub fn seal(&self, place: &Place<'_>, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let (version, cipher) = self.active_key()?;
        let nonce = self.next_nonce();
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plaintext.len() + TAG_BYTES);
        sealed.push(FORMAT);
        sealed.extend(version.to_be_bytes());
        sealed.extend(nonce);
        sealed.extend(cipher.encrypt(&nonce, &associated_data(place, version), plaintext));
        Ok(sealed)
    }

    /// Opens a value sealed for this place.
    ///
    /// # Errors
    /// [`Error::Unsealable`] when it was altered, or sealed for another place or with other keys;
    /// [`Error::UnknownKeyVersion`] when its key is not in the keyring; [`Error::Unavailable`] when it cannot be had.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (&[FORMAT], rest) = sealed.split_first_chunk::<1>().ok_or(Error::Unsealable)? else {
            return Err(Error::Unsealable);
        };
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(Error::Unsealable)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Unsealable)?;
        let version = u32::from_be_bytes(*version);
        self.data_key(version)?
            .decrypt(nonce, &associated_data(place, version), ciphertext)
            .ok_or(Error::Unsealable)
    }
}

/// Table, column, row and key version. Each name goes in with its length, so that `a|bc` is not `ab|c`.
fn associated_data(place: &Place<'_>, version: u32) -> Vec<u8> {
    let mut data = vec![FORMAT];
    for name in [place.table, place.column, place.row] {
        data.extend((name.len() as u64).to_be_bytes());
        data.extend(name.as_bytes());
    }
    data.extend(version.to_be_bytes());
    data
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place<'_> = Place { table: "eligibility_case", column: "id_no", row: "a" };

    #[test]
    fn b09_a_value_moved_to_another_row_column_or_table_does_not_open() {
        let keyring = Keyring::for_tests(1);
        let sealed = keyring.seal(&PLACE, "310101199001011234".as_bytes()).unwrap();
        assert_eq!(keyring.open(&PLACE, &sealed).unwrap(), b"310101199001011234");
        for other in [
            Place { row: "b", ..PLACE },
            Place { column: "phone", ..PLACE },
            Place { table: "eligibility_member", ..PLACE },
            Place { table: "eligibility_casei", column: "d_no", row: "a" },
        ] {
            assert!(matches!(keyring.open(&other, &sealed), Err(Error::Unsealable)), "{other:?}");
        }
    }

    #[test]
    fn b09_equal_values_seal_differently() {
        let keyring = Keyring::for_tests(1);
        let seal = || keyring.seal(&PLACE, b"same").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn b09_another_keyring_opens_nothing() {
        let sealed = Keyring::for_tests(1).seal(&PLACE, b"secret").unwrap();
        assert!(matches!(Keyring::for_tests(2).open(&PLACE, &sealed), Err(Error::Unsealable)));
    }

    #[test]
    fn b09_every_flipped_bit_and_every_cut_is_noticed() {
        let keyring = Keyring::for_tests(1);
        let sealed = keyring.seal(&PLACE, b"value").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(keyring.open(&PLACE, &altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(keyring.open(&PLACE, &sealed[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn r03_without_its_key_nothing_is_sealed_opened_indexed_or_signed() {
        let keyring = Keyring::for_tests(1);
        let sealed = keyring.seal(&PLACE, b"value").unwrap();
        keyring.fail_when(|| true);
        assert!(matches!(keyring.seal(&PLACE, b"value"), Err(Error::Unavailable)));
        assert!(matches!(keyring.open(&PLACE, &sealed), Err(Error::Unavailable)));
        assert!(matches!(keyring.blind_index("case.id_no", "1"), Err(Error::Unavailable)));
        assert!(matches!(keyring.sign(crate::Purpose::Document, b"1"), Err(Error::Unavailable)));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(value in proptest::collection::vec(any::<u8>(), 0..500), row in ".{0,40}") {
            let keyring = Keyring::for_tests(3);
            let place = Place { row: &row, ..PLACE };
            prop_assert_eq!(keyring.open(&place, &keyring.seal(&place, &value).unwrap()).unwrap(), value);
        }

        #[test]
        fn arbitrary_bytes_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(Keyring::for_tests(3).open(&PLACE, &bytes).is_err());
        }
    }
}
