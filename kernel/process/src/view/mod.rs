//! What people see of processes: work lists, a task, an instance with its history.

mod counts;
mod instance;
mod list;
mod task;
mod ways;

pub use counts::{StepCount, TaskCounts};
pub use list::{TaskBox, TaskPage, TaskQuery};

use anju_calendar::zone;
use jiff::Timestamp;
use serde_json::Value;

/// RFC 3339 in Shanghai's time.
pub(crate) fn time(at: Timestamp) -> Value {
    Value::from(at.to_zoned_datetime(zone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

fn opt_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}
