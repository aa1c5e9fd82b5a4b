//! Who applies: the same person wherever the case, its certificate or its contract is spoken of.

use serde_json::{Value, json};

use super::plan::{Kind, Plan};
use crate::demo::people;

/// Members beside the applicant, for ten cases in turn: two on average.
const MEMBERS: [usize; 10] = [0, 2, 1, 3, 2, 1, 4, 2, 3, 2];
const RELATIONS: [&str; 4] = ["spouse", "child", "child", "parent"];
const EDGE_DISTRICTS: [&str; 6] = ["310101", "310104", "310110", "310115", "310112", "310107"];
/// Whoever applies.
pub struct Applicant {
    pub name: String,
    pub id_no: String,
    pub phone: String,
    pub born_here: bool,
    pub surname: &'static str,
    /// Place in the list of operators.
    pub operator: usize,
    pub subdistrict: String,
    pub address: String,
}

pub fn applicant(plan: &Plan, case: usize) -> Applicant {
    let mut dice = plan.dice(Kind::Person, case as u64);
    let district = plan.district_of_case(case);
    let born_here = dice.percent(45);
    let region = people::birth_region(&mut dice, born_here, &EDGE_DISTRICTS);
    let born = plan.year_of_case(case) - dice.between(22, 58);
    let surname = people::surname(&mut dice);
    let (name, id_no) = people::citizen(&mut dice, born, &region, surname);
    Applicant {
        phone: people::phone(&mut dice),
        operator: plan.operator(district, &mut dice),
        subdistrict: plan.subdistrict(district, &mut dice).to_owned(),
        address: people::address(&mut dice, &plan.districts[district].title),
        name,
        id_no,
        born_here,
        surname,
    }
}

/// How many members there are beside the applicant.
pub fn member_count(case: usize) -> usize {
    MEMBERS[(case + case / 10) % MEMBERS.len()]
}

/// The members of a household, as rows of the case.
pub fn members(plan: &Plan, case: usize, applicant: &Applicant) -> Vec<Value> {
    let count = member_count(case);
    (0..count)
        .map(|place| {
            let index = case * MEMBERS.len() + place;
            let mut dice = plan.dice(Kind::Member, index as u64);
            let relation = RELATIONS[place.min(RELATIONS.len() - 1)];
            let region = people::birth_region(&mut dice, applicant.born_here, &EDGE_DISTRICTS);
            let (years, surname) = match relation {
                "child" => (dice.between(1, 17), applicant.surname),
                "parent" => (dice.between(58, 80), applicant.surname),
                _ => (dice.between(22, 58), people::surname(&mut dice)),
            };
            let born = plan.year_of_case(case) - years;
            let (name, id_no) = people::citizen(&mut dice, born, &region, surname);
            json!({
                "id": plan.id(Kind::Member, index, plan.day_of_case(case).at(8 * 60)),
                "name": name,
                "relation": relation,
                "part": if relation == "spouse" { "co_applicant" } else { "co_resident" },
                "id_no": id_no,
                "registered_here": applicant.born_here,
            })
        })
        .collect()
}
