//! The one way a request is served: seen, made to suffer its fault, read strictly, answered once for each
//! idempotency key, written down.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use serde_json::{Map, Value, json};

use crate::{
    Agency, Fault, id_number,
    journal::{Event, Person},
    world::{Office, Seen, World},
};

pub const BODY_BYTES_MAX: usize = 256 * 1024;
const KEY_LENGTH_MAX: usize = 200;
const HUGE_BYTES: usize = 2 * 1024 * 1024;

/// An answer in the agencies' own form other than success. HTTP stays 200, as these interfaces do.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub code: &'static str,
    pub msg: String,
}

impl Refusal {
    pub fn parameters(msg: impl Into<String>) -> Self {
        Self { code: "4001", msg: msg.into() }
    }
}

/// What a clerk answers, and what it is to be remembered.
pub struct Done {
    pub data: Value,
    pub events: Vec<Event>,
}

impl From<Value> for Done {
    fn from(data: Value) -> Self {
        Self { data, events: Vec::new() }
    }
}

/// The work of one interface. For GET the value holds the path's parameter as `number`.
pub type Work = fn(&Office<'_>, &Value) -> Result<Done, Refusal>;

/// An interface that takes a JSON body.
pub fn asks(agency: Agency, work: Work) -> MethodRouter<Arc<World>> {
    post(move |State(world): State<Arc<World>>, uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let parsed = serde_json::from_slice::<Value>(&body);
        let request = Request { agency, method: Method::POST, uri, key: idempotency_key(&headers) };
        attend(&world, request, parsed.map_err(|_| Refusal::parameters("请求报文不是合规的 JSON")), work)
            .await
    })
}

/// An interface that takes a number in its path.
pub fn looks_up(agency: Agency, work: Work) -> MethodRouter<Arc<World>> {
    get(move |State(world): State<Arc<World>>, uri: Uri, Path(number): Path<String>| async move {
        let request = Request { agency, method: Method::GET, uri, key: None };
        attend(&world, request, Ok(json!({ "number": number })), work).await
    })
}

struct Request {
    agency: Agency,
    method: Method,
    uri: Uri,
    key: Option<String>,
}

async fn attend(world: &World, request: Request, body: Result<Value, Refusal>, work: Work) -> Response {
    let (fault, delay_ms) = match note(world, &request, body.as_ref().unwrap_or(&Value::Null)) {
        Ok(noted) => noted,
        Err(broken) => return sandbox_failed(&broken),
    };
    tokio::time::sleep(std::time::Duration::from_millis(delay_ms)).await;
    if let Some(response) = suffer(world, fault).await {
        return response;
    }
    let answer = match body.and_then(|body| decide(world, &request, &body, work)) {
        Ok(answer) => answer,
        Err(refusal) => json!({ "code": refusal.code, "msg": refusal.msg }),
    };
    if fault == Some(Fault::LostAnswer) {
        tokio::time::sleep(world.options.hang).await;
    }
    axum::Json(answer).into_response()
}

fn note(world: &World, request: &Request, body: &Value) -> Result<(Option<Fault>, u64), crate::Error> {
    let at = world
        .options
        .clock
        .now()
        .to_zoned_datetime(anju_calendar::zone())
        .strftime("%FT%T%.3f%:z")
        .to_string();
    let mut inner = world.lock();
    let fault = inner.draw_fault(request.agency, world.options.seed)?;
    let number = inner.requests;
    inner.see(Seen {
        number,
        at,
        agency: request.agency,
        method: request.method.to_string(),
        path: request.uri.path().to_owned(),
        idempotency_key: request.key.clone(),
        body: body.clone(),
        fault,
    });
    let delay_ms = inner.books.behaviours.get(&request.agency).map_or(0, |behaviour| behaviour.delay_ms);
    Ok((fault, delay_ms))
}

