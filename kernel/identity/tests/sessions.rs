//! Sessions and posts: when they end, who excludes whom, what the front end is told.

mod common;

use anju_records::Error;
use anju_store::testing::TestDatabase;
use common::{PASSWORD, Platform, fault_codes};
use jiff::SignedDuration;
use serde_json::json;

const SYSTEM: &str = "platform.system_admin";
const SECURITY: &str = "platform.security_admin";

async fn a06_an_unused_session_ends_after_thirty_minutes(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    for _ in 0..4 {
        platform.clock.advance(SignedDuration::from_mins(29));
        assert!(platform.is_signed_in(&session).await, "used in time");
    }
    platform.clock.advance(SignedDuration::from_mins(30));
    assert!(!platform.is_signed_in(&session).await);
}

async fn a06_a_session_ends_after_twelve_hours_however_used(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    for _ in 0..36 {
        assert!(platform.is_signed_in(&session).await);
        platform.clock.advance(SignedDuration::from_mins(20));
    }
    assert!(!platform.is_signed_in(&session).await);
}

async fn a06_administrators_have_one_session_and_less_time(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let city = platform.organisation("city", "city").await;
    let account = platform.account("chen.jy").await;
    platform.post(&account, &city, &[SYSTEM]).await.unwrap();
    let first = platform.log_in(PASSWORD).await.unwrap();
    assert!(platform.is_signed_in(&first).await);
    let second = platform.log_in(PASSWORD).await.unwrap();
    assert!(!platform.is_signed_in(&first).await);
    platform.clock.advance(SignedDuration::from_mins(15));
    assert!(!platform.is_signed_in(&second).await);
}

async fn a06_logging_out_ends_the_session_on_the_server(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    assert!(platform.is_signed_in(&session).await);
    platform.identity.log_out(&session.token).await.unwrap();
    assert!(!platform.is_signed_in(&session).await);
    platform.identity.log_out(&session.token).await.unwrap();
    assert_eq!(platform.audited().await, ["session.opened", "session.closed"]);
}

async fn a05_a_stopped_account_is_out_within_five_seconds(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let account = platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    assert!(platform.is_signed_in(&session).await);
    platform.patch("platform.account", &account, "status", json!("stopped")).await.unwrap();
    platform.clock.advance(SignedDuration::from_millis(5_001));
    assert!(!platform.is_signed_in(&session).await);
}

async fn a15_a_role_taken_away_is_gone_within_five_seconds(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let operator = platform.organisation("pudong", "operator").await;
    let account = platform.account("chen.jy").await;
    let post = platform.post(&account, &operator, &["t.clerk"]).await.unwrap();
    let session = platform.log_in(PASSWORD).await.unwrap();
    platform.patch("platform.post", &post, "to", json!("2026-11-23")).await.unwrap();
    platform.clock.advance(SignedDuration::from_millis(5_001));
    let (actor, _) = platform.identity.actor_of(&session.token).await.unwrap().unwrap();
    assert_eq!((actor.post, actor.roles.len()), (None, 0));
}

async fn a_person_works_from_the_post_they_choose(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let account = platform.clerk().await;
    let district = platform.organisation("310115", "district").await;
    let post = platform.post(&account, &district, &["t.reviewer"]).await.unwrap();
    let other = platform.account("other").await;
    let foreign = platform.post(&other, &district, &["t.reviewer"]).await.unwrap();
    let session = platform.log_in(PASSWORD).await.unwrap();
    assert_eq!(session.actor.roles, ["t.clerk"]);
    let refused = platform.identity.choose_post(&session.token, &foreign).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    platform.identity.choose_post(&session.token, &post).await.unwrap();
    let (actor, _) = platform.identity.actor_of(&session.token).await.unwrap().unwrap();
    assert_eq!(actor.roles, ["t.reviewer"]);
}

async fn a12_administrators_exclude_each_other_over_all_posts_of_a_person(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let city = platform.organisation("city", "city").await;
    let account = platform.account("chen.jy").await;
    let both = platform.post(&account, &city, &[SYSTEM, SECURITY]).await;
    assert_eq!(fault_codes(&both.unwrap_err()), ["roles:exclusive_roles"]);
    platform.post(&account, &city, &[SYSTEM]).await.unwrap();
    for other in [SECURITY, "platform.auditor"] {
        let second = platform.post(&account, &city, &[other]).await;
        assert_eq!(fault_codes(&second.unwrap_err()), ["roles:exclusive_roles"], "{other}");
    }
    let elsewhere = platform.account("another").await;
    platform.post(&elsewhere, &city, &[SECURITY]).await.unwrap();
}

async fn roles_of_a_post_exist_and_fit_the_level(db: TestDatabase) {
    let platform = Platform::open(db).await;
    let operator = platform.organisation("pudong", "operator").await;
    let account = platform.account("chen.jy").await;
    for (roles, code) in [
        (&["t.nothing"] as &[&str], "roles:choice"),
        (&["t.reviewer"], "roles:role_level"),
        (&[], "roles:required"),
    ] {
        let refused = platform.post(&account, &operator, roles).await;
        assert_eq!(fault_codes(&refused.unwrap_err()), [code], "{roles:?}");
    }
}

async fn a_session_says_who_where_and_which_menus(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let session = platform.log_in(PASSWORD).await.unwrap();
    let who = platform.identity.who_am_i(&session.actor, &session.info).await.unwrap();
    assert_eq!(who["account"], "chen.jy");
    assert_eq!(who["post"]["level"], "operator");
    assert_eq!(who["posts"].as_array().unwrap().len(), 1);
    assert_eq!(who["roles"], json!([{ "key": "t.clerk", "title": "受理经办人" }]));
    let pages = who["menus"][0]["items"].as_array().unwrap();
    assert_eq!(pages.len(), 1, "only pages whose records may be read: {pages:?}");
    assert_eq!(who["home"], "platform.organisations");
    assert_eq!(who["rights"], json!(["t.right"]));
    assert_eq!(who["today"], "2026-11-24");
    assert_eq!(who["csrf"].as_str().unwrap().len(), 32);
}

anju_store::on_both_databases!(
    a06_an_unused_session_ends_after_thirty_minutes,
    a06_a_session_ends_after_twelve_hours_however_used,
    a06_administrators_have_one_session_and_less_time,
    a06_logging_out_ends_the_session_on_the_server,
    a05_a_stopped_account_is_out_within_five_seconds,
    a15_a_role_taken_away_is_gone_within_five_seconds,
    a_person_works_from_the_post_they_choose,
    a12_administrators_exclude_each_other_over_all_posts_of_a_person,
    roles_of_a_post_exist_and_fit_the_level,
    a_session_says_who_where_and_which_menus,
);
