//! How work goes, in figures, on both databases.

mod common;

use anju_process::{Analysis, AnalysisQuery, Completion, Error, PeriodOf, StepFigures, TaskQuery};
use anju_records::Actor;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use common::{Bureau, REVIEW, manager, reviewer};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn system() -> Actor {
    Actor::system("测试")
}

fn query() -> AnalysisQuery {
    serde_json::from_value(json!({ "process": REVIEW, "from": "2026-11-24", "to": "2026-12-31" })).unwrap()
}

async fn analysis(bureau: &Bureau, query: &AnalysisQuery) -> Analysis {
    bureau.processes.analysis(&system(), query).await.unwrap()
}

async fn task(bureau: &Bureau, actor: &Actor, title: &str) -> String {
    let search = TaskQuery { search: Some(title.to_owned()), ..TaskQuery::default() };
    let tasks = bureau.processes.tasks(actor, &search).await.unwrap().items;
    assert_eq!(tasks.len(), 1, "{tasks:#?}");
    tasks[0]["id"].as_str().unwrap().to_owned()
}

async fn claim(bureau: &Bureau, actor: &Actor, title: &str) {
    let task = task(bureau, actor, title).await;
    let mut tx = bureau.store().begin().await.unwrap();
    bureau.processes.claim(&mut tx, actor, &task).await.unwrap();
    tx.commit().await.unwrap();
}

async fn complete(bureau: &Bureau, actor: &Actor, title: &str, outcome: &str, data: Value) {
    let task = task(bureau, actor, title).await;
    let completion = Completion {
        outcome: outcome.to_owned(),
        opinion: Some("按规定办理".to_owned()),
        data: data.as_object().cloned().unwrap(),
        ..Completion::default()
    };
    let mut tx = bureau.store().begin().await.unwrap();
    bureau.processes.complete(&mut tx, actor, &task, completion).await.unwrap();
    tx.commit().await.unwrap();
}

async fn return_to_review(bureau: &Bureau, actor: &Actor, title: &str) {
    let task = task(bureau, actor, title).await;
    let mut tx = bureau.store().begin().await.unwrap();
    bureau.processes.return_to(&mut tx, actor, &task, "review", "缺材料").await.unwrap();
    tx.commit().await.unwrap();
}

fn pass(bureau: &Bureau, hours: i64) {
    bureau.clock.advance(SignedDuration::from_hours(hours));
}

fn step<'a>(analysis: &'a Analysis, step: &str) -> &'a StepFigures {
    analysis.steps.iter().find(|figures| figures.step == step).unwrap()
}

async fn times_and_counts_are_those_of_the_work(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    *bureau.runner.answers_at_once.lock().unwrap() = true;
    let (first, second) = (reviewer(1), reviewer(2));
    let finding = json!({"finding": "人均住房面积超过规定标准不予通过"});
    // Signed for after 2 hours, refused after 3 more.
    bureau.a_started_case("甲户", json!({})).await;
    pass(&bureau, 2);
    claim(&bureau, &first, "甲户").await;
    pass(&bureau, 3);
    complete(&bureau, &first, "甲户", "fail", finding.clone()).await;
    // Passed after 4 and 1 hours, sent back 10 hours later, and open since.
    bureau.a_started_case("乙户", json!({})).await;
    pass(&bureau, 4);
    claim(&bureau, &first, "乙户").await;
    pass(&bureau, 1);
    complete(&bureau, &first, "乙户", "pass", json!({})).await;
    pass(&bureau, 10);
    return_to_review(&bureau, &second, "乙户").await;
    // Another operator's, refused after its last day: a week and half an hour.
    bureau.a_started_case("丙户", json!({"operator": "org2"})).await;
    pass(&bureau, 24 * 14);
    let stranger = common::stranger();
    claim(&bureau, &stranger, "丙户").await;
    complete(&bureau, &stranger, "丙户", "fail", finding).await;

    let all = analysis(&bureau, &query()).await;
    assert_eq!((all.counts.started, all.counts.ended, all.counts.running), (3, 2, 1));
    assert_eq!(all.outcomes.len(), 1);
    let outcome = &all.outcomes[0];
    assert_eq!(
        (outcome.state.as_str(), outcome.title.as_deref(), outcome.count),
        ("terminated", Some("不予通过"), 2)
    );
    assert_eq!((all.lead_hours.median, all.lead_hours.p90), (Some((5.0 + 336.0) / 2.0), Some(336.0)));
    let review = step(&all, "review");
    assert_eq!((review.entered, review.done, review.returned, review.open), (4, 3, 0, 1));
    assert_eq!((review.waiting_hours.median, review.waiting_hours.p90), (Some(4.0), Some(336.0)));
    assert_eq!((review.handling_hours.median, review.handling_hours.p90), (Some(1.0), Some(3.0)));
    // The open one has gone past its last day too.
    assert_eq!((review.overdue, review.overdue_rate), (2, Some(0.5)));
    let confirm = step(&all, "confirm");
    assert_eq!((confirm.entered, confirm.returned, confirm.return_rate), (1, 1, Some(1.0)));
    assert_eq!((confirm.waiting_hours.median, confirm.handling_hours.median), (Some(10.0), None));
    assert_eq!(all.bottleneck.as_deref(), Some("review"));
    assert_eq!(confirm.share, Some(0.0281), "10 of 5 + 5 + 336 + 10 hours");
    assert_eq!(all.steps.iter().map(|step| step.title.as_str()).collect::<Vec<_>>(), ["初审", "核定"]);
}

