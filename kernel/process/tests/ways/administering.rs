//! Suspending, resuming, ending and redirecting by an administrator.

use anju_process::TIMER_JOB;
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{JobsWanted, on_both_databases};
use serde_json::json;

use crate::bureau::{self, *};

async fn the_clocks_of_a_suspended_case_stand_still(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (case, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, admin) = (reviewer(1), admin());
    let task = only_task(&bureau, &first).await;
    assert_eq!(todo(&bureau, &first).await[0]["due_on"], "2026-12-01");
    assert_eq!(code(command!(bureau, suspend(&manager(), &instance, "诉讼"))), "forbidden");
    assert_eq!(code(command!(bureau, suspend(&admin, &instance, " "))), "reason:required");
    command!(bureau, suspend(&admin, &instance, "诉讼期间")).unwrap();
    assert_eq!(code(command!(bureau, suspend(&admin, &instance, "诉讼"))), "suspended");

    assert_eq!(only_task(&bureau, &first).await, task, "it is seen but not done");
    assert_eq!(code(command!(bureau, claim(&first, &task))), "suspended");
    assert_eq!(code(command!(bureau, complete(&first, &task, done("pass")))), "suspended");
    assert_eq!(code(command!(bureau, delegate(&first, &task, "reviewer2", "请办"))), "suspended");
    assert_eq!(code(command!(bureau, transfer(&first, &task, "reviewer2", "请办"))), "suspended");
    assert_eq!(code(command!(bureau, urge(&manager(), &task, None))), "suspended");
    let view = bureau.processes.task(&first, &task).await.unwrap();
    assert_eq!((&view["suspended"], &view["may_complete"]), (&json!(true), &json!(false)));

    // The timer was to fire on the 9th at midnight. Suspended for twelve working days, it waits until the 25th.
    bureau.clock.set("2026-12-10T09:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 0);
    command!(bureau, resume(&admin, &instance, "诉讼已结")).unwrap();
    assert_eq!(code(command!(bureau, resume(&admin, &instance, "再恢复"))), "not_suspended");
    assert_eq!(fire_due(&bureau).await, 0);
    assert_eq!(todo(&bureau, &first).await[0]["due_on"], "2026-12-17");
    let record = bureau.records.read(&Actor::system("测试"), CASE, &case).await.unwrap();
    assert_eq!(record.text("due_on"), Some("2027-01-07"));
    let view = bureau.processes.instance(&first, &instance).await.unwrap();
    assert_eq!((&view["suspended"], &view["due_on"]), (&json!(false), &json!("2027-01-07")));
    bureau.clock.set("2026-12-24T23:59:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 0);
    bureau.clock.set("2026-12-25T00:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 1);
    assert_eq!(trail(&bureau, &instance, "suspended").await[0]["opinion"], "诉讼期间");
}

async fn a_timer_that_is_just_firing_waits_too(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    bureau.clock.set("2026-12-09T00:00:00+08:00".parse().unwrap());
    use anju_calendar::Clock;
    let wanted = JobsWanted::of(&[TIMER_JOB]).at_most(10);
    let leased = bureau.store().lease_jobs(&wanted, bureau.clock.now(), 60_000).await.unwrap();
    command!(bureau, suspend(&admin(), &instance, "核实")).unwrap();
    assert!(!command!(bureau, fire(&leased[0].payload)).unwrap());
    assert_eq!(active(&bureau, &instance).await, json!(["review"]));
    command!(bureau, resume(&admin(), &instance, "已核实")).unwrap();
    assert_eq!(fire_due(&bureau).await, 1, "it had fallen due");
    assert_eq!(fire_due(&bureau).await, 0, "and falls due once");
    assert_eq!(active(&bureau, &instance).await, json!([]));
}

async fn an_answer_to_a_suspended_case_is_heard_when_it_goes_on(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, REVIEW, nothing(), nothing()).await;
    let first = reviewer(1);
    let task = only_task(&bureau, &first).await;
    command!(bureau, claim(&first, &task)).unwrap();
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
    command!(bureau, suspend(&admin(), &instance, "核实")).unwrap();
    let answer = Object::from_iter([("answer".to_owned(), json!("ok"))]);
    command!(bureau, signal(&instance, "check", answer)).unwrap();
    assert_eq!(fire_due(&bureau).await, 0);
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
    command!(bureau, resume(&admin(), &instance, "已核实")).unwrap();
    assert_eq!(fire_due(&bureau).await, 1);
    assert_eq!(active(&bureau, &instance).await, json!(["confirm"]));
}

async fn what_a_suspended_process_calls_is_suspended_with_it(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (case, instance) = started(&bureau, CALLER, nothing(), nothing()).await;
    let (first, admin) = (reviewer(1), admin());
    let task = only_task(&bureau, &first).await;
    command!(bureau, suspend(&admin, &instance, "核实")).unwrap();
    assert_eq!(code(command!(bureau, complete(&first, &task, done("pass")))), "suspended");
    let all = bureau.processes.instances_of(&first, CASE, &case).await.unwrap();
    let called = all.iter().find(|one| one["process"] == FORK).map(id).unwrap();
    assert_eq!(code(command!(bureau, resume(&admin, &called, "恢复"))), "suspended");
    command!(bureau, resume(&admin, &instance, "已核实")).unwrap();
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
    // Suspended alone, it ends with the one that called it.
    command!(bureau, suspend(&admin, &called, "核实")).unwrap();
    command!(bureau, terminate_by_hand(&admin, &instance, "撤销")).unwrap();
    assert!(todo(&bureau, &first).await.is_empty() && todo(&bureau, &manager()).await.is_empty());
    assert!(
        bureau
            .processes
            .instances_of(&first, CASE, &case)
            .await
            .unwrap()
            .iter()
            .all(|one| { one["state"] == "terminated" })
    );
}

async fn an_administrator_ends_a_case_with_a_reason(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (case, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, admin) = (reviewer(1), admin());
    assert_eq!(code(command!(bureau, terminate_by_hand(&first, &instance, "误发"))), "forbidden");
    assert_eq!(code(command!(bureau, terminate_by_hand(&admin, &instance, ""))), "reason:required");
    command!(bureau, suspend(&admin, &instance, "核实")).unwrap();
    command!(bureau, terminate_by_hand(&admin, &instance, "误发起")).unwrap();
    assert!(todo(&bureau, &first).await.is_empty());
    assert_eq!(code(command!(bureau, resume(&admin, &instance, "恢复"))), "not_running");
    assert_eq!(trail(&bureau, &instance, "terminated").await[0]["opinion"], "误发起");
    command!(bureau, start(&first, WAYS, CASE, &case, Object::new())).unwrap();
}

async fn an_administrator_sends_a_case_anywhere(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, admin) = (reviewer(1), admin());
    let task = only_task(&bureau, &first).await;
    command!(bureau, delegate(&first, &task, "reviewer2", "请办")).unwrap();
    let jump =
        async |actor: &Actor, to: &str, why: &str| command!(bureau, jump(actor, &instance, None, to, why));
    assert_eq!(code(jump(&first, "check", "补办").await), "forbidden");
    assert_eq!(code(jump(&admin, "check", " ").await), "reason:required");
    assert_eq!(code(jump(&admin, "gate", "补办").await), "element:choice");
    jump(&admin, "check", "补办").await.unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
    assert_eq!(trail(&bureau, &instance, "cancelled").await.len(), 2, "the task and its delegate's");
    let entry = &trail(&bureau, &instance, "jumped").await[0];
    assert_eq!((&entry["outcome_title"], &entry["opinion"]), (&json!("跳转至复核"), &json!("补办")));
    assert_eq!(todo(&bureau, &reviewer(2)).await[0]["step"], "check");
    bureau.clock.set("2026-12-31T00:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 0, "the timer of the review was called off");
}

async fn a_case_at_several_places_jumps_from_one(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, FORK, nothing(), nothing()).await;
    let (first, admin) = (reviewer(1), admin());
    let prepare = only_task(&bureau, &first).await;
    command!(bureau, complete(&first, &prepare, done("pass"))).unwrap();
    let refused = code(command!(bureau, jump(&admin, &instance, None, "prepare", "重来")));
    assert_eq!(refused, "from:required");
    let refused = code(command!(bureau, jump(&admin, &instance, Some("prepare"), "left", "重来")));
    assert_eq!(refused, "from:choice");
    command!(bureau, jump(&admin, &instance, Some("right"), "prepare", "重来")).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["prepare"]));
}

on_both_databases!(
    the_clocks_of_a_suspended_case_stand_still,
    a_timer_that_is_just_firing_waits_too,
    an_answer_to_a_suspended_case_is_heard_when_it_goes_on,
    what_a_suspended_process_calls_is_suspended_with_it,
    an_administrator_ends_a_case_with_a_reason,
    an_administrator_sends_a_case_anywhere,
    a_case_at_several_places_jumps_from_one,
);
