//! Events commit with their cause and leave in order.

use anju_store::NewEvent;
use anju_store::testing::TestDatabase;
use serde_json::json;

use super::at;

anju_store::on_both_databases!(events_leave_in_order_and_once, a_rolled_back_event_never_happened);

fn event(record_id: &str) -> NewEvent {
    NewEvent {
        topic: "record.updated".to_owned(),
        entity: "eligibility.case".to_owned(),
        record_id: record_id.to_owned(),
        payload: json!({"changed": ["状态"], "z": 1, "a": 2}),
        at: at(1_700_000_000_123),
    }
}

async fn events_leave_in_order_and_once(db: TestDatabase) {
    let store = db.store();
    for record in ["a", "b", "c"] {
        let mut tx = store.begin().await.unwrap();
        tx.emit(&event(record)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let pending = store.pending_events(10).await.unwrap();
    assert_eq!(pending.iter().map(|event| event.record_id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(pending[0].payload.to_string(), event("a").payload.to_string(), "keys keep their order");
    assert_eq!(pending[0].at, event("a").at);
    assert_eq!(store.pending_events(2).await.unwrap().len(), 2);

    let first_two = [pending[0].id, pending[1].id];
    assert_eq!(store.mark_dispatched(&first_two, at(2_000)).await.unwrap(), 2);
    assert_eq!(store.mark_dispatched(&first_two, at(3_000)).await.unwrap(), 0);
    assert_eq!(store.pending_events(10).await.unwrap(), pending[2..]);

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.forget_events(at(2_001)).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(store.pending_events(10).await.unwrap().len(), 1);
}

async fn a_rolled_back_event_never_happened(db: TestDatabase) {
    let mut tx = db.store().begin().await.unwrap();
    tx.emit(&event("a")).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(db.store().pending_events(10).await.unwrap().is_empty());
}
