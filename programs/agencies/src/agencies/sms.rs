//! The SMS channel: takes a message once for each idempotency key and reports its delivery one sandbox hour
//! later. Numbers that end in `0000` do not exist.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    Agency,
    desk::{Done, Refusal, asks, fields, looks_up, text},
    journal::Event,
    world::{Office, World},
};

const TEXT_LENGTH_MAX: usize = 500;
const HOURS_A_DAY: i64 = 24;

pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sms/send", asks(Agency::Sms, send))
        .route("/sms/{id}", looks_up(Agency::Sms, delivery))
}

fn send(office: &Office<'_>, body: &Value) -> Result<Done, Refusal> {
    let map = fields(body, &["phone", "text"])?;
    let (phone, text) = (text(map, "phone", 11)?, text(map, "text", TEXT_LENGTH_MAX)?);
    if phone.len() != 11 || !phone.starts_with('1') || !phone.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal { code: "4005", msg: "手机号码不合规".to_owned() });
    }
    let id = format!("DX{}{:06}", office.now_ms, office.books.sms.len() + 1);
    let sent = Event::SmsSent { id: id.clone(), at_ms: office.now_ms, phone, text };
    Ok(Done { data: json!({ "id": id, "state": "已提交" }), events: vec![sent] })
}

fn delivery(office: &Office<'_>, asked: &Value) -> Result<Done, Refusal> {
    let id = asked["number"].as_str().unwrap_or_default();
    let sms = office
        .books
        .sms
        .get(id)
        .ok_or_else(|| Refusal { code: "4004", msg: "短信编号不存在".to_owned() })?;
    let reported = office.now_ms >= sms.at_ms.saturating_add(office.day_ms / HOURS_A_DAY);
    let state = match (reported, sms.phone.ends_with("0000")) {
        (false, _) => "已提交",
        (true, false) => "已送达",
        (true, true) => "空号",
    };
    Ok(json!({ "id": id, "state": state }).into())
}
