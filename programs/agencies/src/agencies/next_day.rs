//! Commissions that are accepted at once and answered one sandbox day later.

use serde_json::{Value, json};

use crate::{
    Agency,
    desk::{Done, Refusal, fields, person},
    journal::{Event, Person},
    world::Office,
};

const PERSONS_MAX: usize = 500;

/// Takes `{persons: [{id_no, name}]}` and gives `{receipt}`.
pub fn accept(office: &Office<'_>, agency: Agency, prefix: &str, body: &Value) -> Result<Done, Refusal> {
    let listed = fields(body, &["persons"])?.get("persons").and_then(Value::as_array);
    let listed =
        listed.filter(|list| !list.is_empty()).ok_or_else(|| Refusal::parameters("缺少参数：persons"))?;
    if listed.len() > PERSONS_MAX {
        return Err(Refusal::parameters(format!("每批最多 {PERSONS_MAX} 人")));
    }
    let persons: Vec<Person> = listed.iter().map(|one| person(office, one)).collect::<Result<_, _>>()?;
    let receipt = format!("{prefix}{}{:06}", office.now_ms, office.books.receipts.len() + 1);
    let accepted = Event::Accepted { agency, receipt: receipt.clone(), at_ms: office.now_ms, persons };
    Ok(Done { data: json!({ "receipt": receipt, "state": "处理中" }), events: vec![accepted] })
}

/// Gives `{receipt, state: 处理中}` until a day has passed, then `已完成` with `results`.
pub fn fetch(office: &Office<'_>, agency: Agency, asked: &Value) -> Result<Done, Refusal> {
    let number = asked["number"].as_str().unwrap_or_default();
    let receipt = office.books.receipts.get(number).filter(|receipt| receipt.agency == agency);
    let receipt = receipt.ok_or_else(|| Refusal { code: "4004", msg: "回执号不存在".to_owned() })?;
    if office.now_ms < receipt.at_ms.saturating_add(office.day_ms) {
        return Ok(json!({ "receipt": number, "state": "处理中" }).into());
    }
    let results: Vec<Value> = receipt.persons.iter().map(|person| about(office, agency, person)).collect();
    Ok(json!({ "receipt": number, "state": "已完成", "results": results }).into())
}

/// The person's identity, then what the agency holds.
pub fn about(office: &Office<'_>, agency: Agency, person: &Person) -> Value {
    let mut answer = json!({ "id_no": person.id_no, "name": person.name });
    if let (Some(answer), Value::Object(facts)) =
        (answer.as_object_mut(), office.facts(agency, &person.id_no))
    {
        answer.extend(facts);
    }
    answer
}
