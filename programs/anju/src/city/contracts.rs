//! Contracts, from their draft to their end.

use anju_runtime::records::LoadRecord;
use serde_json::json;

use super::{
    cases::case_id,
    filling::version,
    household::applicant,
    leases::{Lease, Stage},
    organisations::Author,
    plan::{Kind, Plan},
    stock::Unit,
    time::Day,
};
use crate::demo::directory::object;

const REASONS: [&str; 4] = ["工作变动离沪", "自行购房", "单位提供宿舍", "家庭原因"];

/// The day on which an ended contract ended: when it ran out, or when the household left before.
pub fn ended_on(plan: &Plan, lease: &Lease) -> Day {
    let mut dice = plan.dice(Kind::Contract, lease.case as u64);
    let days = lease.to.0 - lease.signed.0;
    if dice.percent(35) { lease.signed.plus(dice.between(days / 3, days - 1)) } else { lease.to.plus(1) }
}

pub fn contract(plan: &Plan, index: usize) -> LoadRecord {
    let lease = &plan.leases[index];
    let unit = Unit::of(plan, lease.unit);
    let tenant = applicant(plan, lease.case);
    let mut dice = plan.dice(Kind::Contract, (lease.case as u64) | (1 << 61));
    let operator = unit.project.operator;
    let (clerk, manager) = (Author::of_operator(plan, operator, 0), Author::of_operator(plan, operator, 2));
    let district = &plan.districts[unit.project.district];
    let drafted = lease.signed.plus(-2).at(dice.between(9 * 60, 17 * 60));
    let number = format!("HT{}{}{:06}", district.code, lease.signed.year(), lease.number);
    let values = object([
        ("contract_no", json!(number)),
        ("case", json!(case_id(plan, lease.case))),
        ("unit", json!(unit.id)),
        ("district", json!(district.code)),
        ("subdistrict", json!(unit.project.subdistrict)),
        ("operator", json!(plan.operator_id(operator))),
        ("tenant_name", json!(tenant.name)),
        ("id_no", json!(tenant.id_no)),
        ("phone", json!(tenant.phone)),
        ("from", json!(lease.signed.text())),
        ("to", json!(lease.to.text())),
        ("monthly_rent", json!(unit.rent)),
        ("deposit", json!(unit.rent)),
        ("rent_cycle", json!(if dice.percent(80) { "monthly" } else { "quarterly" })),
    ]);
    let id = plan.id(Kind::Contract, index, drafted);
    let mut versions = vec![version(drafted, &clerk, values)];
    if lease.stage == Stage::Open {
        if dice.percent(50) {
            let sent = object([("state", json!("awaiting_tenant"))]);
            versions.push(version(lease.signed.plus(-1).at(600), &clerk, sent));
        }
        return LoadRecord { id, versions };
    }
    let signed = object([("state", json!("signed")), ("signed_on", json!(lease.signed.text()))]);
    versions.push(version(lease.signed.at(10 * 60), &clerk, signed));
    let filed_on = lease.signed.plus(dice.between(1, 12));
    if filed_on <= Day::last() {
        let filed = object([("state", json!("filed")), ("filed_on", json!(filed_on.text()))]);
        versions.push(version(filed_on.at(14 * 60), &manager, filed));
    }
    if lease.stage == Stage::Ended {
        let end = ended_on(plan, lease);
        let (state, reason) = match end > lease.to {
            true => ("expired", "合同到期"),
            false => ("surrendered", *dice.one_of(&REASONS)),
        };
        let ended = [("state", json!(state)), ("ended_on", json!(end.text())), ("end_reason", json!(reason))];
        versions.push(version(end.at(16 * 60), &clerk, object(ended)));
    }
    LoadRecord { id, versions }
}
