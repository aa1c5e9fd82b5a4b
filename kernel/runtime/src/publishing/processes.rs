//! Running processes keep the version they started on. New definitions must leave what those versions name.

use std::collections::BTreeSet;

use anju_definitions::overlay::compose;
use anju_definitions::{Kind, Process, Source};
use anju_records::Refusal;

use super::candidate::Candidate;
use super::{PublishError, assemble::is_site};
use crate::Runtime;

impl Runtime {
    /// What versions of processes that are at work would no longer find.
    pub(super) async fn process_refusals(&self, candidate: &Candidate) -> Result<Vec<Refusal>, PublishError> {
        let sources = compose(&candidate.shipped, &candidate.site);
        let mut refusals = Vec::new();
        for running in self.processes.running_versions().await? {
            let next = candidate.inspected.catalog.process(&running.definition.process);
            if next.is_some_and(|next| same(next, &running.definition)) {
                continue;
            }
            let trial = with_version(&sources, &running.definition);
            let inspected = self.inspector.inspect(&trial);
            let mut told = BTreeSet::new();
            for problem in inspected.problems.iter().filter(|problem| problem.is_error()) {
                if is_of(&problem.file, &running.definition) && told.insert(problem.message.clone()) {
                    refusals.push(refusal(&running.definition, &problem.message));
                }
            }
        }
        Ok(refusals)
    }
}

fn same(a: &Process, b: &Process) -> bool {
    a.xml == b.xml && serde_json::to_value(a).ok() == serde_json::to_value(b).ok()
}

const TRIAL: &str = "running";

fn folder(process: &Process) -> String {
    let app = process.process.split('.').next().unwrap_or_default();
    format!("{TRIAL}/{app}/definitions/{}", Kind::Process.folder())
}

fn is_of(file: &str, process: &Process) -> bool {
    file.starts_with(&folder(process)) && !is_site(file)
}

/// The definitions with this version of the process in place of the one they have.
fn with_version(sources: &[Source], process: &Process) -> Vec<Source> {
    let mut bindings = serde_json::to_value(process).unwrap_or_default();
    if let Some(parts) = bindings.as_object_mut() {
        // The diagram lies in its own file, and absent parts of a definition are left out.
        parts.shift_remove("xml");
        parts.retain(|_, value| !value.is_null());
    }
    without_nulls(&mut bindings);
    let (folder, bpmn) = (folder(process), process.bpmn.clone());
    let version = [
        Source::new(format!("{folder}/version.yaml"), bindings.to_string()),
        Source::new(format!("{folder}/{bpmn}"), process.xml.clone()),
    ];
    compose(sources, &version)
}

fn without_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            entries.values_mut().for_each(without_nulls);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

fn refusal(process: &Process, cause: &str) -> Refusal {
    Refusal {
        entity: process.process.clone(),
        field: None,
        code: "process_running",
        message: format!("办理中的流程“{}”按启动时的版本还需要：{cause}", process.title),
        way: "保留流程仍在使用的内容，待这些办件办结后再移除",
    }
}
