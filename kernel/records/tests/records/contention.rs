//! many clients reserve and release few units at once. No unit is given twice and nobody holds more than their
//! quota; what each client was told fits one history of each unit; conflicts of the database are tried again and never
//! reach a client; every acknowledged change is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use anju_calendar::ManualClock;
use anju_crypto::Keyring;
use anju_definitions::{Severity, SharedCatalog, Source, load};
use anju_records::{Actor, Error, Hooks, Query, Record, Records, Result, tables};
use anju_store::{Error as StoreError, Tx, on_both_databases, testing::TestDatabase};
use arc_swap::ArcSwap;
use serde_json::{Value, json};

use crate::fixture::object;

on_both_databases!(r04_no_unit_is_reserved_twice);

const CLIENTS: usize = 64;
const UNITS: usize = 60;
const ATTEMPTS: usize = 40;
/// Units that clients want two of at once.
const FEW: usize = 5;
/// Several clients reserve for one household.
const HOUSEHOLDS: usize = 16;
/// Units a household may hold.
const QUOTA: usize = 3;
/// How often a step is tried, as the HTTP edge does.
const TRIES_MAX: usize = 6;

const UNIT: &str = "estate.unit";
const RESERVATION: &str = "estate.reservation";

const DEFINITIONS: [(&str, &str); 3] = [
    (
        "dictionaries/state",
        "dictionary: estate.state\ntitle: 状态\nitems:\n  - { code: free, title: 空置 }\n  - { code: taken, title: 已订 }\n",
    ),
    (
        "entities/unit",
        "entity: estate.unit\ntitle: 房源\ndisplay: \"{code}\"\nscope: { shared: true }\nfields:\n\
         \x20 code: { title: 编号, type: text, unique: true }\n\
         \x20 state: { title: 状态, type: choice, dictionary: estate.state, default: free }\n\
         \x20 household: { title: 家庭, type: text, required_when: \"state == 'taken'\" }\n\
         transitions: { field: state, from: { free: [taken], taken: [free] } }\n",
    ),
    (
        "entities/reservation",
        "entity: estate.reservation\ntitle: 预订\ndisplay: \"{household}\"\nscope: { shared: true }\nfields:\n\
         \x20 unit: { title: 房源, type: ref, to: estate.unit, required: true, unique: true }\n\
         \x20 household: { title: 家庭, type: text, required: true }\n\
         indexes:\n  - [household]\nrules:\n  - code: quota\n    field: household\n    message: 该家庭预订已满\n\
         \x20   count_max:\n      entity: estate.reservation\n      max: 2\n\
         \x20     where: { field: household, op: eq, value: \"=household\" }\n",
    ),
];

/// What one client was told of one unit.
#[derive(Debug, Clone)]
struct Told {
    unit: String,
    version: i64,
    /// None for a read.
    taken: Option<bool>,
    client: String,
    /// Moments by a clock of all clients, which counts.
    asked: u64,
    told: u64,
}

struct Estate {
    records: Records,
    units: Vec<String>,
    moments: AtomicU64,
    told: Mutex<Vec<Told>>,
    /// Steps that were tried again.
    again: AtomicU64,
    /// Steps that the quota refused.
    over_quota: AtomicU64,
}

