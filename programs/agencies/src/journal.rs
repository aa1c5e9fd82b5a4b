//! What must survive a restart: one JSON object a line, appended and never changed. The state of the sandbox
//! is what the lines say, read in order.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Agency, Behaviour, Error, world::Answers};

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    PersonSet { id_no: String, answers: Box<Answers> },
    PersonForgotten { id_no: String },
    BehaviourSet { agency: Agency, behaviour: Behaviour },
    FaultUsed { agency: Agency },
    Accepted { agency: Agency, receipt: String, at_ms: i64, persons: Vec<Person> },
    SmsSent { id: String, at_ms: i64, phone: String, text: String },
    Answered { path: String, key: String, body: Value, answer: Value },
    ClockAdvanced { ms: i64 },
}

/// A person as a request names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id_no: String,
    pub name: String,
}

/// The file, or nothing when the sandbox keeps nothing.
pub struct Journal {
    path: PathBuf,
    file: Option<File>,
}

impl Journal {
    /// Opens the file in the folder and reads what it says. A last line that a crash cut short is dropped:
    /// nobody got an answer for it.
    pub fn open(folder: Option<&Path>) -> Result<(Self, Vec<Event>), Error> {
        let Some(folder) = folder else {
            return Ok((Self { path: PathBuf::new(), file: None }, Vec::new()));
        };
        let path = folder.join("agencies.jsonl");
        let problem = |source| Error::Data { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(problem)?;
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(problem)?;
        let text = std::fs::read(&path).map_err(problem)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(problem)?;
        }
        let mut events = Vec::new();
        for (index, line) in text[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let damaged = |why: serde_json::Error| Error::Damaged {
                path: path.clone(),
                line: index + 1,
                why: why.to_string(),
            };
            events.push(serde_json::from_slice(line).map_err(damaged)?);
        }
        Ok((Self { path, file: Some(file) }, events))
    }

    /// Appends the events in one write.
    pub fn append(&mut self, events: &[Event]) -> Result<(), Error> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut lines = Vec::new();
        for event in events {
            serde_json::to_writer(&mut lines, event)
                .map_err(|why| Error::Data { path: self.path.clone(), source: why.into() })?;
            lines.push(b'\n');
        }
        file.write_all(&lines).map_err(|source| Error::Data { path: self.path.clone(), source })
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> Result<(), Error> {
        match &self.file {
            Some(file) => file.set_len(0).map_err(|source| Error::Data { path: self.path.clone(), source }),
            None => Ok(()),
        }
    }
}
