//! Publications under an idempotency key: the answer is remembered in the transaction that publishes.

use anju_records::Actor;
use anju_store::{Claim, Tx};
use jiff::Timestamp;

use super::{PublishError, Published};
use crate::Runtime;

/// Status of the answer to a publication.
const DONE: u16 = 200;

/// The caller's idempotency key with a digest of what was asked.
#[derive(Debug, Clone)]
pub struct RequestKey {
    pub key: String,
    pub request_digest: String,
}

impl RequestKey {
    /// # Errors
    /// [`PublishError::Repeated`] with the answer that was given under the key.
    pub(super) async fn claim(&self, tx: &mut Tx, actor: &Actor, now: Timestamp) -> Result<(), PublishError> {
        match tx.claim(&self.key, &actor.account_id, &self.request_digest, now).await? {
            Claim::First => Ok(()),
            Claim::Repeated(earlier) => Err(PublishError::Repeated(earlier)),
        }
    }

    pub(super) async fn answer(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        published: &Published,
    ) -> Result<(), PublishError> {
        let body = serde_json::to_value(published)
            .map_err(|cause| anju_records::Error::Internal(cause.to_string()))?;
        Ok(tx.answer(&self.key, &actor.account_id, DONE, &body).await?)
    }
}

impl Runtime {
    /// Looks before anything is worked out: a repeated request would not find its drafts any more.
    pub(super) async fn refuse_repeated(
        &self,
        actor: &Actor,
        once: Option<&RequestKey>,
    ) -> Result<(), PublishError> {
        let Some(once) = once else { return Ok(()) };
        let mut tx = self.store.begin().await?;
        let claimed = once.claim(&mut tx, actor, self.clock.now()).await;
        tx.rollback().await?;
        claimed
    }
}
