//! Who rents what: which household of which case has which unit, now and before. A unit has at most one contract that
//! runs, a case at most one contract.

use super::{
    cases::admitted_on,
    plan::{Kind, Plan},
    time::Day,
};
use crate::demo::dice::Dice;

/// Households with a contract that runs were admitted in these years of the ten, those with an ended one in those.
const RUNNING_YEARS: std::ops::Range<usize> = 6..10;
const ENDED_YEARS: std::ops::Range<usize> = 0..4;

/// How far a contract got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not signed yet; the unit is kept for the household.
    Open,
    Running,
    Ended,
}

/// One contract.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub unit: usize,
    pub case: usize,
    pub stage: Stage,
    pub signed: Day,
    pub to: Day,
    /// In its district and year.
    pub number: u32,
}

/// The contracts of a unit, by place in the list.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnitLeases {
    pub before: Option<u32>,
    pub now: Option<u32>,
}

/// What a unit is used for: two of three are let, the others are in every other state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Let,
    Reserved,
    Vacant,
    Preparing,
    Locked,
    Withdrawn,
}

impl Use {
    pub fn of(unit: usize) -> Self {
        match (unit % 3, unit / 3 % 20) {
            (0 | 1, _) => Self::Let,
            (_, 0 | 1) => Self::Reserved,
            (_, 2..=12) => Self::Vacant,
            (_, 13..=15) => Self::Preparing,
            (_, 16 | 17) => Self::Locked,
            _ => Self::Withdrawn,
        }
    }
}

/// Cases that may have a contract, by district; the earliest at the end.
struct Households {
    by_district: Vec<Vec<usize>>,
}

impl Households {
    fn of(plan: &Plan, years: &std::ops::Range<usize>) -> Self {
        let mut by_district = vec![Vec::new(); plan.districts.len()];
        let a_year = plan.size.cases_a_year();
        for (case, _) in plan.admitted.iter().rev().filter(|(case, _)| years.contains(&(case / a_year))) {
            let signed_at_most = admitted_on(plan, *case).map(|day| day.plus(LATEST_SIGNING));
            if plan.outcome(*case).keeps_its_place() && signed_at_most.is_some_and(|day| day <= Day::last()) {
                by_district[plan.district_of_case(*case)].push(*case);
            }
        }
        Self { by_district }
    }

    /// A household of the district, or of the one that has most left.
    fn next(&mut self, district: usize) -> Option<usize> {
        if let Some(case) = self.by_district[district].pop() {
            return Some(case);
        }
        self.by_district.iter_mut().max_by_key(|left| left.len())?.pop()
    }
}

/// Days from the admission to the signing.
const LATEST_SIGNING: i64 = 30;

/// All contracts, in the order in which they were signed, and those of each unit.
pub fn lease_units(plan: &Plan) -> (Vec<Lease>, Vec<UnitLeases>) {
    let (mut running, mut ended) = (Households::of(plan, &RUNNING_YEARS), Households::of(plan, &ENDED_YEARS));
    let mut leases = Vec::with_capacity(plan.size.contracts);
    for unit in (0..plan.size.units()).filter(|unit| matches!(Use::of(*unit), Use::Let | Use::Reserved)) {
        let stage = if Use::of(unit) == Use::Let { Stage::Running } else { Stage::Open };
        if leases.len() == plan.size.contracts {
            break;
        }
        let Some(case) = running.next(district_of_unit(plan, unit)) else { break };
        leases.push(signed(plan, unit, case, stage));
    }
    for unit in (0..plan.size.units()).filter(|unit| Use::of(*unit) == Use::Let) {
        if leases.len() == plan.size.contracts {
            break;
        }
        let Some(case) = ended.next(district_of_unit(plan, unit)) else { break };
        leases.push(signed(plan, unit, case, Stage::Ended));
    }
    leases.sort_by_key(|lease| (lease.signed, lease.case));
    let mut numbers = std::collections::HashMap::new();
    let mut units = vec![UnitLeases::default(); plan.size.units()];
    for (at, lease) in (0u32..).zip(&mut leases) {
        let place = (district_of_unit(plan, lease.unit), lease.signed.year());
        let number = numbers.entry(place).or_insert(0u32);
        *number += 1;
        lease.number = *number;
        let unit = &mut units[lease.unit];
        *(if lease.stage == Stage::Ended { &mut unit.before } else { &mut unit.now }) = Some(at);
    }
    (leases, units)
}

pub fn district_of_unit(plan: &Plan, unit: usize) -> usize {
    plan.projects[super::stock::project_of(unit)].0
}

fn signed(plan: &Plan, unit: usize, case: usize, stage: Stage) -> Lease {
    let mut dice: Dice = plan.dice(Kind::Contract, case as u64 | (1 << 62));
    let admitted = admitted_on(plan, case).unwrap_or_else(Day::last);
    let signed = admitted.plus(dice.between(5, LATEST_SIGNING));
    let years = match stage {
        // Everybody had left before the contracts that run began.
        Stage::Ended if signed >= Day::of(2019, 1, 1) => 1,
        Stage::Ended => 2,
        Stage::Open => 2,
        Stage::Running => {
            [2, 3, 5].into_iter().find(|years| signed.plus_years(*years) > Day::last()).unwrap_or(6)
        }
    };
    Lease { unit, case, stage, signed, to: signed.plus_years(years).plus(-1), number: 0 }
}
