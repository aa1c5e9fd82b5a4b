//! Cases: a household's application, as far as it got, with everything that was decided on the way.

use anju_runtime::records::{LoadRecord, LoadVersion, Object};
use serde_json::{Value, json};

use super::{
    certificates::{certificate_no, valid_to},
    filling::version,
    household::{Applicant, applicant, members},
    organisations::Author,
    plan::{Kind, Plan},
    time::Day,
};
use crate::demo::{dice::Dice, directory::object, people};

/// How a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Admitted,
    GivenUp,
    NotAccepted,
    PreliminaryFailed,
    SecondaryFailed,
    Withdrawn,
    Deleted,
}

impl Outcome {
    pub fn of(draw: i64) -> Self {
        match draw {
            0..65 => Self::Admitted,
            65..68 => Self::GivenUp,
            68..78 => Self::NotAccepted,
            78..87 => Self::PreliminaryFailed,
            87..93 => Self::SecondaryFailed,
            93..98 => Self::Withdrawn,
            _ => Self::Deleted,
        }
    }

    pub fn keeps_its_place(self) -> bool {
        self == Self::Admitted
    }
}

/// The days on which a case came from one hand to the next.
struct Steps {
    entered: Day,
    accepted: Day,
    verified: Day,
    local_notice: Day,
    online_notice: Day,
    admitted: Day,
}

impl Steps {
    fn of(plan: &Plan, case: usize) -> Self {
        let mut dice = plan.dice(Kind::CaseTimes, case as u64);
        let entered = plan.day_of_case(case);
        Self {
            entered,
            accepted: entered.plus(dice.between(1, 5)),
            verified: entered.plus(dice.between(6, 10)),
            local_notice: entered.plus(dice.between(19, 22)),
            online_notice: entered.plus(dice.between(38, 41)),
            admitted: entered.plus(dice.between(42, 48)),
        }
    }
}

/// The day of admission; none for those who were not, or not yet.
pub fn admitted_on(plan: &Plan, case: usize) -> Option<Day> {
    let admitted = matches!(plan.outcome(case), Outcome::Admitted | Outcome::GivenUp);
    let day = Steps::of(plan, case).admitted;
    (admitted && day <= Day::last()).then_some(day)
}

pub fn case_id(plan: &Plan, case: usize) -> String {
    plan.id(Kind::Case, case, plan.day_of_case(case).at(8 * 60))
}

pub fn case(plan: &Plan, case: usize) -> LoadRecord {
    let applicant = applicant(plan, case);
    let all = Course { plan, case, applicant: &applicant, steps: Steps::of(plan, case) }.versions();
    let last = Day::last().plus(1).at(0);
    let (mut versions, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|version| version.at < last);
    if plan.is_migrated(case) {
        condense(&mut versions);
    }
    if !left.is_empty() {
        put_under_way(&mut versions, &mut plan.dice(Kind::CaseTimes, (case as u64) | (1 << 62)));
    }
    LoadRecord { id: case_id(plan, case), versions }
}

/// Of a migrated case one knows how it began, how it was reviewed and how it ended.
fn condense(versions: &mut Vec<LoadVersion>) {
    while versions.len() > 3 {
        let earlier = versions.remove(1);
        let mut values = earlier.values;
        values.extend(std::mem::take(&mut versions[1].values));
        versions[1].values = values;
    }
}

/// A case that is not at its end stands at one of the desks between two steps.
fn put_under_way(versions: &mut [LoadVersion], dice: &mut Dice) {
    let desks: &[&str] = match versions.len() {
        1 => &["draft"],
        2 => &["pre_review", "acceptance", "supplement"],
        3 => &["verification", "verification_review"],
        4 => &["preliminary_review", "preliminary_confirm", "local_notice"],
        5 => &["secondary_review", "secondary_confirm", "online_notice"],
        6 => &["online_notice_confirm", "admission"],
        // Admitted; whether the family gives its place up is still to come.
        _ => return,
    };
    if let Some(last) = versions.last_mut() {
        last.values.insert("status".to_owned(), json!(dice.one_of(desks)));
    }
}

/// The course of one case.
struct Course<'a> {
    plan: &'a Plan,
    case: usize,
    applicant: &'a Applicant,
    steps: Steps,
}

