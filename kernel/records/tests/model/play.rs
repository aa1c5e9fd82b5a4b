//! One seed: a design, then operations on the service and on the model, compared after each.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use anju_calendar::ManualClock;
use anju_crypto::Keyring;
use anju_definitions::SharedCatalog;
use anju_records::{Error, Hooks, Object, Records, tables};
use anju_store::testing::TestDatabase;
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    dice::Dice,
    invent,
    outcome::Outcome,
    rights::{Person, people},
    world::{FILES, World},
    writing,
};

/// Operations of one seed.
const STEPS: usize = 100;
/// Records that are tried to be created before.
const BEGINNERS: usize = 12;

pub struct Play {
    seed: u64,
    step: usize,
    pub dice: Dice,
    pub world: World,
    pub people: Vec<Person>,
    pub records: Records,
    _database: TestDatabase,
    clock: Arc<ManualClock>,
    /// What was done so far.
    log: Vec<String>,
    tally: Tally,
}

/// How often which step ended how: a walk on which nothing ever succeeds, or nothing ever fails, proves little.
#[derive(Default)]
pub struct Tally(BTreeMap<(&'static str, &'static str), usize>);

impl Tally {
    fn count(&mut self, step: &'static str, ended: &'static str) {
        *self.0.entry((step, ended)).or_default() += 1;
    }

    pub fn add(&mut self, other: Tally) {
        other.0.into_iter().for_each(|(key, count)| *self.0.entry(key).or_default() += count);
    }

    /// # Panics
    /// When a step never ended in a way that it has to.
    pub fn has_all(&self, expected: &[(&'static str, &'static str)]) {
        let missing: Vec<_> = expected.iter().filter(|key| !self.0.contains_key(key)).collect();
        assert!(missing.is_empty(), "never happened: {missing:?}; what did: {:?}", self.0);
    }
}

/// Plays one seed to its end.
///
/// # Panics
/// With the seed, when the service and the model disagree.
pub async fn play(seed: u64, database: TestDatabase) -> Tally {
    let mut play = Play::begin(seed, database).await;
    for _ in 0..BEGINNERS {
        play.advance();
        play.create().await;
    }
    for step in 0..STEPS {
        play.step = step;
        play.advance();
        play.one_step().await;
    }
    play.look_at_everything().await;
    play.count_the_trail().await;
    play.tally
}

