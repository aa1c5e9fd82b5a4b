//! A request repeated with the same key is done once.

use anju_store::testing::TestDatabase;
use anju_store::{Claim, ColumnKind, Error, Fetch, Remembered, Select, Store};
use serde_json::{Value, json};

use super::{at, unit_ids, with_units};

anju_store::on_both_databases!(
    a_repeated_request_gets_the_first_answer,
    a_claim_that_is_undone_is_free_again,
    the_same_request_many_times_at_once_is_done_once,
    only_a_claim_can_be_answered,
    old_answers_are_forgotten,
);

async fn ask(store: &Store, key: &str, actor: &str, now: i64, body: &Value) -> Claim {
    let mut tx = store.begin().await.unwrap();
    let claim = tx.claim(key, actor, "digest", at(now)).await.unwrap();
    if claim == Claim::First {
        tx.answer(key, actor, 201, body).await.unwrap();
    }
    tx.commit().await.unwrap();
    claim
}

fn repeated(body: &Value) -> Claim {
    Claim::Repeated(Remembered { request_digest: "digest".to_owned(), status: 201, body: body.clone() })
}

async fn a_repeated_request_gets_the_first_answer(db: TestDatabase) {
    let body = json!({"id": "1", "a": [1, null]});
    assert_eq!(ask(db.store(), "k", "someone", 1_000, &body).await, Claim::First);
    assert_eq!(ask(db.store(), "k", "someone", 2_000, &json!("another")).await, repeated(&body));
    assert_eq!(ask(db.store(), "k", "someone else", 2_000, &json!("theirs")).await, Claim::First);
}

async fn a_claim_that_is_undone_is_free_again(db: TestDatabase) {
    let mut tx = db.store().begin().await.unwrap();
    assert_eq!(tx.claim("k", "someone", "digest", at(0)).await.unwrap(), Claim::First);
    tx.rollback().await.unwrap();
    assert_eq!(ask(db.store(), "k", "someone", 1_000, &Value::Null).await, Claim::First);
}

async fn the_same_request_many_times_at_once_is_done_once(db: TestDatabase) {
    let store = with_units(&db).await;
    let tasks: Vec<_> = (0..8)
        .map(|task: i64| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let claim = tx.claim("k", "someone", "digest", at(0)).await.unwrap();
                let Claim::Repeated(answer) = claim else {
                    let id = task.to_string();
                    tx.insert("supply_unit", vec![("id", id.as_str().into()), ("version", 1.into())])
                        .await
                        .unwrap();
                    tx.answer("k", "someone", 201, &json!(id)).await.unwrap();
                    tx.commit().await.unwrap();
                    return json!(id);
                };
                answer.body
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    let units = store.reader().fetch_all(&unit_ids()).await.unwrap();
    assert_eq!(units.len(), 1);
    let id = units[0].text(0).unwrap();
    assert!(answers.iter().all(|answer| answer == id), "{answers:?}");
}

async fn only_a_claim_can_be_answered(db: TestDatabase) {
    let mut tx = db.store().begin().await.unwrap();
    let refused = tx.answer("k", "someone", 201, &Value::Null).await;
    assert!(matches!(refused, Err(Error::NotFound)));
    assert!(tx.commit().await.is_err());
}

async fn old_answers_are_forgotten(db: TestDatabase) {
    ask(db.store(), "old", "someone", 1_000, &Value::Null).await;
    ask(db.store(), "new", "someone", 2_000, &Value::Null).await;
    let mut tx = db.store().begin().await.unwrap();
    assert_eq!(tx.forget_answers(at(2_000)).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let keys = Select::from("sys_idempotency").column("key", ColumnKind::Text);
    let rows = db.store().reader().fetch_all(&keys).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.text(0).unwrap()).collect::<Vec<_>>(), ["new"]);
}
