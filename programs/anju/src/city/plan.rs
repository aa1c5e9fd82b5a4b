//! What the city consists of: how much of everything, where it lies, and which id it has. All of it follows from the
//! seed; what stands in vectors here is what several kinds of record have to agree on.

use anju_runtime::definitions::Catalog;

use super::{
    cases::Outcome,
    leases::{Lease, UnitLeases, lease_units},
    time::{Day, FIRST_YEAR, YEARS},
};
use crate::demo::{dice::Dice, directory::OPERATORS};

pub const UNITS_PER_BUILDING: usize = 60;
pub const BUILDINGS_PER_PROJECT: usize = 5;
const PROJECTS: f64 = 1_500.0;
const CASES_A_YEAR: f64 = 150_000.0;
const CONTRACTS: f64 = 600_000.0;
const OPERATORS_OF_THE_CITY: f64 = 430.0;
/// People of an operator.
pub const ACCOUNTS_PER_OPERATOR: usize = 3;

/// Cases of the first years were taken over.
const MIGRATED_YEARS: usize = 5;

/// Districts: code, share of everything in percent, and where it lies, in thousandths of a degree.
const DISTRICTS: [(&str, u64, i64, i64); 16] = [
    ("310101", 3, 121_484, 31_231),
    ("310104", 6, 121_437, 31_188),
    ("310105", 4, 121_424, 31_220),
    ("310106", 6, 121_447, 31_228),
    ("310107", 6, 121_397, 31_249),
    ("310109", 4, 121_505, 31_264),
    ("310110", 7, 121_526, 31_259),
    ("310112", 11, 121_381, 31_113),
    ("310113", 9, 121_489, 31_405),
    ("310114", 8, 121_265, 31_375),
    ("310115", 16, 121_544, 31_221),
    ("310116", 3, 121_342, 30_742),
    ("310117", 7, 121_228, 31_032),
    ("310118", 4, 121_124, 31_150),
    ("310120", 4, 121_474, 30_918),
    ("310151", 2, 121_397, 31_623),
];

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub projects: usize,
    pub cases: usize,
    pub contracts: usize,
    pub operators: usize,
}

impl Size {
    /// 1.0 is the city: 450,000 units, 1.5 million cases with 3 million members, 600,000 contracts, 430 operators.
    pub fn scaled(scale: f64) -> Self {
        let part = |whole: f64, least: f64| (whole * scale).round().max(least) as usize;
        Self {
            projects: part(PROJECTS, 2.0),
            cases: part(CASES_A_YEAR, 60.0) * YEARS,
            contracts: part(CONTRACTS, 20.0),
            operators: part(OPERATORS_OF_THE_CITY, 32.0),
        }
    }

    pub fn buildings(&self) -> usize {
        self.projects * BUILDINGS_PER_PROJECT
    }

    pub fn units(&self) -> usize {
        self.buildings() * UNITS_PER_BUILDING
    }

    pub fn cases_a_year(&self) -> usize {
        self.cases / YEARS
    }
}

/// Kinds of things that have ids and dice of their own.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Organisation = 1,
    Office,
    Account,
    Post,
    Project,
    Building,
    Unit,
    Case,
    CaseTimes,
    Person,
    Member,
    Housing,
    Certificate,
    Contract,
    Place,
}

pub struct District {
    pub code: String,
    pub title: String,
    /// Codes of its sub-districts.
    pub subdistricts: Vec<String>,
    /// Places in the list of operators, the largest first.
    pub operators: Vec<usize>,
    /// Longitude and latitude in thousandths of a degree.
    pub centre: (i64, i64),
}

pub struct Operator {
    pub code: String,
    pub title: String,
    pub district: usize,
    pub city_procured: bool,
}

pub struct Plan {
    pub size: Size,
    pub districts: Vec<District>,
    pub operators: Vec<Operator>,
    /// By place of the case in its year: the district, and the number in it.
    pub year: Vec<(usize, u32)>,
    /// By project: the district, and its place among the projects there.
    pub projects: Vec<(usize, u32)>,
    /// Cases with a certificate, and the certificate's number, by time.
    pub admitted: Vec<(usize, u32)>,
    pub leases: Vec<Lease>,
    pub unit_leases: Vec<UnitLeases>,
    seed: u64,
}

impl Plan {
    pub fn of(catalog: &Catalog, size: Size, seed: u64) -> Self {
        let mut plan = Self {
            districts: districts(catalog),
            operators: Vec::new(),
            year: Vec::new(),
            projects: Vec::new(),
            admitted: Vec::new(),
            leases: Vec::new(),
            unit_leases: Vec::new(),
            size,
            seed,
        };
        plan.found_operators();
        plan.year = plan.spread(Kind::Place, size.cases_a_year());
        plan.projects = plan.spread(Kind::Project, size.projects);
        plan.give_first_project_away();
        plan.number_certificates();
        let (leases, unit_leases) = lease_units(&plan);
        (plan.leases, plan.unit_leases) = (leases, unit_leases);
        plan
    }

    /// Dice of one thing, whoever else draws.
    pub fn dice(&self, kind: Kind, index: u64) -> Dice {
        let mut of_kind = Dice::new(self.seed ^ ((kind as u64) << 56));
        let mut of_thing = Dice::new(of_kind.bits() ^ index.rotate_left(20));
        Dice::new(of_thing.bits())
    }

