//! Jobs are done by one worker at a time, again if it disappears.

use std::collections::HashSet;

use anju_store::testing::TestDatabase;
use anju_store::{
    Checkpoint, ColumnKind, Error, Fetch, Job, JobState, JobsWanted, LeasedJob, NewJob, Select, SoleUse,
    Store, TableSpec,
};
use serde_json::{Value, json};

use super::at;

anju_store::on_both_databases!(
    a_job_is_leased_once_and_finished,
    a_job_waits_for_its_time_and_kind,
    the_job_of_a_lost_worker_is_leased_again,
    a_lost_worker_cannot_finish,
    progress_extends_the_lease,
    a_worker_that_lives_keeps_its_leases,
    a_lost_worker_renews_nothing,
    a_worker_is_not_given_what_it_is_at,
    the_next_attempt_goes_on_from_the_checkpoint,
    a_checkpoint_is_undone_with_its_work,
    a_failed_attempt_is_repeated_until_none_is_left,
    an_attempt_the_database_was_too_busy_for_does_not_count,
    the_last_attempt_of_a_lost_worker_fails_the_job,
    a_key_is_unique_among_open_jobs,
    a_cancelled_job_stops,
    concurrent_workers_share_the_jobs,
    closed_jobs_are_forgotten,
);

const LEASE_MS: i64 = 1_000;

fn job(key: Option<&str>) -> NewJob {
    NewJob {
        kind: "import".to_owned(),
        key: key.map(str::to_owned),
        payload: json!({"file": "f"}),
        run_at: at(100),
        attempts_max: 2,
        created_by: "someone".to_owned(),
        at: at(50),
    }
}

fn anything() -> JobsWanted<'static> {
    JobsWanted::of(&["import", "export"]).at_most(10)
}

async fn enqueue(store: &Store, job: &NewJob) -> String {
    let mut tx = store.begin().await.unwrap();
    let id = tx.enqueue(job).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn lease(store: &Store, now: i64) -> Vec<Job> {
    store.lease_jobs(&anything(), at(now), LEASE_MS).await.unwrap()
}

async fn finish(store: &Store, job: &Job, now: i64) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    tx.finish_job(job, &json!({"rows": 3}), at(now)).await?;
    tx.commit().await
}

async fn a_job_is_leased_once_and_finished(db: TestDatabase) {
    let store = db.store();
    let id = enqueue(store, &job(Some("k"))).await;
    let queued = store.job(&id).await.unwrap();
    assert_eq!((queued.state, queued.attempts, queued.created_at), (JobState::Queued, 0, at(50)));

    let leased = lease(store, 100).await;
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].id.as_str(), leased[0].attempts), (id.as_str(), 1));
    assert_eq!(leased[0].payload, json!({"file": "f"}));
    assert!(lease(store, 500).await.is_empty());

    finish(store, &leased[0], 600).await.unwrap();
    let done = store.job(&id).await.unwrap();
    assert_eq!((done.state, done.result), (JobState::Done, Some(json!({"rows": 3}))));
    assert_eq!(done.finished_at, Some(at(600)));
    assert!(lease(store, 9_000).await.is_empty());
    assert!(matches!(store.job("unknown").await, Err(Error::NotFound)));
}

async fn a_job_waits_for_its_time_and_kind(db: TestDatabase) {
    let store = db.store();
    enqueue(store, &job(None)).await;
    assert!(lease(store, 99).await.is_empty());
    assert!(store.lease_jobs(&JobsWanted::of(&["export"]), at(100), LEASE_MS).await.unwrap().is_empty());
    assert!(store.lease_jobs(&JobsWanted::of(&[]), at(100), LEASE_MS).await.unwrap().is_empty());
    assert_eq!(lease(store, 100).await.len(), 1);
}

async fn the_job_of_a_lost_worker_is_leased_again(db: TestDatabase) {
    let store = db.store();
    enqueue(store, &job(None)).await;
    lease(store, 100).await;
    assert!(lease(store, 1_099).await.is_empty());
    let again = lease(store, 1_100).await;
    assert_eq!(again[0].attempts, 2);
}

async fn a_lost_worker_cannot_finish(db: TestDatabase) {
    let store = db.store();
    enqueue(store, &job(None)).await;
    let lost = lease(store, 100).await.remove(0);
    let holder = lease(store, 2_000).await.remove(0);
    assert!(matches!(finish(store, &lost, 2_100).await, Err(Error::LeaseLost(_))));
    assert!(matches!(store.progress_job(&lost, 1, 2, at(2_100), LEASE_MS).await, Err(Error::LeaseLost(_))));
    finish(store, &holder, 2_200).await.unwrap();
}

async fn progress_extends_the_lease(db: TestDatabase) {
    let store = db.store();
    let id = enqueue(store, &job(None)).await;
    let leased = lease(store, 100).await.remove(0);
    store.progress_job(&leased, 3, 10, at(1_000), LEASE_MS).await.unwrap();
    assert!(lease(store, 1_500).await.is_empty());
    let running = store.job(&id).await.unwrap();
    assert_eq!((running.progress_done, running.progress_total), (3, 10));
}

