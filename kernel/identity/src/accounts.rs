//! Making accounts, giving initial passwords, unlocking; the first three accounts of an installation.

use anju_crypto::Randomness;
use anju_records::{Actor, AuditEntry, Error, Object, PageRequest, Query, Result};
use anju_store::{Condition, Tx};
use serde_json::{Value, json};

use crate::{
    ACCOUNT, Identity, ORGANISATION, POST,
    credentials::NewPassword,
    log_in::normal_name,
    password_rules,
    posts::{ADMINISTRATORS, find, system},
    tables::SESSION,
};

/// Letters and digits that are not mistaken for one another.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Groups of four, e.g. `k7Hp-Wq3x-9TbM-eR5d`: 92 bits.
const PASSWORD_GROUPS: usize = 4;

/// A password that is shown once, to be changed at the first log-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeCredential {
    pub account: String,
    pub password: String,
    /// For what it is, in Chinese: the person's name or the role.
    pub title: String,
}

/// The first accounts: stem of the name, person's name, role.
const FIRST: [(&str, &str, &str); 3] = [
    ("sysadmin", "系统管理员", ADMINISTRATORS[0]),
    ("secadmin", "安全管理员", ADMINISTRATORS[1]),
    ("auditor", "审计管理员", ADMINISTRATORS[2]),
];

impl Identity {
    /// Creates an account with an initial password; `values` are fields of the account. Returns the
    /// account's id and what to tell the person.
    ///
    /// # Errors
    /// As [`anju_records::Records::create`].
    pub async fn create_account(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        values: Object,
    ) -> Result<(String, OneTimeCredential)> {
        let account = self.records().create(tx, actor, ACCOUNT, values, None).await?;
        let credential = self.issue_password(tx, actor, &account.id).await?;
        Ok((account.id, credential))
    }

    /// Creates an account with a password that need not be changed: for demonstrations and imports by the
    /// platform itself. Returns the account's id.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody but the platform, [`Error::Invalid`] for a password against the policy.
    pub async fn create_account_with_password(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        values: Object,
        password: &str,
    ) -> Result<String> {
        if !actor.is_system() {
            return Err(Error::forbidden("只有平台可以指定密码"));
        }
        if let Some(fault) = self.password_fault(&values, password, self.policy().password_length_min) {
            return Err(Error::invalid("password", "password_policy", fault));
        }
        let account = self.records().create(tx, actor, ACCOUNT, values, None).await?;
        let hash = self.hash(password).await?;
        self.store_hash(tx, &account.id, hash, &NewPassword::Chosen).await?;
        Ok(account.id)
    }

    /// Gives an account a new initial password, ends its sessions and unlocks it. The administrator sees the
    /// password once and cannot choose it; the person must change it before anything else.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right `platform.manage_accounts`, [`Error::NotFound`].
    pub async fn set_password_by_admin(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account_id: &str,
    ) -> Result<OneTimeCredential> {
        self.require(actor, "platform.manage_accounts")?;
        self.issue_password(tx, actor, account_id).await
    }

    /// Lets an account try again before its lock ends.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right `platform.unlock_accounts`, [`Error::NotFound`],
    /// [`Error::Conflict`] when nothing was counted against it.
    pub async fn unlock(&self, tx: &mut Tx, actor: &Actor, account_id: &str) -> Result<()> {
        self.require(actor, "platform.unlock_accounts")?;
        let account = self.records().read_in(tx, &system(), ACCOUNT, account_id).await?;
        if !self.forget_attempts(tx, account.text("account").unwrap_or_default()).await? {
            return Err(Error::conflict("not_locked", "该账户没有被锁定"));
        }
        self.records().audit(tx, actor, &AuditEntry::of("account.unlocked", ACCOUNT, account_id)).await
    }

