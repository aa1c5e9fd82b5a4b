//! Seeded simulation: reviewers, timers, outside answers, failures and crashes in any order. After every step
//! the invariants hold; a failing seed is named and plays the same again (reliability I1, I7, R-01).

mod common;

use std::collections::HashMap;

use anju_calendar::Clock;
use anju_process::bpmn::{Graph, Kind, parse};
use anju_process::{Completion, Error, Result, TIMER_JOB};
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Row, Select, Tx};
use common::{Bureau, REVIEW, manager, reviewer, stranger};
use jiff::SignedDuration;
use serde_json::{Value, json};

const STEPS: u32 = 30;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }

    /// Once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }
}

/// Everything the database says of one instance.
#[derive(Debug, Clone, PartialEq)]
struct Snapshot {
    instance: Vec<Row>,
    tokens: Vec<Row>,
    tasks: Vec<Row>,
    trail: Vec<Row>,
    timers: Vec<Row>,
    record: Vec<Row>,
}

async fn rows(
    bureau: &Bureau,
    table: &str,
    columns: &[(&str, ColumnKind)],
    key: (&str, &str),
    order: &str,
) -> Vec<Row> {
    let select = columns.iter().fold(Select::from(table), |select, (name, kind)| select.column(*name, *kind));
    let select = select.filter(Condition::eq(table, key.0, key.1)).order_by(order, Direction::Ascending);
    bureau.store().reader().fetch_all(&select).await.unwrap()
}

async fn snapshot(bureau: &Bureau, instance: &str, case: &str) -> Snapshot {
    use ColumnKind::{Int, Text};
    let mine = ("instance_id", instance);
    let instance_columns =
        [("state", Text), ("vars", Text), ("revision", Int), ("trail_seq", Int), ("visits", Int)];
    let task_columns = [
        ("id", Text),
        ("token_id", Text),
        ("open_token", Text),
        ("step", Text),
        ("state", Text),
        ("assignee", Text),
    ];
    let trail_columns = [("kind", Text), ("element", Text), ("token_id", Text), ("visit", Int), ("seq", Int)];
    let job_columns = [("id", Text), ("payload", Text), ("run_at", Int)];
    let open = job_columns
        .iter()
        .fold(Select::from("sys_job"), |select, (name, kind)| select.column(*name, *kind))
        .filter(Condition::NotNull(ColumnRef::new("sys_job", "open_key")))
        .filter(Condition::Contains {
            column: ColumnRef::new("sys_job", "payload"),
            text: instance.to_owned(),
        })
        .order_by("id", Direction::Ascending);
    Snapshot {
        instance: rows(bureau, "process_instance", &instance_columns, ("id", instance), "id").await,
        tokens: rows(bureau, "process_token", &[("id", Text), ("element", Text), ("visit", Int)], mine, "id")
            .await,
        tasks: rows(bureau, "process_task", &task_columns, mine, "id").await,
        trail: rows(bureau, "process_trail", &trail_columns, mine, "seq").await,
        timers: bureau.store().reader().fetch_all(&open).await.unwrap(),
        record: rows(bureau, "t_case", &[("version", Int), ("status", Text)], ("id", case), "id").await,
    }
}

fn text(row: &Row, at: usize) -> &str {
    row.opt_text(at).unwrap().unwrap_or_default()
}

/// The invariants.
fn check(snapshot: &Snapshot, graph: &Graph, seed: u64) {
    let state = text(&snapshot.instance[0], 0);
    assert_eq!(
        state == "running",
        !snapshot.tokens.is_empty(),
        "seed {seed}: {state} with {:?}",
        snapshot.tokens
    );
    for token in &snapshot.tokens {
        let open: Vec<&Row> = snapshot.tasks.iter().filter(|task| text(task, 2) == text(token, 0)).collect();
        let wanted = usize::from(graph.elements[text(token, 1)].kind == Kind::UserTask);
        assert_eq!(open.len(), wanted, "seed {seed}: open tasks of {token:?}");
        assert!(open.iter().all(|task| text(task, 3) == text(token, 1)), "seed {seed}: {open:?}");
    }
    for task in &snapshot.tasks {
        let open = matches!(text(task, 4), "open" | "claimed");
        assert_eq!(open, !text(task, 2).is_empty(), "seed {seed}: {task:?}");
        let alive = snapshot.tokens.iter().any(|token| text(token, 0) == text(task, 2));
        assert!(!open || alive, "seed {seed}: a task without its token {task:?}");
    }
    let noted = |kind: &str| snapshot.trail.iter().filter(|entry| text(entry, 0) == kind).count();
    let tasks = |state: &str| snapshot.tasks.iter().filter(|task| text(task, 4) == state).count();
    for (kind, state) in [("completed", "done"), ("returned", "returned"), ("cancelled", "cancelled")] {
        assert_eq!(noted(kind), tasks(state), "seed {seed}: {kind}");
    }
    for timer in &snapshot.timers {
        let payload: Value = serde_json::from_str(text(timer, 1)).unwrap();
        let stands = snapshot
            .tokens
            .iter()
            .any(|token| payload["token"] == text(token, 0) && payload["visit"] == token.int(2).unwrap());
        assert!(stands, "seed {seed}: a timer for nobody {payload}");
    }
    check_trail(&snapshot.trail, graph, seed);
}