/// Plays a fault that keeps the work from being done or answered properly.
async fn suffer(world: &World, fault: Option<Fault>) -> Option<Response> {
    match fault? {
        Fault::Timeout => {
            tokio::time::sleep(world.options.hang).await;
            Some(StatusCode::GATEWAY_TIMEOUT.into_response())
        }
        Fault::Slow => {
            tokio::time::sleep(world.options.slow).await;
            None
        }
        Fault::LostAnswer => None,
        Fault::Internal => {
            Some((StatusCode::INTERNAL_SERVER_ERROR, "java.lang.NullPointerException").into_response())
        }
        Fault::Unavailable => Some((StatusCode::SERVICE_UNAVAILABLE, "系统维护中").into_response()),
        Fault::Nonsense => Some(Html("<html><body>欢迎登录统一认证平台</body></html>").into_response()),
        Fault::WrongShape => {
            Some(axum::Json(json!({ "code": "0", "msg": "成功", "data": [[1, "?"], null] })).into_response())
        }
        Fault::Huge => {
            Some(axum::Json(json!({ "code": "0", "msg": "长".repeat(HUGE_BYTES / 3) })).into_response())
        }
        Fault::Redirect => Some((StatusCode::FOUND, [(header::LOCATION, "/control/log")]).into_response()),
    }
}

/// Does the work under one lock, so that a key repeated at the same moment has one effect.
fn decide(world: &World, request: &Request, body: &Value, work: Work) -> Result<Value, Refusal> {
    if request.key.as_ref().is_some_and(|key| key.is_empty() || key.len() > KEY_LENGTH_MAX) {
        return Err(Refusal::parameters("Idempotency-Key 长度不合规"));
    }
    let clock_ms = world.options.clock.now().as_millisecond();
    let mut inner = world.lock();
    let path = request.uri.path().to_owned();
    let slot = request.key.clone().map(|key| (path, key));
    if let Some(before) = slot.as_ref().and_then(|slot| inner.books.answered.get(slot)) {
        if before.body != *body {
            return Err(Refusal { code: "4009", msg: "Idempotency-Key 已用于不同的请求".to_owned() });
        }
        return Ok(before.answer.clone());
    }
    let office = Office {
        books: &inner.books,
        seed: world.options.seed,
        now_ms: clock_ms.saturating_add(inner.books.advanced_ms),
        day_ms: world.day_ms(),
    };
    let Done { data, mut events } = work(&office, body)?;
    let answer = json!({ "code": "0", "msg": "成功", "data": data });
    if let Some((path, key)) = slot {
        events.push(Event::Answered { path, key, body: body.clone(), answer: answer.clone() });
    }
    inner
        .record(events)
        .map_err(|broken| Refusal { code: "5000", msg: format!("沙箱无法保存：{broken}") })?;
    Ok(answer)
}

fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn sandbox_failed(broken: &crate::Error) -> Response {
    tracing::error!(%broken, "cannot write the data file");
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(json!({ "code": "5000", "msg": broken.to_string() })))
        .into_response()
}

pub async fn no_such_interface() -> Response {
    (StatusCode::NOT_FOUND, axum::Json(json!({ "code": "4040", "msg": "接口不存在" }))).into_response()
}

/// The body's fields; any that is not in `known` is refused by name.
pub fn fields<'a>(body: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, Refusal> {
    let map = body.as_object().ok_or_else(|| Refusal::parameters("请求报文应为 JSON 对象"))?;
    match map.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(Refusal::parameters(format!("未知参数：{unknown}"))),
        None => Ok(map),
    }
}

/// A text that must be there, at most `length_max` characters long.
pub fn text(map: &Map<String, Value>, name: &str, length_max: usize) -> Result<String, Refusal> {
    let text = map.get(name).and_then(Value::as_str).unwrap_or_default().trim();
    if text.is_empty() {
        return Err(Refusal::parameters(format!("缺少参数：{name}")));
    }
    if text.chars().count() > length_max {
        return Err(Refusal::parameters(format!("参数过长：{name}")));
    }
    Ok(text.to_owned())
}

/// A person with a valid identity number whose name does not contradict it.
pub fn person(office: &Office<'_>, body: &Value) -> Result<Person, Refusal> {
    let map = fields(body, &["id_no", "name"])?;
    let person = Person { id_no: text(map, "id_no", 18)?, name: text(map, "name", 100)? };
    if !id_number::is_valid(&person.id_no) {
        return Err(Refusal { code: "4002", msg: "证件号码不合规".to_owned() });
    }
    if !office.goes_by(&person) {
        return Err(Refusal { code: "4003", msg: "姓名与证件号码不一致".to_owned() });
    }
    Ok(person)
}
