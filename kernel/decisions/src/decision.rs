use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anju_definitions::{Catalog, Decision};
use serde::Serialize;
use serde_json::Value;
use sm3::{Digest, Sm3};
use zen_engine::loader::MemoryLoader;
use zen_engine::model::{DecisionContent, GraphContent};
use zen_engine::{DecisionEngine, EvaluationOptions};

use crate::check::{CheckProblem, check_graph};
use crate::trace::{MatchedRow, TraceStep, matched_rows};
use crate::{Error, value};

/// Decisions within decisions, at most.
const DEPTH_MAX: u8 = 5;
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
pub struct Decisions {
    engine: DecisionEngine,
    versions: HashMap<String, String>,
    problems: Vec<CheckProblem>,
}

impl std::fmt::Debug for Decisions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decisions").field("versions", &self.versions).finish_non_exhaustive()
    }
}

impl From<&Catalog> for Decisions {
    fn from(catalog: &Catalog) -> Self {
        Self::load(catalog.decisions.values().map(AsRef::as_ref))
    }
}

impl Decisions {
    /// Compiles decisions. One that is broken is left out, and named by [`Decisions::problems`].
    pub fn load<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> Self {
        let loader = MemoryLoader::default();
        let mut versions = HashMap::new();
        let mut problems = Vec::new();
        for decision in decisions {
            match compile(decision) {
                Ok(graph) => {
                    loader.add(decision.decision.clone(), graph);
                    versions.insert(decision.decision.clone(), version(&decision.graph));
                }
                Err(cause) => problems.push(CheckProblem {
                    decision: decision.decision.clone(),
                    case: None,
                    cause: cause.to_string(),
                }),
            }
        }
        Self { engine: DecisionEngine::default().with_loader(Arc::new(loader)), versions, problems }
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
        let version = self.versions.get(key).ok_or_else(|| Error::UnknownDecision(key.to_owned()))?.clone();
        let failed = |cause: String| Error::Decision { decision: key.to_owned(), cause };
        let elements = value::elements(input);
        if elements > INPUT_ELEMENTS_MAX {
            return Err(failed(format!("输入有 {elements} 个元素，超过 {INPUT_ELEMENTS_MAX} 个")));
        }
        let options = EvaluationOptions { trace: true, max_depth: DEPTH_MAX };
        let evaluation = self.engine.evaluate_with_opts(key, value::to_variable(input)?, options);
        // Graphs here hold nothing that waits (no scripts, no network), so the first poll finishes.
        let Poll::Ready(response) = pin!(evaluation).poll(&mut Context::from_waker(Waker::noop())) else {
            return Err(failed("决策引擎没有立即得出结果".into()));
        };
        let response = response.map_err(|cause| failed(cause.to_string()))?;
        let mut nodes: Vec<_> = response
            .trace
            .and_then(zen_engine::EvaluationTrace::into_graph)
            .map(|nodes| nodes.into_values().collect())
            .unwrap_or_default();
        nodes.sort_by_key(|node| node.order);
        let mut rows = Vec::new();
        let mut trace = Vec::with_capacity(nodes.len());
        for node in &nodes {
            if let Some(data) = &node.trace_data {
                matched_rows(&node.name, &value::to_json(data), &mut rows);
            }
            trace.push(TraceStep {
                node: node.id.to_string(),
                title: node.name.to_string(),
                input: value::to_json(&node.input),
                output: value::to_json(&node.output),
            });
        }
        Ok(Outcome { result: value::to_json(&response.result), trace, rows, version })
    }
}

fn compile(decision: &Decision) -> Result<GraphContent, Error> {
    let broken = |cause: String| Error::Graph { decision: decision.decision.clone(), cause };
    let content: DecisionContent =
        serde_json::from_value(decision.graph.clone()).map_err(|cause| broken(cause.to_string()))?;
    let DecisionContent::Graph(graph) = content else {
        return Err(broken("只支持决策图（nodes 与 edges）".into()));
    };
    let mut graph = Arc::unwrap_or_clone(graph);
    check_graph(&graph).map_err(broken)?;
    zen_engine::Decision::from(graph.clone()).validate().map_err(|cause| broken(cause.to_string()))?;
    graph.compile();
    Ok(graph)
}

fn version(graph: &Value) -> String {
    hex::encode(Sm3::digest(graph.to_string().as_bytes()))
}
