use std::collections::HashMap;

use anju_definitions::{Catalog, Decision};
use serde::Serialize;
use serde_json::Value;
use sm3::{Digest, Sm3};

use crate::check::CheckProblem;
use crate::graph::{self, Graph};
use crate::run::Run;
use crate::trace::{MatchedRow, TraceStep};
use crate::{Error, value};

/// Elements in the arrays of an input, at most: what nodes that loop have to pass.
const INPUT_ELEMENTS_MAX: usize = 10_000;

/// What a decision came to, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub result: Value,
    pub trace: Vec<TraceStep>,
    pub rows: Vec<MatchedRow>,
    /// SM3 of the graph that decided, hexadecimal.
    pub version: String,
}

/// All decisions of a catalog, compiled.
#[derive(Debug, Default)]
pub struct Decisions {
    graphs: HashMap<String, Graph>,
    versions: HashMap<String, String>,
    problems: Vec<CheckProblem>,
}

impl From<&Catalog> for Decisions {
    fn from(catalog: &Catalog) -> Self {
        Self::load(catalog.decisions.values().map(AsRef::as_ref))
    }
}

impl Decisions {
    /// Compiles decisions. One that is broken is left out, and named by [`Decisions::problems`].
    pub fn load<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> Self {
        let mut loaded = Self { graphs: HashMap::new(), versions: HashMap::new(), problems: Vec::new() };
        for decision in decisions {
            match graph::compile(&decision.graph) {
                Ok(graph) => {
                    loaded.graphs.insert(decision.decision.clone(), graph);
                    loaded.versions.insert(decision.decision.clone(), version(&decision.graph));
                }
                Err(cause) => loaded.problems.push(problem(&decision.decision, cause)),
            }
        }
        loaded.name_dangling();
        loaded
    }

    /// A graph that asks a decision which does not exist is broken too.
    fn name_dangling(&mut self) {
        let mut dangling: Vec<(String, String)> = self
            .graphs
            .iter()
            .flat_map(|(key, graph)| graph.asks().map(move |asked| (key.clone(), asked.to_owned())))
            .filter(|(_, asked)| !self.graphs.contains_key(asked))
            .collect();
        dangling.sort();
        for (key, asked) in dangling {
            self.graphs.remove(&key);
            self.problems.push(problem(&key, format!("没有决策“{asked}”")));
        }
    }

    /// Why decisions were left out.
    pub fn problems(&self) -> &[CheckProblem] {
        &self.problems
    }

    /// Decides over an input. The same input gives the same outcome, always.
    ///
    /// # Errors
    /// [`Error::UnknownDecision`], [`Error::NumberOutOfRange`], [`Error::Decision`].
    pub fn decide(&self, key: &str, input: &Value) -> Result<Outcome, Error> {
        let unknown = || Error::UnknownDecision(key.to_owned());
        if !self.graphs.contains_key(key) {
            return Err(unknown());
        }
        let version = self.versions.get(key).ok_or_else(unknown)?.clone();
        let failed = |cause: String| Error::Decision { decision: key.to_owned(), cause };
        let elements = value::elements(input);
        if elements > INPUT_ELEMENTS_MAX {
            return Err(failed(format!("输入有 {elements} 个元素，超过 {INPUT_ELEMENTS_MAX} 个")));
        }
        let mut run = Run { graphs: &self.graphs, rows: Vec::new(), steps: Vec::new() };
        let result = run.decide(key, &value::to_variable(input)?, 1).map_err(failed)?;
        Ok(Outcome { result: value::to_json(&result), trace: run.steps, rows: run.rows, version })
    }
}

fn problem(decision: &str, cause: String) -> CheckProblem {
    let cause = Error::Graph { decision: decision.to_owned(), cause }.to_string();
    CheckProblem { decision: decision.to_owned(), case: None, cause }
}

fn version(graph: &Value) -> String {
    hex::encode(Sm3::digest(graph.to_string().as_bytes()))
}
