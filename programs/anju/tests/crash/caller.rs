//! A caseworker's browser that insists: whatever happens to the connection or the server, it asks again with the same
//! key until it has an answer. Answers take their time on the way, and a kill meanwhile loses them: only so does it
//! happen often that something is done, but nobody hears of it.

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, StatusCode, header, multipart};
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

/// Longer than a restart takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(50);
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
const WAY_BACK: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct Session {
    cookie: String,
    csrf: String,
}

pub struct Caller {
    http: Client,
    base: String,
    account: &'static str,
    session: Mutex<Option<Session>>,
    line: Line,
}

/// What all callers share: the line to the server, and what is counted on it.
#[derive(Clone)]
pub struct Line {
    /// Kills so far.
    pub kills: watch::Receiver<u64>,
    /// Changes the callers know to be done.
    pub acknowledged: watch::Sender<u64>,
    /// Changes that were done, but whose answer was lost.
    pub unheard: watch::Sender<u64>,
}

struct Reply {
    status: StatusCode,
    bytes: Vec<u8>,
}

impl Caller {
    /// Counts its acknowledged requests in `acknowledged`.
    pub fn new(base: &str, account: &'static str, line: Line) -> Self {
        let http = Client::builder().timeout(ANSWERED_WITHIN).build().expect("a client");
        Self { http, base: base.to_owned(), account, session: Mutex::new(None), line }
    }

    /// The answer to a request that changes something, done once for the key.
    pub async fn post(&self, path: &str, key: &str, body: Value) -> Value {
        self.change(path, |http, url| http.post(url).header("idempotency-key", key).json(&body)).await
    }

    pub async fn upload(&self, path: &str, key: &str, name: &str, bytes: &[u8]) -> Value {
        let form = || {
            let part = multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
            multipart::Form::new().part("file", part)
        };
        self.change(path, |http, url| http.post(url).header("idempotency-key", key).multipart(form())).await
    }

    pub async fn query(&self, path: &str, body: Value) -> Value {
        self.insist(path, |http, url| http.post(url).json(&body)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.insist(path, |http, url| http.get(url)).await
    }

    pub async fn download(&self, path: &str) -> Vec<u8> {
        self.ask_until_answered(path, |http, url| http.get(url)).await.bytes
    }

    async fn change(&self, path: &str, ask: impl Fn(&Client, &str) -> RequestBuilder) -> Value {
        let kills = self.line.kills.clone();
        let answer = loop {
            let before = *kills.borrow();
            let answer = self.insist(path, &ask).await;
            tokio::time::sleep(WAY_BACK).await;
            if *kills.borrow() == before {
                break answer;
            }
            self.line.unheard.send_modify(|count| *count += 1);
        };
        self.line.acknowledged.send_modify(|count| *count += 1);
        answer
    }

    async fn insist(&self, path: &str, ask: impl Fn(&Client, &str) -> RequestBuilder) -> Value {
        let reply = self.ask_until_answered(path, ask).await;
        serde_json::from_slice(&reply.bytes).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// # Panics
    /// When the request is refused, or has no answer for long.
    async fn ask_until_answered(&self, path: &str, ask: impl Fn(&Client, &str) -> RequestBuilder) -> Reply {
        let (url, began) = (format!("{}{path}", self.base), Instant::now());
        loop {
            assert!(began.elapsed() < PATIENCE, "{} has no answer from {path}", self.account);
            let session = self.session().await;
            let request = ask(&self.http, &url)
                .header(header::COOKIE, &session.cookie)
                .header("x-csrf-token", &session.csrf);
            match send(request).await {
                Ok(Reply { status: StatusCode::UNAUTHORIZED, .. }) => self.forget(&session).await,
                Ok(Reply { status: StatusCode::SERVICE_UNAVAILABLE, .. }) | Err(_) => {
                    tokio::time::sleep(ASKED_AGAIN_AFTER).await;
                }
                Ok(reply) if reply.status.is_success() => return reply,
                Ok(Reply { status, bytes }) => {
                    panic!("{} {path}: {status} {}", self.account, String::from_utf8_lossy(&bytes));
                }
            }
        }
    }

    /// The session, opened by whoever needs it first.
    async fn session(&self) -> Session {
        let mut session = self.session.lock().await;
        if let Some(session) = &*session {
            return session.clone();
        }
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "{} cannot log in", self.account);
            if let Some(opened) = self.log_in().await {
                return session.insert(opened).clone();
            }
            tokio::time::sleep(ASKED_AGAIN_AFTER).await;
        }
    }

    async fn log_in(&self) -> Option<Session> {
        let body = json!({ "account": self.account, "password": anju::demo::PASSWORD });
        let request = self.http.post(format!("{}/api/session", self.base)).json(&body);
        let answer = request.send().await.ok().filter(|answer| answer.status().is_success())?;
        let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?.split(';').next()?.to_owned();
        let who: Value = answer.json().await.ok()?;
        Some(Session { cookie, csrf: who["csrf"].as_str()?.to_owned() })
    }

    /// Unless somebody has logged in anew already.
    async fn forget(&self, ended: &Session) {
        let mut session = self.session.lock().await;
        if session.as_ref().is_some_and(|session| session.cookie == ended.cookie) {
            *session = None;
        }
    }
}

/// A reply counts only when it has come whole.
async fn send(request: RequestBuilder) -> reqwest::Result<Reply> {
    let answer = request.send().await?;
    let status = answer.status();
    Ok(Reply { status, bytes: answer.bytes().await?.to_vec() })
}
