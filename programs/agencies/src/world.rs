//! The state of all agencies.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Behaviour, Error, Fault, Options,
    journal::{Event, Journal, Person},
    population,
};

const LOG_ENTRIES_MAX: usize = 10_000;

/// An agency of the sandbox, named as in its paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agency {
    Registry,
    PublicHousing,
    Resettlement,
    Marriage,
    SocialInsurance,
    Sms,
}

/// What the control interface has set for one person; where it is silent, the derived population answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// When set, a request with another name is refused.
    pub name: Option<String>,
    pub registry: Option<Value>,
    #[serde(alias = "public-housing")]
    pub public_housing: Option<Value>,
    pub resettlement: Option<Value>,
    pub marriage: Option<Value>,
    #[serde(alias = "social-insurance")]
    pub social_insurance: Option<Value>,
}

/// A commission accepted for the next day.
#[derive(Debug, Clone)]
pub struct Receipt {
    pub agency: Agency,
    pub at_ms: i64,
    pub persons: Vec<Person>,
}

/// A message taken for sending.
#[derive(Debug, Clone)]
pub struct Sms {
    pub at_ms: i64,
    pub phone: String,
    pub text: String,
}

/// An answer given under an idempotency key.
#[derive(Debug, Clone)]
pub struct Remembered {
    pub body: Value,
    pub answer: Value,
}

/// All that survives a restart.
#[derive(Default)]
pub struct Books {
    pub persons: BTreeMap<String, Answers>,
    pub behaviours: BTreeMap<Agency, Behaviour>,
    pub receipts: BTreeMap<String, Receipt>,
    pub sms: BTreeMap<String, Sms>,
    pub answered: BTreeMap<(String, String), Remembered>,
    pub advanced_ms: i64,
}

impl Books {
    fn apply(&mut self, event: Event) {
        match event {
            Event::PersonSet { id_no, answers } => {
                self.persons.insert(id_no, *answers);
            }
            Event::PersonForgotten { id_no } => {
                self.persons.remove(&id_no);
            }
            Event::BehaviourSet { agency, behaviour } => {
                self.behaviours.insert(agency, behaviour);
            }
            Event::FaultUsed { agency } => {
                self.behaviours.entry(agency).or_default().next.pop_front();
            }
            Event::Accepted { agency, receipt, at_ms, persons } => {
                self.receipts.insert(receipt, Receipt { agency, at_ms, persons });
            }
            Event::SmsSent { id, at_ms, phone, text } => {
                self.sms.insert(id, Sms { at_ms, phone, text });
            }
            Event::Answered { path, key, body, answer } => {
                self.answered.insert((path, key), Remembered { body, answer });
            }
            Event::ClockAdvanced { ms } => self.advanced_ms = self.advanced_ms.saturating_add(ms),
        }
    }
}

/// A request as the log shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    pub number: u64,
    pub at: String,
    pub agency: Agency,
    pub method: String,
    pub path: String,
    pub idempotency_key: Option<String>,
    pub body: Value,
    pub fault: Option<Fault>,
}

/// What stands behind the lock.
pub struct Inner {
    pub books: Books,
    pub log: VecDeque<Seen>,
    pub requests: u64,
    journal: Journal,
}

impl Inner {
    /// Writes the events down, then makes them true.
    pub fn record(&mut self, events: Vec<Event>) -> Result<(), Error> {
        self.journal.append(&events)?;
        events.into_iter().for_each(|event| self.books.apply(event));
        Ok(())
    }

    pub fn reset(&mut self) -> Result<(), Error> {
        self.journal.clear()?;
        self.books = Books::default();
        self.log.clear();
        Ok(())
    }

    pub fn see(&mut self, seen: Seen) {
        if self.log.len() == LOG_ENTRIES_MAX {
            self.log.pop_front();
        }
        self.log.push_back(seen);
    }

    /// The fault of this request; a queued one is used up.
    pub fn draw_fault(&mut self, agency: Agency, seed: u64) -> Result<Option<Fault>, Error> {
        self.requests += 1;
        let behaviour = self.books.behaviours.entry(agency).or_default();
        let drawn =
            population::hash(&[&seed.to_le_bytes(), &self.requests.to_le_bytes()]) as f64 / u64::MAX as f64;
        let fault = behaviour.fault(drawn);
        if !behaviour.down && !behaviour.next.is_empty() {
            self.record(vec![Event::FaultUsed { agency }])?;
        }
        Ok(fault)
    }
}

/// The sandbox.
pub struct World {
    pub options: Options,
    inner: Mutex<Inner>,
}

impl World {
    pub fn open(options: Options) -> Result<Self, Error> {
        let (journal, events) = Journal::open(options.data.as_deref())?;
        let mut books = Books::default();
        events.into_iter().for_each(|event| books.apply(event));
        let inner = Inner { books, log: VecDeque::new(), requests: 0, journal };
        Ok(Self { options, inner: Mutex::new(inner) })
    }

    /// Never held across an await.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while it is held cannot leave a half-applied event: events are plain insertions.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn day_ms(&self) -> i64 {
        i64::try_from(self.options.day.as_millis()).unwrap_or(i64::MAX)
    }
}

/// What an agency's clerk can see while answering one request.
pub struct Office<'a> {
    pub books: &'a Books,
    pub seed: u64,
    /// The sandbox's time: the clock's plus what was advanced, in ms since the epoch.
    pub now_ms: i64,
    pub day_ms: i64,
}

impl Office<'_> {
    /// What the agency holds about the person, set or derived.
    pub fn facts(&self, agency: Agency, id_no: &str) -> Value {
        let set = self.books.persons.get(id_no);
        let answer = set.and_then(|answers| match agency {
            Agency::Registry => answers.registry.clone(),
            Agency::PublicHousing => answers.public_housing.clone(),
            Agency::Resettlement => answers.resettlement.clone(),
            Agency::Marriage => answers.marriage.clone(),
            Agency::SocialInsurance => answers.social_insurance.clone(),
            Agency::Sms => None,
        });
        answer.unwrap_or_else(|| match agency {
            Agency::Registry => population::registry(self.seed, id_no),
            Agency::PublicHousing => population::public_housing(self.seed, id_no),
            Agency::Resettlement => population::resettlement(self.seed, id_no),
            Agency::Marriage => population::marriage(self.seed, id_no),
            Agency::SocialInsurance => population::social_insurance(self.seed, id_no),
            Agency::Sms => Value::Null,
        })
    }

    /// Whether the person goes by this name, as far as the sandbox was told.
    pub fn goes_by(&self, person: &Person) -> bool {
        let name = self.books.persons.get(&person.id_no).and_then(|answers| answers.name.as_ref());
        name.is_none_or(|name| *name == person.name)
    }
}
