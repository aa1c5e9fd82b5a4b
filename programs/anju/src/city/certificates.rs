//! Certificates of those admitted.

use anju_runtime::records::LoadRecord;
use serde_json::json;

use super::{
    cases::{Outcome, admitted_on, case_id},
    filling::version,
    household::{applicant, member_count},
    organisations::Author,
    plan::{Kind, Plan},
    time::Day,
};
use crate::demo::directory::object;

/// Years for which a certificate is valid.
const VALID_YEARS: i64 = 2;

/// The last day on which the certificate is valid.
pub fn valid_to(admitted: Day) -> Day {
    admitted.plus_years(VALID_YEARS).plus(-1)
}

/// The number of an admitted case's certificate.
pub fn certificate_no(plan: &Plan, case: usize) -> Option<String> {
    let at = plan.admitted.binary_search_by_key(&case, |(admitted, _)| *admitted).ok()?;
    let district = &plan.districts[plan.district_of_case(case)];
    let year = admitted_on(plan, case)?.year();
    Some(format!("GZZ{}{year}{:06}", district.code, plan.admitted[at].1))
}

/// The certificate at a place in the list of those made on the platform.
pub fn certificate(plan: &Plan, index: usize) -> LoadRecord {
    let (case, _) = plan.certificates()[index];
    let holder = applicant(plan, case);
    let issued = admitted_on(plan, case).unwrap_or_else(Day::last);
    let issuer = Author::of_district(plan, plan.district_of_case(case), 1);
    let mut values = object([
        ("case", json!(case_id(plan, case))),
        ("housing_kind", json!("public_rental")),
        ("holder_name", json!(holder.name)),
        ("id_no", json!(holder.id_no)),
        ("household_size", json!(member_count(case) + 1)),
        ("district", json!(plan.districts[plan.district_of_case(case)].code)),
        ("operator", json!(plan.operator_id(holder.operator))),
        ("issued_on", json!(issued.text())),
        ("valid_from", json!(issued.text())),
        ("valid_to", json!(valid_to(issued).text())),
    ]);
    values.insert("number".to_owned(), json!(certificate_no(plan, case)));
    let created = issued.at(715);
    let mut versions = vec![version(created, &issuer, values)];
    let mut ends = |day: Day, state: &str| {
        if day <= Day::last() {
            versions.push(version(day.at(60), &issuer, object([("state", json!(state))])));
        }
    };
    match plan.outcome(case) {
        Outcome::GivenUp => ends(issued.plus(90), "revoked"),
        _ => ends(valid_to(issued).plus(1), "expired"),
    }
    LoadRecord { id: plan.id(Kind::Certificate, case, created), versions }
}