async fn a_worker_that_lives_keeps_its_leases(db: TestDatabase) {
    let store = db.store();
    for _ in 0..3 {
        enqueue(store, &job(None)).await;
    }
    let mut leased = lease(store, 100).await;
    let forgotten = leased.pop().unwrap();
    let held: Vec<LeasedJob> = leased.iter().map(LeasedJob::from).collect();
    assert_eq!(store.renew_leases(&held, at(900), LEASE_MS).await.unwrap(), 2);
    let free = lease(store, 1_500).await;
    assert_eq!(free.iter().map(|job| &job.id).collect::<Vec<_>>(), [&forgotten.id]);
    finish(store, &leased[0], 1_600).await.unwrap();
    assert_eq!(store.renew_leases(&held, at(1_700), LEASE_MS).await.unwrap(), 1);
    assert_eq!(store.renew_leases(&[], at(1_700), LEASE_MS).await.unwrap(), 0);
}

async fn a_lost_worker_renews_nothing(db: TestDatabase) {
    let store = db.store();
    enqueue(store, &job(None)).await;
    let lost = LeasedJob::from(&lease(store, 100).await[0]);
    lease(store, 2_000).await;
    assert_eq!(store.renew_leases(&[lost], at(2_100), LEASE_MS).await.unwrap(), 0);
}

async fn a_worker_is_not_given_what_it_is_at(db: TestDatabase) {
    let store = db.store();
    enqueue(store, &job(None)).await;
    let held: Vec<LeasedJob> = lease(store, 100).await.iter().map(LeasedJob::from).collect();
    let wanted = anything().besides(&held);
    assert!(store.lease_jobs(&wanted, at(9_000), LEASE_MS).await.unwrap().is_empty());
    assert_eq!(lease(store, 9_000).await.len(), 1, "others may have it once the lease has run out");
}

async fn checkpoint(store: &Store, job: &Job, done: i64) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    tx.insert("test_work", vec![("id", done.to_string().into())]).await?;
    let checkpoint = Checkpoint { done, total: 10, state: json!({"row": done}) };
    tx.checkpoint_job(job, &checkpoint, at(1_000), LEASE_MS).await?;
    tx.commit().await
}

async fn work_done(store: &Store) -> u64 {
    let rows = Select::from("test_work").column("id", ColumnKind::Text);
    store.reader().count(&rows, None).await.unwrap()
}

async fn with_work_table(db: &TestDatabase) -> &Store {
    let table = TableSpec::new("test_work").column("id", ColumnKind::Text).primary_key(["id"]);
    db.store().sync_schema(&[table]).await.unwrap();
    db.store()
}

async fn the_next_attempt_goes_on_from_the_checkpoint(db: TestDatabase) {
    let store = with_work_table(&db).await;
    enqueue(store, &job(None)).await;
    let first = lease(store, 100).await.remove(0);
    assert_eq!(first.checkpoint, None);
    checkpoint(store, &first, 3).await.unwrap();
    assert!(lease(store, 1_999).await.is_empty(), "a checkpoint extends the lease");
    let second = lease(store, 2_000).await.remove(0);
    assert_eq!(second.checkpoint, Some(json!({"row": 3})));
    assert_eq!((second.progress_done, second.progress_total), (3, 10));
}

async fn a_checkpoint_is_undone_with_its_work(db: TestDatabase) {
    let store = with_work_table(&db).await;
    enqueue(store, &job(None)).await;
    let lost = lease(store, 100).await.remove(0);
    let holder = lease(store, 2_000).await.remove(0);
    assert!(matches!(checkpoint(store, &lost, 3).await, Err(Error::LeaseLost(_))));
    assert_eq!(work_done(store).await, 0);
    checkpoint(store, &holder, 3).await.unwrap();
    assert_eq!(work_done(store).await, 1);
}

#[tokio::test]
async fn the_next_server_on_the_embedded_database_takes_over_at_once() {
    let db = TestDatabase::sqlite().await;
    enqueue(db.store(), &job(None)).await;
    enqueue(db.store(), &NewJob { run_at: at(5_000), ..job(None) }).await;
    let lost = lease(db.store(), 100).await.remove(0);
    let proof = SoleUse::of(&db.config().url).unwrap().expect("SQLite is used alone");
    let next = db.another_store().await;
    assert_eq!(next.end_leases(&proof, at(200)).await.unwrap(), 1);
    let taken = lease(&next, 200).await;
    assert_eq!(taken.iter().map(|job| (&job.id, job.attempts)).collect::<Vec<_>>(), [(&lost.id, 2)]);
    assert!(matches!(finish(db.store(), &lost, 300).await, Err(Error::LeaseLost(_))));
}