async fn estate(db: &TestDatabase) -> Estate {
    let sources = DEFINITIONS.map(|(path, text)| Source {
        path: format!("apps/estate/definitions/{path}.yaml"),
        text: text.to_owned(),
    });
    let (catalog, problems) = load(&sources);
    let errors: Vec<_> = problems.iter().filter(|one| one.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    db.store().sync_schema(&tables(&catalog).unwrap()).await.unwrap();
    let shared: SharedCatalog = Arc::new(ArcSwap::from_pointee(catalog));
    let clock = Arc::new(ManualClock::at("2026-11-24T02:00:00Z".parse().unwrap()));
    let keyring = Arc::new(Keyring::for_tests(1));
    let records = Records::new(db.store().clone(), shared, keyring, clock, Hooks::default());
    let mut units = Vec::new();
    let mut tx = db.store().begin().await.unwrap();
    for number in 0..UNITS {
        let input = object(json!({ "code": format!("U{number:02}") }));
        units.push(records.create(&mut tx, &Actor::system("平台"), UNIT, input, None).await.unwrap().id);
    }
    tx.commit().await.unwrap();
    let (moments, again, over_quota) = Default::default();
    Estate { records, units, moments, told: Mutex::default(), again, over_quota }
}

/// One client: somebody of a household.
struct Client {
    estate: Arc<Estate>,
    actor: Actor,
    household: String,
    chance: u64,
    /// Units it has reserved, with the reservation.
    held: Vec<(String, String)>,
}

impl Client {
    fn below(&mut self, count: usize) -> usize {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.chance >> 33) as usize) % count
    }

    fn moment(&self) -> u64 {
        self.estate.moments.fetch_add(1, Ordering::SeqCst)
    }

    async fn work(mut self) {
        for _ in 0..ATTEMPTS {
            match self.below(10) {
                0..3 if !self.held.is_empty() => self.release().await,
                0..3 => {
                    // two of a few at once, in any order: what deadlocks are made of
                    let wanted = [self.below(FEW), self.below(FEW)];
                    self.reserve(&wanted).await;
                }
                _ => {
                    let wanted = [self.below(UNITS)];
                    self.reserve(&wanted).await;
                }
            }
        }
    }

    async fn look(&self, unit: &str) -> Record {
        let asked = self.moment();
        let record = self.estate.records.read(&self.actor, UNIT, unit).await.unwrap();
        self.tell(unit, record.version, None, asked);
        record
    }

    fn tell(&self, unit: &str, version: i64, taken: Option<bool>, asked: u64) {
        let (unit, client, told) = (unit.to_owned(), self.actor.name.clone(), self.moment());
        self.estate.told.lock().unwrap().push(Told { unit, version, taken, client, asked, told });
    }

    async fn reserve(&mut self, wanted: &[usize]) {
        let mut seen = Vec::new();
        for at in wanted.iter().copied().collect::<BTreeSet<usize>>() {
            let unit = self.look(&self.estate.units[at]).await;
            if unit.text("state") == Some("free") {
                seen.push((unit.id, unit.version));
            }
        }
        if wanted.len() > 1 && wanted[0] > wanted[1] {
            seen.reverse();
        }
        let asked = self.moment();
        let done = self.step(async |client, tx| {
            let mut taken = Vec::new();
            for (unit, version) in &seen {
                taken.push(client.take(tx, unit, *version).await?);
            }
            Ok(taken)
        });
        let Some(taken) = done.await else { return };
        for ((unit, _), (version, reservation)) in seen.into_iter().zip(taken) {
            self.tell(&unit, version, Some(true), asked);
            self.held.push((unit, reservation));
        }
    }

    async fn take(&self, tx: &mut Tx, unit: &str, version: i64) -> Result<(i64, String)> {
        let Self { estate, actor, household, .. } = self;
        let change = object(json!({ "state": "taken", "household": household }));
        let taken = estate.records.patch(tx, actor, UNIT, unit, Some(version), change, None).await?;
        let input = object(json!({ "unit": unit, "household": household }));
        Ok((taken.version, estate.records.create(tx, actor, RESERVATION, input, None).await?.id))
    }

    async fn release(&mut self) {
        let at = self.below(self.held.len());
        let (unit, reservation) = self.held.swap_remove(at);
        let asked = self.moment();
        let done = self.step(async |client, tx| {
            let Self { estate, actor, .. } = client;
            estate.records.delete(tx, actor, RESERVATION, &reservation, None, None).await?;
            let change = object(json!({ "state": "free", "household": null }));
            Ok(estate.records.patch(tx, actor, UNIT, &unit, None, change, None).await?.version)
        });
        let version = done.await.expect("nobody else releases it");
        self.tell(&unit, version, Some(false), asked);
    }

    /// One step in a transaction of its own, tried again as the HTTP edge does; none when somebody was faster or the
    /// quota is reached.
    async fn step<T>(&self, work: impl AsyncFn(&Self, &mut Tx) -> Result<T>) -> Option<T> {
        for _ in 0..TRIES_MAX {
            let done = async {
                let mut tx = self.estate.records.store().begin().await?;
                let done = work(self, &mut tx).await?;
                tx.commit().await?;
                Ok::<T, Error>(done)
            };
            match done.await {
                Ok(done) => return Some(done),
                Err(Error::Store(StoreError::Retry(_))) => self.estate.again.fetch_add(1, Ordering::SeqCst),
                Err(Error::Stale { .. }) => return None,
                Err(Error::Invalid(faults)) => {
                    let expected = ["quota", "duplicate", "transition"];
                    assert!(faults.iter().all(|one| expected.contains(&one.code.as_str())), "{faults:?}");
                    let over = faults.iter().any(|one| one.code == "quota");
                    self.estate.over_quota.fetch_add(u64::from(over), Ordering::SeqCst);
                    return None;
                }
                Err(other) => panic!("{other:?}"),
            };
        }
        panic!("a conflict of the database reached a client");
    }
}

async fn r04_no_unit_is_reserved_twice(db: TestDatabase) {
    let estate = Arc::new(estate(&db).await);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let actor = Actor { account_id: format!("c{number}"), ..Actor::system(&format!("c{number}")) };
            let household = format!("h{}", number % HOUSEHOLDS);
            let chance = number as u64 + 1;
            let client = Client { estate: estate.clone(), actor, household, chance, held: Vec::new() };
            client.work()
        })
        .collect();
    // one thread of clients is enough: what they contend for is in the database
    let local = tokio::task::LocalSet::new();
    let at_work: Vec<_> = clients.into_iter().map(|client| local.spawn_local(client)).collect();
    local.await;
    for client in at_work {
        client.await.unwrap();
    }
    let told = std::mem::take(&mut *estate.told.lock().unwrap());
    let reserved = told.iter().filter(|one| one.taken == Some(true)).count();
    eprintln!("{reserved} reservations; {} steps tried again", estate.again.load(Ordering::SeqCst));
    assert!(reserved > UNITS, "units went from hand to hand: {reserved}");
    for unit in &estate.units {
        let of_unit: Vec<&Told> = told.iter().filter(|one| one.unit == *unit).collect();
        history_is_what_was_told(&estate, unit, &of_unit).await;
        moments_fit(&of_unit);
    }
    books_agree(&estate).await;
}

