//! The bureau, its districts, the operators with their intake offices, and the people who work there.

use anju_runtime::records::LoadRecord;
use serde_json::json;

use super::{
    plan::{ACCOUNTS_PER_OPERATOR, Kind, Plan},
    time::{Day, FIRST_YEAR},
};
use crate::demo::{
    directory::{CITY, Places, object},
    people,
};

/// People of a district's bureau.
const ACCOUNTS_PER_DISTRICT: usize = 2;
/// Posts at an operator, then at a district.
const POSTS: [(&str, &str); ACCOUNTS_PER_OPERATOR + ACCOUNTS_PER_DISTRICT] = [
    ("受理经办人", "eligibility.operator_clerk"),
    ("初审经办人", "eligibility.operator_reviewer"),
    ("初审核定人", "eligibility.operator_manager"),
    ("复审经办人", "eligibility.district_reviewer"),
    ("复审核定人", "eligibility.district_manager"),
];

/// Who makes a change.
pub struct Author {
    pub id: String,
    pub name: String,
}

impl Author {
    /// Somebody of an operator: 0 enters, 1 reviews, 2 confirms.
    pub fn of_operator(plan: &Plan, operator: usize, desk: usize) -> Self {
        Self::at(plan, operator * ACCOUNTS_PER_OPERATOR + desk)
    }

    /// Somebody of a district's bureau: 0 reviews, 1 confirms.
    pub fn of_district(plan: &Plan, district: usize, desk: usize) -> Self {
        let operators = plan.operators.len() * ACCOUNTS_PER_OPERATOR;
        Self::at(plan, operators + district * ACCOUNTS_PER_DISTRICT + desk)
    }

    /// Whoever took over what was there before the platform.
    pub fn founder() -> Self {
        Self { id: "system".to_owned(), name: "city data".to_owned() }
    }

    fn at(plan: &Plan, account: usize) -> Self {
        let mut dice = plan.dice(Kind::Account, account as u64);
        let surname = people::surname(&mut dice);
        let (name, _) = people::citizen(&mut dice, 1985, "310101", surname);
        Self { id: plan.id(Kind::Account, account, founding()), name }
    }
}

impl Plan {
    /// The bureau, the districts, the operators.
    pub fn organisation_count(&self) -> usize {
        1 + self.districts.len() + self.operators.len()
    }

    pub fn account_count(&self) -> usize {
        self.operators.len() * ACCOUNTS_PER_OPERATOR + self.districts.len() * ACCOUNTS_PER_DISTRICT
    }

    pub fn operator_id(&self, operator: usize) -> String {
        self.id(Kind::Organisation, 1 + self.districts.len() + operator, founding())
    }

    pub fn office_id(&self, operator: usize) -> String {
        self.id(Kind::Office, operator, founding())
    }

    fn district_id(&self, district: usize) -> String {
        self.id(Kind::Organisation, 1 + district, founding())
    }

    /// The post's place among [`POSTS`], and its organisation: an operator, or a district after all of them.
    fn post(&self, account: usize) -> (usize, Employer) {
        let of_operators = self.operators.len() * ACCOUNTS_PER_OPERATOR;
        match account.checked_sub(of_operators) {
            None => (account % ACCOUNTS_PER_OPERATOR, Employer::Operator(account / ACCOUNTS_PER_OPERATOR)),
            Some(at) => (
                ACCOUNTS_PER_OPERATOR + at % ACCOUNTS_PER_DISTRICT,
                Employer::District(at / ACCOUNTS_PER_DISTRICT),
            ),
        }
    }
}

enum Employer {
    Operator(usize),
    District(usize),
}

fn founding() -> jiff::Timestamp {
    Day::of(FIRST_YEAR - 1, 1, 5).at(9 * 60)
}

/// Where the demonstration's people work, by the names they give their places.
pub fn places(plan: &Plan) -> Places {
    let mut places = Places::from([(CITY, plan.id(Kind::Organisation, 0, founding()))]);
    for (at, district) in plan.districts.iter().enumerate() {
        let known = ["310115", "310104", "310110"].into_iter().find(|code| *code == district.code);
        places.extend(known.map(|code| (code, plan.district_id(at))));
    }
    for (at, operator) in crate::demo::directory::OPERATORS.iter().enumerate() {
        places.insert(operator.code, plan.operator_id(at));
    }
    places
}

pub fn organisation(plan: &Plan, index: usize) -> LoadRecord {
    let city = plan.id(Kind::Organisation, 0, founding());
    let values = match (index.checked_sub(1), index.checked_sub(1 + plan.districts.len())) {
        (None, _) => {
            object([("code", json!(CITY)), ("title", json!("上海市房屋管理局")), ("level", json!("city"))])
        }
        (Some(at), None) => object([
            ("code", json!(plan.districts[at].code)),
            ("title", json!(format!("{}住房保障和房屋管理局", plan.districts[at].title))),
            ("level", json!("district")),
            ("parent", json!(city)),
            ("district", json!(plan.districts[at].code)),
        ]),
        (_, Some(at)) => {
            let operator = &plan.operators[at];
            let parent = if operator.city_procured { city } else { plan.district_id(operator.district) };
            object([
                ("code", json!(operator.code)),
                ("title", json!(operator.title)),
                ("level", json!("operator")),
                ("parent", json!(parent)),
                ("district", json!(plan.districts[operator.district].code)),
            ])
        }
    };
    founded(plan.id(Kind::Organisation, index, founding()), values)
}

pub fn office(plan: &Plan, index: usize) -> LoadRecord {
    let (operator, mut dice) = (&plan.operators[index], plan.dice(Kind::Office, index as u64));
    let district = &plan.districts[operator.district];
    let values = object([
        ("code", json!(format!("GZ-{}", operator.code))),
        ("title", json!(format!("{}受理点", operator.title.trim_end_matches("有限公司")))),
        ("phone", json!(format!("021-6{:07}", dice.between(0, 9_999_999)))),
        ("address", json!(people::address(&mut dice, &district.title))),
        ("procurement", json!(if operator.city_procured { "city" } else { "district" })),
        ("district", json!(district.code)),
        ("organisation", json!(plan.operator_id(index))),
    ]);
    founded(plan.office_id(index), values)
}

pub fn account(plan: &Plan, index: usize) -> LoadRecord {
    let (place, employer) = plan.post(index);
    let (code, desk) = match employer {
        Employer::Operator(at) => (plan.operators[at].code.as_str(), place),
        Employer::District(at) => (plan.districts[at].code.as_str(), place - ACCOUNTS_PER_OPERATOR),
    };
    let author = Author::at(plan, index);
    let phone = people::phone(&mut plan.dice(Kind::Post, index as u64));
    let values = object([
        ("account", json!(format!("{code}-desk{}", desk + 1))),
        ("name", json!(author.name)),
        ("phone", json!(phone)),
    ]);
    founded(author.id, values)
}

pub fn post(plan: &Plan, index: usize) -> LoadRecord {
    let (place, employer) = plan.post(index);
    let organisation = match employer {
        Employer::Operator(at) => plan.operator_id(at),
        Employer::District(at) => plan.district_id(at),
    };
    let (title, role) = POSTS[place];
    let values = object([
        ("account", json!(Author::at(plan, index).id)),
        ("organisation", json!(organisation)),
        ("title", json!(title)),
        ("roles", json!([role])),
    ]);
    founded(plan.id(Kind::Post, index, founding()), values)
}

fn founded(id: String, values: anju_runtime::records::Object) -> LoadRecord {
    LoadRecord { id, versions: vec![super::filling::version(founding(), &Author::founder(), values)] }
}
