//! One case on one process, step by step. After every command it is checked that nothing is left without its token.

use std::collections::HashSet;
use std::sync::Mutex;

use anju_calendar::Clock;
use anju_definitions::Source;
use anju_process::{Completion, EVENT_JOB, Error, TIMER_JOB};
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Job, JobsWanted, Row, Select, Tx};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::common::{Bureau, CASE, catalog_of, reviewer, sources};
use crate::writing::{bindings, diagram};

pub struct Desk {
    pub bureau: Bureau,
    pub case: String,
    pub instance: String,
    /// Instances that have ended, and had left nothing.
    done: Mutex<HashSet<String>>,
}

/// Runs a command of the engine in a transaction of its own: `run!(desk, complete(&actor, …))`.
#[macro_export]
macro_rules! run {
    ($desk:expr, $method:ident ( $($argument:expr),* $(,)? )) => {{
        let mut tx = $desk.bureau.store().begin().await.unwrap();
        let result = $desk.bureau.processes.$method(&mut tx, $($argument),*).await;
        $desk.close(tx, result).await
    }};
}

impl Desk {
    /// A case that the process `t.flow` has been started on.
    pub async fn with(db: TestDatabase, body: &str) -> Self {
        Self::bound(db, body, json!({})).await
    }

    pub async fn bound(db: TestDatabase, body: &str, given: Value) -> Self {
        let mut desk = Self::of(db, &[("flow", body, given)]).await;
        desk.start(json!({})).await;
        desk
    }

    /// A case, and processes of which none has been started.
    pub async fn of(db: TestDatabase, processes: &[(&str, &str, Value)]) -> Self {
        let mut all = sources();
        for (key, body, given) in processes {
            let xml = diagram(body);
            let bound = bindings(key, &xml, given);
            let path = format!("apps/t/definitions/processes/{key}");
            all.push(Source::new(format!("{path}.yaml"), bound.to_string()));
            all.push(Source::new(format!("{path}.bpmn"), xml));
        }
        let catalog = catalog_of(&all);
        assert_eq!(anju_process::check(&catalog), []);
        let bureau = Bureau::open_with(db, catalog).await;
        let case = bureau.a_case("甲户", json!({})).await;
        Self { bureau, case, instance: String::new(), done: Mutex::default() }
    }

    pub async fn start(&mut self, vars: Value) {
        let vars = object(vars);
        let started = run!(self, start(&reviewer(1), "t.flow", CASE, &self.case, vars));
        self.instance = started.unwrap();
    }

    /// Starts a process on a case of its own.
    pub async fn begin(&mut self, key: &str, vars: Value) {
        self.case = self.bureau.a_case(key, json!({})).await;
        let process = format!("t.{key}");
        let started = run!(self, start(&reviewer(1), &process, CASE, &self.case, object(vars)));
        self.instance = started.unwrap();
    }

    /// Starts another process on the case.
    pub async fn start_on(&self, key: &str) -> String {
        let process = format!("t.{key}");
        run!(self, start(&reviewer(1), &process, CASE, &self.case, Object::new())).unwrap()
    }

    /// Withdraws the instance: nothing of it is left.
    pub async fn withdraw(&self) {
        run!(self, withdraw(&reviewer(1), &self.instance, "撤回")).unwrap();
        assert!(self.now().await.starts_with("withdrawn"));
    }

    /// Changes the record of the case, and has the conditions looked at again.
    pub async fn record(&self, changes: Value) {
        let mut tx = self.bureau.store().begin().await.unwrap();
        let (system, changes) = (Actor::system("测试"), object(changes));
        let records = &self.bureau.records;
        records.patch(&mut tx, &system, CASE, &self.case, None, changes, None).await.unwrap();
        tx.commit().await.unwrap();
        run!(self, reconsider(&self.instance)).unwrap();
    }