    /// On the first start, when there are no accounts: the three administrators that exclude each other, with
    /// random name endings and one-time passwords. `None` later.
    pub async fn bootstrap(&self, tx: &mut Tx) -> Result<Option<Vec<OneTimeCredential>>> {
        // Two servers that start at once take turns here; the second then sees the accounts of the first.
        tx.next_number("identity.bootstrap", "").await?;
        let first = Query { page: PageRequest { size: 1, ..PageRequest::default() }, ..Query::default() };
        if !self.records().query_in(tx, &system(), ACCOUNT, &first).await?.items.is_empty() {
            return Ok(None);
        }
        let organisation = self.first_organisation(tx).await?;
        let mut credentials = Vec::new();
        for (stem, name, role) in FIRST {
            let ending = random_text(&**self.randomness(), 4).to_lowercase();
            let values = object([("account", json!(format!("{stem}-{ending}"))), ("name", json!(name))]);
            let account = self.records().create(tx, &system(), ACCOUNT, values, None).await?;
            let values = object([
                ("account", json!(account.id)),
                ("organisation", json!(organisation)),
                ("title", json!(name)),
                ("roles", json!([role])),
            ]);
            self.records().create(tx, &system(), POST, values, None).await?;
            credentials
                .push(self.give_password(tx, &system(), &account.id, NewPassword::Initial(None)).await?);
        }
        Ok(Some(credentials))
    }

    async fn first_organisation(&self, tx: &mut Tx) -> Result<String> {
        if let Some(organisation) = find(self.records(), tx, ORGANISATION, "level", "city").await?.first() {
            return Ok(organisation.id.clone());
        }
        let values =
            object([("code", json!("platform")), ("title", json!("平台管理中心")), ("level", json!("city"))]);
        Ok(self.records().create(tx, &system(), ORGANISATION, values, None).await?.id)
    }

    async fn issue_password(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account_id: &str,
    ) -> Result<OneTimeCredential> {
        let void_from = self.now().checked_add(self.policy().initial_password_valid);
        let void_from = void_from.map_err(|cause| Error::Internal(cause.to_string()))?;
        self.give_password(tx, actor, account_id, NewPassword::Initial(Some(void_from))).await
    }

    async fn give_password(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account_id: &str,
        new: NewPassword,
    ) -> Result<OneTimeCredential> {
        let account = self.records().read_in(tx, &system(), ACCOUNT, account_id).await?;
        let text = |field: &str| account.text(field).unwrap_or_default().to_owned();
        let password =
            initial_password(&**self.randomness(), self.policy().administrator_password_length_min);
        let hash = self.hash(&password).await?;
        self.store_hash(tx, account_id, hash, &new).await?;
        tx.delete(SESSION, Condition::eq(SESSION, "account_id", account_id)).await?;
        self.forget_attempts(tx, &normal_name(&text("account"))).await?;
        self.records().audit(tx, actor, &AuditEntry::of("password.issued", ACCOUNT, account_id)).await?;
        self.forget_actors_of(account_id);
        Ok(OneTimeCredential { account: text("account"), password, title: text("name") })
    }
}

/// Random groups until the policy is met, which nearly every draw does.
fn initial_password(randomness: &dyn Randomness, length_min: usize) -> String {
    loop {
        let groups: Vec<String> = (0..PASSWORD_GROUPS).map(|_| random_text(randomness, 4)).collect();
        let password = groups.join("-");
        if password_rules::fault(&password, length_min, &[]).is_none() {
            return password;
        }
    }
}

/// Characters of the alphabet, each equally likely: bytes beyond a multiple of its size are drawn again.
fn random_text(randomness: &dyn Randomness, length: usize) -> String {
    let fair = 256 - 256 % ALPHABET.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0];
        randomness.fill(&mut byte);
        let drawn = usize::from(byte[0]);
        if drawn < fair {
            text.push(char::from(ALPHABET[drawn % ALPHABET.len()]));
        }
    }
    text
}

fn object<const N: usize>(values: [(&str, Value); N]) -> Object {
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
