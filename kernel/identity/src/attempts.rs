//! Counting failed log-ins and locking. An attempt is counted before the password is checked and
//! taken back when it was right: so parallel guesses cannot outrun the counter, nor can a restart.

use anju_crypto::sm3_hex;
use anju_store::{ColumnKind, ColumnRef, Condition, Fetch, Operator, Result, Select, SqlValue, Tx};

use crate::{Identity, tables::ATTEMPT};

/// Whether a password may be checked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Counted; the number of attempts so far, this one included.
    Counted(i64),
    Locked,
}

impl Identity {
    /// Counts an attempt for this account name.
    pub(crate) async fn count_attempt(&self, tx: &mut Tx, name: &str) -> Result<Admission> {
        let (now, policy) = (self.now(), self.policy());
        let digest = digest(name);
        let select = Select::from(ATTEMPT)
            .column("failures", ColumnKind::Int)
            .column("first_at", ColumnKind::Int)
            .column("last_at", ColumnKind::Int)
            .filter(Condition::eq(ATTEMPT, "name_digest", digest.as_str()))
            .for_update();
        let now_ms = now.as_millisecond();
        let Some(row) = tx.fetch_optional(&select).await? else {
            self.forget_old_attempts(tx).await?;
            let values: Vec<(&str, SqlValue)> = vec![
                ("name_digest", digest.into()),
                ("failures", 1.into()),
                ("first_at", now_ms.into()),
                ("last_at", now_ms.into()),
            ];
            tx.insert(ATTEMPT, values).await?;
            return Ok(Admission::Counted(1));
        };
        let (failures, first_at, last_at) = (row.int(0)?, row.int(1)?, row.int(2)?);
        let full = failures >= i64::from(policy.failures_max);
        if full && now_ms < last_at + ms(policy.lock) {
            return Ok(Admission::Locked);
        }
        let counts_on = !full && now_ms <= first_at + ms(policy.failure_window);
        let (failures, first_at) = if counts_on { (failures + 1, first_at) } else { (1, now_ms) };
        let sets: Vec<(&str, SqlValue)> =
            vec![("failures", failures.into()), ("first_at", first_at.into()), ("last_at", now_ms.into())];
        tx.update(ATTEMPT, sets, Condition::eq(ATTEMPT, "name_digest", digest)).await?;
        Ok(Admission::Counted(failures))
    }

    /// Starts the count anew: after a right password, or when an administrator unlocks.
    pub(crate) async fn forget_attempts(&self, tx: &mut Tx, name: &str) -> Result<bool> {
        Ok(tx.delete(ATTEMPT, Condition::eq(ATTEMPT, "name_digest", digest(name))).await? > 0)
    }

    /// Rows that can no longer lock anything: names typed once by strangers do not pile up.
    async fn forget_old_attempts(&self, tx: &mut Tx) -> Result<()> {
        let policy = self.policy();
        let before = self.now().as_millisecond() - ms(policy.lock).max(ms(policy.failure_window)) - 1;
        let column = ColumnRef::new(ATTEMPT, "last_at");
        tx.delete(ATTEMPT, Condition::compare(column, Operator::Lt, before)).await?;
        Ok(())
    }
}

/// What was typed may be a password in the wrong box: it is never kept.
fn digest(name: &str) -> String {
    sm3_hex(name.as_bytes())
}

pub(crate) fn ms(duration: jiff::SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