async fn a_failed_attempt_is_repeated_until_none_is_left(db: TestDatabase) {
    let store = db.store();
    let id = enqueue(store, &job(None)).await;
    let first = lease(store, 100).await.remove(0);
    assert_eq!(store.retry_job(&first, at(5_000), "no answer", at(200)).await.unwrap(), JobState::Queued);
    assert!(lease(store, 4_999).await.is_empty());
    let second = lease(store, 5_000).await.remove(0);
    assert_eq!(second.error.as_deref(), Some("no answer"));
    assert_eq!(store.retry_job(&second, at(9_000), "still none", at(5_100)).await.unwrap(), JobState::Failed);
    let failed = store.job(&id).await.unwrap();
    assert_eq!((failed.state, failed.error.as_deref()), (JobState::Failed, Some("still none")));
}

async fn an_attempt_the_database_was_too_busy_for_does_not_count(db: TestDatabase) {
    let store = db.store();
    let id = enqueue(store, &job(None)).await;
    for now in [1_000, 2_000, 3_000] {
        let leased = lease(store, now).await.remove(0);
        store.postpone_job(&leased, at(now + 500), "busy").await.unwrap();
        assert!(lease(store, now + 499).await.is_empty());
        assert!(matches!(store.postpone_job(&leased, at(0), "busy").await, Err(Error::LeaseLost(_))));
    }
    for (now, state) in [(4_000, JobState::Queued), (5_000, JobState::Failed)] {
        let leased = lease(store, now).await.remove(0);
        assert_eq!(store.retry_job(&leased, at(now), "broken", at(now)).await.unwrap(), state);
    }
    assert_eq!(store.job(&id).await.unwrap().state, JobState::Failed);
}

async fn the_last_attempt_of_a_lost_worker_fails_the_job(db: TestDatabase) {
    let store = db.store();
    let id = enqueue(store, &job(None)).await;
    lease(store, 100).await;
    lease(store, 2_000).await;
    assert!(lease(store, 4_000).await.is_empty());
    let failed = store.job(&id).await.unwrap();
    assert_eq!(failed.state, JobState::Failed);
    assert!(failed.error.is_some());
}

async fn a_key_is_unique_among_open_jobs(db: TestDatabase) {
    let store = db.store();
    let first = enqueue(store, &job(Some("k"))).await;
    assert_eq!(enqueue(store, &job(Some("k"))).await, first);
    assert_ne!(enqueue(store, &NewJob { kind: "export".to_owned(), ..job(Some("k")) }).await, first);
    assert_ne!(enqueue(store, &job(None)).await, enqueue(store, &job(None)).await);
    let leased = lease(store, 100).await;
    let running = leased.iter().find(|job| job.id == first).unwrap();
    assert_eq!(enqueue(store, &job(Some("k"))).await, first, "a running job is open");
    store.fail_job(running, "broken", at(200)).await.unwrap();
    assert_ne!(enqueue(store, &job(Some("k"))).await, first, "a failed one is not");
}

async fn a_cancelled_job_stops(db: TestDatabase) {
    let store = db.store();
    let waiting = enqueue(store, &job(Some("waiting"))).await;
    let running = enqueue(store, &NewJob { kind: "export".to_owned(), ..job(None) }).await;
    let leased = store.lease_jobs(&JobsWanted::of(&["export"]), at(100), LEASE_MS).await.unwrap().remove(0);

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.cancel_jobs("import", "waiting", at(200)).await.unwrap(), 1);
    assert_eq!(tx.cancel_jobs("import", "waiting", at(200)).await.unwrap(), 0);
    assert!(tx.cancel_job(&running, at(200)).await.unwrap());
    assert!(!tx.cancel_job(&running, at(200)).await.unwrap());
    tx.commit().await.unwrap();

    assert_eq!(store.job(&waiting).await.unwrap().state, JobState::Cancelled);
    assert!(matches!(store.progress_job(&leased, 1, 2, at(300), LEASE_MS).await, Err(Error::LeaseLost(_))));
    assert!(matches!(finish(store, &leased, 300).await, Err(Error::LeaseLost(_))));
    assert!(lease(store, 9_000).await.is_empty());
}

async fn concurrent_workers_share_the_jobs(db: TestDatabase) {
    let store = db.store();
    let mut tx = store.begin().await.unwrap();
    for _ in 0..20 {
        tx.enqueue(&job(None)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let leased = store
                        .lease_jobs(&JobsWanted::of(&["import"]).at_most(2), at(100), LEASE_MS)
                        .await
                        .unwrap();
                    if leased.is_empty() {
                        return mine;
                    }
                    for job in leased {
                        finish(&store, &job, 150).await.unwrap();
                        mine.push(job.id);
                    }
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 20);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 20);
}

async fn closed_jobs_are_forgotten(db: TestDatabase) {
    let store = db.store();
    let id = enqueue(store, &NewJob { payload: Value::Null, ..job(None) }).await;
    enqueue(store, &job(None)).await;
    let leased = lease(store, 100).await;
    finish(store, leased.iter().find(|job| job.id == id).unwrap(), 200).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.forget_jobs(at(200)).await.unwrap(), 0);
    assert_eq!(tx.forget_jobs(at(201)).await.unwrap(), 1);
}
