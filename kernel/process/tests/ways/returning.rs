//! Returns: to a step, to the starter, with and without redoing the steps between.

use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::bureau::{self, *};

/// A case at its check, with the check's task, which the second reviewer does.
async fn at_check(bureau: &Bureau) -> (String, String) {
    let (_, instance) = started(bureau, WAYS, nothing(), nothing()).await;
    let task = only_task(bureau, &reviewer(1)).await;
    command!(bureau, complete(&reviewer(1), &task, done("pass"))).unwrap();
    let check = only_task(bureau, &reviewer(2)).await;
    (instance, check)
}

async fn the_starter_puts_a_case_right_and_it_comes_back(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (instance, check) = at_check(&bureau).await;
    let (first, second) = (reviewer(1), reviewer(2));
    let ways = bureau.processes.task(&second, &check).await.unwrap()["return_to"].clone();
    assert_eq!(ways, json!([{ "step": "review", "title": "初审" }, { "step": "starter", "title": "补正" }]));
    assert_eq!(code(command!(bureau, return_to(&second, &check, "fix", "缺材料"))), "step:choice");
    command!(bureau, return_and_come_back(&second, &check, "starter", "缺材料")).unwrap();
    assert!(todo(&bureau, &second).await.is_empty(), "only the starter puts it right");
    let fix = only_task(&bureau, &first).await;
    command!(bureau, complete(&first, &fix, done("done"))).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
    // It is still the first one's work that is checked.
    assert!(todo(&bureau, &first).await.is_empty());

    let check = only_task(&bureau, &second).await;
    command!(bureau, return_to(&second, &check, "starter", "仍缺材料")).unwrap();
    let fix = only_task(&bureau, &first).await;
    command!(bureau, complete(&first, &fix, done("done"))).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["review"]));
}

async fn a_step_may_be_done_again_without_those_between(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (instance, check) = at_check(&bureau).await;
    let second = reviewer(2);
    command!(bureau, return_and_come_back(&second, &check, "review", "请补充意见")).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["review"]));
    // The third does it now, so the first may check.
    let again = only_task(&bureau, &reviewer(3)).await;
    command!(bureau, complete(&reviewer(3), &again, done("pass"))).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
    assert!(todo(&bureau, &reviewer(3)).await.is_empty());
    only_task(&bureau, &reviewer(1)).await;
}

async fn what_others_have_gone_on_from_is_done_again_or_not_at_all(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, FORK, nothing(), nothing()).await;
    let first = reviewer(1);
    let prepare = only_task(&bureau, &first).await;
    command!(bureau, complete(&first, &prepare, done("pass"))).unwrap();
    let left = only_task(&bureau, &first).await;
    let back = command!(bureau, return_and_come_back(&first, &left, "prepare", "重做"));
    assert!(back.as_ref().is_err_and(|error| error.to_string().contains("其他分支")), "{back:?}");
    assert_eq!(code(back), "cannot_send");
    only_task(&bureau, &manager()).await;
    command!(bureau, return_to(&first, &left, "prepare", "重做")).unwrap();
    assert!(todo(&bureau, &manager()).await.is_empty(), "the other branch will come again");
    assert_eq!(active(&bureau, &instance).await, json!(["prepare"]));
}

async fn those_who_were_to_sign_after_need_not_when_it_is_returned(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (instance, check) = at_check(&bureau).await;
    let second = reviewer(2);
    let signer = ["manager".to_owned()];
    let after = anju_process::Signing::After;
    command!(bureau, add_signers(&second, &check, after, &signer, "请复签")).unwrap();
    command!(bureau, return_to(&second, &check, "review", "重做")).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["review"]));
    assert_eq!(trail(&bureau, &instance, "cancelled").await.len(), 1);
    let again = only_task(&bureau, &reviewer(1)).await;
    command!(bureau, complete(&reviewer(1), &again, done("pass"))).unwrap();
    assert!(todo(&bureau, &manager()).await.is_empty());
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
}

on_both_databases!(
    the_starter_puts_a_case_right_and_it_comes_back,
    a_step_may_be_done_again_without_those_between,
    what_others_have_gone_on_from_is_done_again_or_not_at_all,
    those_who_were_to_sign_after_need_not_when_it_is_returned,
);
