//! Rounds that alternate between the systems, so that what else the machine does hits all of them.

use std::time::{Duration, Instant};

use anju_bench::client::Connection;
use anyhow::Context;
use futures::future::try_join_all;

use crate::work::Work;

/// How much to measure.
pub struct Plan {
    pub connections: usize,
    pub rounds: usize,
    /// Time for one system in one round.
    pub round: Duration,
}

/// One system's rounds of one operation.
#[derive(Default)]
pub struct Samples {
    /// Answers per second, by round.
    pub rates: Vec<f64>,
    /// Microseconds from request to answer, of all rounds.
    pub latencies_us: Vec<u32>,
    /// Processor time of the server, all rounds together.
    pub cpu_ms: f64,
}

/// Measures all systems, after a round of each that does not count; in the order of the works.
pub async fn measure(works: &[Work<'_>], plan: &Plan) -> anyhow::Result<Vec<Samples>> {
    for work in works {
        round(work, plan, &mut Samples::default()).await?;
    }
    let mut samples: Vec<Samples> = works.iter().map(|_| Samples::default()).collect();
    for number in 0..plan.rounds {
        for turn in 0..works.len() {
            // Who goes first changes, so that nobody always finds what the same other left behind.
            let at = (number + turn) % works.len();
            round(&works[at], plan, &mut samples[at]).await?;
        }
    }
    Ok(samples)
}

/// Keeps all connections busy for the time of a round. They are new ones: servers close those that were idle while
/// others had their turn.
async fn round(work: &Work<'_>, plan: &Plan, samples: &mut Samples) -> anyhow::Result<()> {
    let server = &work.system.server;
    let opened = (0..plan.connections).map(|_| Connection::open(server.address));
    let mut connections = try_join_all(opened).await?;
    let (cpu_ms, began) = (server.cpu_ms(), Instant::now());
    let lanes = connections.iter_mut().map(|connection| lane(connection, work, began + plan.round));
    let latencies = try_join_all(lanes).await.context(work.system.name)?;
    let answers: usize = latencies.iter().map(Vec::len).sum();
    samples.rates.push(answers as f64 / began.elapsed().as_secs_f64());
    samples.cpu_ms += server.cpu_ms() - cpu_ms;
    samples.latencies_us.extend(latencies.into_iter().flatten());
    Ok(())
}

/// Sends one request after the other until the end; how long each took, in microseconds.
async fn lane(connection: &mut Connection, work: &Work<'_>, end: Instant) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let shot = work.next();
        let began = Instant::now();
        let answer = connection.send(&shot.request).await?;
        latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        shot.check(&answer)?;
    }
    Ok(latencies)
}
