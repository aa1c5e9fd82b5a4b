use std::collections::HashSet;

use anju_runtime::{
    Command, CommandContext, CommandOutcome,
    process::{Error, Result},
    records::{Object, Record},
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    area::Area,
    case::{VERIFICATION, equals, find, integer},
};

/// Floor area of public housing is its living area times this, in hundredths (上海市公房居住面积换算系数).
const LIVING_AREA_FACTOR_PERCENT: i64 = 154;

const ADMISSION: &str = "eligibility.public_rental_admission";

/// What an answer says, in the words of the result sheet.
pub struct Findings {
    pub summary: String,
    pub area: Area,
    /// The part of the answer that is kept.
    pub facts: Value,
}

impl Findings {
    /// Reads the answer of a source: the agency's envelope, or a batch result with one person.
    pub fn read(source: &str, answer: &Value) -> Self {
        let data = answer.get("data").unwrap_or(answer);
        let facts = data["results"].get(0).unwrap_or(data).clone();
        match source {
            "marriage" => Self {
                summary: facts["status"].as_str().unwrap_or("未查到").to_owned(),
                area: Area::default(),
                facts,
            },
            "social_insurance" => Self {
                summary: format!("连续缴纳 {} 个月", facts["months_continuous"].as_i64().unwrap_or_default()),
                area: Area::default(),
                facts,
            },
            _ => Self::housing(source, facts),
        }
    }

    fn housing(source: &str, facts: Value) -> Self {
        let dwellings = dwellings(source, &facts);
        let area: Area = dwellings.iter().map(|dwelling| dwelling.area).sum();
        let summary = match dwellings.len() {
            0 => "未查到住房".to_owned(),
            count => format!("查到住房 {count} 处"),
        };
        Self { summary, area, facts }
    }
}

struct Dwelling {
    /// Certificate number, so that a flat two of the family own together counts once.
    number: String,
    area: Area,
}

fn dwellings(source: &str, facts: &Value) -> Vec<Dwelling> {
    let (list, percent) = match source {
        "public_housing" => ("dwellings", LIVING_AREA_FACTOR_PERCENT),
        _ => ("properties", 100),
    };
    let rows = facts[list].as_array().map_or(&[][..], Vec::as_slice);
    rows.iter()
        .filter_map(|row| {
            let area = Area::parse(&row["area"])?;
            let number = row["certificate_no"].as_str().unwrap_or_default().to_owned();
            Some(Dwelling { number, area: Area((area.0 * percent + 50) / 100) })
        })
        .collect()
}

/// Adds the answers up, computes floor area per person, judges the admission conditions and proposes the
/// result of each check (M032). The caseworker confirms.
pub struct ConcludeVerification;

#[async_trait]
impl Command for ConcludeVerification {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome> {
        let case = context.record().await?;
        let rows = find(context, VERIFICATION, equals("case", case.id.clone())).await?;
        let round = rows.iter().map(|row| integer(row, "round")).max().unwrap_or_default();
        let rows: Vec<Record> = rows.into_iter().filter(|row| integer(row, "round") == round).collect();
        let verified = verified_area(&rows);
        let declared = Area::parse(case.get("declared_area")).unwrap_or_default();
        let per_capita = verified.max(declared).per_person(integer(&case, "household_size"));
        let input = admission_input(context, &case, per_capita)?;
        let outcome = context
            .runtime
            .decisions()
            .decide(ADMISSION, &input)
            .map_err(|error| Error::Internal(error.to_string()))?;
        let detail = json!({ "input": input, "result": outcome.result, "rows": outcome.rows, "version": outcome.version });
        let housing = all_answered(&rows, &["registry_realtime", "registry_batch", "public_housing"])
            .then(|| per_capita < Area(1500));
        let condition = outcome.result["condition"].as_str().filter(|text| !text.is_empty());
        context
            .set([
                ("verified_area", verified.to_value()),
                ("per_capita_area", per_capita.to_value()),
                ("housing_check", check(housing)),
                ("marriage_check", check(marriage_matches(&case, &rows))),
                ("insurance_check", insurance(&case, &rows)),
                ("decision_passed", outcome.result["passed"].clone()),
                ("decision_reason", outcome.result["reason"].clone()),
                ("decision_detail", detail),
                ("admission_condition", condition.map_or(Value::Null, |text| json!(text))),
            ])
            .await?;
        CommandOutcome::done()
    }
}

