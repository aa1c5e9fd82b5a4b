//! Logging in: locks, equal refusals, initial passwords, the first start.

mod common;

use anju_identity::{LogInError, OneTimeCredential};
use anju_records::Actor;
use anju_store::{Condition, Fetch, testing::TestDatabase};
use common::{PASSWORD, Platform, fault_codes, is_refused, object};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

async fn the_right_password_opens_a_session_at_the_first_post(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let account = platform.clerk().await;
    let session = platform.identity.log_in(" Chen.JY ", PASSWORD, Some("10.0.0.1")).await.unwrap();
    assert_eq!(session.actor.account_id, account);
    assert_eq!(session.actor.name, "陈静怡");
    assert_eq!(session.actor.roles, ["t.clerk"]);
    let post = session.actor.post.as_ref().unwrap();
    assert_eq!((post.district.as_deref(), post.operator()), (Some("310115"), post.org_id.as_str()));
    let (actor, info) = platform.identity.actor_of(&session.token).await.unwrap().unwrap();
    assert_eq!((actor.account_id, info), (account, session.info));
}

async fn a03_five_failures_lock_for_thirty_minutes(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    platform.fail(5).await;
    assert!(is_refused(&platform.log_in(PASSWORD).await), "locked, though the password is right");
    platform.clock.advance(SignedDuration::from_mins(29));
    assert!(is_refused(&platform.log_in(PASSWORD).await));
    platform.clock.advance(SignedDuration::from_mins(1));
    platform.log_in(PASSWORD).await.unwrap();
}

async fn a03_the_counter_survives_a_restart(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    platform.fail(5).await;
    let restarted = platform.restarted();
    assert!(is_refused(&restarted.log_in("chen.jy", PASSWORD, None).await));
}

async fn a03_success_and_time_reset_the_counter(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    platform.fail(4).await;
    platform.log_in(PASSWORD).await.unwrap();
    platform.fail(4).await;
    platform.clock.advance(SignedDuration::from_mins(16));
    platform.fail(4).await;
    platform.log_in(PASSWORD).await.unwrap();
}

async fn a03_of_fifty_parallel_guesses_five_are_evaluated(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let guesses = join_all((0..50).map(|_| platform.log_in("Wrong-2026-x"))).await;
    assert!(guesses.iter().all(is_refused));
    let audited = platform.audited().await;
    let evaluated = audited.iter().filter(|line| *line == "session.refused wrong_password").count();
    let locked = audited.iter().filter(|line| *line == "session.refused locked").count();
    assert_eq!((evaluated, locked), (5, 45));
    assert_eq!(audited.iter().filter(|line| line.starts_with("account.locked")).count(), 1);
}

async fn a04_every_refusal_looks_the_same_and_is_audited_with_its_reason(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let account = platform.clerk().await;
    assert!(is_refused(&platform.identity.log_in("nobody", PASSWORD, None).await));
    assert!(is_refused(&platform.identity.log_in(&"x".repeat(10_000), PASSWORD, None).await));
    platform.fail(1).await;
    platform.patch("platform.account", &account, "status", json!("stopped")).await.unwrap();
    assert!(is_refused(&platform.log_in(PASSWORD).await));
    let audited = platform.audited().await;
    assert_eq!(
        audited,
        [
            "session.refused unknown_account",
            "session.refused unknown_account",
            "session.refused wrong_password",
            "session.refused stopped",
        ]
    );
}

async fn a02_an_initial_password_must_be_changed_and_ends_after_a_day(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let first = issue(&platform, "li.f").await;
    let session = platform.identity.log_in("li.f", &first.password, None).await.unwrap();
    assert!(session.info.must_change_password);
    let change = |new: &'static str| {
        platform.identity.change_password(&session.actor, &session.token, &first.password, new)
    };
    assert_eq!(fault_codes(&change("short").await.unwrap_err()), ["new_password:password_policy"]);
    assert_eq!(fault_codes(&change("Xx-li.f-2026").await.unwrap_err()), ["new_password:password_policy"]);
    change("Pudong-2026-new").await.unwrap();
    let (_, info) = platform.identity.actor_of(&session.token).await.unwrap().unwrap();
    assert!(!info.must_change_password);
    assert!(is_refused(&platform.identity.log_in("li.f", &first.password, None).await));
    platform.identity.log_in("li.f", "Pudong-2026-new", None).await.unwrap();

    let unused = issue(&platform, "wang.hr").await;
    platform.clock.advance(SignedDuration::from_hours(24));
    assert!(is_refused(&platform.identity.log_in("wang.hr", &unused.password, None).await));
}

