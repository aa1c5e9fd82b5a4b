//! One server at a time works on the embedded database.

use anju_store::testing::TestDatabase;
use anju_store::{Error, SoleUse};

#[tokio::test]
async fn a_second_server_is_refused_until_the_first_is_gone() {
    let db = TestDatabase::sqlite().await;
    let url = &db.config().url;
    let first = SoleUse::of(url).unwrap();
    assert!(first.is_some());
    assert!(matches!(SoleUse::of(url), Err(Error::InUse(_))));
    drop(first);
    assert!(SoleUse::of(url).unwrap().is_some());
}

#[tokio::test]
async fn the_lock_may_be_taken_before_there_is_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("new").join("anju.db").display());
    assert!(SoleUse::of(&url).unwrap().is_some());
}

#[test]
fn several_servers_may_share_postgresql() {
    assert!(SoleUse::of("postgres://anju@localhost/anju").unwrap().is_none());
}