/// Proposed result; nothing is proposed where an answer is missing.
fn check(passed: Option<bool>) -> Value {
    match passed {
        Some(true) => json!("passed"),
        Some(false) => json!("failed"),
        None => Value::Null,
    }
}

fn verified_area(rows: &[Record]) -> Area {
    let mut counted = HashSet::new();
    rows.iter()
        .flat_map(|row| dwellings(row.text("source").unwrap_or_default(), row.get("answer")))
        .filter(|dwelling| dwelling.number.is_empty() || counted.insert(dwelling.number.clone()))
        .map(|dwelling| dwelling.area)
        .sum()
}

fn all_answered(rows: &[Record], sources: &[&str]) -> bool {
    rows.iter()
        .filter(|row| row.text("source").is_some_and(|source| sources.contains(&source)))
        .all(|row| row.text("state") == Some("answered"))
}

fn answer_of<'r>(rows: &'r [Record], source: &str) -> Option<&'r Value> {
    rows.iter()
        .find(|row| row.text("source") == Some(source) && row.text("state") == Some("answered"))
        .map(|row| row.get("answer"))
}

fn marriage_matches(case: &Record, rows: &[Record]) -> Option<bool> {
    let found = answer_of(rows, "marriage")?["status"].as_str()?;
    Some(match case.text("marital_status") {
        Some("married") => found == "已婚",
        Some("divorced") => found == "离异",
        // The register does not know deaths: a widowed person's last entry is the marriage.
        Some("widowed") => found == "已婚" || found == "丧偶",
        _ => found == "未婚",
    })
}

/// Registered households need no insurance check (M026); others twelve months without a gap.
fn insurance(case: &Record, rows: &[Record]) -> Value {
    if case.get("registered_here") == &json!(true) {
        return json!("none");
    }
    let months = answer_of(rows, "social_insurance").and_then(|answer| answer["months_continuous"].as_i64());
    check(months.map(|months| months >= 12))
}

/// Input of the admission decision: the declared facts, and the verified area.
fn admission_input(context: &CommandContext<'_>, case: &Record, per_capita: Area) -> Result<Value> {
    let today = context.runtime.today();
    let age =
        case.text("birth_date").and_then(|date| date.parse::<jiff::civil::Date>().ok()).map_or(0, |born| {
            i64::from(today.year() - born.year())
                - i64::from((today.month(), today.day()) < (born.month(), born.day()))
        });
    // Exact: a JSON number is read by its decimal text.
    let area: serde_json::Number = per_capita
        .to_value()
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::Internal("an area is a decimal".to_owned()))?;
    Ok(json!({
        "age": age,
        "per_capita_area": area,
        "registered_here": case.get("registered_here") == &json!(true),
        "residence_permit": case.get("residence_permit") == &json!(true),
        "insurance_months": integer(case, "insurance_months"),
        "contract_months": integer(case, "contract_months"),
        "other_housing": case.get("other_housing") == &json!(true),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m032_a_batch_result_is_read_like_an_immediate_one() {
        let property = json!({ "certificate_no": "A1", "area": "56.30" });
        let at_once = json!({ "code": "0", "data": { "properties": [property] } });
        let batch =
            json!({ "code": "0", "data": { "state": "已完成", "results": [{ "properties": [property] }] } });
        for (source, answer) in [("registry_realtime", at_once), ("registry_batch", batch)] {
            let findings = Findings::read(source, &answer);
            assert_eq!(findings.area, Area(5630));
            assert_eq!(findings.summary, "查到住房 1 处");
        }
    }

    #[test]
    fn m032_living_area_of_public_housing_is_converted() {
        let answer = json!({ "data": { "dwellings": [{ "certificate_no": "B1", "area": "10.00" }] } });
        assert_eq!(Findings::read("public_housing", &answer).area, Area(1540));
    }
}
