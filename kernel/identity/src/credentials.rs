//! Stored password hashes, and changing them.

use anju_crypto::PasswordMatch;
use anju_records::{Actor, AuditEntry, Error, Object, Result};
use anju_store::{ColumnKind, Condition, Fetch, Select, SqlValue, Tx};
use jiff::Timestamp;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    ACCOUNT, Identity,
    attempts::Admission,
    gate::run_slow,
    password_rules,
    posts::is_administrator,
    sessions::digest,
    tables::{CREDENTIAL, SESSION},
};

/// A stored hash.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) hash: String,
    /// Given by an administrator: must be changed before anything else.
    pub(crate) initial: bool,
    pub(crate) expires_at: Option<i64>,
}

/// Whose choice a new password is.
pub(crate) enum NewPassword {
    /// The person's own.
    Chosen,
    /// Given by an administrator; void from this instant on, if any.
    Initial(Option<Timestamp>),
}

impl Identity {
    /// Changes one's own password. Other sessions of the account end.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `old_password` or `new_password`; a wrong old password counts as a failed log-in.
    pub async fn change_password(&self, actor: &Actor, token: &str, old: &str, new: &str) -> Result<()> {
        let _turn = self.gate().turn().await.ok_or_else(busy)?;
        let account = self.records().read(&Actor::system("identity"), ACCOUNT, &actor.account_id).await?;
        let name = account.text("account").unwrap_or_default().to_owned();
        if let Some(fault) = self.new_password_fault(actor, &account.values, old, new) {
            return Err(Error::invalid("new_password", "password_policy", fault));
        }

        let mut tx = self.store().begin().await?;
        let admission = self.count_attempt(&mut tx, &name).await?;
        let credential = self.credential(&mut tx, &actor.account_id).await?;
        tx.commit().await?;

        let wrong = || Error::invalid("old_password", "wrong_password", "原密码不正确");
        let (Admission::Counted(_), Some(credential)) = (admission, credential) else { return Err(wrong()) };
        if self.compare(old, &credential.hash).await? == PasswordMatch::No {
            return Err(wrong());
        }
        let hash = self.hash(new).await?;

        let mut tx = self.store().begin().await?;
        self.forget_attempts(&mut tx, &name).await?;
        self.store_hash(&mut tx, &actor.account_id, hash, &NewPassword::Chosen).await?;
        let others = Condition::eq(SESSION, "account_id", actor.account_id.as_str())
            .and(Condition::Not(Box::new(Condition::eq(SESSION, "token_digest", digest(token)))));
        tx.delete(SESSION, others).await?;
        let entry = AuditEntry::of("password.changed", ACCOUNT, &actor.account_id);
        self.records().audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        self.forget_actors_of(&actor.account_id);
        Ok(())
    }

    fn new_password_fault(&self, actor: &Actor, account: &Object, old: &str, new: &str) -> Option<String> {
        if old == new {
            return Some("新密码不能与原密码相同".to_owned());
        }
        let policy = self.policy();
        let length_min = match is_administrator(&actor.roles) {
            true => policy.administrator_password_length_min,
            false => policy.password_length_min,
        };
        self.password_fault(account, new, length_min)
    }

    pub(crate) fn password_fault(
        &self,
        account: &Object,
        password: &str,
        length_min: usize,
    ) -> Option<String> {
        let text = |field: &str| account.get(field).and_then(|value| value.as_str()).unwrap_or_default();
        password_rules::fault(password, length_min, &[text("account"), text("name"), text("phone")])
    }

    pub(crate) async fn credential(
        &self,
        source: &mut (dyn Fetch + '_),
        account_id: &str,
    ) -> Result<Option<Credential>> {
        let select = Select::from(CREDENTIAL)
            .column("password_hash", ColumnKind::Text)
            .column("initial", ColumnKind::Bool)
            .column("expires_at", ColumnKind::Int)
            .filter(Condition::eq(CREDENTIAL, "account_id", account_id));
        let Some(row) = source.fetch_optional(&select).await? else { return Ok(None) };
        let (initial, expires_at) = (row.bool(1)?, row.opt_int(2)?);
        Ok(Some(Credential { hash: row.text(0)?.to_owned(), initial, expires_at }))
    }

    /// Puts a hash in the place of the account's old one, and says on the account whether it must be changed.
    pub(crate) async fn store_hash(
        &self,
        tx: &mut Tx,
        account_id: &str,
        hash: String,
        new: &NewPassword,
    ) -> Result<()> {
        let (initial, expires_at) = match new {
            NewPassword::Chosen => (false, None),
            NewPassword::Initial(expires_at) => (true, *expires_at),
        };
        tx.delete(CREDENTIAL, Condition::eq(CREDENTIAL, "account_id", account_id)).await?;
        let values: Vec<(&str, SqlValue)> = vec![
            ("account_id", account_id.into()),
            ("password_hash", hash.into()),
            ("changed_at", self.now().into()),
            ("initial", initial.into()),
            ("expires_at", expires_at.into()),
        ];
        tx.insert(CREDENTIAL, values).await?;
        let changes = Object::from_iter([("must_change_password".to_owned(), json!(initial))]);
        self.records()
            .patch(tx, &Actor::system("identity"), ACCOUNT, account_id, None, changes, None)
            .await?;
        Ok(())
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let (keyring, randomness) = (self.keyring().clone(), self.randomness().clone());
        let password = Zeroizing::new(password.to_owned());
        run_slow(move || keyring.hash_password(&password, &*randomness)).await
    }

    pub(crate) async fn compare(&self, password: &str, hash: &str) -> Result<PasswordMatch> {
        let (keyring, hash) = (self.keyring().clone(), hash.to_owned());
        let password = Zeroizing::new(password.to_owned());
        Ok(run_slow(move || keyring.verify_password(&password, &hash)).await??)
    }

    pub(crate) async fn pretend_to_compare(&self, password: &str) -> Result<()> {
        let keyring = self.keyring().clone();
        let password = Zeroizing::new(password.to_owned());
        run_slow(move || keyring.pretend_to_verify_password(&password)).await
    }
}

fn busy() -> Error {
    Error::conflict("busy", "登录人数较多，请稍后重试")
}
