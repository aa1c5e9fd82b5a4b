//! Open sessions: from a token to an actor.

use anju_crypto::{sm3, sm3_hex};
use anju_records::{Actor, AuditEntry, Error, Result};
use anju_store::{ColumnKind, Condition, Fetch, Row, Select, SqlValue};
use jiff::{SignedDuration, Timestamp};

use crate::{
    ACCOUNT, Identity,
    attempts::ms,
    posts::{HeldPost, actor_at, find, is_administrator, system},
    tables::SESSION,
};

/// Using a session is written down at most this often.
const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Actors remembered at once; beyond it, all are forgotten and loaded anew.
const REMEMBERED_MAX: usize = 10_000;

/// A session just opened. The token is the caller's to keep: here only its digest is.
#[derive(Debug)]
pub struct Session {
    pub token: String,
    pub actor: Actor,
    pub info: SessionInfo,
}

/// What belongs to a session besides its actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// Name of the account.
    pub account: String,
    /// What unsafe requests must carry besides the cookie.
    pub csrf: String,
    /// The password was given by an administrator and must be changed first.
    pub must_change_password: bool,
}

impl SessionInfo {
    pub(crate) fn new(token: &str, account: &str, must_change_password: bool) -> Self {
        // Derived from the token, so that it need not be kept: who does not know the one cannot know the other.
        let csrf = hex::encode(&sm3(format!("anju/csrf/1\0{token}").as_bytes())[..16]);
        Self { account: account.to_owned(), csrf, must_change_password }
    }
}

/// An actor loaded a moment ago.
pub(crate) struct Remembered {
    actor: Actor,
    info: SessionInfo,
    loaded_at: Timestamp,
    ends_at: i64,
}

/// One row of the session table.
struct Stored {
    id: String,
    account_id: String,
    post_id: Option<String>,
    opened_at: i64,
    seen_at: i64,
}

pub(crate) fn digest(token: &str) -> String {
    sm3_hex(token.as_bytes())
}

impl Identity {
    /// Who holds this token; `None` when the session does not exist, has ended, its account was stopped, or a
    /// row it rests on is damaged.
    /// Counts as use of the session.
    pub async fn actor_of(&self, token: &str) -> Result<Option<(Actor, SessionInfo)>> {
        let digest = digest(token);
        if let Some(found) = self.recall(&digest) {
            return Ok(Some(found));
        }
        let mut reader = self.store().reader();
        let Some(stored) = load(&mut reader, &digest).await? else { return Ok(None) };
        if let Some(damaged) = self.damaged_session(&mut reader, &digest, &stored.account_id).await? {
            self.end_damaged(&digest, &damaged).await?;
            return Ok(None);
        }
        let Some((actor, info)) = self.load_actor(&mut reader, token, &stored).await? else {
            let mut tx = self.store().begin().await?;
            tx.delete(SESSION, this_session(&digest)).await?;
            tx.commit().await?;
            return Ok(None);
        };
        let now = self.now().as_millisecond();
        if now - stored.seen_at >= ms(SEEN_EVERY) {
            let sets: Vec<(&str, SqlValue)> = vec![("seen_at", now.into())];
            let mut tx = self.store().begin().await?;
            tx.update(SESSION, sets, this_session(&digest)).await?;
            tx.commit().await?;
        }
        self.remember(digest, &actor, &info, &stored);
        Ok(Some((actor, info)))
    }

    /// Ends the session. Ending one that does not exist is no error.
    pub async fn log_out(&self, token: &str) -> Result<()> {
        let digest = digest(token);
        let mut tx = self.store().begin().await?;
        if let Some(stored) = load(&mut tx, &digest).await? {
            tx.delete(SESSION, this_session(&digest)).await?;
            let account = self.records().read_in(&mut tx, &system(), ACCOUNT, &stored.account_id).await?;
            let actor = actor_at(&account, None, &stored.id);
            let entry = AuditEntry::of("session.closed", ACCOUNT, &stored.account_id);
            self.records().audit(&mut tx, &actor, &entry).await?;
        }
        tx.commit().await?;
        self.remembered().remove(&digest);
        Ok(())
    }