    pub async fn close<T>(&self, tx: Tx, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Internal(cause)) = &result {
            panic!("internal: {cause}");
        }
        if result.is_ok() {
            tx.commit().await.unwrap();
        }
        self.check().await;
        result
    }

    /// Completes the oldest open task of a step.
    pub async fn complete(&self, step: &str, outcome: &str) {
        let task = self.task(step).await;
        self.complete_as(&reviewer(1), &task, outcome).await.unwrap();
    }

    pub async fn complete_as(&self, actor: &Actor, task: &str, outcome: &str) -> Result<(), Error> {
        let completion = Completion { outcome: outcome.to_owned(), ..Completion::default() };
        run!(self, complete(actor, task, completion))
    }

    /// The oldest open task of a step.
    pub async fn task(&self, step: &str) -> String {
        let open = self.open_tasks().await;
        let task = open.iter().find(|task| text(task, 1) == step);
        task.map(|task| text(task, 0).to_owned())
            .unwrap_or_else(|| panic!("no open task of {step}: {open:?}"))
    }

    pub async fn tell(&self, message: &str, vars: Value) -> Result<usize, Error> {
        let record = Some((CASE, self.case.as_str()));
        run!(self, tell(&reviewer(1), message, &self.case, record, object(vars)))
    }

    /// Time passes; every timer that is due fires, however often. How many did.
    pub async fn hours(&self, hours: i64) -> usize {
        self.bureau.clock.advance(SignedDuration::from_hours(hours));
        self.work(TIMER_JOB).await
    }

    /// Brings what was told to those who wait for it. How many took it in.
    pub async fn deliver(&self) -> usize {
        self.work(EVENT_JOB).await
    }

    async fn work(&self, kind: &str) -> usize {
        let now = self.bureau.clock.now();
        let mut fired = 0;
        loop {
            let wanted = [kind];
            let wanted = JobsWanted::of(&wanted).at_most(100);
            let jobs: Vec<Job> = self.bureau.store().lease_jobs(&wanted, now, 60_000).await.unwrap();
            if jobs.is_empty() {
                return fired;
            }
            for job in &jobs {
                let mut tx = self.bureau.store().begin().await.unwrap();
                fired += usize::from(self.bureau.processes.fire(&mut tx, &job.payload).await.unwrap());
                // One that was called off by another of the same moment is closed already.
                let _ = tx.finish_job(job, &Value::Null, now).await;
                tx.commit().await.unwrap();
                self.check().await;
            }
        }
    }

    /// Where the instance stands: `at a b; tasks a b; waits message m@c; timers late`, or `completed e`.
    pub async fn now(&self) -> String {
        self.now_of(&self.instance).await
    }

    pub async fn now_of(&self, instance: &str) -> String {
        let (tokens, tasks) = (self.tokens(instance).await, self.open_tasks_of(instance).await);
        let (waits, timers) = (self.waits(instance).await, self.timers(instance).await);
        let head = self.instance_row(instance).await;
        let state = text(&head, 1);
        if state != "running" {
            let left = [tokens.len(), tasks.len(), waits.len(), timers.len()];
            assert_eq!(left, [0; 4], "{state} leaves {tokens:?} {tasks:?} {waits:?} {timers:?}");
            return format!("{state} {}", text(&head, 2)).trim_end().to_owned();
        }
        let waits = waits.iter().map(|wait| {
            let name = [text(wait, 2), text(wait, 3)].join(" ");
            format!("{}@{}", name.trim_end(), text(wait, 1))
        });
        let timers = timers.iter().map(|timer| timer["element"].as_str().unwrap().to_owned());
        let parts = [
            listed("at", tokens.iter().map(|token| text(token, 1).to_owned())),
            listed("tasks", tasks.iter().map(|task| text(task, 1).to_owned())),
            listed("waits", waits),
            listed("timers", timers),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// The elements that tokens have come to, in order.
    pub async fn path(&self) -> String {
        self.trail_of("entered").await.join(" ")
    }

    /// The elements of the trail's entries of a kind.
    pub async fn trail_of(&self, kind: &str) -> Vec<String> {
        let columns = [("kind", ColumnKind::Text), ("element", ColumnKind::Text)];
        let trail = self.rows("process_trail", &columns, ("instance_id", &self.instance), "seq").await;
        trail.iter().filter(|entry| text(entry, 0) == kind).map(|entry| text(entry, 1).to_owned()).collect()
    }

    /// The variables of the instance.
    pub async fn vars(&self) -> Value {
        self.vars_of(&self.instance).await
    }

    pub async fn vars_of(&self, instance: &str) -> Value {
        serde_json::from_str(text(&self.instance_row(instance).await, 3)).unwrap()
    }

    /// Ids of all instances, oldest first, and their processes.
    pub async fn instances(&self) -> Vec<(String, String)> {
        let select = Select::from("process_instance")
            .column("id", ColumnKind::Text)
            .column("process", ColumnKind::Text)
            .order_by("id", Direction::Ascending);
        let rows = self.bureau.store().reader().fetch_all(&select).await.unwrap();
        rows.iter().map(|row| (text(row, 0).to_owned(), text(row, 1).to_owned())).collect()
    }

    /// The latest instance of a process.
    pub async fn latest(&self, key: &str) -> String {
        let process = format!("t.{key}");
        let all = self.instances().await;
        all.iter().rfind(|(_, of)| *of == process).map(|(id, _)| id.clone()).expect("an instance")
    }

    async fn instance_row(&self, instance: &str) -> Row {
        let columns = ["id", "state", "outcome", "vars"].map(|name| (name, ColumnKind::Text));
        self.rows("process_instance", &columns, ("id", instance), "id").await.remove(0)
    }

    async fn tokens(&self, instance: &str) -> Vec<Row> {
        let columns = [("id", ColumnKind::Text), ("element", ColumnKind::Text), ("visit", ColumnKind::Int)];
        self.rows("process_token", &columns, ("instance_id", instance), "visit").await
    }

    async fn waits(&self, instance: &str) -> Vec<Row> {
        let columns = ["token_id", "element", "kind", "name"].map(|name| (name, ColumnKind::Text));
        self.rows("process_wait", &columns, ("instance_id", instance), "element").await
    }

    pub async fn open_tasks(&self) -> Vec<Row> {
        let select =
            tasks().order_by("created_at", Direction::Ascending).order_by("id", Direction::Ascending);
        self.bureau.store().reader().fetch_all(&select).await.unwrap()
    }

    async fn open_tasks_of(&self, instance: &str) -> Vec<Row> {
        let mine = tasks().filter(Condition::eq("process_task", "instance_id", instance));
        self.bureau.store().reader().fetch_all(&mine).await.unwrap()
    }

    /// The payloads of the open timers.
    pub async fn timers(&self, instance: &str) -> Vec<Value> {
        let select = Select::from("sys_job")
            .column("payload", ColumnKind::Text)
            .filter(Condition::eq("sys_job", "kind", TIMER_JOB))
            .filter(Condition::NotNull(ColumnRef::new("sys_job", "open_key")))
            .filter(Condition::Contains {
                column: ColumnRef::new("sys_job", "payload"),
                text: instance.to_owned(),
            });
        let rows = self.bureau.store().reader().fetch_all(&select).await.unwrap();
        rows.iter().map(|row| serde_json::from_str(text(row, 0)).unwrap()).collect()
    }

    async fn rows(
        &self,
        table: &str,
        columns: &[(&str, ColumnKind)],
        key: (&str, &str),
        order: &str,
    ) -> Vec<Row> {
        let select =
            columns.iter().fold(Select::from(table), |select, (name, kind)| select.column(*name, *kind));
        let select = select.filter(Condition::eq(table, key.0, key.1)).order_by(order, Direction::Ascending);
        self.bureau.store().reader().fetch_all(&select).await.unwrap()
    }

    /// Of every instance: each task, wait and timer has its token, and those that have ended have left nothing.
    async fn check(&self) {
        for (id, process) in self.instances().await {
            if self.done.lock().unwrap().contains(&id) {
                continue;
            }
            if !self.now_of(&id).await.starts_with("at ") {
                self.done.lock().unwrap().insert(id);
                continue;
            }
            let tokens = self.tokens(&id).await;
            let stands = |token: &str| tokens.iter().any(|row| text(row, 0) == token);
            for task in self.open_tasks_of(&id).await {
                assert!(stands(text(&task, 2)), "{process}: a task of no token {task:?}");
            }
            for wait in self.waits(&id).await {
                assert!(text(&wait, 0).is_empty() || stands(text(&wait, 0)), "{process}: {wait:?}");
            }
            for timer in self.timers(&id).await {
                let there = tokens
                    .iter()
                    .any(|row| timer["token"] == text(row, 0) && timer["visit"] == row.int(2).unwrap());
                assert!(timer["token"] == "" || there, "{process}: {timer}");
            }
        }
    }
}

fn tasks() -> Select {
    ["id", "step", "open_token"]
        .iter()
        .fold(Select::from("process_task"), |select, name| select.column(*name, ColumnKind::Text))
        .filter(Condition::NotNull(ColumnRef::new("process_task", "open_token")))
}

fn listed(word: &str, items: impl Iterator<Item = String>) -> Option<String> {
    let mut items: Vec<String> = items.collect();
    items.sort();
    (!items.is_empty()).then(|| format!("{word} {}", items.join(" ")))
}

pub fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

pub fn text(row: &Row, at: usize) -> &str {
    row.opt_text(at).unwrap().unwrap_or_default()
}