async fn figures_are_of_the_period_the_version_and_the_place(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let finding = json!({"finding": "人均住房面积超过规定标准不予通过"});
    bureau.a_started_case("甲户", json!({})).await;
    bureau.a_started_case("丙户", json!({"operator": "org2", "district": "310102"})).await;
    pass(&bureau, 48);
    claim(&bureau, &reviewer(1), "甲户").await;
    complete(&bureau, &reviewer(1), "甲户", "fail", finding).await;
    bureau.a_started_case("丁户", json!({})).await;

    let day = |from: &str, to: &str, by| AnalysisQuery {
        from: Some(from.parse().unwrap()),
        to: Some(to.parse().unwrap()),
        by,
        ..query()
    };
    let first = analysis(&bureau, &day("2026-11-24", "2026-11-24", PeriodOf::Started)).await;
    assert_eq!((first.counts.started, first.counts.ended, first.counts.running), (2, 0, 2));
    assert_eq!(first.lead_hours.median, Some(48.0), "of those started that day");
    assert_eq!(step(&first, "review").entered, 2);
    let ended = analysis(&bureau, &day("2026-11-26", "2026-11-26", PeriodOf::Ended)).await;
    assert_eq!((ended.counts.started, ended.counts.ended), (1, 1));
    assert_eq!(step(&ended, "review").entered, 1);
    let none = analysis(&bureau, &day("2026-11-25", "2026-11-25", PeriodOf::Started)).await;
    assert_eq!((none.lead_hours, none.steps.len(), none.bottleneck), (Default::default(), 0, None));
    let other = AnalysisQuery { version: Some("none".to_owned()), ..query() };
    assert_eq!(analysis(&bureau, &other).await.counts.running, 0);

    // A district's manager with the right counts the district's.
    let mut sources = common::sources();
    for source in &mut sources {
        source.text = source
            .text
            .replace("level: district\n", "level: district\nrights: [platform.analyse_processes]\n");
    }
    let (catalog, _) = anju_definitions::load(&sources);
    assert!(matches!(bureau.processes.analysis(&manager(), &query()).await, Err(Error::Forbidden { .. })));
    bureau.catalog.store(std::sync::Arc::new(catalog));
    let own = bureau.processes.analysis(&manager(), &query()).await.unwrap();
    assert_eq!((own.counts.started, step(&own, "review").entered), (2, 2));
}

async fn a_period_has_bounds(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let field = |query: AnalysisQuery| {
        let processes = bureau.processes.clone();
        async move {
            match processes.analysis(&system(), &query).await {
                Err(Error::Invalid(errors)) => errors[0].field.clone(),
                other => format!("{other:?}"),
            }
        }
    };
    let from = |day: &str| AnalysisQuery { from: Some(day.parse().unwrap()), ..query() };
    assert_eq!(field(from("2027-01-01")).await, "to");
    assert_eq!(field(from("2024-12-30")).await, "to");
    assert_eq!(field(AnalysisQuery { process: "t.none".to_owned(), ..query() }).await, "process");
    assert_eq!(analysis(&bureau, &from("2025-01-01")).await.counts.started, 0);
}

on_both_databases!(
    times_and_counts_are_those_of_the_work,
    figures_are_of_the_period_the_version_and_the_place,
    a_period_has_bounds,
);
