//! Delegates and added signers: tasks that wait for others.

use anju_process::Signing;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::bureau::{self, *};

async fn what_is_delegated_comes_back(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, second) = (reviewer(1), reviewer(2));
    let task = only_task(&bureau, &first).await;
    assert_eq!(code(command!(bureau, delegate(&first, &task, "stranger", "请核实"))), "account:choice");
    command!(bureau, delegate(&first, &task, "reviewer2", "请核实")).unwrap();
    assert!(todo(&bureau, &first).await.is_empty());
    assert!(todo(&bureau, &reviewer(3)).await.is_empty());
    assert_eq!(code(command!(bureau, complete(&first, &task, done("pass")))), "task_waits");

    let asked = only_task(&bureau, &second).await;
    assert_eq!(code(command!(bureau, delegate(&second, &asked, "reviewer3", "转"))), "helps_only");
    assert_eq!(code(command!(bureau, release(&second, &asked))), "asked_in_person");
    assert_eq!(code(command!(bureau, return_to(&second, &asked, "review", "退"))), "helps_only");
    let mut answer = done("nothing");
    answer.data.insert("finding".into(), json!("x"));
    let refused = code(command!(bureau, complete(&second, &asked, answer)));
    assert_eq!(refused, "outcome:choice opinion:required finding:unknown");
    let view = bureau.processes.task(&second, &asked).await.unwrap();
    assert_eq!(
        (&view["asked_by_name"], &view["asked_why"], &view["outcomes"][0]["key"]),
        (&json!("经办1"), &json!("请核实"), &json!("pass"))
    );
    command!(bureau, complete(&second, &asked, advice("pass", "已核实"))).unwrap();

    assert_eq!(active(&bureau, &instance).await, json!(["review"]));
    assert_eq!(only_task(&bureau, &first).await, task);
    let view = bureau.processes.task(&first, &task).await.unwrap();
    assert_eq!(
        (&view["helpers"][0]["name"], &view["helpers"][0]["opinion"], &view["helpers"][0]["outcome_title"]),
        (&json!("经办2"), &json!("已核实"), &json!("通过"))
    );
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
    // Neither who decided nor who did the work may check it.
    for maker in [&first, &second] {
        assert!(todo(&bureau, maker).await.is_empty(), "{}", maker.name);
    }
    let check = only_task(&bureau, &reviewer(3)).await;
    assert_eq!(code(command!(bureau, complete(&second, &check, done("pass")))), "forbidden");
    assert_eq!(code(command!(bureau, transfer(&reviewer(3), &check, "reviewer2", "转"))), "account:choice");
    let kinds = [trail(&bureau, &instance, "asked").await, trail(&bureau, &instance, "advised").await];
    assert_eq!(kinds.map(|entries| entries.len()), [1, 1]);
}

async fn a_task_waits_for_all_who_sign_before_it(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    started(&bureau, WAYS, nothing(), nothing()).await;
    let first = reviewer(1);
    let task = only_task(&bureau, &first).await;
    let signers = ["reviewer2".to_owned(), "manager".to_owned()];
    let outside = ["stranger".to_owned()];
    let ask = async |accounts: &[String]| {
        command!(bureau, add_signers(&first, &task, Signing::Before, accounts, "请会签"))
    };
    assert_eq!(code(ask(&outside).await), "account:choice");
    assert_eq!(code(ask(&[signers[0].clone(), signers[0].clone()]).await), "account:choice");
    ask(&signers).await.unwrap();
    let (of_second, of_boss) = (only_task(&bureau, &reviewer(2)).await, only_task(&bureau, &manager()).await);
    assert_eq!(code(command!(bureau, complete(&reviewer(3), &of_boss, done("agree")))), "forbidden");
    // The boss passes it on; whoever is asked needs no role but has to see the case.
    assert_eq!(
        code(command!(bureau, transfer(&manager(), &of_boss, "stranger", "请代签"))),
        "account:choice"
    );
    command!(bureau, transfer(&manager(), &of_boss, "reviewer4", "请代签")).unwrap();
    command!(bureau, complete(&reviewer(4), &of_boss, advice("disagree", "材料不足"))).unwrap();
    assert_eq!(code(command!(bureau, complete(&first, &task, done("pass")))), "task_waits");
    command!(bureau, complete(&reviewer(2), &of_second, advice("agree", "同意"))).unwrap();
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
}

async fn the_case_waits_for_all_who_sign_after(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let first = reviewer(1);
    let task = only_task(&bureau, &first).await;
    let signers = ["reviewer2".to_owned(), "manager".to_owned()];
    command!(bureau, add_signers(&first, &task, Signing::After, &signers, "请复签")).unwrap();
    assert!(todo(&bureau, &manager()).await.is_empty(), "not before the task is done");
    command!(bureau, complete(&first, &task, done("pass"))).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["review"]));
    assert_eq!(code(command!(bureau, complete(&first, &task, done("pass")))), "task_not_open");
    for signer in [reviewer(2), manager()] {
        assert_eq!(active(&bureau, &instance).await, json!(["review"]));
        let asked = only_task(&bureau, &signer).await;
        command!(bureau, complete(&signer, &asked, advice("agree", "同意"))).unwrap();
    }
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
    // An opinion is no making: who signed may check.
    only_task(&bureau, &reviewer(2)).await;
}

async fn a_timer_ends_what_waits_and_what_is_waited_for(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, before) = started(&bureau, WAYS, nothing(), nothing()).await;
    let first = reviewer(1);
    let waiting = only_task(&bureau, &first).await;
    let signer = ["manager".to_owned()];
    command!(bureau, add_signers(&first, &waiting, Signing::Before, &signer, "请会签")).unwrap();
    let (_, after) = started(&bureau, WAYS, nothing(), nothing()).await;
    let done_already = only_task(&bureau, &first).await;
    command!(bureau, add_signers(&first, &done_already, Signing::After, &signer, "请复签")).unwrap();
    command!(bureau, complete(&first, &done_already, done("pass"))).unwrap();
    let asked: Vec<String> = todo(&bureau, &manager()).await.iter().map(id).collect();
    assert_eq!(asked.len(), 2);

    bureau.clock.set("2026-12-09T00:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 2);
    assert!(todo(&bureau, &manager()).await.is_empty());
    for task in asked.iter().chain([&waiting]) {
        let refused = code(command!(bureau, complete(&manager(), task, advice("agree", "同意"))));
        assert_eq!(refused, "task_not_open");
    }
    for instance in [before, after] {
        let view = bureau.processes.instance(&manager(), &instance).await.unwrap();
        assert_eq!((&view["state"], &view["outcome"]), (&json!("completed"), &json!("lapsed")));
    }
}

async fn the_platform_waits_for_nobody(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (case, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let first = reviewer(1);
    let task = only_task(&bureau, &first).await;
    command!(bureau, delegate(&first, &task, "reviewer2", "请核实")).unwrap();
    command!(bureau, complete_step(&first, CASE, &case, "review", "pass")).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
    assert_eq!(trail(&bureau, &instance, "cancelled").await.len(), 1);
    assert_eq!(todo(&bureau, &reviewer(2)).await[0]["step"], "check");
}

on_both_databases!(
    what_is_delegated_comes_back,
    a_task_waits_for_all_who_sign_before_it,
    the_case_waits_for_all_who_sign_after,
    a_timer_ends_what_waits_and_what_is_waited_for,
    the_platform_waits_for_nobody,
);