/// Every arrival follows from the one before: by a flow between the two, back to a step that was sent back to,
/// or from a task to a timer on it.
fn check_trail(trail: &[Row], graph: &Graph, seed: u64) {
    let mut at: HashMap<String, String> = HashMap::new();
    let (mut visits, mut sent_back, mut hosts) = (0, false, Vec::new());
    for (index, entry) in trail.iter().enumerate() {
        assert_eq!(entry.int(4).unwrap(), index as i64 + 1, "seed {seed}: a gap in the trail");
        let (kind, element, token) = (text(entry, 0), text(entry, 1), text(entry, 2));
        match kind {
            "returned" => sent_back = true,
            "timer" => hosts.push(token.to_owned()),
            "entered" => {
                let visit = entry.int(3).unwrap();
                assert!(visit > visits, "seed {seed}: visits grow");
                visits = visit;
                let before = &trail[index - 1];
                let by_flow = text(before, 0) == "flow" && before.opt_int(3).unwrap() == Some(visit);
                let legal = match (at.get(token), &graph.elements[element].kind) {
                    (Some(from), _) if by_flow => {
                        let flow = &graph.flows[text(before, 1)];
                        flow.source == *from && flow.target == element
                    }
                    (Some(_), Kind::UserTask) => std::mem::take(&mut sent_back),
                    (Some(from), Kind::Boundary { attached_to, .. }) => attached_to == from,
                    (None, Kind::Boundary { attached_to, .. }) => {
                        hosts.iter().any(|host| at.get(host) == Some(attached_to))
                    }
                    (None, kind) => matches!(kind, Kind::Start { .. }) && visit == 1,
                    _ => false,
                };
                assert!(legal, "seed {seed}: {entry:?} after {before:?}");
                at.insert(token.to_owned(), element.to_owned());
            }
            _ => {}
        }
    }
}

struct Play<'a> {
    bureau: &'a Bureau,
    dice: Dice,
    actors: [Actor; 5],
    instance: String,
    case: String,
    seed: u64,
}

impl Play<'_> {
    /// One random command in `tx`. `Ok(false)` when there was nothing to do.
    async fn act(&mut self, tx: &mut Tx, now: &Snapshot) -> Result<bool> {
        let processes = &self.bureau.processes;
        let actor = self.dice.pick(&self.actors).clone();
        let tasks: Vec<&Row> = match self.dice.once_in(8) {
            true => now.tasks.iter().collect(),
            false => now.tasks.iter().filter(|task| !text(task, 2).is_empty()).collect(),
        };
        let task = (!tasks.is_empty()).then(|| text(tasks[self.dice.roll(tasks.len())], 0).to_owned());
        match (self.dice.roll(12), task) {
            (0 | 1, Some(task)) => processes.claim(tx, &actor, &task).await.map(|()| true),
            (2, Some(task)) => processes.release(tx, &actor, &task).await.map(|()| true),
            (3..=6, Some(task)) => {
                let outcome =
                    *self.dice.pick(&["pass", "pass", "fail", "done", "confirm", "confirm", "refuse"]);
                let data = match outcome {
                    "fail" => json!({"finding": "人均住房面积超过规定标准不予通过"}),
                    "confirm" => {
                        json!({"notice_to": (anju_calendar::today(&*self.bureau.clock)).to_string()})
                    }
                    _ => json!({}),
                };
                let completion = Completion {
                    outcome: outcome.to_owned(),
                    opinion: Some("意见".to_owned()),
                    data: data.as_object().cloned().unwrap(),
                    ..Completion::default()
                };
                processes.complete(tx, &actor, &task, completion).await.map(|()| true)
            }
            (7, Some(task)) => processes.return_to(tx, &actor, &task, "review", "退回").await.map(|()| true),
            (8, _) if self.dice.once_in(6) => {
                processes.withdraw(tx, &actor, &self.instance, "撤回").await.map(|()| true)
            }
            (8 | 9, _) => processes.signal(tx, &self.instance, "check", Object::new()).await.map(|()| true),
            _ => self.fire(tx).await,
        }
    }

    /// Time passes, and one due timer fires, now and then twice.
    async fn fire(&mut self, tx: &mut Tx) -> Result<bool> {
        self.bureau.clock.advance(SignedDuration::from_hours(self.dice.roll(100) as i64));
        let now = self.bureau.clock.now();
        let due = Select::from("sys_job")
            .column("id", ColumnKind::Text)
            .column("payload", ColumnKind::Text)
            .filter(Condition::eq("sys_job", "kind", TIMER_JOB))
            .filter(Condition::NotNull(ColumnRef::new("sys_job", "open_key")))
            .filter(Condition::Contains {
                column: ColumnRef::new("sys_job", "payload"),
                text: self.instance.clone(),
            })
            .filter(Condition::compare(ColumnRef::new("sys_job", "run_at"), Operator::Le, now))
            .order_by("id", Direction::Ascending)
            .limit(1);
        let Some(job) = tx.fetch_optional(&due).await? else { return Ok(false) };
        let payload: Value = serde_json::from_str(text(&job, 1)).unwrap();
        let fired = self.bureau.processes.fire(tx, &payload).await?;
        if self.dice.once_in(3) {
            let again = self.bureau.processes.fire(tx, &payload).await?;
            assert!(!again, "seed {}: a timer fired twice", self.seed);
        }
        tx.cancel_job(text(&job, 0), now).await?;
        Ok(fired)
    }
}

