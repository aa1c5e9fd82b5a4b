//! Many at once.

use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, Condition, Error, Fetch, Select};

use super::{add_unit, at, unit_ids, with_units};

anju_store::on_both_databases!(
    numbers_have_no_gaps_under_concurrency,
    a_rolled_back_number_is_given_again,
    concurrent_writers_lose_no_update,
    one_of_two_equal_rows_wins,
);

async fn numbers_have_no_gaps_under_concurrency(db: TestDatabase) {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = db.store().clone();
            tokio::spawn(async move {
                let mut numbers = Vec::new();
                for round in 0..10 {
                    let mut tx = store.begin().await.unwrap();
                    let number = tx.next_number("case", "2025").await.unwrap();
                    // some give their number back
                    if (task + round) % 3 == 0 {
                        tx.rollback().await.unwrap();
                    } else {
                        tx.commit().await.unwrap();
                        numbers.push(number);
                    }
                }
                numbers
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.extend(task.await.unwrap());
    }
    numbers.sort_unstable();
    let expected: Vec<i64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
}

async fn a_rolled_back_number_is_given_again(db: TestDatabase) {
    for expected in [1, 1, 1] {
        let mut tx = db.store().begin().await.unwrap();
        assert_eq!(tx.next_number("case", "2025").await.unwrap(), expected);
        assert_eq!(tx.next_number("case", "2025").await.unwrap(), expected + 1);
        assert_eq!(tx.next_number("case", "2026").await.unwrap(), 1);
        tx.rollback().await.unwrap();
    }
}

/// Two transactions that both hold numbers of the sequence: of a gapless one, the second would wait for the first.
#[tokio::test]
async fn numbers_with_gaps_are_given_once_and_nobody_waits_on_postgres() {
    let db = TestDatabase::postgres().await;
    let store = db.store();
    let (mut one, mut other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let mut numbers = Vec::new();
    for _ in 0..30 {
        numbers.push(one.next_number_with_gaps("case", "2025").await.unwrap());
        numbers.push(other.next_number_with_gaps("case", "2025").await.unwrap());
    }
    one.rollback().await.unwrap();
    let given: std::collections::HashSet<i64> = numbers.iter().copied().collect();
    assert_eq!(given.len(), 60, "each number once");
    let after = other.next_number_with_gaps("case", "2025").await.unwrap();
    assert!(!given.contains(&after), "a rolled back number is not given again");
    assert_eq!(other.next_number_with_gaps("case", "2026").await.unwrap(), 1);
}

#[tokio::test]
async fn numbers_with_gaps_are_those_without_on_sqlite() {
    let db = TestDatabase::sqlite().await;
    let mut tx = db.store().begin().await.unwrap();
    assert_eq!(tx.next_number_with_gaps("case", "2025").await.unwrap(), 1);
    assert_eq!(tx.next_number("case", "2025").await.unwrap(), 2);
}

async fn concurrent_writers_lose_no_update(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![("rent", 0.into())]).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    let mut tx = store.begin().await.unwrap();
                    let locked = Select::from("supply_unit").column("rent", ColumnKind::Int).for_update();
                    let rent = tx.fetch_optional(&locked).await.unwrap().unwrap().int(0).unwrap();
                    let one = Condition::eq("supply_unit", "id", "1");
                    tx.update("supply_unit", vec![("rent", (rent + 1).into())], one).await.unwrap();
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rent = Select::from("supply_unit").column("rent", ColumnKind::Int);
    let row = store.reader().fetch_optional(&rent).await.unwrap().unwrap();
    assert_eq!(row.int(0).unwrap(), 40);
}

async fn one_of_two_equal_rows_wins(db: TestDatabase) {
    let store = with_units(&db).await;
    let tasks: Vec<_> = (0..4)
        .map(|i| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut tx = store.begin().await?;
                let row = vec![
                    ("id", i.to_string().into()),
                    ("version", 1.into()),
                    ("project", "p".into()),
                    ("code", "c".into()),
                ];
                tx.insert("supply_unit", row).await?;
                tx.emit(&anju_store::NewEvent {
                    topic: "record.created".to_owned(),
                    entity: "supply.unit".to_owned(),
                    record_id: i.to_string(),
                    payload: serde_json::Value::Null,
                    at: at(0),
                })
                .await?;
                tx.commit().await
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => won += 1,
            Err(Error::Unique { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 1);
    assert_eq!(store.pending_events(10).await.unwrap().len(), 1);
}
