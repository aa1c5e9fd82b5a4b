//! The sandbox over real HTTP, as the platform and the demonstration use it.

use std::{path::Path, sync::Arc, time::Duration};

use anju_agencies::Options;
use anju_calendar::ManualClock;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

const ZHANG: &str = "11010519491231002X";

struct Sandbox {
    base: String,
    client: Client,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sandbox {
    async fn open(data: Option<&Path>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let options = Options {
            data: data.map(Path::to_owned),
            day: Duration::from_secs(86_400),
            hang: Duration::from_secs(30),
            slow: Duration::from_millis(20),
            clock: Arc::new(ManualClock::at("2026-03-02T01:00:00Z".parse().expect("a time"))),
            ..Options::default()
        };
        let task =
            tokio::spawn(async move { anju_agencies::serve(listener, options).await.expect("serves") });
        Self { base, client: Client::new(), task }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.post_keyed(path, body, None).await.1
    }

    async fn post_keyed(&self, path: &str, body: Value, key: Option<&str>) -> (StatusCode, Value) {
        let mut request = self.client.post(format!("{}{path}", self.base)).json(&body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        self.client
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }

    async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response =
            self.client.put(format!("{}{path}", self.base)).json(&body).send().await.expect("an answer");
        (response.status(), response.json().await.expect("JSON"))
    }
}

fn zhang() -> Value {
    json!({ "id_no": ZHANG, "name": "张三" })
}

#[tokio::test]
async fn every_valid_number_gets_the_same_plausible_answers_each_time() {
    let sandbox = Sandbox::open(None).await;
    for (path, fact) in [
        ("/registry/realtime", "properties"),
        ("/public-housing/check", "dwellings"),
        ("/resettlement/check", "settlements"),
        ("/marriage/query", "status"),
        ("/social-insurance/query", "months_paid"),
    ] {
        let first = sandbox.post(path, zhang()).await;
        assert_eq!(first["code"], "0", "{path}: {first}");
        assert_eq!(first["data"]["id_no"], ZHANG);
        assert!(first["data"].get(fact).is_some(), "{path}: {first}");
        assert_eq!(sandbox.post(path, zhang()).await, first);
    }
}

#[tokio::test]
async fn what_the_control_interface_sets_is_answered_and_the_rest_stays_derived() {
    let sandbox = Sandbox::open(None).await;
    let derived = sandbox.post("/marriage/query", zhang()).await;
    let flat = json!({ "certificate_no": "沪（2019）静字不动产权第000001号", "address": "上海市静安区大宁路100弄1号101室", "area": "56.30" });
    let path = format!("/control/persons/{ZHANG}");
    let (status, _) =
        sandbox.put(&path, json!({ "name": "张三", "registry": { "properties": [flat] } })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(sandbox.post("/registry/realtime", zhang()).await["data"]["properties"][0]["area"], "56.30");
    assert_eq!(sandbox.post("/marriage/query", zhang()).await, derived);
    let other_name = sandbox.post("/registry/realtime", json!({ "id_no": ZHANG, "name": "李四" })).await;
    assert_eq!(other_name, json!({ "code": "4003", "msg": "姓名与证件号码不一致" }));
}

#[tokio::test]
async fn requests_out_of_form_are_refused_by_name() {
    let sandbox = Sandbox::open(None).await;
    let unknown =
        sandbox.post("/registry/realtime", json!({ "id_no": ZHANG, "name": "张三", "age": 1 })).await;
    assert_eq!(unknown, json!({ "code": "4001", "msg": "未知参数：age" }));
    let wrong_number =
        sandbox.post("/marriage/query", json!({ "id_no": "110105194912310021", "name": "张三" })).await;
    assert_eq!(wrong_number, json!({ "code": "4002", "msg": "证件号码不合规" }));
    let missing = sandbox.post("/social-insurance/query", json!({ "id_no": ZHANG })).await;
    assert_eq!(missing["msg"], "缺少参数：name");
    let phone = sandbox.post("/sms/send", json!({ "phone": "12", "text": "您好" })).await;
    assert_eq!(phone["code"], "4005");
    let receipt = sandbox.get("/registry/batch/DJ0").await;
    assert_eq!(receipt["code"], "4004");
    assert_eq!(sandbox.get("/nowhere").await["code"], "4040");
    let (status, _) = sandbox.put("/control/behaviour/registry", json!({ "next": ["explode"] })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_batch_is_answered_the_next_day_and_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::open(Some(folder.path())).await;
    let accepted = sandbox.post("/registry/batch", json!({ "persons": [zhang()] })).await;
    let path = format!("/registry/batch/{}", accepted["data"]["receipt"].as_str().expect("a receipt"));
    assert_eq!(sandbox.get(&path).await["data"]["state"], "处理中");
    sandbox.post("/control/clock/advance", json!({ "hours": 23 })).await;
    assert_eq!(sandbox.get(&path).await["data"]["state"], "处理中");
    drop(sandbox);

    let sandbox = Sandbox::open(Some(folder.path())).await;
    assert_eq!(sandbox.get(&path).await["data"]["state"], "处理中");
    sandbox.post("/control/clock/advance", json!({ "hours": 1 })).await;
    let done = sandbox.get(&path).await;
    assert_eq!(done["data"]["state"], "已完成");
    assert_eq!(done["data"]["results"][0]["id_no"], ZHANG);
    let other_agency = path.replace("registry", "public-housing");
    assert_eq!(sandbox.get(&other_agency).await["code"], "4004");
}

#[tokio::test]
async fn a_repeated_key_sends_one_message_even_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = json!({ "phone": "13800000001", "text": "【安居】您的申请已受理" });
    let sandbox = Sandbox::open(Some(folder.path())).await;
    let (_, first) = sandbox.post_keyed("/sms/send", message.clone(), Some("k1")).await;
    drop(sandbox);
    let sandbox = Sandbox::open(Some(folder.path())).await;
    let (_, again) = sandbox.post_keyed("/sms/send", message, Some("k1")).await;
    assert_eq!(first, again);
    let (_, other) =
        sandbox.post_keyed("/sms/send", json!({ "phone": "13800000001", "text": "别的" }), Some("k1")).await;
    assert_eq!(other["code"], "4009");
    assert_eq!(sandbox.get("/control/sms").await["messages"].as_array().map(Vec::len), Some(1));

    let path = format!("/sms/{}", first["data"]["id"].as_str().expect("an id"));
    assert_eq!(sandbox.get(&path).await["data"]["state"], "已提交");
    sandbox.post("/control/clock/advance", json!({ "hours": 1 })).await;
    assert_eq!(sandbox.get(&path).await["data"]["state"], "已送达");
}

#[tokio::test]
async fn queued_faults_strike_one_request_each() {
    let sandbox = Sandbox::open(None).await;
    let faults = json!({ "next": ["500", "nonsense", "wrong_shape", "redirect", "slow"] });
    assert_eq!(sandbox.put("/control/behaviour/registry", faults).await.0, StatusCode::OK);
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let ask = || client.post(format!("{}/registry/realtime", sandbox.base)).json(&zhang()).send();
    assert_eq!(ask().await.expect("an answer").status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(ask().await.expect("an answer").text().await.expect("text").starts_with("<html>"));
    assert!(ask().await.expect("an answer").json::<Value>().await.expect("JSON")["data"].is_array());
    assert_eq!(ask().await.expect("an answer").status(), StatusCode::FOUND);
    assert_eq!(ask().await.expect("an answer").json::<Value>().await.expect("JSON")["code"], "0");
    assert_eq!(sandbox.post("/registry/realtime", zhang()).await["code"], "0");
    let log = sandbox.get("/control/log?agency=registry").await;
    assert_eq!(log["requests"].as_array().map(Vec::len), Some(6));
    assert_eq!(log["requests"][0]["fault"], "500");
}

#[tokio::test]
async fn a_lost_answer_has_had_its_effect() {
    let sandbox = Sandbox::open(None).await;
    sandbox.put("/control/behaviour/sms", json!({ "next": ["lost_answer"] })).await;
    let message = json!({ "phone": "13800000001", "text": "您好" });
    let request = sandbox
        .client
        .post(format!("{}/sms/send", sandbox.base))
        .header("Idempotency-Key", "k1")
        .json(&message);
    let lost = request.timeout(Duration::from_millis(300)).send().await;
    assert!(lost.is_err_and(|error| error.is_timeout()));
    assert_eq!(sandbox.post_keyed("/sms/send", message, Some("k1")).await.1["code"], "0");
    assert_eq!(sandbox.get("/control/sms").await["messages"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_agency_that_is_down_comes_back_and_a_reset_forgets_all() {
    let sandbox = Sandbox::open(None).await;
    sandbox.put("/control/behaviour/marriage", json!({ "down": true })).await;
    assert_eq!(sandbox.post_keyed("/marriage/query", zhang(), None).await.0, StatusCode::SERVICE_UNAVAILABLE);
    sandbox.put("/control/behaviour/marriage", json!({ "fail_rate": 1.0 })).await;
    assert_eq!(
        sandbox.post_keyed("/marriage/query", zhang(), None).await.0,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    sandbox.post("/control/reset", json!({})).await;
    assert_eq!(sandbox.post("/marriage/query", zhang()).await["code"], "0");
    assert_eq!(sandbox.get("/control/log").await["requests"].as_array().map(Vec::len), Some(1));
}
