//! Candidates that are found, and substitutes.

use anju_process::Absence;
use anju_records::Actor;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::bureau::{self, *};

/// Carries a case to its decision.
async fn to_decision(bureau: &Bureau, fields: Value, vars: Value) -> String {
    let (_, instance) = started(bureau, WAYS, fields, vars).await;
    let task = only_task(bureau, &reviewer(1)).await;
    command!(bureau, complete(&reviewer(1), &task, done("pass"))).unwrap();
    let check = only_task(bureau, &reviewer(2)).await;
    command!(bureau, complete(&reviewer(2), &check, done("escalate"))).unwrap();
    instance
}

async fn the_handlers_superior_decides(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    to_decision(&bureau, nothing(), nothing()).await;
    for other in [reviewer(2), far_manager(), expert(), stranger()] {
        assert!(todo(&bureau, &other).await.is_empty(), "{}", other.name);
    }
    let task = only_task(&bureau, &manager()).await;
    assert_eq!(code(command!(bureau, complete(&far_manager(), &task, done("pass")))), "forbidden");
    command!(bureau, complete(&manager(), &task, done("pass"))).unwrap();
}

async fn a_district_and_an_account_count_wherever_the_record_lies(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let vars = json!({ "experts": ["account:expert"] });
    let instance = to_decision(&bureau, json!({ "kind": "310104" }), vars).await;
    for one in [manager(), far_manager(), expert()] {
        only_task(&bureau, &one).await;
    }
    let task = only_task(&bureau, &expert()).await;
    // The task is theirs to see, the record is not.
    let view = bureau.processes.task(&expert(), &task).await.unwrap();
    assert_eq!(view["may_complete"], true);
    assert_eq!(code(bureau.processes.instance(&expert(), &instance).await), "not_found");
    assert_eq!(code(bureau.processes.task(&stranger(), &task).await), "not_found");
    command!(bureau, claim(&expert(), &task)).unwrap();
    assert!(todo(&bureau, &far_manager()).await.is_empty());
    command!(bureau, complete(&expert(), &task, done("pass"))).unwrap();
}

async fn a_step_that_nobody_may_do_is_not_come_to(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    // Above the other operator there is nobody.
    started(&bureau, WAYS, json!({ "operator": "org2" }), nothing()).await;
    let task = only_task(&bureau, &stranger()).await;
    command!(bureau, complete(&stranger(), &task, done("pass"))).unwrap();
    let (other, task) = (like(&stranger(), "stranger2"), "check");
    let check = only_task(&bureau, &other).await;
    let refused = command!(bureau, complete(&other, &check, done("escalate")));
    assert!(refused.as_ref().is_err_and(|error| error.to_string().contains("决定")), "{refused:?}");
    assert_eq!(code(refused), "nobody_may");
    assert_eq!(todo(&bureau, &other).await[0]["step"], task);
}

fn like(actor: &Actor, account: &str) -> Actor {
    Actor { account_id: account.to_owned(), name: account.to_owned(), ..actor.clone() }
}

fn absence(substitute: &str, from: &str, to: &str) -> Absence {
    let (account, reason) = (substitute.to_owned(), "出差".to_owned());
    Absence { account, from: from.parse().unwrap(), to: to.parse().unwrap(), reason }
}

