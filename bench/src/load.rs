//! Load in rounds that alternate between servers, so that what else the machine does hits all of them.

use std::{
    borrow::Cow,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::future::try_join_all;

use crate::{
    client::{Answer, Connection},
    figures::microseconds,
};

/// How much to measure.
pub struct Plan {
    pub connections: usize,
    pub rounds: usize,
    /// Time for one server in one round.
    pub round: Duration,
}

/// One server, and what it is asked for one operation.
pub trait Target {
    type Shot: Shot;

    fn name(&self) -> &str;
    fn address(&self) -> SocketAddr;
    /// What is asked next.
    fn next(&self) -> Cow<'_, Self::Shot>;
    /// Processor time of the server so far; zero where nobody asks for it.
    fn cpu_ms(&self) -> f64 {
        0.0
    }
}

/// A request, and what its answer must be.
pub trait Shot: Clone {
    fn request(&self) -> &[u8];
    /// A fast error is no result: a wrong answer ends the run.
    fn check(&self, answer: &Answer<'_>) -> anyhow::Result<()>;
}

/// One server's rounds of one operation.
#[derive(Default)]
pub struct Samples {
    /// Answers per second, by round.
    pub rates: Vec<f64>,
    /// Microseconds from request to answer, of all rounds.
    pub latencies_us: Vec<u32>,
    /// Processor time of the server, all rounds together.
    pub cpu_ms: f64,
}

/// Measures all targets, after a round of each that does not count; in their order.
pub async fn measure<T: Target>(targets: &[T], plan: &Plan) -> anyhow::Result<Vec<Samples>> {
    for target in targets {
        round(target, plan, plan.round, &mut Samples::default()).await?;
    }
    let mut samples: Vec<Samples> = targets.iter().map(|_| Samples::default()).collect();
    for number in 0..plan.rounds {
        for turn in 0..targets.len() {
            // Who goes first changes, so that nobody always finds what the same other left behind.
            let at = (number + turn) % targets.len();
            round(&targets[at], plan, plan.round, &mut samples[at]).await?;
        }
    }
    Ok(samples)
}

/// Loads one target for as long as all rounds would take; the answers per second.
pub async fn exercise(target: &impl Target, plan: &Plan) -> anyhow::Result<f64> {
    let mut samples = Samples::default();
    round(target, plan, plan.round * plan.rounds as u32, &mut samples).await?;
    Ok(samples.rates[0])
}

/// Work of the client, away from the threads of a server in the same process.
pub fn on_own_thread<T: Send>(work: impl AsyncFnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    let client = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work())
    };
    std::thread::scope(|scope| scope.spawn(client).join())
        .map_err(|_| anyhow::anyhow!("the client panicked"))?
}

/// Keeps all connections busy for the time given. They are new ones: servers close those that were idle while others
/// had their turn.
async fn round(
    target: &impl Target,
    plan: &Plan,
    time: Duration,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let opened = (0..plan.connections).map(|_| Connection::open(target.address()));
    let mut connections = try_join_all(opened).await?;
    let (cpu_ms, began) = (target.cpu_ms(), Instant::now());
    let lanes = connections.iter_mut().map(|connection| lane(connection, target, began + time));
    let latencies = try_join_all(lanes).await.with_context(|| target.name().to_owned())?;
    let answers: usize = latencies.iter().map(Vec::len).sum();
    samples.rates.push(answers as f64 / began.elapsed().as_secs_f64());
    samples.cpu_ms += target.cpu_ms() - cpu_ms;
    samples.latencies_us.extend(latencies.into_iter().flatten());
    Ok(())
}

/// Sends one request after the other until the end; how long each took, in microseconds.
async fn lane(connection: &mut Connection, target: &impl Target, end: Instant) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let shot = target.next();
        let began = Instant::now();
        let answer = connection.send(shot.request()).await?;
        latencies.push(microseconds(began.elapsed()));
        shot.check(&answer)?;
    }
    Ok(latencies)
}
