//! Transfers, copies, urging, many at once, standard opinions.

use anju_process::TaskBox;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use jiff::SignedDuration;
use serde_json::json;

use crate::bureau::{self, *};

async fn a_task_is_handed_to_one_who_could_do_it(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, second) = (reviewer(1), reviewer(2));
    let task = only_task(&bureau, &first).await;
    let to = |account: &str| account.to_owned();
    assert_eq!(code(command!(bureau, transfer(&first, &task, "reviewer2", " "))), "reason:required");
    for (account, why) in
        [("reviewer1", "self"), ("stranger", "place"), ("manager", "role"), ("nobody", "none")]
    {
        let refused = code(command!(bureau, transfer(&first, &task, &to(account), "出差")));
        assert_eq!(refused, "account:choice", "{why}");
    }
    assert_eq!(code(command!(bureau, transfer(&manager(), &task, "reviewer2", "出差"))), "forbidden");
    command!(bureau, transfer(&first, &task, "reviewer2", "出差")).unwrap();

    assert!(todo(&bureau, &first).await.is_empty());
    assert_eq!(todo(&bureau, &second).await[0]["state"], "claimed");
    assert_eq!(code(command!(bureau, complete(&first, &task, done("pass")))), "task_claimed");
    command!(bureau, complete(&second, &task, done("pass"))).unwrap();
    let entry = &trail(&bureau, &instance, "transferred").await[0];
    assert_eq!(
        (&entry["actor_name"], &entry["outcome_title"], &entry["opinion"]),
        (&json!("经办1"), &json!("转办给经办2"), &json!("出差"))
    );
}

async fn four_eyes_hold_for_whoever_is_handed_the_check(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, second) = (reviewer(1), reviewer(2));
    let task = only_task(&bureau, &first).await;
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
    let check = only_task(&bureau, &second).await;
    assert_eq!(code(command!(bureau, transfer(&second, &check, "reviewer1", "代办"))), "account:choice");
    assert_eq!(code(command!(bureau, delegate(&second, &check, "reviewer1", "代办"))), "account:choice");
    command!(bureau, transfer(&second, &check, "reviewer3", "代办")).unwrap();
    command!(bureau, complete(&reviewer(3), &check, done("pass"))).unwrap();
}

async fn a_copy_is_only_looked_at(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, boss) = (reviewer(1), manager());
    let task = only_task(&bureau, &first).await;
    let to = |account: &str| vec![account.to_owned()];
    assert_eq!(code(command!(bureau, copy(&boss, &task, &to("reviewer2"), None))), "forbidden");
    assert_eq!(code(command!(bureau, copy(&first, &task, &to("stranger"), None))), "account:choice");
    assert_eq!(code(command!(bureau, copy(&first, &task, &[], None))), "account:choice");
    command!(bureau, copy(&first, &task, &to("manager"), Some("请知悉"))).unwrap();

    assert!(todo(&bureau, &boss).await.is_empty());
    assert_eq!(bureau.processes.task_counts(&boss).await.unwrap().copied, 1);
    let copies = listed(&bureau, &boss, TaskBox::Copied).await;
    assert_eq!((&copies[0]["state"], &copies[0]["asked_why"]), (&json!("copied"), &json!("请知悉")));
    let copy = id(&copies[0]);
    assert_eq!(code(command!(bureau, complete(&boss, &copy, done("pass")))), "task_not_open");
    assert_eq!(code(command!(bureau, mark_read(&first, &copy))), "not_found");
    command!(bureau, mark_read(&boss, &copy)).unwrap();
    command!(bureau, mark_read(&boss, &copy)).unwrap();
    assert_eq!(trail(&bureau, &instance, "read").await.len(), 1);
    let view = bureau.processes.task(&first, &task).await.unwrap();
    assert_eq!(view["copies"][0]["to_name"], "负责人");
    assert!(view["copies"][0]["read_at"].is_string());
    // Whoever has done the task may send copies afterwards, too.
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
    command!(bureau, copy(&first, &task, &to("manager"), None)).unwrap();
    assert_eq!(listed(&bureau, &boss, TaskBox::Copied).await.len(), 2);
}

async fn a_task_is_urged_once_a_working_day(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, boss) = (reviewer(1), manager());
    let task = only_task(&bureau, &first).await;
    bureau.clock.set("2026-11-27T09:00:00+08:00".parse().unwrap());
    assert_eq!(code(command!(bureau, urge(&stranger(), &task, None))), "not_found");
    assert_eq!(code(command!(bureau, urge(&first, &task, None))), "task:own");
    command!(bureau, urge(&boss, &task, Some("请尽快"))).unwrap();
    assert_eq!(code(command!(bureau, urge(&boss, &task, None))), "urged");
    // Friday's urging holds over the weekend.
    bureau.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(code(command!(bureau, urge(&boss, &task, None))), "urged");
    bureau.clock.advance(SignedDuration::from_hours(24));
    command!(bureau, urge(&boss, &task, None)).unwrap();
    let seen = &todo(&bureau, &first).await[0];
    assert_eq!((&seen["urges"], &seen["urged_on"]), (&json!(2), &json!("2026-11-30")));
    assert_eq!(trail(&bureau, &instance, "urged").await[0]["opinion"], "请尽快");
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
    assert_eq!(code(command!(bureau, urge(&boss, &task, None))), "task_not_open");
}

async fn only_tasks_of_one_step_are_completed_together(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    started(&bureau, WAYS, nothing(), nothing()).await;
    started(&bureau, WAYS, nothing(), nothing()).await;
    let first = reviewer(1);
    let mut ids: Vec<String> = todo(&bureau, &first).await.iter().map(id).collect();
    bureau.processes.may_batch(&ids).await.unwrap();
    assert_eq!(code(bureau.processes.may_batch(&[]).await), "ids:required");
    started(&bureau, FORK, nothing(), nothing()).await;
    ids = todo(&bureau, &first).await.iter().map(id).collect();
    assert_eq!(code(bureau.processes.may_batch(&ids).await), "ids:steps");
}

async fn opinions_are_kept_by_step_and_by_person(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    started(&bureau, WAYS, nothing(), nothing()).await;
    let first = reviewer(1);
    let mine = ["同意。".to_owned(), " 情况属实 ".to_owned()];
    command!(bureau, set_opinions(&first, &mine)).unwrap();
    assert_eq!(code(command!(bureau, set_opinions(&first, &[" ".to_owned()]))), "opinions:length");
    let task = only_task(&bureau, &first).await;
    let view = bureau.processes.task(&first, &task).await.unwrap();
    assert_eq!(view["opinions"], json!({ "step": ["符合条件"], "own": ["同意。", "情况属实"] }));
    let view = bureau.processes.task(&reviewer(2), &task).await.unwrap();
    assert_eq!(view["opinions"]["own"], json!([]));
    command!(bureau, set_opinions(&first, &[])).unwrap();
    assert!(bureau.processes.opinions(&first).await.unwrap().is_empty());
}

on_both_databases!(
    a_task_is_handed_to_one_who_could_do_it,
    four_eyes_hold_for_whoever_is_handed_the_check,
    a_copy_is_only_looked_at,
    a_task_is_urged_once_a_working_day,
    only_tasks_of_one_step_are_completed_together,
    opinions_are_kept_by_step_and_by_person,
);
