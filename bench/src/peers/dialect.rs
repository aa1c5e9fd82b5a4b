//! How a system is spoken to: the same questions in each one's own API.

use anju_bench::client::{self, Answer};
use anyhow::Context;
use serde_json::Value;

use crate::tenancy::Tenancy;

/// A request before it is somebody's.
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
}

impl Ask {
    pub fn get(path: String) -> Self {
        Self { method: "GET", path, body: None }
    }

    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: "POST", path: path.into(), body: Some(body) }
    }

    /// As bytes, from somebody signed in.
    pub fn from(&self, session: &[String]) -> Vec<u8> {
        client::request(self.method, &self.path, session, self.body.as_ref())
    }
}

/// Which tenancies a list shows, the latest signed first. Absent: all that the caller may see.
#[derive(Default, Clone, Copy)]
pub struct Listing<'l> {
    pub state: Option<&'l str>,
    pub district: Option<&'l str>,
}

impl<'l> Listing<'l> {
    /// Fields that must have a value.
    pub fn filters(self) -> impl Iterator<Item = (&'static str, &'l str)> {
        let filters = [("state", self.state), ("district", self.district)];
        filters.into_iter().filter_map(|(field, value)| Some((field, value?)))
    }
}

/// One system's API.
pub trait Dialect: Sync {
    /// Columns to be indexed so that all have the indexes that the platform's definition asks for: the peers have no
    /// such thing in their interfaces.
    fn indexes_missing(&self) -> &'static [&'static str];
    fn log_in(&self, account: &str, password: &str) -> Ask;
    /// The header lines of somebody who has just logged in.
    fn session(&self, answer: &Answer<'_>) -> anyhow::Result<Vec<String>>;
    fn create_office(&self, name: &str) -> Ask;
    fn create(&self, row: &Tenancy, office: &Value) -> Ask;
    fn read(&self, id: &str) -> Ask;
    /// The first page.
    fn list(&self, listing: Listing<'_>) -> Ask;
    fn created_status(&self) -> u16;
    /// The record in the answer to a creation or a read.
    fn record<'a>(&self, answer: &'a Value) -> &'a Value;
    fn rows<'a>(&self, answer: &'a Value) -> &'a Value;
    fn id<'a>(&self, record: &'a Value) -> &'a Value;
    /// The name of a record's office, where the answer has it.
    fn office_name<'a>(&self, record: &'a Value) -> &'a Value;
}

/// An id as it stands in a path.
pub fn id_text(id: &Value) -> anyhow::Result<String> {
    match id {
        Value::String(id) => Ok(id.clone()),
        Value::Number(id) => Ok(id.to_string()),
        _ => None.context("a record without an id"),
    }
}