/// Plays one seed; how many commands went through.
async fn play(bureau: &Bureau, graph: &Graph, seed: u64) -> u32 {
    let mut dice = Dice(seed);
    let fields = if dice.once_in(4) { json!({"kind": "express"}) } else { json!({}) };
    let (case, instance) = bureau.a_started_case(&format!("第{seed}户"), fields).await;
    let actors = [reviewer(1), reviewer(2), reviewer(3), manager(), stranger()];
    let mut play = Play { bureau, dice, actors, instance, case, seed };
    let mut done = 0;
    for _ in 0..STEPS {
        let before = snapshot(bureau, &play.instance, &play.case).await;
        check(&before, graph, seed);
        *bureau.runner.fails.lock().unwrap() = play.dice.once_in(10);
        *bureau.runner.answers_at_once.lock().unwrap() = play.dice.once_in(2);
        *bureau.runner.pending.lock().unwrap() = play.dice.once_in(5);
        let mut tx = bureau.store().begin().await.unwrap();
        let result = play.act(&mut tx, &before).await;
        let crashed = play.dice.once_in(5);
        match result {
            Ok(_) if !crashed => {
                tx.commit().await.unwrap();
                done += 1;
                continue;
            }
            Ok(_)
            | Err(
                Error::Conflict { .. }
                | Error::Forbidden { .. }
                | Error::Invalid(_)
                | Error::NotFound
                | Error::Effect { .. },
            ) => drop(tx),
            Err(other) => panic!("seed {seed}: {other}"),
        }
        let after = snapshot(bureau, &play.instance, &play.case).await;
        assert_eq!(before, after, "seed {seed}: something was left behind");
    }
    *bureau.runner.fails.lock().unwrap() = false;
    check(&snapshot(bureau, &play.instance, &play.case).await, graph, seed);
    done
}

async fn simulate(db: TestDatabase, seeds: std::ops::Range<u64>) {
    let bureau = Bureau::open(db).await;
    let graph = parse(&bureau.catalog.load().process(REVIEW).unwrap().xml).unwrap();
    let mut done = 0;
    let count = seeds.end - seeds.start;
    for seed in seeds {
        done += play(&bureau, &graph, seed).await;
    }
    assert!(u64::from(done) > count * 5, "the dice hardly ever did anything: {done}");
    let states = ["completed", "terminated", "withdrawn", "running"];
    for state in states {
        let select =
            Select::from("process_instance").filter(Condition::eq("process_instance", "state", state));
        let found = bureau.store().reader().count(&select, None).await.unwrap();
        assert!(found > 0, "no instance came to be {state}");
    }
}

#[tokio::test]
async fn seeds_of_the_first_half_keep_the_invariants_on_sqlite() {
    simulate(TestDatabase::sqlite().await, 0..200).await;
}

#[tokio::test]
async fn seeds_of_the_second_half_keep_the_invariants_on_sqlite() {
    simulate(TestDatabase::sqlite().await, 200..400).await;
}

#[tokio::test]
async fn seeds_keep_the_invariants_on_postgres() {
    simulate(TestDatabase::postgres().await, 1_000..1_060).await;
}