impl Play {
    async fn begin(seed: u64, database: TestDatabase) -> Self {
        let mut dice = Dice::new(seed);
        let design = invent::design(&mut dice);
        let catalog = writing::catalog(&design);
        database.store().sync_schema(&tables(&catalog).expect("tables")).await.expect("a schema");
        let shared: SharedCatalog = Arc::new(ArcSwap::from_pointee(catalog));
        let start: Timestamp = "2026-11-24T02:00:00Z".parse().expect("a moment");
        let clock = Arc::new(ManualClock::at(start));
        let keyring = Arc::new(Keyring::for_tests(1));
        let store = database.store().clone();
        let files = files(&store, start).await;
        let records = Records::new(store, shared, keyring, clock.clone(), Hooks::default());
        let world = World {
            records: vec![Vec::new(); design.entities.len()],
            now_ms: start.as_millisecond(),
            number: 0,
            files,
            design,
        };
        let people = people(&world.design);
        Self {
            seed,
            step: 0,
            dice,
            world,
            people,
            records,
            _database: database,
            clock,
            log: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Time passes between two operations; now and then some days.
    fn advance(&mut self) {
        let by = match self.dice.percent(6) {
            true => SignedDuration::from_hours(24 * (1 + self.dice.below(40) as i64)),
            false => SignedDuration::from_secs(1 + self.dice.below(600) as i64),
        };
        self.clock.advance(by);
        self.world.now_ms += by.as_millis() as i64;
    }

    async fn one_step(&mut self) {
        match self.dice.below(100) {
            0..22 => self.create().await,
            22..48 => self.patch().await,
            48..58 => self.delete().await,
            58..69 => self.restore().await,
            69..73 => self.read().await,
            73..82 => self.list().await,
            82..86 => self.figures().await,
            86..89 => self.history().await,
            89..92 => self.look_back().await,
            92..95 => self.reveal().await,
            95..98 => self.import().await,
            _ => self.publish().await,
        }
    }

    /// Notes what is about to be done.
    pub fn note(&mut self, what: String) {
        self.log.push(format!("{:>3} {what}", self.step));
    }

    /// Counts how a step ended.
    pub fn ended<T>(&mut self, step: &'static str, outcome: &Result<T, Outcome>) {
        let told = match outcome {
            Ok(_) => "done",
            Err(outcome) => outcome.name(),
        };
        self.tally.count(step, told);
    }

    /// Compares what the service says with what the model says.
    ///
    /// # Panics
    /// When they differ; the message says how to play it again.
    pub fn agree<T: PartialEq + Debug>(&self, what: &str, service: T, model: T) {
        if service == model {
            return;
        }
        let (seed, log) = (self.seed, self.log.join("\n"));
        panic!(
            "seed {seed}, step {}: {what} differ\n service: {service:?}\n model:   {model:?}\n\
             play again with ANJU_MODEL_SEED={seed}; what was done:\n{log}",
            self.step
        );
    }

    /// As [`Play::agree`], for records: says which keys differ.
    pub fn agree_on(&self, what: &str, service: Result<Object, Outcome>, model: Result<Object, Outcome>) {
        if let (Ok(service), Ok(model)) = (&service, &model) {
            let keys: std::collections::BTreeSet<&String> = service.keys().chain(model.keys()).collect();
            for key in keys {
                self.agree(&format!("{what}: {key}"), service.get(key), model.get(key));
            }
            return;
        }
        self.agree(what, service, model);
    }

    /// The name under which the service knows the entity.
    pub fn key(&self, entity: usize) -> String {
        self.world.entity(entity).key.clone()
    }

    /// Somebody, often the platform.
    pub fn somebody(&mut self) -> usize {
        if self.dice.percent(45) { 0 } else { self.dice.below(self.people.len()) }
    }

    pub fn some_entity(&mut self) -> usize {
        let tops = self.world.design.tops();
        *self.dice.one_of(&tops)
    }

    /// A record, mostly a live one.
    pub fn some_record(&mut self, live: bool) -> Option<(usize, String)> {
        let any_way = self.dice.percent(5);
        let all: Vec<(usize, String)> = self
            .world
            .records
            .iter()
            .enumerate()
            .flat_map(|(entity, records)| records.iter().map(move |record| (entity, record)))
            .filter(|(_, record)| any_way || record.gone.is_none() == live)
            .map(|(entity, record)| (entity, record.id.clone()))
            .collect();
        self.dice.any_of(&all).cloned()
    }

    /// A record as the service shows it to somebody, without what the model does not know.
    pub async fn shown(&self, who: &Person, entity: usize, id: &str) -> Result<Object, Outcome> {
        let read = self.records.read(&who.actor, &self.key(entity), id).await;
        read.map(|record| self.plain(entity, record.values)).map_err(Outcome::of)
    }

    /// A record's JSON without actions, and without the links of rows.
    pub fn plain(&self, entity: usize, mut object: Object) -> Object {
        object.remove("$actions");
        for child in self.world.design.children(entity) {
            let link = self.world.entity(child).fields[crate::design::LINK].name.clone();
            let rows = object.get_mut(self.world.design.table_name(child)).and_then(Value::as_array_mut);
            for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
                row.remove(&link);
            }
        }
        object
    }

    /// What the platform sees of a record, held against the model's.
    pub async fn look_at(&self, entity: usize, id: &str) {
        for who in [&self.people[0], &self.people[1 + self.step % (self.people.len() - 1)]] {
            let service = self.shown(who, entity, id).await;
            let model = self.world.read(who, entity, id);
            self.agree_on(&format!("{} {id} to {}", self.key(entity), who.actor.name), service, model);
        }
    }

    async fn look_at_everything(&self) {
        for (entity, records) in self.world.records.iter().enumerate() {
            for record in records {
                self.look_at(entity, &record.id).await;
            }
        }
    }
}

/// Ends a transaction as its work went.
pub async fn ended<T>(tx: anju_store::Tx, done: Result<T, Error>) -> Result<T, Outcome> {
    match done {
        Ok(done) => {
            tx.commit().await.expect("a commit");
            Ok(done)
        }
        Err(error) => {
            drop(tx);
            Err(Outcome::of(error))
        }
    }
}

async fn files(store: &anju_store::Store, now: Timestamp) -> [String; 3] {
    let mut ids = Vec::new();
    for (name, media_type) in FILES {
        let file = store.put_file(name.as_bytes().to_vec(), name, media_type, "tester", now).await;
        ids.push(file.expect("a file").id);
    }
    ids.try_into().expect("three files")
}