    /// Works on from another of one's posts.
    ///
    /// # Errors
    /// [`Error::NotFound`] without such a session, [`Error::Forbidden`] for a post one does not hold today.
    pub async fn choose_post(&self, token: &str, post_id: &str) -> Result<()> {
        let digest = digest(token);
        let mut tx = self.store().begin().await?;
        let stored = load(&mut tx, &digest).await?.ok_or(Error::NotFound)?;
        let posts = self.posts_of(&mut tx, &stored.account_id).await?;
        let chosen = posts.iter().find(|held| held.post.id == post_id);
        let chosen = chosen.ok_or_else(|| Error::forbidden("您没有担任该岗位"))?;
        let sets: Vec<(&str, SqlValue)> = vec![("post_id", post_id.into())];
        tx.update(SESSION, sets, this_session(&digest)).await?;
        let account = self.records().read_in(&mut tx, &system(), ACCOUNT, &stored.account_id).await?;
        let actor = actor_at(&account, Some(chosen), &stored.id);
        let entry = AuditEntry::of("session.post_chosen", crate::POST, post_id);
        self.records().audit(&mut tx, &actor, &entry).await?;
        tx.commit().await?;
        self.remembered().remove(&digest);
        Ok(())
    }

    /// Makes the next request of each of the account's sessions look it up again.
    pub(crate) fn forget_actors_of(&self, account_id: &str) {
        self.remembered().retain(|_, remembered| remembered.actor.account_id != account_id);
    }

    fn recall(&self, digest: &str) -> Option<(Actor, SessionInfo)> {
        let now = self.now();
        let remembered = self.remembered();
        let found = remembered.get(digest)?;
        let fresh = now.duration_since(found.loaded_at) <= self.policy().actor_cached;
        (fresh && now.as_millisecond() < found.ends_at).then(|| (found.actor.clone(), found.info.clone()))
    }

    fn remember(&self, digest: String, actor: &Actor, info: &SessionInfo, stored: &Stored) {
        let limits = self.limits(actor);
        let entry = Remembered {
            actor: actor.clone(),
            info: info.clone(),
            loaded_at: self.now(),
            ends_at: stored.opened_at + ms(limits.absolute),
        };
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(digest, entry);
    }

    fn limits(&self, actor: &Actor) -> crate::SessionLimits {
        match is_administrator(&actor.roles) {
            true => self.policy().administrator_sessions,
            false => self.policy().sessions,
        }
    }

    /// `None` when the session is over.
    async fn load_actor(
        &self,
        source: &mut (dyn Fetch + '_),
        token: &str,
        stored: &Stored,
    ) -> Result<Option<(Actor, SessionInfo)>> {
        let accounts = find(self.records(), source, ACCOUNT, "id", &stored.account_id).await?;
        let Some(account) = accounts.first() else { return Ok(None) };
        let Some(credential) = self.credential(source, &stored.account_id).await? else { return Ok(None) };
        let posts = self.posts_of(source, &stored.account_id).await?;
        let actor = actor_at(account, chosen(&posts, stored.post_id.as_deref()), &stored.id);
        let (limits, now) = (self.limits(&actor), self.now().as_millisecond());
        let over = now >= stored.opened_at + ms(limits.absolute) || now >= stored.seen_at + ms(limits.idle);
        if over || account.text("status") != Some("active") {
            return Ok(None);
        }
        let name = account.text("account").unwrap_or_default();
        let info = SessionInfo::new(token, name, credential.initial);
        Ok(Some((actor, info)))
    }
}

/// The post chosen, or the first when it is no longer held.
fn chosen<'a>(posts: &'a [HeldPost], post_id: Option<&str>) -> Option<&'a HeldPost> {
    posts.iter().find(|held| Some(held.post.id.as_str()) == post_id).or_else(|| posts.first())
}

async fn load(source: &mut (dyn Fetch + '_), digest: &str) -> Result<Option<Stored>> {
    let select = Select::from(SESSION)
        .column("id", ColumnKind::Text)
        .column("account_id", ColumnKind::Text)
        .column("post_id", ColumnKind::Text)
        .column("opened_at", ColumnKind::Int)
        .column("seen_at", ColumnKind::Int)
        .filter(this_session(digest));
    let row = source.fetch_optional(&select).await?;
    Ok(row.as_ref().map(stored).transpose()?)
}

fn this_session(digest: &str) -> Condition {
    Condition::eq(SESSION, "token_digest", digest)
}

fn stored(row: &Row) -> anju_store::Result<Stored> {
    Ok(Stored {
        id: row.text(0)?.to_owned(),
        account_id: row.text(1)?.to_owned(),
        post_id: row.opt_text(2)?.map(str::to_owned),
        opened_at: row.int(3)?,
        seen_at: row.int(4)?,
    })
}
