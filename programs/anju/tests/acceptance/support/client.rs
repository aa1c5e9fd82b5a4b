use std::sync::Mutex;

use reqwest::{Method, StatusCode, header, multipart};
use serde_json::{Value, json};

/// What the server answered.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub body: Value,
    pub bytes: Vec<u8>,
}

impl Reply {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    /// Expects a problem with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        self.body
    }

    /// The message at a field of a problem.
    #[track_caller]
    pub fn error_at(&self, field: &str) -> String {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let found = errors.iter().find(|error| error["field"] == field);
        found.unwrap_or_else(|| panic!("no error at {field}: {} {}", self.status, self.body))["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

struct Session {
    cookie: String,
    csrf: String,
}

/// A browser's stand-in: keeps its cookie, sends the CSRF token, logs in anew when its session has ended.
pub struct Client {
    http: reqwest::Client,
    base: String,
    account: Option<(String, String)>,
    session: Mutex<Option<Session>>,
}

impl Client {
    pub fn public(base: &str) -> Self {
        Self { http: reqwest::Client::new(), base: base.to_owned(), account: None, session: Mutex::new(None) }
    }

    pub async fn log_in(base: &str, account: &str, password: &str) -> Self {
        let account = Some((account.to_owned(), password.to_owned()));
        let client = Self { account, ..Self::public(base) };
        client.open_session().await;
        client
    }

    async fn open_session(&self) {
        let Some((account, password)) = &self.account else { return };
        let body = json!({ "account": account, "password": password });
        let answer =
            self.http.post(format!("{}/api/session", self.base)).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{account} can log in");
        let cookie = answer.headers()[header::SET_COOKIE]
            .to_str()
            .expect("ASCII")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        let who: Value = answer.json().await.expect("JSON");
        let csrf = who["csrf"].as_str().expect("a CSRF token").to_owned();
        *self.session.lock().expect("no panic inside") = Some(Session { cookie, csrf });
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[("idempotency-key", key)]).await
    }

    pub async fn patch(&self, path: &str, version: i64, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body), &[("if-match", &version.to_string())]).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let reply = self.send_once(method.clone(), path, body.clone(), headers).await;
        if reply.status == StatusCode::UNAUTHORIZED && self.account.is_some() {
            self.open_session().await;
            return self.send_once(method, path, body, headers).await;
        }
        reply
    }

    async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = self.signed(self.http.request(method, format!("{}{path}", self.base)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        into_reply(request.send().await.expect("an answer")).await
    }

    /// Uploads a file as the part `file`.
    pub async fn upload(&self, path: &str, name: &str, bytes: Vec<u8>) -> Reply {
        self.upload_with(path, name, bytes, &[]).await
    }

    pub async fn upload_once(&self, path: &str, key: &str, name: &str, bytes: Vec<u8>) -> Reply {
        self.upload_with(path, name, bytes, &[("idempotency-key", key)]).await
    }

    async fn upload_with(&self, path: &str, name: &str, bytes: Vec<u8>, headers: &[(&str, &str)]) -> Reply {
        let reply = self.send_file(path, name, bytes.clone(), headers).await;
        if reply.status == StatusCode::UNAUTHORIZED && self.account.is_some() {
            self.open_session().await;
            return self.send_file(path, name, bytes, headers).await;
        }
        reply
    }

    async fn send_file(&self, path: &str, name: &str, bytes: Vec<u8>, headers: &[(&str, &str)]) -> Reply {
        let part = multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = multipart::Form::new().part("file", part);
        let mut request = self.signed(self.http.post(format!("{}{path}", self.base))).multipart(form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        into_reply(request.send().await.expect("an answer")).await
    }

    fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &*self.session.lock().expect("no panic inside") {
            Some(session) => {
                request.header(header::COOKIE, &session.cookie).header("x-csrf-token", &session.csrf)
            }
            None => request,
        }
    }

    /// Creates a record; its id.
    pub async fn create(&self, entity: &str, values: Value) -> String {
        let record = self.post(&format!("/api/records/{entity}"), values).await.ok();
        record["id"].as_str().expect("an id").to_owned()
    }

    pub async fn read(&self, entity: &str, id: &str) -> Value {
        self.get(&format!("/api/records/{entity}/{id}")).await.ok()
    }

    pub async fn find(&self, entity: &str, filter: Value) -> Vec<Value> {
        let query = json!({ "where": filter, "page": { "size": 100 } });
        let page = self.post(&format!("/api/records/{entity}/query"), query).await.ok();
        page["items"].as_array().expect("items").clone()
    }

    pub async fn act(&self, entity: &str, action: &str, id: &str, input: Value) -> Reply {
        let body = json!({ "ids": [id], "input": input });
        self.post(&format!("/api/records/{entity}/actions/{action}"), body).await
    }

    /// The caller's open tasks on a record.
    pub async fn tasks_on(&self, entity: &str, id: &str) -> Vec<Value> {
        let page = self.get(&format!("/api/tasks?box=todo&entity={entity}&record_id={id}")).await.ok();
        page["items"].as_array().expect("items").clone()
    }

    /// The caller's only open task on a record, at this step.
    pub async fn task_at(&self, entity: &str, id: &str, step: &str) -> String {
        let tasks = self.tasks_on(entity, id).await;
        let task = tasks.iter().find(|task| task["step"] == step);
        let task = task.unwrap_or_else(|| panic!("no task at {step}: {tasks:?}"));
        task["id"].as_str().expect("an id").to_owned()
    }

    /// Completes the caller's task on a record.
    pub async fn complete(&self, entity: &str, id: &str, step: &str, outcome: &str, data: Value) -> Reply {
        let task = self.task_at(entity, id, step).await;
        let body = json!({ "outcome": outcome, "opinion": "情况属实，按规定办理", "data": data });
        self.post(&format!("/api/tasks/{task}/complete"), body).await
    }
}

async fn into_reply(answer: reqwest::Response) -> Reply {
    let status = answer.status();
    let bytes = answer.bytes().await.expect("a whole body").to_vec();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Reply { status, body, bytes }
}
