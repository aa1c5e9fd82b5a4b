//! One after the other: transactions that must not pass each other though they touch different rows.

use sm3::{Digest, Sm3};

use crate::build::Statement;
use crate::{Dialect, Result, SqlValue, Tx};

impl Tx {
    /// Waits until no other transaction has this turn, and keeps it until this one ends. Who takes several takes them
    /// in the order of their names; a deadlock all the same is [`crate::Error::Retry`].
    pub async fn take_turn(&mut self, name: &str) -> Result<()> {
        if self.dialect() == Dialect::Sqlite {
            // its transactions come one after the other anyway
            return Ok(());
        }
        let digest = Sm3::digest(name.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        // Two names with the same number only wait for each other without need.
        let number = SqlValue::Int(i64::from_be_bytes(first));
        let statement = Statement::new("SELECT pg_advisory_xact_lock($1)".to_owned(), vec![number]);
        self.execute(statement).await.map(drop)
    }
}
