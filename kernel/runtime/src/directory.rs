use anju_identity::Identity;
use anju_process::People;
use anju_records::{Actor, Result};
use anju_store::Fetch;
use async_trait::async_trait;

/// The platform's accounts and organisations, as the engine asks for them.
pub(crate) struct Directory(pub Identity);

#[async_trait]
impl People for Directory {
    async fn at_posts(&self, from: &mut (dyn Fetch + '_), account_id: &str) -> Result<Vec<Actor>> {
        self.0.actors_of(from, account_id).await
    }

    async fn above(&self, from: &mut (dyn Fetch + '_), organisation_id: &str) -> Result<Option<String>> {
        self.0.organisation_above(from, organisation_id).await
    }
}
