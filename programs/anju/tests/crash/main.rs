//! the server is killed (SIGKILL) at random moments while caseworkers carry fifty cases at once, each with its
//! own end. They know nothing of it but that answers fail to come, and ask again with the same idempotency key. In
//! the end every case is where it belongs and nothing of it is lost or doubled, inside or outside the platform.
//!
//! `ANJU_CRASH_SEED` repeats the moments of an earlier run, as far as the machine lets them be the same;
//! `ANJU_CRASH_KILLS` sets how many there are.

mod caller;
mod journey;
mod killer;
mod office;
mod reckoning;
mod server;
mod time;

use std::{sync::Arc, time::SystemTime};

use anju_store::{on_both_databases, testing::TestDatabase};

use crate::{
    journey::{Case, ROUTES},
    killer::Killer,
    office::Office,
    server::Server,
    time::Time,
};

const CASES: u32 = 50;
const KILLS: u32 = 20;

async fn r02_no_case_is_lost_or_doubled_when_the_server_is_killed(db: TestDatabase) {
    let (seed, kills) = (setting("ANJU_CRASH_SEED").unwrap_or_else(now_ns), setting("ANJU_CRASH_KILLS"));
    let kills = kills.map_or(KILLS, |kills| kills as u32);
    eprintln!("{kills} kills; to repeat their moments: ANJU_CRASH_SEED={seed}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let time = Arc::new(Time::starting_now(folder.path()));
    let agencies = office::start_agencies(time.clock()).await;
    let server = Arc::new(Server::start(folder.path(), &db, &agencies).await);
    let office = Arc::new(Office::new(&server.base(), server.kills(), agencies, time.clone()));

    let passing = tokio::spawn(time.clone().pass());
    let acknowledgements = (0..CASES).map(journey::acknowledgements).sum();
    let killing = Killer::new(server.clone(), office.acknowledged(), seed).kill(kills, acknowledgements);
    let killing = tokio::spawn(killing);
    let carried: Vec<_> =
        (0..CASES).map(|number| tokio::spawn(Case::carry(office.clone(), number))).collect();
    let mut cases = Vec::new();
    for case in carried {
        cases.push(case.await.expect("the case reaches its end"));
    }
    killing.await.expect("the server comes back after every kill");
    assert_eq!(cases.len(), CASES as usize);
    eprintln!("{} answers were lost and asked for again", office.unheard());
    assert!(office.unheard() > 0, "no kill came between the doing and the hearing: nothing was tried");
    assert!(ROUTES.iter().all(|route| cases.iter().any(|case| case.route == *route)));

    office.wait_until_quiet(db.store()).await;
    passing.abort();
    reckoning::of_the_api(&office, &cases).await;
    server.kill().await;
    reckoning::of_the_agencies(&office, &cases).await;
    reckoning::of_the_store(db.store(), &cases, time.clock().now()).await;
}

on_both_databases!(r02_no_case_is_lost_or_doubled_when_the_server_is_killed);

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
