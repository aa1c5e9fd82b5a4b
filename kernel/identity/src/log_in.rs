//! Logging in: count the attempt, check the password, open a session. Every way takes the same time and says
//! the same.

use anju_crypto::{PasswordMatch, random_token, sm3_hex};
use anju_records::{Actor, AuditEntry, Object, Record};
use anju_store::{ColumnRef, Condition, Operator, SqlValue, Tx};
use serde_json::json;

use crate::{
    ACCOUNT, Identity, LogInError, Session,
    attempts::{Admission, ms},
    credentials::{Credential, NewPassword},
    integrity::DAMAGED,
    posts::{HeldPost, actor_at, is_administrator, system},
    sessions::{SessionInfo, digest},
    tables::SESSION,
};

/// 256 bits.
const TOKEN_BYTES: usize = 32;
const NAME_LENGTH_MAX: usize = 100;
/// Two first attempts for one name at the same time: one of them starts again.
const COUNTING_TRIES_MAX: u32 = 5;

/// What stands behind a name that was typed.
struct Claim {
    admission: Admission,
    account: Option<Record>,
    credential: Option<Credential>,
    /// What the account's rights rest on was changed past the platform.
    damaged: bool,
}

impl Identity {
    /// Opens a session.
    ///
    /// # Errors
    /// [`LogInError::Refused`] for everything that is wrong with account or password.
    pub async fn log_in(
        &self,
        account: &str,
        password: &str,
        ip: Option<&str>,
    ) -> Result<Session, LogInError> {
        let name = normal_name(account);
        let _turn = self.gate().turn().await.ok_or(LogInError::Busy)?;
        let claim = self.claim(&name).await?;
        let refusal = self.refusal(&claim);
        let matched = match (&claim.credential, refusal) {
            (Some(credential), None) => self.compare(password, &credential.hash).await?,
            _ => {
                self.pretend_to_compare(password).await?;
                PasswordMatch::No
            }
        };
        let (Some(account), Some(credential)) = (&claim.account, &claim.credential) else {
            return self.refuse(&claim, "unknown_account", ip).await;
        };
        if matched == PasswordMatch::No {
            return self.refuse(&claim, refusal.unwrap_or("wrong_password"), ip).await;
        }
        let better_hash = match matched {
            PasswordMatch::YesOutdated => Some(self.hash(password).await?),
            _ => None,
        };
        self.open_session(account, credential, &name, better_hash, ip).await
    }

    /// Counts the attempt and looks the account up.
    async fn claim(&self, name: &str) -> Result<Claim, LogInError> {
        for _ in 0..COUNTING_TRIES_MAX {
            let mut tx = self.store().begin().await?;
            let admission = match self.count_attempt(&mut tx, name).await {
                Ok(admission) => admission,
                Err(anju_store::Error::Unique { .. } | anju_store::Error::Retry(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let account = self.account_named(&mut tx, name).await?;
            let credential = match &account {
                Some(account) => self.credential(&mut tx, &account.id).await?,
                None => None,
            };
            let damaged = match &account {
                Some(account) => self.damaged_grant(&mut tx, &account.id).await?.is_some(),
                None => false,
            };
            tx.commit().await?;
            return Ok(Claim { admission, account, credential, damaged });
        }
        Err(LogInError::Busy)
    }

    /// Why this account is not let in, whatever the password.
    fn refusal(&self, claim: &Claim) -> Option<&'static str> {
        let expired = |credential: &Credential| {
            credential.expires_at.is_some_and(|at| at <= self.now().as_millisecond())
        };
        if claim.admission == Admission::Locked {
            return Some("locked");
        }
        if claim.damaged {
            return Some(DAMAGED);
        }
        if claim.account.as_ref().is_some_and(|account| account.text("status") != Some("active")) {
            return Some("stopped");
        }
        claim.credential.as_ref().is_some_and(expired).then_some("initial_password_expired")
    }

    async fn refuse(&self, claim: &Claim, reason: &str, ip: Option<&str>) -> Result<Session, LogInError> {
        let locks = claim.admission == Admission::Counted(i64::from(self.policy().failures_max));
        let stranger = Actor::public(ip);
        let mut tx = self.store().begin().await?;
        for event in ["session.refused", "account.locked"].into_iter().take(1 + usize::from(locks)) {
            let entry = match &claim.account {
                Some(account) => AuditEntry::of(event, ACCOUNT, &account.id),
                None => AuditEntry::named(event),
            };
            self.records().audit(&mut tx, &stranger, &entry.refused().because(Some(reason))).await?;
        }
        tx.commit().await?;
        Err(LogInError::Refused)
    }

    async fn open_session(
        &self,
        account: &Record,
        credential: &Credential,
        name: &str,
        better_hash: Option<String>,
        ip: Option<&str>,
    ) -> Result<Session, LogInError> {
        let token = random_token(&**self.randomness(), TOKEN_BYTES);
        let session_id = random_token(&**self.randomness(), 16);
        let mut tx = self.store().begin().await?;
        self.forget_attempts(&mut tx, name).await?;
        if let (Some(hash), false) = (better_hash, credential.initial) {
            self.store_hash(&mut tx, &account.id, hash, &NewPassword::Chosen).await?;
        }
        let posts = self.posts_of(&mut tx, &account.id).await?;
        self.end_outlived_sessions(&mut tx).await?;
        if posts.iter().any(|held| is_administrator(&held.roles)) {
            // Administrators work in one place at a time.
            tx.delete(SESSION, Condition::eq(SESSION, "account_id", account.id.as_str())).await?;
            self.forget_actors_of(&account.id);
        }
        self.insert_session(&mut tx, &token, &session_id, &account.id, posts.first()).await?;
        let mut actor = actor_at(account, posts.first(), &session_id);
        actor.ip = ip.map(str::to_owned);
        let changes = Object::from_iter([
            ("last_login_at".to_owned(), json!(self.now().to_string())),
            ("last_login_ip".to_owned(), json!(ip)),
        ]);
        self.records().patch(&mut tx, &system(), ACCOUNT, &account.id, None, changes, None).await?;
        let entry = AuditEntry::of("session.opened", ACCOUNT, &account.id);
        self.records().audit(&mut tx, &actor, &entry).await?;
        tx.commit().await?;
        let info = SessionInfo::new(&token, name, credential.initial);
        Ok(Session { token, actor, info })
    }

    async fn insert_session(
        &self,
        tx: &mut Tx,
        token: &str,
        session_id: &str,
        account_id: &str,
        post: Option<&HeldPost>,
    ) -> anju_store::Result<()> {
        let now = self.now();
        let values: Vec<(&str, SqlValue)> = vec![
            ("token_digest", digest(token).into()),
            ("id", session_id.into()),
            ("account_id", account_id.into()),
            ("post_id", post.map(|held| held.post.id.as_str()).into()),
            ("opened_at", now.into()),
            ("seen_at", now.into()),
        ];
        tx.insert(SESSION, values).await
    }

    async fn end_outlived_sessions(&self, tx: &mut Tx) -> anju_store::Result<()> {
        let before = self.now().as_millisecond() - ms(self.policy().sessions.absolute);
        let column = ColumnRef::new(SESSION, "opened_at");
        tx.delete(SESSION, Condition::compare(column, Operator::Lt, before)).await?;
        Ok(())
    }
}

/// Account names are lower case; anything too long to be one becomes a name that cannot exist.
pub(crate) fn normal_name(typed: &str) -> String {
    let name = typed.trim().to_lowercase();
    if name.chars().count() > NAME_LENGTH_MAX { sm3_hex(name.as_bytes()) } else { name }
}
