//! People as the engine has to know them.

use std::sync::Arc;

use anju_records::{Actor, FieldError};
use anju_store::Fetch;
use async_trait::async_trait;

use crate::{Error, Processes, Result};

/// Who works where. The engine asks; the platform's accounts and posts answer.
#[async_trait]
pub trait People: Send + Sync {
    /// An account as it may act today, once for each of its posts; nothing when it may not act at all.
    async fn at_posts(
        &self,
        from: &mut (dyn Fetch + '_),
        account_id: &str,
    ) -> anju_records::Result<Vec<Actor>>;

    /// The organisation above another.
    async fn above(
        &self,
        from: &mut (dyn Fetch + '_),
        organisation_id: &str,
    ) -> anju_records::Result<Option<String>>;
}

/// Somebody by id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub id: String,
    pub name: String,
}

impl From<&Actor> for Person {
    fn from(actor: &Actor) -> Self {
        Self { id: actor.account_id.clone(), name: actor.name.clone() }
    }
}

impl Processes {
    /// The same engine, knowing who works where. Without, nobody can be handed anything, or be stood in for.
    #[must_use]
    pub fn knowing(mut self, people: Arc<dyn People>) -> Self {
        self.people = Some(people);
        self
    }

    /// An account at each of its posts; nothing when it may not act today.
    pub(crate) async fn at_posts(&self, from: &mut (dyn Fetch + '_), account: &str) -> Result<Vec<Actor>> {
        match &self.people {
            Some(people) => Ok(people.at_posts(from, account).await?),
            None => Ok(Vec::new()),
        }
    }

    pub(crate) async fn above(&self, from: &mut (dyn Fetch + '_), org: &str) -> Result<Option<String>> {
        match &self.people {
            Some(people) => Ok(people.above(from, org).await?),
            None => Ok(None),
        }
    }

    /// Somebody else who is to get something to do.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `account`.
    pub(crate) async fn somebody_else(
        &self,
        from: &mut (dyn Fetch + '_),
        actor: &Actor,
        account: &str,
    ) -> Result<Vec<Actor>> {
        if account == actor.account_id {
            return Err(unfit("不能选择本人"));
        }
        let posts = self.at_posts(from, account).await?;
        if posts.is_empty() { Err(unfit("该账户不存在、已停用或没有任职")) } else { Ok(posts) }
    }
}

/// Why an account cannot get something to do.
pub(crate) fn unfit(message: impl Into<String>) -> Error {
    Error::Invalid(vec![FieldError::new("account", "choice", message)])
}