    /// The id of a thing, ordered by its creation (RFC 9562, version 7).
    pub fn id(&self, kind: Kind, index: usize, at: jiff::Timestamp) -> String {
        let mut dice = self.dice(kind, (index as u64) | (1 << 63));
        let (first, second) = (dice.bits(), dice.bits());
        let ms = at.as_millisecond().unsigned_abs() & 0xffff_ffff_ffff;
        let high = ms << 16 | 0x7000 | first & 0xfff;
        let low = 0x8000_0000_0000_0000 | second >> 2;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// A place in the list of operators: large ones have more to do.
    pub fn operator(&self, district: usize, dice: &mut Dice) -> usize {
        let there = &self.districts[district].operators;
        let draw = dice.between(0, 999);
        there[(draw * draw) as usize * there.len() / 1_000_000]
    }

    pub fn subdistrict(&self, district: usize, dice: &mut Dice) -> &str {
        dice.one_of::<String>(&self.districts[district].subdistricts)
    }

    pub fn district_of_case(&self, case: usize) -> usize {
        self.year[case % self.size.cases_a_year()].0
    }

    pub fn year_of_case(&self, case: usize) -> i64 {
        FIRST_YEAR + (case / self.size.cases_a_year()) as i64
    }

    /// The day the case was entered.
    pub fn day_of_case(&self, case: usize) -> Day {
        let a_year = self.size.cases_a_year();
        Day::of(self.year_of_case(case), 1, 1).plus((case % a_year * 365 / a_year) as i64)
    }

    fn found_operators(&mut self) {
        for operator in &OPERATORS {
            self.found(
                operator.code.to_owned(),
                operator.title.to_owned(),
                operator.district,
                operator.city_procured,
            );
        }
        for number in OPERATORS.len()..self.size.operators {
            let at = match number - OPERATORS.len() {
                // Every district has one.
                first if first < DISTRICTS.len() => first,
                _ => weighted(&mut self.dice(Kind::Organisation, number as u64)),
            };
            let title = self.districts[at].title.trim_end_matches("新区").trim_end_matches('区').to_owned();
            let title =
                format!("上海{title}第{}住房租赁运营有限公司", self.districts[at].operators.len() + 1);
            self.found(format!("op{number:04}"), title, DISTRICTS[at].0, false);
        }
    }

    fn found(&mut self, code: String, title: String, district: &str, city_procured: bool) {
        let at = DISTRICTS.iter().position(|known| known.0 == district).unwrap_or_default();
        self.districts[at].operators.push(self.operators.len());
        self.operators.push(Operator { code, title, district: at, city_procured });
    }

    /// Things spread over the districts by their weights, each numbered in its district from 1.
    fn spread(&self, kind: Kind, count: usize) -> Vec<(usize, u32)> {
        let mut numbers = [0u32; DISTRICTS.len()];
        (0..count)
            .map(|index| {
                let district = weighted(&mut self.dice(kind, (index as u64) | (1 << 62)));
                numbers[district] += 1;
                (district, numbers[district])
            })
            .collect()
    }

    /// The first project is the demonstration's first operator's, so that its people have something to do however
    /// small the city is.
    fn give_first_project_away(&mut self) {
        let (from, to) = (self.projects[0].0, self.operators[0].district);
        if from == to {
            return;
        }
        for (district, number) in self.projects.iter_mut().skip(1) {
            match *district {
                left if left == from => *number -= 1,
                joined if joined == to => *number += 1,
                _ => {}
            }
        }
        self.projects[0] = (to, 1);
    }

    /// Certificates are numbered by district and year of issue, in the order of the cases.
    fn number_certificates(&mut self) {
        let mut numbers = std::collections::HashMap::new();
        for case in 0..self.size.cases {
            let Some(issued) = super::cases::admitted_on(self, case) else { continue };
            let number = numbers.entry((self.district_of_case(case), issued.year())).or_insert(0u32);
            *number += 1;
            self.admitted.push((case, *number));
        }
    }

    /// Admitted cases whose certificate was made on the platform; those before had theirs on paper.
    pub fn certificates(&self) -> &[(usize, u32)] {
        let first = MIGRATED_YEARS * self.size.cases_a_year();
        &self.admitted[self.admitted.partition_point(|(case, _)| *case < first)..]
    }

    /// Whether the case was taken over from what was there before, with less of its past.
    pub fn is_migrated(&self, case: usize) -> bool {
        case / self.size.cases_a_year() < MIGRATED_YEARS
    }

    /// What becomes of a case, given time: the same for cases at the same place of each year.
    pub fn outcome(&self, case: usize) -> Outcome {
        let place = case % self.size.cases_a_year();
        Outcome::of(self.dice(Kind::Place, place as u64).between(0, 99))
    }
}

fn districts(catalog: &Catalog) -> Vec<District> {
    let titles = catalog.dictionary("platform.district");
    let regions = catalog.dictionary("platform.region");
    let district = |(code, _, longitude, latitude): (&str, u64, i64, i64)| District {
        code: code.to_owned(),
        title: titles.and_then(|all| all.item(code)).map(|item| item.title.clone()).unwrap_or_default(),
        subdistricts: regions
            .iter()
            .flat_map(|all| &all.items)
            .filter(|item| item.parent.as_deref() == Some(code))
            .map(|item| item.code.clone())
            .collect(),
        operators: Vec::new(),
        centre: (longitude, latitude),
    };
    DISTRICTS.map(district).into()
}

fn weighted(dice: &mut Dice) -> usize {
    let mut draw = dice.between(0, 99) as u64;
    for (at, (_, weight, ..)) in DISTRICTS.iter().enumerate() {
        if draw < *weight {
            return at;
        }
        draw -= weight;
    }
    DISTRICTS.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_the_districts_make_a_whole() {
        assert_eq!(DISTRICTS.iter().map(|district| district.1).sum::<u64>(), 100);
    }

    #[test]
    fn a_whole_city_is_as_large_as_asked_for() {
        let size = Size::scaled(1.0);
        assert_eq!((size.units(), size.cases, size.contracts), (450_000, 1_500_000, 600_000));
    }
}
