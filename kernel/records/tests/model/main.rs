//! A model-based test of the door to business data: for each seed a random catalog and a random sequence of
//! operations by different people, done by [`anju_records::Records`] on a real database and by a plain model that
//! keeps lists of records and looks at each of them. After each operation both must say the same: acceptance or the
//! same faults, the same values, lists and their order, counts, figures, history, past.
//!
//! The model ([`world`], [`change`], [`judge`], [`commands`], [`view`], [`ask`]) shares no code with the kernel but the
//! names of types of fields; the definitions are written from its own description of entities ([`design`]).
//!
//! A failing seed prints itself and what was done. It is played again with
//!
//! ```sh
//! ANJU_MODEL_SEED=17 cargo nextest run --workspace -E 'test(a_named_seed)'
//! ```
//!
//! `ANJU_MODEL_SEED` may be a range, `0..5000`, for a longer run; with `ANJU_MODEL_DATABASE=postgres` it is played on
//! PostgreSQL.

mod ask;
mod attempts;
mod change;
mod commands;
mod design;
mod dice;
mod importing;
mod invent;
mod judge;
mod outcome;
mod play;
mod publishing;
mod reads;
mod rights;
mod values;
mod view;
mod world;
mod writes;
mod writing;

use std::ops::Range;

use anju_store::testing::TestDatabase;

use crate::play::Tally;

/// Seeds of one test; each test is a process of its own.
const SEEDS: u64 = 50;
const POSTGRES_SEEDS: u64 = 20;

fn on_sqlite(seeds: Range<u64>) {
    run(seeds, TestDatabase::sqlite);
}

fn on_postgres(seeds: Range<u64>) {
    run(seeds, TestDatabase::postgres);
}

fn run<F: Future<Output = TestDatabase>>(seeds: Range<u64>, database: fn() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut tally = Tally::default();
    let enough = seeds.end - seeds.start >= SEEDS;
    for seed in seeds {
        tally.add(runtime.block_on(async { play::play(seed, database().await).await }));
    }
    if enough {
        tally.has_all(&EXPECTED);
    }
}

/// What happens somewhere in fifty seeds.
const EXPECTED: [(&str, &str); 31] = [
    ("create", "done"),
    ("create", "invalid"),
    ("create", "forbidden"),
    ("create", "unconfirmed"),
    ("patch", "done"),
    ("patch", "invalid"),
    ("patch", "forbidden"),
    ("patch", "unconfirmed"),
    ("patch", "stale"),
    ("patch", "not found"),
    ("delete", "done"),
    ("delete", "forbidden"),
    ("delete", "stale"),
    ("delete", "conflict"),
    ("restore", "done"),
    ("restore", "invalid"),
    ("restore", "forbidden"),
    ("restore", "not found"),
    ("restore", "conflict"),
    ("read", "done"),
    ("read", "not found"),
    ("page", "done"),
    ("pages", "done"),
    ("figures", "done"),
    ("history", "done"),
    ("past", "done"),
    ("past", "not found"),
    ("reveal", "done"),
    ("reveal", "forbidden"),
    ("import", "done"),
    ("publish", "done"),
];

macro_rules! seeds {
    ($($name:ident: $run:ident($part:expr, $count:expr);)+) => {
        $(#[test]
        fn $name() {
            $run($part * $count..($part + 1) * $count);
        })+
    };
}

seeds! {
    the_service_does_what_the_model_does_0: on_sqlite(0, SEEDS);
    the_service_does_what_the_model_does_1: on_sqlite(1, SEEDS);
    the_service_does_what_the_model_does_2: on_sqlite(2, SEEDS);
    the_service_does_what_the_model_does_3: on_sqlite(3, SEEDS);
    the_service_does_what_the_model_does_4: on_sqlite(4, SEEDS);
    the_service_does_what_the_model_does_5: on_sqlite(5, SEEDS);
    the_service_does_what_the_model_does_on_postgres_0: on_postgres(0, POSTGRES_SEEDS);
    the_service_does_what_the_model_does_on_postgres_1: on_postgres(1, POSTGRES_SEEDS);
}

/// The seeds that the environment names; without, the first one.
#[test]
fn a_named_seed() {
    let named = std::env::var("ANJU_MODEL_SEED").unwrap_or_else(|_| "0".to_owned());
    let number =
        |text: &str| text.parse::<u64>().expect("ANJU_MODEL_SEED is a number, or a range such as 0..100");
    let seeds = match named.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&named)..number(&named) + 1,
    };
    match std::env::var("ANJU_MODEL_DATABASE").as_deref() {
        Ok("postgres") => on_postgres(seeds),
        _ => on_sqlite(seeds),
    }
}
