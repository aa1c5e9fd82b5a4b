use anju_store::{ColumnKind, IndexSpec, TableSpec};

/// Password hashes by account.
pub(crate) const CREDENTIAL: &str = "sys_credential";
/// Log-ins that failed or are being checked, by digest of the account name as typed.
pub(crate) const ATTEMPT: &str = "sys_log_in_attempt";
/// Open sessions, by digest of the token.
pub(crate) const SESSION: &str = "sys_session";

/// The tables of this crate.
pub fn tables() -> Vec<TableSpec> {
    vec![
        TableSpec::new(CREDENTIAL)
            .column("account_id", ColumnKind::Text)
            .column("password_hash", ColumnKind::Text)
            .column("changed_at", ColumnKind::Int)
            .column("initial", ColumnKind::Bool)
            .nullable("expires_at", ColumnKind::Int)
            .primary_key(["account_id"])
            .authenticated(),
        TableSpec::new(ATTEMPT)
            .column("name_digest", ColumnKind::Text)
            .column("failures", ColumnKind::Int)
            .column("first_at", ColumnKind::Int)
            .column("last_at", ColumnKind::Int)
            .primary_key(["name_digest"])
            .index(IndexSpec::on(["last_at"]))
            .authenticated(),
        TableSpec::new(SESSION)
            .column("token_digest", ColumnKind::Text)
            .column("id", ColumnKind::Text)
            .column("account_id", ColumnKind::Text)
            .nullable("post_id", ColumnKind::Text)
            .column("opened_at", ColumnKind::Int)
            .column("seen_at", ColumnKind::Int)
            .primary_key(["token_digest"])
            .index(IndexSpec::on(["account_id"]))
            .index(IndexSpec::on(["opened_at"]))
            .authenticated(),
    ]
}
