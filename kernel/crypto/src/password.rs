use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use pbkdf2::pbkdf2_hmac;
use sm3::Sm3;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Error, Keyring, Randomness, blind_index::hmac_sm3};

/// Rounds of PBKDF2-HMAC-SM3 for a new hash: about 90 ms of one core. Run it off the async threads.
pub const PASSWORD_ITERATIONS: u32 = 300_000;

/// More rounds than any hash of ours has: a forged row cannot keep a core busy for minutes.
const ITERATIONS_MAX: u32 = 5_000_000;
const SALT_BYTES: usize = 16;
const SCHEME: &str = "pbkdf2-hmac-sm3-pepper1";

/// How a password compares with its stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordMatch {
    No,
    Yes,
    /// Right, but hashed with fewer rounds than today's setting: store a new hash.
    YesOutdated,
}

impl Keyring {
    /// `$pbkdf2-hmac-sm3-pepper1$i=<rounds>$<salt>$<hash>`: PBKDF2-HMAC-SM3 with a 128-bit salt, then
    /// HMAC-SM3 with the keyring's pepper; salt and hash in base64 without padding.
    pub fn hash_password(&self, password: &str, randomness: &dyn Randomness) -> String {
        let mut salt = [0; SALT_BYTES];
        randomness.fill(&mut salt);
        let iterations = self.password_iterations();
        let digest = self.password_digest(password, &salt, iterations);
        format!(
            "${SCHEME}$i={iterations}${}${}",
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(digest)
        )
    }

    /// Compares in time that does not depend on where the hashes differ.
    ///
    /// # Errors
    /// [`Error::MalformedPasswordHash`] when `stored` is not of this crate's making.
    pub fn verify_password(&self, password: &str, stored: &str) -> Result<PasswordMatch, Error> {
        let Stored { iterations, salt, digest } = parse(stored).ok_or(Error::MalformedPasswordHash)?;
        let given = self.password_digest(password, &salt, iterations);
        Ok(match (bool::from(given.as_slice().ct_eq(&digest)), iterations < self.password_iterations()) {
            (false, _) => PasswordMatch::No,
            (true, false) => PasswordMatch::Yes,
            (true, true) => PasswordMatch::YesOutdated,
        })
    }

    /// Costs as much as a verification and tells nothing: for accounts that do not exist, so that the time
    /// of an answer does not give away which ones do.
    pub fn pretend_to_verify_password(&self, password: &str) {
        std::hint::black_box(self.password_digest(password, &[0; SALT_BYTES], self.password_iterations()));
    }

    fn password_digest(&self, password: &str, salt: &[u8], iterations: u32) -> [u8; 32] {
        let mut derived = Zeroizing::new([0; 32]);
        pbkdf2_hmac::<Sm3>(password.as_bytes(), salt, iterations, derived.as_mut());
        hmac_sm3(self.pepper(), &[b"anju/password/1\0", derived.as_ref()])
    }
}

struct Stored {
    iterations: u32,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

fn parse(stored: &str) -> Option<Stored> {
    let mut parts = stored.strip_prefix('$')?.split('$');
    if parts.next()? != SCHEME {
        return None;
    }
    let iterations = parts.next()?.strip_prefix("i=")?.parse().ok()?;
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let digest = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let whole = parts.next().is_none() && salt.len() == SALT_BYTES && digest.len() == 32;
    (whole && (1..=ITERATIONS_MAX).contains(&iterations)).then_some(Stored { iterations, salt, digest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    /// Value computed with `openssl kdf … PBKDF2` and digest SM3.
    #[test]
    fn b13_pbkdf2_hmac_sm3_agrees_with_openssl() {
        let mut derived = [0; 32];
        pbkdf2_hmac::<Sm3>(b"password", b"saltsaltsaltsalt", 2_000, &mut derived);
        assert_eq!(hex::encode(derived), "6adc64b69e612445e31a22d9a8570ae127e4e5636833291e93205088f6731290");
    }

    #[test]
    fn b13_only_the_right_password_matches() {
        let (keyring, randomness) = (Keyring::for_tests(1), SeededRandom::new(1));
        let stored = keyring.hash_password("Shanghai-2026", &randomness);
        assert!(stored.starts_with("$pbkdf2-hmac-sm3-pepper1$i=1024$"), "{stored}");
        assert_eq!(keyring.verify_password("Shanghai-2026", &stored).unwrap(), PasswordMatch::Yes);
        for wrong in ["", "shanghai-2026", "Shanghai-2026 ", "Shanghai-202"] {
            assert_eq!(keyring.verify_password(wrong, &stored).unwrap(), PasswordMatch::No, "{wrong:?}");
        }
    }

    #[test]
    fn b13_equal_passwords_have_different_hashes() {
        let (keyring, randomness) = (Keyring::for_tests(1), SeededRandom::new(1));
        assert_ne!(keyring.hash_password("same", &randomness), keyring.hash_password("same", &randomness));
    }

    #[test]
    fn b13_without_the_pepper_a_stolen_hash_matches_nothing() {
        let stored = Keyring::for_tests(1).hash_password("Shanghai-2026", &SeededRandom::new(1));
        let other = Keyring::for_tests(2);
        assert_eq!(other.verify_password("Shanghai-2026", &stored).unwrap(), PasswordMatch::No);
    }

    #[test]
    fn b13_a_hash_with_fewer_rounds_is_reported_as_outdated() {
        let stored = Keyring::for_tests(1).hash_password("Shanghai-2026", &SeededRandom::new(1));
        let stronger = Keyring::for_tests(1).with_password_iterations(2_048);
        assert_eq!(stronger.verify_password("Shanghai-2026", &stored).unwrap(), PasswordMatch::YesOutdated);
        assert_eq!(stronger.verify_password("wrong", &stored).unwrap(), PasswordMatch::No);
    }

    #[test]
    fn b13_nothing_of_a_long_password_is_cut_off() {
        let (keyring, randomness) = (Keyring::for_tests(1), SeededRandom::new(1));
        let long = "长".repeat(100);
        let stored = keyring.hash_password(&long, &randomness);
        assert_eq!(keyring.verify_password(&"长".repeat(99), &stored).unwrap(), PasswordMatch::No);
    }

    #[test]
    fn malformed_hashes_are_errors() {
        let keyring = Keyring::for_tests(1);
        let good = keyring.hash_password("Shanghai-2026", &SeededRandom::new(1));
        let huge = good.replace("i=1024", "i=4000000000");
        for stored in ["", "$", "plain", "$pbkdf2-hmac-sm3-pepper1$i=0$AA$AA", &huge, &format!("{good}$x")] {
            assert!(
                matches!(keyring.verify_password("x", stored), Err(Error::MalformedPasswordHash)),
                "{stored}"
            );
        }
    }
}
