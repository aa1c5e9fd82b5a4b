//! Identifiers made here.

use jiff::Timestamp;
use uuid::Builder;

use crate::{Error, Result};

/// UUID v7: later ones sort later.
pub(crate) fn ordered(now: Timestamp) -> Result<String> {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(milliseconds, &random()?).into_uuid().to_string())
}

/// UUID v4: not to be guessed.
pub(crate) fn unguessable() -> Result<String> {
    Ok(Builder::from_random_bytes(random()?).into_uuid().to_string())
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(std::io::Error::other(error.to_string())))?;
    Ok(bytes)
}
