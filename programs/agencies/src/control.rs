//! The control interface: sets what agencies answer and how they misbehave, moves their time, shows what they
//! were asked. It has no password; the sandbox listens on the loopback address unless told otherwise.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Agency, Behaviour, id_number,
    journal::Event,
    world::{Answers, Office, Seen, World},
};

const HOURS_MAX: i64 = 24 * 366 * 10;
const HOURS_A_DAY: i64 = 24;

type Shared = State<Arc<World>>;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/control/persons/{id_no}", put(set_person).get(show_person).delete(forget_person))
        .route("/control/behaviour/{agency}", put(set_behaviour).get(show_behaviour))
        .route("/control/clock/advance", post(advance_clock))
        .route("/control/log", get(show_log))
        .route("/control/sms", get(show_sms))
        .route("/control/reset", post(reset))
}

/// A request the control interface cannot follow.
struct Objection(StatusCode, String);

impl IntoResponse for Objection {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({ "code": "4001", "msg": self.1 }))).into_response()
    }
}

impl From<crate::Error> for Objection {
    fn from(broken: crate::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, broken.to_string())
    }
}

type Answer = Result<axum::Json<Value>, Objection>;

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Objection> {
    serde_json::from_slice(body)
        .map_err(|why| Objection(StatusCode::BAD_REQUEST, format!("报文不合规：{why}")))
}

fn known_id_no(id_no: String) -> Result<String, Objection> {
    match id_number::is_valid(&id_no) {
        true => Ok(id_no),
        false => Err(Objection(StatusCode::BAD_REQUEST, "证件号码不合规".to_owned())),
    }
}

fn named_agency(name: String) -> Result<Agency, Objection> {
    serde_json::from_value(Value::String(name))
        .map_err(|_| Objection(StatusCode::NOT_FOUND, "没有这个机构".to_owned()))
}

async fn set_person(State(world): Shared, Path(id_no): Path<String>, body: Bytes) -> Answer {
    let id_no = known_id_no(id_no)?;
    let answers: Answers = read(&body)?;
    let set = [
        &answers.registry,
        &answers.public_housing,
        &answers.resettlement,
        &answers.marriage,
        &answers.social_insurance,
    ];
    if set.into_iter().flatten().any(|answer| !answer.is_object()) {
        return Err(Objection(StatusCode::BAD_REQUEST, "各机构的答复应为 JSON 对象".to_owned()));
    }
    world.lock().record(vec![Event::PersonSet { id_no: id_no.clone(), answers: Box::new(answers) }])?;
    show_person(State(world), Path(id_no)).await
}

async fn show_person(State(world): Shared, Path(id_no): Path<String>) -> Answer {
    let id_no = known_id_no(id_no)?;
    let inner = world.lock();
    let office = Office { books: &inner.books, seed: world.options.seed, now_ms: 0, day_ms: 0 };
    Ok(axum::Json(json!({
        "id_no": id_no,
        "name": inner.books.persons.get(&id_no).and_then(|answers| answers.name.as_ref()),
        "registry": office.facts(Agency::Registry, &id_no),
        "public_housing": office.facts(Agency::PublicHousing, &id_no),
        "resettlement": office.facts(Agency::Resettlement, &id_no),
        "marriage": office.facts(Agency::Marriage, &id_no),
        "social_insurance": office.facts(Agency::SocialInsurance, &id_no),
    })))
}

async fn forget_person(State(world): Shared, Path(id_no): Path<String>) -> Answer {
    let id_no = known_id_no(id_no)?;
    world.lock().record(vec![Event::PersonForgotten { id_no }])?;
    Ok(axum::Json(json!({})))
}

async fn set_behaviour(State(world): Shared, Path(agency): Path<String>, body: Bytes) -> Answer {
    let agency = named_agency(agency)?;
    let behaviour: Behaviour = read(&body)?;
    if let Some(objection) = behaviour.objection() {
        return Err(Objection(StatusCode::BAD_REQUEST, objection));
    }
    let shown = json!(behaviour);
    world.lock().record(vec![Event::BehaviourSet { agency, behaviour }])?;
    Ok(axum::Json(shown))
}

async fn show_behaviour(State(world): Shared, Path(agency): Path<String>) -> Answer {
    let agency = named_agency(agency)?;
    let behaviour = world.lock().books.behaviours.get(&agency).cloned().unwrap_or_default();
    Ok(axum::Json(json!(behaviour)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    hours: i64,
}

/// Hours of the sandbox's day, which may be shorter than a real one.
async fn advance_clock(State(world): Shared, body: Bytes) -> Answer {
    let Advance { hours } = read(&body)?;
    if !(0..=HOURS_MAX).contains(&hours) {
        return Err(Objection(StatusCode::BAD_REQUEST, format!("hours 应在 0 与 {HOURS_MAX} 之间")));
    }
    let ms = hours.saturating_mul(world.day_ms()) / HOURS_A_DAY;
    world.lock().record(vec![Event::ClockAdvanced { ms }])?;
    Ok(axum::Json(json!({ "advanced_ms": ms })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFilter {
    agency: Option<Agency>,
}

async fn show_log(State(world): Shared, Query(filter): Query<LogFilter>) -> Answer {
    let inner = world.lock();
    let seen: Vec<&Seen> =
        inner.log.iter().filter(|seen| filter.agency.is_none_or(|agency| agency == seen.agency)).collect();
    Ok(axum::Json(json!({ "requests": seen })))
}

async fn show_sms(State(world): Shared) -> Answer {
    let inner = world.lock();
    let sent: Vec<Value> = inner
        .books
        .sms
        .iter()
        .map(|(id, sms)| json!({ "id": id, "phone": sms.phone, "text": sms.text }))
        .collect();
    Ok(axum::Json(json!({ "messages": sent })))
}

async fn reset(State(world): Shared) -> Answer {
    world.lock().reset()?;
    Ok(axum::Json(json!({})))
}
