//! Names that transactions hold, so that those that must not overlap come one after the other.

use sm3::{Digest, Sm3};

use crate::{Dialect, Result, Tx};

impl Tx {
    /// Holds the name until the transaction ends; waits while another transaction does. Whoever holds several
    /// takes them in the order of their texts. SQLite has one writer at a time and needs no name.
    pub async fn hold(&mut self, name: &str) -> Result<()> {
        match self.dialect() {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => self.run(format!("SELECT pg_advisory_xact_lock({})", number(name))).await,
        }
    }
}

/// Two names that share a number wait for each other without need, which harms nothing.
fn number(name: &str) -> i64 {
    let digest = Sm3::digest(name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_has_one_number_and_others_have_others() {
        assert_eq!(super::number("rule:a"), super::number("rule:a"));
        assert_ne!(super::number("rule:a"), super::number("rule:b"));
    }
}
