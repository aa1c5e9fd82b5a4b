use std::sync::Mutex;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::sm3;

/// The source of random bytes. Passed in, so that every behaviour can be replayed.
pub trait Randomness: Send + Sync {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Randomness for OsRandom {
    /// # Panics
    /// When the operating system has no randomness: no secret may be made without it, so it fails closed.
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}

/// A repeatable stream (SM3 over seed and counter). For tests and demonstrations; never for real secrets.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    blocks: Mutex<u64>,
}

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self { seed, blocks: Mutex::new(0) }
    }
}

impl Randomness for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A counter cannot be left half-changed by a panic elsewhere.
        let mut blocks = self.blocks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&blocks.to_be_bytes());
            chunk.copy_from_slice(&sm3(&input)[..chunk.len()]);
            *blocks += 1;
        }
    }
}

/// A token of `bytes` random bytes in base64url without padding.
pub fn random_token(randomness: &dyn Randomness, bytes: usize) -> String {
    let mut token = vec![0; bytes];
    randomness.fill(&mut token);
    URL_SAFE_NO_PAD.encode(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_and_two_tokens_differ() {
        let one = SeededRandom::new(7);
        let first = random_token(&one, 32);
        assert_eq!(first, random_token(&SeededRandom::new(7), 32));
        assert_ne!(first, random_token(&one, 32));
        assert_eq!(first.len(), 43);
    }

    #[test]
    fn the_systems_tokens_differ() {
        assert_ne!(random_token(&OsRandom, 32), random_token(&OsRandom, 32));
    }
}
