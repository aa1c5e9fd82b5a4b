//! Load from a client thread of its own, in rounds that alternate between the two servers.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anju_bench::client::Connection;
use anyhow::{Context, ensure};
use futures::future::try_join_all;

use crate::requests::{Operation, Side};

/// How much to measure.
pub struct Plan {
    pub connections: usize,
    pub rounds: usize,
    /// Time for one server in one round.
    pub round: Duration,
}

/// What the rounds of one operation gave.
#[derive(Default)]
pub struct Measured {
    pub ours: Samples,
    pub bare: Samples,
}

/// One server's rounds.
#[derive(Default)]
pub struct Samples {
    /// Answers per second, by round.
    pub rates: Vec<f64>,
    /// Microseconds from request to answer, of all rounds.
    pub latencies_us: Vec<u32>,
}

/// Measures both servers, after a round of each that does not count.
pub fn measure(operation: &Operation, plan: &Plan) -> anyhow::Result<Measured> {
    on_own_thread(async || {
        let mut measured = Measured::default();
        let mut ours = Server::connect(&operation.ours, plan.connections).await?;
        let mut bare = Server::connect(&operation.bare, plan.connections).await?;
        ours.round(plan.round, &mut Samples::default()).await?;
        bare.round(plan.round, &mut Samples::default()).await?;
        for round in 0..plan.rounds {
            // Who goes first changes, so that neither always finds what the other left behind.
            if round % 2 == 0 {
                ours.round(plan.round, &mut measured.ours).await?;
                bare.round(plan.round, &mut measured.bare).await?;
            } else {
                bare.round(plan.round, &mut measured.bare).await?;
                ours.round(plan.round, &mut measured.ours).await?;
            }
        }
        Ok(measured)
    })
    .context(operation.name)
}

/// Loads one server for as long as all rounds would take; the answers per second.
pub fn exercise(side: &Side, plan: &Plan) -> anyhow::Result<f64> {
    on_own_thread(async || {
        let mut samples = Samples::default();
        let mut server = Server::connect(side, plan.connections).await?;
        server.round(plan.round * plan.rounds as u32, &mut samples).await?;
        Ok(samples.rates[0])
    })
}

/// Work of the client, away from the server's threads.
pub fn on_own_thread<T: Send>(work: impl AsyncFnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    let client = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work())
    };
    std::thread::scope(|scope| scope.spawn(client).join())
        .map_err(|_| anyhow::anyhow!("the client panicked"))?
}

/// One server with open connections to it.
struct Server<'s> {
    side: &'s Side,
    connections: Vec<Connection>,
    /// Requests sent so far; says which is next.
    sent: Cell<usize>,
}

impl<'s> Server<'s> {
    async fn connect(side: &'s Side, connections: usize) -> anyhow::Result<Self> {
        let connections = try_join_all((0..connections).map(|_| Connection::open(side.address))).await?;
        Ok(Self { side, connections, sent: Cell::new(0) })
    }

    /// Keeps all connections busy for the time given.
    async fn round(&mut self, time: Duration, samples: &mut Samples) -> anyhow::Result<()> {
        let Self { side, connections, sent } = self;
        let began = Instant::now();
        let lanes = connections.iter_mut().map(|connection| lane(connection, side, sent, began + time));
        let latencies = try_join_all(lanes).await?;
        let answers: usize = latencies.iter().map(Vec::len).sum();
        samples.rates.push(answers as f64 / began.elapsed().as_secs_f64());
        samples.latencies_us.extend(latencies.into_iter().flatten());
        Ok(())
    }
}

/// Sends one request after the other until the end; how long each took, in microseconds.
async fn lane(
    connection: &mut Connection,
    side: &Side,
    sent: &Cell<usize>,
    end: Instant,
) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    loop {
        let began = Instant::now();
        if began >= end {
            return Ok(latencies);
        }
        let next = sent.replace(sent.get() + 1) % side.requests.len();
        let answer = connection.send(&side.requests[next]).await?;
        ensure!(answer.status == side.status, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
        latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}
