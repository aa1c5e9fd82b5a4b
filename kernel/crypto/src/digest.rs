use sm3::{Digest, Sm3};

/// The SM3 digest.
pub fn sm3(data: &[u8]) -> [u8; 32] {
    Sm3::digest(data).into()
}

/// The SM3 digest in lower-case hexadecimal.
pub fn sm3_hex(data: &[u8]) -> String {
    hex::encode(sm3(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b09_sm3_of_abc_is_the_standards_value() {
        assert_eq!(sm3_hex(b"abc"), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    }
}
