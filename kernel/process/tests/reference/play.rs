//! One seed: the reference and the engine play the same schedule.

use std::collections::HashMap;
use std::ops::Range;

use anju_calendar::Clock;
use anju_process::{Completion, TIMER_JOB};
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Row, Select, Tx};
use serde_json::{Value, json};

use crate::common::{self, Bureau, CASE, catalog_of, reviewer};
use crate::dice::Dice;
use crate::generator;
use crate::interpreter::Interpreter;
use crate::model::Scope;
use crate::writing;

/// After so many random steps the process is brought to its end.
const STEPS: usize = 25;
/// Within so many more it has to be there.
const STEPS_TO_END: usize = 400;

/// Something that the engine says can happen.
#[derive(Debug, Clone)]
enum Thing {
    Task(String),
    /// The job and its payload.
    Timer(String, Value),
    /// The payload that takes a message in.
    Message(Value),
}

pub async fn all(db: TestDatabase, seeds: Range<u64>) {
    let processes: Vec<(u64, Scope)> = seeds.map(|seed| (seed, generator::process(seed))).collect();
    let mut sources = common::sources();
    for (seed, process) in &processes {
        sources.extend(writing::sources(&format!("p{seed}"), process));
    }
    let bureau = Bureau::open_with(db, catalog_of(&sources)).await;
    let problems = anju_process::check(&bureau.catalog.load());
    assert!(problems.is_empty(), "{problems:#?}");
    let mut steps = 0;
    // One transaction for all: what matters here is what the engine writes and reads, not when the disk has it.
    let mut tx = bureau.store().begin().await.unwrap();
    for (seed, process) in &processes {
        let mut play =
            Play { bureau: &bureau, tx: &mut tx, seed: *seed, instance: String::new(), log: Vec::new() };
        match play.through(process).await {
            Ok(done) => steps += done,
            Err(fault) => panic!(
                "seed {seed}: {fault}\nafter\n  {}\nof\n{}",
                play.log.join("\n  "),
                writing::bpmn(process)
            ),
        }
    }
    tx.commit().await.unwrap();
    assert!(steps > processes.len() * 4, "hardly anything happened: {steps}");
}

struct Play<'a> {
    bureau: &'a Bureau,
    tx: &'a mut Tx,
    seed: u64,
    instance: String,
    log: Vec<String>,
}