impl Course<'_> {
    /// Every step up to its end, whether or not there has been time for it.
    fn versions(&self) -> Vec<LoadVersion> {
        let outcome = self.plan.outcome(self.case);
        let steps = &self.steps;
        let entered = steps.entered.at(self.dice(1).between(9 * 60, 16 * 60));
        let submitted_at = entered + jiff::SignedDuration::from_mins(self.dice(2).between(2, 45));
        let mut versions = vec![self.by_clerk(entered, self.application())];
        versions.push(self.by_clerk(
            submitted_at,
            object([
                ("status", json!("pre_review")),
                ("submitted_at", json!(submitted_at.to_string())),
                ("intake_office", json!(self.plan.office_id(self.applicant.operator))),
            ]),
        ));
        match outcome {
            Outcome::NotAccepted => {
                versions.push(
                    self.by_clerk(steps.accepted.at(630), self.refused("not_accepted", steps.accepted)),
                );
                return versions;
            }
            Outcome::Withdrawn | Outcome::Deleted => {
                let status = if outcome == Outcome::Withdrawn { "withdrawn" } else { "deleted" };
                let values = [("status", json!(status)), ("closed_on", json!(steps.accepted.text()))];
                versions.push(self.by_clerk(steps.accepted.at(640), object(values)));
                return versions;
            }
            _ => {}
        }
        let accepted = [
            ("status", json!("verification")),
            ("accepted_on", json!(steps.accepted.text())),
            ("due_on", json!(steps.accepted.plus(60).text())),
        ];
        versions.push(self.by_clerk(steps.accepted.at(650), object(accepted)));
        versions.push(self.by_reviewer(steps.verified.at(660), self.verified(outcome)));
        if outcome == Outcome::PreliminaryFailed {
            let day = steps.verified.plus(2);
            versions.push(self.by_manager(day.at(670), self.refused("preliminary_failed", day)));
            return versions;
        }
        versions.push(self.by_reviewer(
            steps.local_notice.at(680),
            self.noticed("local", "secondary_review", steps.local_notice, 7),
        ));
        if outcome == Outcome::SecondaryFailed {
            let day = steps.local_notice.plus(5);
            versions.push(self.by_district(day.at(690), self.refused("secondary_failed", day)));
            return versions;
        }
        versions.push(self.by_district(
            steps.online_notice.at(700),
            self.noticed("online", "admission", steps.online_notice, 10),
        ));
        versions.push(self.by_district(steps.admitted.at(710), self.admitted()));
        if outcome == Outcome::GivenUp {
            let values = [("status", json!("given_up")), ("remark", json!("家庭已自行解决住房"))];
            versions.push(self.by_clerk(steps.admitted.plus(90).at(720), object(values)));
        }
        versions
    }

    fn application(&self) -> Object {
        let (plan, applicant) = (self.plan, self.applicant);
        let mut dice = self.dice(3);
        let (district, number) = plan.year[self.case % plan.size.cases_a_year()];
        let district = &plan.districts[district];
        let members = members(plan, self.case, applicant);
        let housings = self.housings(&mut dice);
        let declared = housings.first().map_or(json!("0.00"), |housing| housing["floor_area"].clone());
        let married = members.iter().any(|member| member["relation"] == "spouse");
        let operator = &plan.operators[applicant.operator];
        let channel = *dice.one_of(&["counter", "counter", "counter", "one_stop", "mobile", "mobile"]);
        let birth = &applicant.id_no[6..14];
        let mut values = object([
            ("case_no", json!(format!("GZ{}{}{number:06}", district.code, plan.year_of_case(self.case)))),
            ("channel", json!(channel)),
            ("procurement", json!(if operator.city_procured { "city" } else { "district" })),
            ("case_kind", json!(if dice.percent(85) { "new" } else { "renewal" })),
            ("applicant_name", json!(applicant.name)),
            ("id_no", json!(applicant.id_no)),
            ("birth_date", json!(format!("{}-{}-{}", &birth[..4], &birth[4..6], &birth[6..]))),
            ("phone", json!(applicant.phone)),
            ("marital_status", json!(if married { "married" } else { "single" })),
            ("registered_here", json!(applicant.born_here)),
            ("residence_permit", json!(!applicant.born_here)),
            ("district", json!(district.code)),
            ("subdistrict", json!(applicant.subdistrict)),
            ("address", json!(applicant.address)),
            ("employer", json!(people::employer(&mut dice))),
            ("contract_months", json!(dice.one_of(&[24, 36, 36, 60]))),
            ("insurance_months", json!(dice.between(14, 120))),
            ("household_size", json!(members.len() + 1)),
            ("declared_area", declared),
            ("operator", json!(plan.operator_id(applicant.operator))),
        ]);
        if dice.percent(33) {
            values.insert("annual_income".to_owned(), json!(dice.between(60_000, 240_000) * 100));
        }
        values.insert("members".to_owned(), Value::Array(members));
        values.insert("housings".to_owned(), Value::Array(housings));
        values
    }

    /// One family in five owns something already.
    fn housings(&self, dice: &mut Dice) -> Vec<Value> {
        if !dice.percent(20) {
            return Vec::new();
        }
        let id = self.plan.id(Kind::Housing, self.case, self.plan.day_of_case(self.case).at(8 * 60));
        let area = format!("{}.{:02}", dice.between(12, 30), dice.between(0, 99));
        vec![json!({ "id": id, "address": self.applicant.address, "kind": "owned", "floor_area": area })]
    }

    fn verified(&self, outcome: Outcome) -> Object {
        let passed = outcome != Outcome::PreliminaryFailed;
        let check = if passed { "passed" } else { "failed" };
        let area = if passed { self.dice(4).between(0, 1_499) } else { self.dice(4).between(1_500, 4_000) };
        let per_head = format!("{}.{:02}", area / 100, area % 100);
        object([
            ("status", json!("preliminary_review")),
            ("per_capita_area", json!(per_head)),
            ("housing_check", json!(check)),
            ("decision_passed", json!(passed)),
        ])
    }

    fn noticed(&self, kind: &str, status: &str, to: Day, days: i64) -> Object {
        let mut values = object([("status", json!(status))]);
        values.insert(format!("{kind}_notice_from"), json!(to.plus(-days).text()));
        values.insert(format!("{kind}_notice_to"), json!(to.plus(-1).text()));
        values
    }

    fn admitted(&self) -> Object {
        let mut dice = self.dice(5);
        let day = self.steps.admitted;
        let condition = if self.applicant.born_here { "local_household" } else { "residence_permit" };
        let group = *dice.one_of(&["none", "none", "none", "low_income", "essential_worker", "young_talent"]);
        let mut values = object([
            ("status", json!("admitted")),
            ("admission_condition", json!(condition)),
            ("priority_group", json!(group)),
            ("valid_from", json!(day.text())),
            ("valid_to", json!(valid_to(day).text())),
            ("closed_on", json!(day.text())),
        ]);
        if let Some(number) = certificate_no(self.plan, self.case) {
            values.insert("certificate_no".to_owned(), json!(number));
        }
        values
    }

    fn refused(&self, status: &str, day: Day) -> Object {
        let (kind, reason) = *self.dice(6).one_of(&[
            ("material", "申请材料不齐全，通知后未补正"),
            ("housing", "人均住房建筑面积超过准入标准"),
            ("insurance", "社会保险连续缴纳月数不足"),
            ("employment", "劳动合同期限不符合要求"),
        ]);
        object([
            ("status", json!(status)),
            ("refusal_kind", json!(kind)),
            ("refusal_reason", json!(reason)),
            ("closed_on", json!(day.text())),
        ])
    }

    fn dice(&self, purpose: u64) -> Dice {
        self.plan.dice(Kind::Case, (self.case as u64) | purpose << 48)
    }

    fn by_clerk(&self, at: jiff::Timestamp, values: Object) -> LoadVersion {
        version(at, &Author::of_operator(self.plan, self.applicant.operator, 0), values)
    }

    fn by_reviewer(&self, at: jiff::Timestamp, values: Object) -> LoadVersion {
        version(at, &Author::of_operator(self.plan, self.applicant.operator, 1), values)
    }

    fn by_manager(&self, at: jiff::Timestamp, values: Object) -> LoadVersion {
        version(at, &Author::of_operator(self.plan, self.applicant.operator, 2), values)
    }

    fn by_district(&self, at: jiff::Timestamp, values: Object) -> LoadVersion {
        version(at, &Author::of_district(self.plan, self.plan.district_of_case(self.case), 0), values)
    }
}
