//! Logging in to the platform as somebody of the demonstration.

use std::net::SocketAddr;

use anju::demo::directory::PASSWORD;
use anyhow::Context;
use serde_json::{Value, json};

use crate::client::{Answer, Connection, request};

/// Where [`credentials`] go, by POST.
pub const PATH: &str = "/api/session";

pub fn credentials(account: &str) -> Value {
    json!({ "account": account, "password": PASSWORD })
}

/// The header lines of somebody who has just logged in.
pub fn headers(answer: &Answer<'_>) -> anyhow::Result<Vec<String>> {
    let who = answer.json(200)?;
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.context("no session cookie")?;
    let csrf = who["csrf"].as_str().context("no CSRF token")?;
    Ok(vec![format!("cookie: {cookie}"), format!("x-csrf-token: {csrf}")])
}

/// Logs somebody in; their header lines.
pub async fn sign_in(address: SocketAddr, account: &str) -> anyhow::Result<Vec<String>> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.send(&request("POST", PATH, &[], Some(&credentials(account)))).await?;
    headers(&answer).with_context(|| format!("{account} cannot log in"))
}
