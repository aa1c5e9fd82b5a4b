//! Steps of jobs, and what jobs make for people to fetch.

use std::io::Read;

use anju_store::testing::TestDatabase;
use anju_store::{Error, JobStep, NewResult};
use serde_json::json;

use super::at;

anju_store::on_both_databases!(
    a_step_is_written_once,
    steps_are_read_in_their_order,
    a_result_is_fetched_until_its_term_ends,
    a_file_written_bit_by_bit_becomes_contents,
);

fn step(position: i64) -> JobStep {
    JobStep { position, body: json!({ "record": position }) }
}

async fn a_step_is_written_once(db: TestDatabase) {
    let store = db.store();
    let mut tx = store.begin().await.unwrap();
    tx.put_step("job", &step(3), at(1)).await.unwrap();
    tx.put_step("other job", &step(3), at(1)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert!(matches!(tx.put_step("job", &step(3), at(2)).await, Err(Error::Unique { .. })));
}

async fn steps_are_read_in_their_order(db: TestDatabase) {
    let store = db.store();
    let mut tx = store.begin().await.unwrap();
    tx.put_steps("job", &[step(20), step(3), step(100)], at(1)).await.unwrap();
    tx.put_step("job", &step(7), at(5)).await.unwrap();
    tx.commit().await.unwrap();
    let positions = |steps: Vec<JobStep>| steps.into_iter().map(|step| step.position).collect::<Vec<_>>();
    assert_eq!(positions(store.steps("job", None, 10).await.unwrap()), [3, 7, 20, 100]);
    assert_eq!(positions(store.steps("job", Some(7), 1).await.unwrap()), [20]);
    assert_eq!(store.steps("job", Some(7), 1).await.unwrap()[0].body, json!({ "record": 20 }));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.forget_steps(at(5)).await.unwrap(), 3);
    tx.commit().await.unwrap();
    assert_eq!(positions(store.steps("job", None, 10).await.unwrap()), [7]);
}

async fn a_result_is_fetched_until_its_term_ends(db: TestDatabase) {
    let store = db.store();
    let draft = store.draft_file().unwrap();
    std::fs::write(draft.path(), "姓名\r\n张三\r\n").unwrap();
    let new = NewResult {
        name: "案件.csv",
        media_type: "text/csv",
        about: &json!({ "entity": "eligibility.case" }),
        created_by: "clerk",
        at: at(1_000),
        expires_at: at(2_000),
    };
    let mut tx = store.begin().await.unwrap();
    let id = tx.put_result(draft, &new).await.unwrap();
    tx.commit().await.unwrap();
    let found = store.result(&id, at(1_999)).await.unwrap();
    assert_eq!((found.name.as_str(), found.created_by.as_str(), found.size), ("案件.csv", "clerk", 16));
    let mut text = String::new();
    store.open_result(&found).await.unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "姓名\r\n张三\r\n");
    assert!(matches!(store.result(&id, at(2_000)).await, Err(Error::NotFound)));
    assert_eq!(store.forget_results(at(1_999)).await.unwrap(), 0);
    assert_eq!(store.forget_results(at(2_000)).await.unwrap(), 1);
    assert!(store.open_result(&found).await.is_err(), "the file is gone too");
    assert!(matches!(store.result(&id, at(1_000)).await, Err(Error::NotFound)));
}

async fn a_file_written_bit_by_bit_becomes_contents(db: TestDatabase) {
    let store = db.store();
    let whole = store.write_contents(b"the same bytes".as_slice()).await.unwrap();
    for _ in 0..2 {
        let draft = store.draft_file().unwrap();
        let path = draft.path().to_owned();
        std::fs::write(&path, "the same bytes").unwrap();
        assert_eq!(store.keep_contents(draft).await.unwrap(), whole);
        assert!(!path.exists());
    }
    let draft = store.draft_file().unwrap();
    std::fs::write(draft.path(), "other bytes").unwrap();
    let contents = store.keep_contents(draft).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let meta = tx.put_file(&contents, "a", "text/plain", "clerk", at(1)).await.unwrap();
    tx.commit().await.unwrap();
    let mut text = String::new();
    store.open_file(&meta.id).await.unwrap().1.read_to_string(&mut text).unwrap();
    assert_eq!(text, "other bytes");
    let unwritten = store.draft_file().unwrap();
    let path = unwritten.path().to_owned();
    std::fs::write(&path, "nobody keeps this").unwrap();
    drop(unwritten);
    assert!(!path.exists());
}