/// Two steps that wait for each other: the database ends one of them, which is tried again; nobody is told. (On SQLite
/// one step after the other writes, so that there is nothing to wait for.)
#[tokio::test]
async fn r04_a_deadlock_is_tried_again_on_postgres() {
    let db = TestDatabase::postgres().await;
    let estate = Arc::new(estate(&db).await);
    let both_began = tokio::sync::Barrier::new(2);
    let client = |number: usize| {
        let actor = Actor::system(&format!("c{number}"));
        Client { estate: estate.clone(), actor, household: format!("h{number}"), chance: 1, held: Vec::new() }
    };
    let (first, second) = (client(0), client(1));
    let reserve = async |client: &Client, order: [usize; 2]| {
        let tries = AtomicU64::new(0);
        let work = async |client: &Client, tx: &mut Tx| {
            let is_first = tries.fetch_add(1, Ordering::SeqCst) == 0;
            for (at, unit) in order.iter().enumerate() {
                let change = object(json!({ "household": client.household }));
                let unit = &client.estate.units[*unit];
                client.estate.records.patch(tx, &client.actor, UNIT, unit, None, change, None).await?;
                if at == 0 && is_first {
                    both_began.wait().await;
                }
            }
            Ok(())
        };
        client.step(work).await
    };
    let done = tokio::join!(reserve(&first, [0, 1]), reserve(&second, [1, 0]));
    assert_eq!(done, (Some(()), Some(())));
    assert_eq!(estate.again.load(Ordering::SeqCst), 1, "one of the two was ended and tried again");
    for unit in &estate.units[..2] {
        assert_eq!(estate.records.read(&first.actor, UNIT, unit).await.unwrap().version, 3);
    }
}

/// Each version of the unit is one acknowledged change by one client, states in turn; there are no others.
async fn history_is_what_was_told(estate: &Estate, unit: &str, told: &[&Told]) {
    let mut history = estate.records.history(&Actor::system("平台"), UNIT, unit).await.unwrap();
    history.reverse();
    let mut by_version: BTreeMap<i64, &Told> = BTreeMap::new();
    for one in told.iter().filter(|one| one.taken.is_some()) {
        assert!(
            by_version.insert(one.version, one).is_none(),
            "two clients were told version {}",
            one.version
        );
    }
    assert_eq!(history.len(), by_version.len() + 1, "nothing lost, nothing that nobody was told of");
    for (expected, entry) in (1..).zip(&history) {
        assert_eq!(entry.version, expected);
        let Some(one) = by_version.get(&expected).filter(|_| expected > 1) else { continue };
        assert_eq!((entry.actor_name.as_str(), one.taken), (one.client.as_str(), Some(expected % 2 == 0)));
    }
}

/// The versions that clients were told of, writes and reads, stand in the order of real time: the unit is one register.
fn moments_fit(told: &[&Told]) {
    for one in told {
        for other in told.iter().filter(|other| other.told < one.asked && other.taken.is_some()) {
            let fits =
                if one.taken.is_some() { other.version < one.version } else { other.version <= one.version };
            assert!(fits, "{one:?} was asked after {other:?} was told");
        }
        for other in told.iter().filter(|other| other.told < one.asked && other.taken.is_none()) {
            assert!(other.version <= one.version, "{one:?} was asked after {other:?} was told");
        }
    }
}

/// Units that are taken and reservations are the same, and no household holds more than its quota.
async fn books_agree(estate: &Estate) {
    let list = async |entity: &str, filter: Value| {
        let query = json!({ "where": filter, "page": { "size": 500 } });
        let query: Query = serde_json::from_value(query).unwrap();
        estate.records.query(&Actor::system("平台"), entity, &query).await.unwrap().items
    };
    let taken = list(UNIT, json!({ "field": "state", "op": "eq", "value": "taken" })).await;
    let reservations = list(RESERVATION, json!({ "and": [] })).await;
    let pair = |unit: &str, record: &Record| (unit.to_owned(), record.text("household").unwrap().to_owned());
    let units: BTreeSet<_> = taken.iter().map(|unit| pair(&unit.id, unit)).collect();
    let reserved: BTreeSet<_> = reservations.iter().map(|one| pair(one.text("unit").unwrap(), one)).collect();
    assert_eq!((units.len(), &units), (reservations.len(), &reserved));
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    reservations.iter().for_each(|one| *held.entry(one.text("household").unwrap()).or_default() += 1);
    assert!(held.values().all(|held| *held <= QUOTA), "{held:?}");
    assert!(estate.over_quota.load(Ordering::SeqCst) > 0, "the quota was reached somewhere: {held:?}");
}
