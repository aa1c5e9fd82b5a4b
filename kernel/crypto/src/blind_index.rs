use hmac::{Hmac, KeyInit, Mac};
use sm3::Sm3;
use unicode_normalization::UnicodeNormalization;

use crate::{Error, Keyring};

/// The form in which equal values are equal: NFKC (so that full-width digits and letters are plain ones),
/// upper case, no white space around.
pub fn normalise(value: &str) -> String {
    value.nfkc().collect::<String>().trim().to_uppercase()
}

impl Keyring {
    /// A digest by which equal values of one field can be found without decrypting. `field` is
    /// `<entity>.<field>`; each field has its own key, so that indexes of two fields cannot be compared.
    /// The value is [normalised](normalise) first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key cannot be had.
    pub fn blind_index(&self, field: &str, value: &str) -> Result<[u8; 16], Error> {
        let field_key = hmac_sm3(self.index_key()?, &[b"anju/blind-index/1\0", field.as_bytes()]);
        let digest = hmac_sm3(&field_key, &[normalise(value).as_bytes()]);
        let mut index = [0; 16];
        index.copy_from_slice(&digest[..16]);
        Ok(index)
    }
}

/// HMAC-SM3 over the parts, one after the other.
pub(crate) fn hmac_sm3(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sm3>::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn b10_hmac_sm3_gives_the_known_answer() {
        let digest = hmac_sm3(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex::encode(digest), "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882");
    }

    #[test]
    fn b10_equal_values_are_found_however_they_were_typed() {
        let keyring = Keyring::for_tests(1);
        let index = |value| keyring.blind_index("case.id_no", value).unwrap();
        assert_eq!(index("31010119900101123X"), index(" ３１０１０１１９９００１０１１２３ｘ　"));
        assert_ne!(index("31010119900101123X"), index("310101199001011238"));
    }

    proptest! {
        /// Full-width, in lower case, with spaces around it: the same number, and no other.
        #[test]
        fn b10_a_number_has_one_index_however_it_was_typed(
            number in "[0-9]{17}[0-9X]",
            other in "[0-9]{17}[0-9X]",
            forms in prop::collection::vec(0..3_u8, 18),
            before in "[ \u{3000}\t]{0,3}",
            after in "[ \u{3000}\t]{0,3}",
        ) {
            let keyring = Keyring::for_tests(1);
            let typed = number.chars().zip(forms).map(|(digit, form)| match form {
                0 => digit,
                1 => digit.to_ascii_lowercase(),
                _ => char::from_u32(u32::from(digit) + 0xfee0).unwrap_or(digit),
            });
            let typed = format!("{before}{}{after}", typed.collect::<String>());
            let index = |value: &str| keyring.blind_index("case.id_no", value).unwrap();
            prop_assert_eq!(index(&typed), index(&number));
            prop_assert_eq!(index(&other) == index(&number), other == number);
        }
    }

    #[test]
    fn b10_each_field_and_each_keyring_has_its_own_key() {
        let keyring = Keyring::for_tests(1);
        let index = |keyring: &Keyring, field| keyring.blind_index(field, "31010119900101123X").unwrap();
        let here = index(&keyring, "case.id_no");
        assert_ne!(here, index(&keyring, "member.id_no"));
        assert_ne!(here, index(&Keyring::for_tests(2), "case.id_no"));
    }
}
