//! Two workers make and load chunks of records side by side; each chunk is one transaction.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anju_runtime::{
    Runtime,
    records::{Actor, LoadCounts, LoadRecord, LoadVersion, Object},
};
use jiff::Timestamp;
use serde_json::json;
use tokio::task::{JoinSet, spawn_blocking};

use super::{
    organisations::Author,
    plan::Plan,
    time::{FIRST_YEAR, YEARS},
};
use crate::demo::directory::object;

const WORKERS: usize = 2;
/// Records of one transaction: bounds what is in memory.
const CHUNK: usize = 2_000;
const WHY: &str = "city data";
/// Between two lines of progress.
const REPORT: Duration = Duration::from_secs(10);

/// Makes the record at a place.
type Make = fn(&Plan, usize) -> LoadRecord;

/// A filling on its way.
pub struct Filling {
    runtime: Arc<Runtime>,
    plan: Arc<Plan>,
    began: Instant,
    pub counts: LoadCounts,
}

impl Filling {
    pub fn new(runtime: Arc<Runtime>, plan: Arc<Plan>, began: Instant) -> Self {
        Self { runtime, plan, began, counts: LoadCounts::default() }
    }

    /// Loads so many records of an entity.
    pub async fn load(&mut self, entity: &'static str, count: usize, make: Make) -> anyhow::Result<()> {
        let (began, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            let (runtime, plan, next) = (self.runtime.clone(), self.plan.clone(), next.clone());
            let started = self.began;
            workers.spawn(async move {
                let (mut counts, mut reported) = (LoadCounts::default(), Instant::now());
                loop {
                    let first = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if first >= count {
                        return anyhow::Ok(counts);
                    }
                    counts +=
                        load_chunk(&runtime, &plan, entity, first..count.min(first + CHUNK), make).await?;
                    if reported.elapsed() > REPORT {
                        reported = Instant::now();
                        say(started, &format!("{entity}: {first} of {count}"));
                    }
                }
            });
        }
        let mut loaded = LoadCounts::default();
        while let Some(done) = workers.join_next().await {
            loaded += done??;
        }
        let seconds = began.elapsed().as_secs_f64();
        self.note(&format!(
            "{entity}: {} records, {} child rows, {} changes; {:.1} s, {:.0} rows/s",
            loaded.records,
            loaded.child_rows,
            loaded.history,
            seconds,
            loaded.rows() as f64 / seconds.max(0.001)
        ));
        self.counts += loaded;
        Ok(())
    }

    /// Sequences go on after the numbers that were given.
    pub async fn finish_numbers(&self) -> anyhow::Result<()> {
        let (plan, records) = (&self.plan, &self.runtime.records);
        let mut tx = self.runtime.store.begin().await?;
        let mut given = std::collections::BTreeMap::new();
        let mut most =
            |sequence: &'static str, entity: &'static str, district: usize, year: i64, number: u32| {
                let highest = given.entry((sequence, entity, district, year)).or_insert(0u32);
                *highest = number.max(*highest);
            };
        for (district, number) in &plan.year {
            for year in 0..YEARS as i64 {
                most("eligibility.case_no", "eligibility.case", *district, FIRST_YEAR + year, *number);
            }
        }
        for (case, number) in &plan.admitted {
            let issued = super::cases::admitted_on(plan, *case).map_or(FIRST_YEAR, super::time::Day::year);
            let sequence = "eligibility.public_rental_certificate_no";
            most(sequence, "eligibility.case", plan.district_of_case(*case), issued, *number);
        }
        for (district, number) in &plan.projects {
            let units = *number * (plan.size.units() / plan.size.projects) as u32;
            most("supply.unit_code", "supply.unit", *district, FIRST_YEAR, units);
        }
        for lease in &plan.leases {
            let district = super::leases::district_of_unit(plan, lease.unit);
            let (sequence, entity) = ("contracts.contract_no", "contracts.contract");
            most(sequence, entity, district, lease.signed.year(), lease.number);
        }
        for ((sequence, entity, district, year), count) in given {
            let record = object([("district", json!(plan.districts[district].code))]);
            let day = jiff::civil::date(year as i16, 1, 1);
            records.skip_numbers(&mut tx, sequence, entity, &record, day, count).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Tells whoever waits.
    pub fn note(&self, text: &str) {
        say(self.began, text);
    }
}

fn say(began: Instant, text: &str) {
    // Nobody may be listening; the filling goes on.
    let _ = writeln!(std::io::stdout().lock(), "{:7.1} s  {text}", began.elapsed().as_secs_f64());
}

async fn load_chunk(
    runtime: &Arc<Runtime>,
    plan: &Arc<Plan>,
    entity: &'static str,
    range: std::ops::Range<usize>,
    make: Make,
) -> anyhow::Result<LoadCounts> {
    let (records, plan) = (runtime.records.clone(), plan.clone());
    let prepared = spawn_blocking(move || {
        let chunk = range.map(|index| make(&plan, index)).collect();
        records.prepare_load(entity, chunk)
    })
    .await??;
    let mut tx = runtime.store.begin().await?;
    let counts = runtime.records.load(&mut tx, &Actor::system("city data"), prepared, WHY).await?;
    tx.commit().await?;
    Ok(counts)
}

/// One change of a record.
pub fn version(at: Timestamp, author: &Author, values: Object) -> LoadVersion {
    LoadVersion { at, by: author.id.clone(), by_name: author.name.clone(), why: None, values }
}
