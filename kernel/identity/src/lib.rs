//! Who acts, and from which place: accounts, posts, passwords, sessions.
//!
//! Organisations, accounts and posts are ordinary records (`platform.organisation`, `platform.account`,
//! `platform.post`); what must never be shown lies in tables of this crate: password hashes, counters of
//! failed log-ins, digests of session tokens.
//!
//! What it knows: how a password is checked and when an account locks, when a session ends
//! which roles exclude each other, how an [`anju_records::Actor`] follows from a session.
//! What it never does: decide what an actor may do with a record (`records` does), keep a password or a
//! token in clear, tell a stranger whether an account exists.

mod accounts;
mod attempts;
mod credentials;
mod error;
mod gate;
mod identity;
mod integrity;
mod log_in;
mod password_rules;
mod policy;
mod posts;
mod rules;
mod sessions;
mod tables;
mod who;

pub use accounts::OneTimeCredential;
pub use error::LogInError;
pub use identity::Identity;
pub use policy::{IdentityPolicy, SessionLimits};
pub use rules::{AccountRules, PostRules};
pub use sessions::{Session, SessionInfo};
pub use tables::tables;

/// Entity of organisations.
pub const ORGANISATION: &str = "platform.organisation";
/// Entity of accounts.
pub const ACCOUNT: &str = "platform.account";
/// Entity of posts.
pub const POST: &str = "platform.post";