impl Play<'_> {
    async fn through(&mut self, process: &Scope) -> Result<usize, String> {
        let mut dice = Dice::of(self.seed ^ 0xABCD_EF01);
        self.start().await?;
        let mut reference = Interpreter::start(process);
        for step in 0..STEPS + STEPS_TO_END {
            let things = self.compare(&reference).await?;
            if reference.ended.is_some() {
                return Ok(step);
            }
            let hurry = step >= STEPS;
            let labels = reference.labels();
            let chosen = choose(&labels, hurry, &mut dice).ok_or("a token is stuck")?;
            let outcome = if hurry { 'd' } else { *dice.pick(&['a', 'b', 'c', 'd']) };
            self.log.push(format!("{chosen} {outcome}"));
            let alike = things.iter().filter(|(label, _)| *label == chosen);
            let (_, thing) = alike.min_by_key(|(_, thing)| thing.order()).ok_or("the engine cannot")?;
            self.happen(thing, outcome).await.map_err(|error| format!("the engine says {error}"))?;
            reference.happen(&chosen, outcome);
        }
        Err("it does not come to an end".to_owned())
    }

    /// Both say the same; gives what the engine says can happen.
    async fn compare(&mut self, reference: &Interpreter<'_>) -> Result<Vec<(String, Thing)>, String> {
        let state = self.state().await;
        let things = self.things().await;
        let mut labels: Vec<&str> = things.iter().map(|(label, _)| label.as_str()).collect();
        labels.sort_unstable();
        let expected = reference.labels();
        let ended = reference.ended.unwrap_or("running");
        if (state.as_str(), &labels) == (ended, &expected.iter().map(String::as_str).collect()) {
            return Ok(things);
        }
        Err(format!("the engine is {state} with {labels:#?}\nthe reference is {ended} with {expected:#?}"))
    }

    async fn start(&mut self) -> Result<(), String> {
        let Bureau { records, processes, .. } = self.bureau;
        let fields = json!({"title": format!("第{}户", self.seed), "operator": "org1"});
        let fields = fields.as_object().cloned().unwrap();
        let case = records.create(self.tx, &Actor::system("测试"), CASE, fields, None).await.unwrap().id;
        let process = format!("t.p{}", self.seed);
        let started = processes.start(self.tx, &reviewer(1), &process, CASE, &case, Object::new()).await;
        self.instance = started.map_err(|error| format!("it does not start: {error}"))?;
        Ok(())
    }

    async fn happen(&mut self, thing: &Thing, outcome: char) -> anju_process::Result<()> {
        let processes = &self.bureau.processes;
        match thing {
            Thing::Task(task) => {
                let completion = Completion { outcome: outcome.to_string(), ..Completion::default() };
                processes.complete(self.tx, &reviewer(1), task, completion).await?;
            }
            Thing::Timer(job, payload) => {
                assert!(processes.fire(self.tx, payload).await?, "{payload} did nothing");
                self.tx.cancel_job(job, self.bureau.clock.now()).await?;
            }
            Thing::Message(payload) => {
                assert!(processes.fire(self.tx, payload).await?, "{payload} did nothing");
            }
        }
        Ok(())
    }

    async fn state(&mut self) -> String {
        let instance = self.instance.clone();
        let rows = self.rows("process_instance", &["state"], ("id", &instance), "id").await;
        text(&rows[0], 0).to_owned()
    }

    async fn things(&mut self) -> Vec<(String, Thing)> {
        let instance = self.instance.clone();
        let mine = ("instance_id", instance.as_str());
        let tokens = self.tokens().await;
        let mut things = Vec::new();
        for task in self.rows("process_task", &["open_token", "id"], mine, "id").await {
            if !text(&task, 0).is_empty() {
                let label = format!("task {}", path(&tokens, text(&task, 0)));
                things.push((label, Thing::Task(text(&task, 1).to_owned())));
            }
        }
        for wait in self.rows("process_wait", &["token_id", "element"], mine, "token_id").await {
            let (token, element) = (text(&wait, 0), text(&wait, 1));
            let label = format!("message {}!{element}", path(&tokens, token));
            let visit = tokens.get(token).map_or(0, |token| token.visit);
            let payload = json!({
                "instance": instance, "token": token, "visit": visit, "element": element, "vars": {},
            });
            things.push((label, Thing::Message(payload)));
        }
        for job in self.timers().await {
            let payload: Value = serde_json::from_str(text(&job, 1)).unwrap();
            let (token, element) = (payload["token"].as_str().unwrap(), payload["element"].as_str().unwrap());
            let label = format!("timer {}!{element}", path(&tokens, token));
            things.push((label, Thing::Timer(text(&job, 0).to_owned(), payload)));
        }
        things
    }

    async fn timers(&mut self) -> Vec<Row> {
        let select = Select::from("sys_job")
            .column("id", ColumnKind::Text)
            .column("payload", ColumnKind::Text)
            .filter(Condition::eq("sys_job", "kind", TIMER_JOB))
            .filter(Condition::NotNull(ColumnRef::new("sys_job", "open_key")))
            .filter(Condition::Contains {
                column: ColumnRef::new("sys_job", "payload"),
                text: self.instance.clone(),
            });
        self.tx.fetch_all(&select).await.unwrap()
    }

    async fn tokens(&mut self) -> HashMap<String, Token> {
        let select = Select::from("process_token")
            .column("id", ColumnKind::Text)
            .column("parent", ColumnKind::Text)
            .column("element", ColumnKind::Text)
            .column("item", ColumnKind::Int)
            .column("visit", ColumnKind::Int)
            .filter(Condition::eq("process_token", "instance_id", self.instance.as_str()));
        let rows = self.tx.fetch_all(&select).await.unwrap();
        let token = |row: &Row| Token {
            parent: text(row, 1).to_owned(),
            element: text(row, 2).to_owned(),
            item: row.opt_int(3).unwrap(),
            visit: row.int(4).unwrap(),
        };
        rows.iter().map(|row| (text(row, 0).to_owned(), token(row))).collect()
    }

    async fn rows(&mut self, table: &str, columns: &[&str], key: (&str, &str), order: &str) -> Vec<Row> {
        let select =
            columns.iter().fold(Select::from(table), |select, name| select.column(*name, ColumnKind::Text));
        let select = select.filter(Condition::eq(table, key.0, key.1)).order_by(order, Direction::Ascending);
        self.tx.fetch_all(&select).await.unwrap()
    }
}

impl Thing {
    /// The oldest of those that are called alike comes first.
    fn order(&self) -> String {
        match self {
            Self::Task(id) | Self::Timer(id, _) => id.clone(),
            Self::Message(payload) => payload["token"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

struct Token {
    parent: String,
    element: String,
    item: Option<i64>,
    visit: i64,
}

/// The way to a token, as the reference calls it: `/sub1#0/task2`.
fn path(tokens: &HashMap<String, Token>, id: &str) -> String {
    let Some(token) = tokens.get(id) else { return String::new() };
    let above = path(tokens, &token.parent);
    match token.item {
        Some(item) => format!("{above}#{item}"),
        None => format!("{above}/{}", token.element),
    }
}

/// Anything; in a hurry tasks before events, and nothing that could go on for ever.
fn choose(labels: &[String], hurry: bool, dice: &mut Dice) -> Option<String> {
    let ends = |label: &&String| !hurry || !label.contains("!often");
    let mut from: Vec<&String> = labels.iter().filter(ends).collect();
    if hurry && from.iter().any(|label| label.starts_with("task")) {
        from.retain(|label| label.starts_with("task"));
    }
    (!from.is_empty()).then(|| (*dice.pick(&from)).clone())
}

fn text(row: &Row, at: usize) -> &str {
    row.opt_text(at).unwrap().unwrap_or_default()
}
