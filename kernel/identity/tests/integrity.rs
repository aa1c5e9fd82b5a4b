//! Nobody gets in by a row that was changed past the platform.

mod common;

use anju_store::testing::TestDatabase;
use common::{PASSWORD, Platform, is_refused};
use jiff::SignedDuration;

/// What an intruder would change, and put back.
const DAMAGES: [&str; 4] = [
    "UPDATE sys_credential SET initial = NOT initial",
    "UPDATE platform_account SET name = name || '甲'",
    "UPDATE platform_post SET roles = '[\"t.clerk\",\"platform.security_admin\"]'",
    "UPDATE platform_post SET row_mac = NULL",
];

async fn a41_a_damaged_credential_account_or_post_lets_nobody_in(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    for damage in DAMAGES {
        platform.db.past_the_platform("CREATE TABLE kept_c AS SELECT * FROM sys_credential").await;
        platform.db.past_the_platform("CREATE TABLE kept_a AS SELECT * FROM platform_account").await;
        platform.db.past_the_platform("CREATE TABLE kept_p AS SELECT * FROM platform_post").await;
        platform.db.past_the_platform(damage).await;
        assert!(is_refused(&platform.log_in(PASSWORD).await), "{damage}");
        let told = platform.audited().await;
        assert_eq!(told.last().map(String::as_str), Some("session.refused damaged_record"), "{damage}");
        // Restored from a copy, rows are what they were.
        for (table, kept) in
            [("sys_credential", "kept_c"), ("platform_account", "kept_a"), ("platform_post", "kept_p")]
        {
            let back =
                format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {kept}; DROP TABLE {kept}");
            platform.db.past_the_platform(&back).await;
        }
        platform.log_in(PASSWORD).await.unwrap_or_else(|_| panic!("{damage} is mended"));
    }
}

async fn a41_a_session_ends_when_what_it_rests_on_is_damaged(db: TestDatabase) {
    let platform = Platform::open(db).await;
    platform.clerk().await;
    let later = || platform.clock.advance(SignedDuration::from_mins(2));
    for damage in [
        "UPDATE sys_session SET opened_at = opened_at + 1",
        "UPDATE platform_organisation SET district = '310101'",
    ] {
        let session = platform.log_in(PASSWORD).await.unwrap();
        assert!(platform.is_signed_in(&session).await);
        platform.db.past_the_platform(damage).await;
        later();
        assert!(!platform.is_signed_in(&session).await, "{damage}");
        assert!(!platform.is_signed_in(&session).await, "{damage}: it is gone");
    }
    assert!(is_refused(&platform.log_in(PASSWORD).await));
    // Somebody of another organisation is let in.
    let other = platform.organisation("xuhui", "operator").await;
    let account = platform.account("li.si").await;
    platform.post(&account, &other, &["t.clerk"]).await.unwrap();
    assert!(platform.identity.log_in("li.si", PASSWORD, None).await.is_ok());
}

anju_store::on_both_databases!(
    a41_a_damaged_credential_account_or_post_lets_nobody_in,
    a41_a_session_ends_when_what_it_rests_on_is_damaged,
);
