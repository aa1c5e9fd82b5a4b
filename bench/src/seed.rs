//! Cases of three operators in all states, written through the platform's own door; always the same.

use anju::demo::{
    dice::Dice,
    directory::{Staff, object},
    people,
};
use anju_runtime::{
    Runtime,
    records::{Actor, Object},
};
use anyhow::Context;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::platform::CLERK;

pub const CASE: &str = "eligibility.case";

/// Each operator's clerk with the district it works in; the first is the one who is measured.
const OPERATORS: [(&str, &str); 3] =
    [(CLERK, "310115"), ("xuhui-clerk", "310104"), ("yangpu-clerk", "310110")];
/// Cases written in one transaction.
const BATCH: u32 = 250;

/// What the measured caseworker finds.
pub struct Seeded {
    /// Id of the operator's organisation.
    pub operator: String,
    /// The operator's cases.
    pub ids: Vec<String>,
    /// States that cases are in. Drafts are not among them: those are what creating adds.
    pub statuses: Vec<String>,
}

pub async fn fill(runtime: &Runtime, staff: &Staff, cases: u32) -> anyhow::Result<Seeded> {
    let statuses = statuses(runtime)?;
    let now = runtime.clock.now();
    let bytes = b"%PDF-1.7 sample".to_vec();
    let file = runtime.store.put_file(bytes, "sample.pdf", "application/pdf", "system", now).await?.id;
    let system = Actor::system("bench");
    let mut dice = Dice::new(11);
    let mut seeded =
        Seeded { operator: operator_of(staff, CLERK)?, ids: Vec::new(), statuses: statuses.clone() };
    for start in (0..cases).step_by(BATCH as usize) {
        let mut tx = runtime.store.begin().await?;
        for index in start..cases.min(start + BATCH) {
            let (clerk, district) = OPERATORS[index as usize % OPERATORS.len()];
            let mut input = application(&mut dice, runtime, district);
            let submitted = now - SignedDuration::from_mins(dice.between(60, 500_000));
            input.insert("operator".to_owned(), json!(operator_of(staff, clerk)?));
            input.insert("status".to_owned(), json!(dice.one_of(&statuses)));
            input.insert("submitted_at".to_owned(), json!(submitted.to_string()));
            input.insert("materials".to_owned(), materials(&file));
            let case = runtime.records.create(&mut tx, &system, CASE, input, None).await?;
            if clerk == CLERK {
                seeded.ids.push(case.id);
            }
        }
        tx.commit().await?;
    }
    Ok(seeded)
}

/// A family of two or three who rent, as a clerk enters it.
pub fn application(dice: &mut Dice, runtime: &Runtime, district: &str) -> Object {
    let catalog = runtime.catalog.load_full();
    let year = i64::from(runtime.today().year());
    let adult = people::adult(dice, year, &["310101", "310104", "310110", "310115", "310112"]);
    let surname: String = adult.name.chars().take(1).collect();
    let members: Vec<Value> = (0..dice.between(1, 2))
        .map(|_| {
            let (name, id_no) = people::child(dice, year, district, &surname);
            json!({ "name": name, "relation": "child", "part": "co_resident", "id_no": id_no })
        })
        .collect();
    let address = people::address(dice, &people::district_title(&catalog, district));
    let rented = format!("{}.{:02}", dice.between(18, 65), dice.between(0, 99));
    object([
        ("channel", json!("counter")),
        ("procurement", json!("district")),
        ("applicant_name", json!(adult.name)),
        ("id_no", json!(adult.id_no)),
        ("phone", json!(people::phone(dice))),
        ("marital_status", json!("divorced")),
        ("registered_here", json!(true)),
        ("registered_address", json!(address)),
        ("district", json!(district)),
        ("subdistrict", people::subdistrict(dice, &catalog, district)),
        ("address", json!(address)),
        ("employer", json!(people::employer(dice))),
        ("contract_months", json!(36)),
        ("insurance_months", json!(dice.between(14, 120))),
        ("annual_income", json!(dice.between(60_000, 240_000) * 100)),
        ("members", Value::Array(members)),
        ("housings", json!([{ "address": address, "kind": "market_rented", "floor_area": rented }])),
    ])
}

fn materials(file: &str) -> Value {
    let kinds = [("identity", "身份证明"), ("employment", "劳动合同"), ("housing_proof", "住房情况证明")];
    kinds.iter().map(|(kind, title)| json!({ "kind": kind, "title": title, "file": file })).collect()
}

fn operator_of(staff: &Staff, clerk: &str) -> anyhow::Result<String> {
    let post = staff.actor(clerk)?.post.as_ref();
    Ok(post.with_context(|| format!("{clerk} has no post"))?.operator().to_owned())
}

fn statuses(runtime: &Runtime) -> anyhow::Result<Vec<String>> {
    let catalog = runtime.catalog.load();
    let dictionary = catalog.dictionary("eligibility.case_status").context("no states of a case")?;
    let codes = dictionary.items.iter().map(|item| item.code.clone());
    Ok(codes.filter(|code| !matches!(code.as_str(), "draft" | "deleted")).collect())
}
