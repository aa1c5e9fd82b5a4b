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
    fn log_in(&self, account: &str) -> Ask;
    /// The header lines of somebody who has just logged in.
    fn session(&self, answer: &Answer<'_>) -> anyhow::Result<Vec<String>>;
    fn create_office(&self, name: &str) -> Ask;
    fn create(&self, row: &Tenancy, office: &Value) -> Ask;
    fn read(&self, id: &str) -> Ask;
    /// The first page.
    fn list(&self, listing: Listing<'_>) -> Ask;
}

/// What the answers of one system look like; places are JSON pointers.
pub struct Shape {
    /// The status of an answer to a creation.
    pub created: u16,
    /// The record in the answer to a creation or a read.
    pub record: &'static str,
    /// The records in the answer to a list.
    pub rows: &'static str,
    /// The id in a record.
    pub id: &'static str,
    /// The name of the office in a record, where the answer has it.
    pub office_name: &'static str,
}

/// What is at this place of an answer; null where nothing is.
pub fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// An id as it stands in a path.
pub fn id_text(id: &Value) -> anyhow::Result<String> {
    match id {
        Value::String(id) => Ok(id.clone()),
        Value::Number(id) => Ok(id.to_string()),
        _ => None.context("a record without an id"),
    }
}