async fn a02_a_wrong_old_password_changes_nothing_and_counts(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    for _ in 0..5 {
        let refused = platform
            .identity
            .change_password(&session.actor, &session.token, "Wrong-2026-x", "Pudong-2026-new")
            .await;
        assert_eq!(fault_codes(&refused.unwrap_err()), ["old_password:wrong_password"]);
    }
    assert!(is_refused(&platform.log_in(PASSWORD).await), "guessing in a session locks as at the door");
}

async fn a08_a_reset_ends_sessions_and_needs_the_right(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let account = platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    let mut tx = platform.tx().await;
    let refused = platform.identity.set_password_by_admin(&mut tx, &session.actor, &account).await;
    assert!(matches!(refused, Err(anju_records::Error::Forbidden { .. })));
    let issued =
        platform.identity.set_password_by_admin(&mut tx, &Actor::system("test"), &account).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!platform.is_signed_in(&session).await);
    assert!(is_refused(&platform.log_in(PASSWORD).await));
    assert!(platform.log_in(&issued.password).await.unwrap().info.must_change_password);
}

async fn a03_an_administrator_unlocks(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let account = platform.clerk().await;
    platform.fail(5).await;
    let mut tx = platform.tx().await;
    platform.identity.unlock(&mut tx, &Actor::system("test"), &account).await.unwrap();
    tx.commit().await.unwrap();
    platform.log_in(PASSWORD).await.unwrap();
    assert!(platform.audited().await.contains(&"account.unlocked".to_owned()));
}

async fn a11_the_first_start_makes_three_administrators_and_later_ones_none(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let mut tx = platform.tx().await;
    let credentials = platform.identity.bootstrap(&mut tx).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let mut roles = Vec::new();
    for credential in &credentials {
        let session =
            platform.identity.log_in(&credential.account, &credential.password, None).await.unwrap();
        assert!(session.info.must_change_password);
        roles.extend(session.actor.roles);
    }
    assert_eq!(roles, ["platform.system_admin", "platform.security_admin", "platform.auditor"]);
    assert!(credentials[0].account.starts_with("sysadmin-"), "no account has a name known in advance");
    let mut tx = platform.tx().await;
    assert_eq!(platform.identity.bootstrap(&mut tx).await.unwrap(), None);
}

async fn no_password_or_token_lies_in_the_database_in_clear(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    for (table, column, secret) in [
        ("sys_credential", "password_hash", PASSWORD),
        ("sys_session", "token_digest", session.token.as_str()),
        ("sys_session", "id", session.info.csrf.as_str()),
    ] {
        let select = anju_store::Select::from(table).filter(Condition::Contains {
            column: anju_store::ColumnRef::new(table, column),
            text: secret.to_owned(),
        });
        let select = select.column(column, anju_store::ColumnKind::Text);
        assert!(platform.store.reader().fetch_all(&select).await.unwrap().is_empty(), "{table}.{column}");
    }
}

async fn only_the_platform_may_choose_a_password(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    let values = || object([("account", json!("zhu.hb")), ("name", json!("朱海波"))]);
    let mut tx = platform.tx().await;
    let identity = &platform.identity;
    let refused = identity.create_account_with_password(&mut tx, &session.actor, values(), PASSWORD).await;
    assert!(matches!(refused, Err(anju_records::Error::Forbidden { .. })));
    let weak = identity.create_account_with_password(&mut tx, &Actor::system("test"), values(), "weak").await;
    assert_eq!(fault_codes(&weak.unwrap_err()), ["password:password_policy"]);
}

async fn issue(platform: &Platform, name: &str) -> OneTimeCredential {
    let mut tx = platform.tx().await;
    let values = object([("account", json!(name)), ("name", json!("李芳"))]);
    let (_, credential) =
        platform.identity.create_account(&mut tx, &Actor::system("test"), values).await.unwrap();
    tx.commit().await.unwrap();
    credential
}

#[test]
fn a_refusal_tells_nothing() {
    assert_eq!(LogInError::Refused.to_string(), "账号或密码不正确，或账号已锁定、停用");
}

anju_store::on_both_databases!(
    the_right_password_opens_a_session_at_the_first_post,
    a03_five_failures_lock_for_thirty_minutes,
    a03_the_counter_survives_a_restart,
    a03_success_and_time_reset_the_counter,
    a03_of_fifty_parallel_guesses_five_are_evaluated,
    a04_every_refusal_looks_the_same_and_is_audited_with_its_reason,
    a02_an_initial_password_must_be_changed_and_ends_after_a_day,
    a02_a_wrong_old_password_changes_nothing_and_counts,
    a08_a_reset_ends_sessions_and_needs_the_right,
    a03_an_administrator_unlocks,
    a11_the_first_start_makes_three_administrators_and_later_ones_none,
    no_password_or_token_lies_in_the_database_in_clear,
    only_the_platform_may_choose_a_password,
);