async fn a_substitute_has_the_absent_ones_roles_and_place(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    let (_, instance) = started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, other) = (reviewer(1), stranger());
    let times = absence("stranger", "2026-11-25", "2026-11-26");
    command!(bureau, substitute(&first, &times)).unwrap();
    assert_eq!(code(command!(bureau, substitute(&first, &times))), "substituted");
    let faulty = Absence { reason: " ".into(), ..absence("reviewer1", "2026-11-20", "2026-11-19") };
    let refused = code(command!(bureau, substitute(&first, &faulty)));
    assert_eq!(refused, "to:range reason:required account:choice");
    assert!(todo(&bureau, &other).await.is_empty(), "not before the first day");

    bureau.clock.set("2026-11-25T00:00:00+08:00".parse().unwrap());
    assert_eq!(bureau.processes.substitutions(&other).await.unwrap()[0]["in_force"], true);
    let task = only_task(&bureau, &other).await;
    assert_eq!(bureau.processes.task(&other, &task).await.unwrap()["may_complete"], true);
    // What the absent one has signed for is the substitute's, too.
    command!(bureau, claim(&first, &task)).unwrap();
    assert_eq!(only_task(&bureau, &other).await, task);
    assert!(todo(&bureau, &reviewer(2)).await.is_empty());
    command!(bureau, complete(&other, &task, done("pass"))).unwrap();
    assert_eq!(trail(&bureau, &instance, "completed").await[0]["actor_name"], "外人 代 经办1");
    let view = bureau.processes.task(&first, &task).await.unwrap();
    assert_eq!((&view["assignee_name"], &view["acted_for_name"]), (&json!("外人"), &json!("经办1")));

    // Four eyes: neither the substitute nor the absent one may check what was done.
    assert!(todo(&bureau, &other).await.is_empty() && todo(&bureau, &first).await.is_empty());
    let check = only_task(&bureau, &reviewer(2)).await;
    for maker in [&other, &first] {
        assert_eq!(code(command!(bureau, complete(maker, &check, done("pass")))), "forbidden");
    }
    // Nor as the substitute of somebody who had no part in it.
    command!(bureau, substitute(&reviewer(2), &times)).unwrap();
    assert!(todo(&bureau, &other).await.is_empty());
    assert_eq!(code(command!(bureau, complete(&other, &check, done("pass")))), "forbidden");
}

async fn a_substitution_ends_by_its_day_or_by_hand(db: TestDatabase) {
    let bureau = bureau::open(db).await;
    started(&bureau, WAYS, nothing(), nothing()).await;
    let (first, other) = (reviewer(1), stranger());
    let times = absence("stranger", "2026-11-24", "2026-11-25");
    let by_hand = command!(bureau, substitute(&first, &times)).unwrap();
    let task = only_task(&bureau, &other).await;
    assert_eq!(code(command!(bureau, end_substitution(&reviewer(2), &by_hand))), "not_found");
    command!(bureau, end_substitution(&first, &by_hand)).unwrap();
    assert_eq!(code(command!(bureau, end_substitution(&other, &by_hand))), "ended");
    assert!(todo(&bureau, &other).await.is_empty());
    assert_eq!(code(command!(bureau, complete(&other, &task, done("pass")))), "forbidden");

    command!(bureau, substitute(&first, &times)).unwrap();
    only_task(&bureau, &other).await;
    bureau.clock.advance(SignedDuration::from_hours(48));
    assert!(todo(&bureau, &other).await.is_empty());
    assert_eq!(code(bureau.processes.task(&other, &task).await), "not_found");
}

#[test]
fn faults_of_the_definition_are_found() {
    let mut sources = bureau::sources();
    for source in &mut sources {
        source.text = source
            .text
            .replace("correction: fix\n", "")
            .replace("{ list: vars.experts }", "{ list: vars.experts, of: check }")
            .replace("at: superior, of: check", "at: superior, of: chek")
            .replace("district: record.kind", "district: record.kind, at: own");
    }
    let (_, problems) = anju_definitions::load(&sources);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for words in ["correction", "of 只与 at", "没有步骤“chek”", "应写且只写一项", "步骤“fix”没有办理角色"]
    {
        assert!(problems.iter().any(|problem| problem.contains(words)), "{words}: {problems:#?}");
    }
}

on_both_databases!(
    the_handlers_superior_decides,
    a_district_and_an_account_count_wherever_the_record_lies,
    a_step_that_nobody_may_do_is_not_come_to,
    a_substitute_has_the_absent_ones_roles_and_place,
    a_substitution_ends_by_its_day_or_by_hand,
);
