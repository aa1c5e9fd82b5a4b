//! Processes: a BPMN 2.0 file and what its elements mean here.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Effect, Field};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Key: `app.name`.
    pub process: String,
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    /// BPMN file beside this one.
    pub bpmn: String,
    /// The entity of the record the process works on.
    pub entity: String,
    /// Time for the whole, from start to end.
    #[serde(default)]
    pub due: Option<Due>,
    /// Date field of the record that holds the last day of `due` while the process runs, so that records can be
    /// listed, ordered and counted by their working days left (`$countdown`, M048).
    #[serde(default)]
    pub due_field: Option<String>,
    /// Roles that may start it by hand.
    #[serde(default)]
    pub starters: Vec<String>,
    /// Whether and how the starter's side may withdraw a running case.
    #[serde(default)]
    pub withdraw: Option<Withdraw>,
    /// User tasks by BPMN id.
    #[serde(default)]
    pub steps: IndexMap<String, Step>,
    /// Service tasks by BPMN id.
    #[serde(default)]
    pub services: IndexMap<String, Service>,
    /// What to do when an end event is reached, by BPMN id.
    #[serde(default)]
    pub ends: IndexMap<String, Vec<Effect>>,
    /// The BPMN XML itself; filled by the loader.
    #[serde(default, skip_deserializing)]
    #[schemars(skip)]
    pub xml: String,
}

/// Time allowed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Due {
    pub working_days: u32,
    /// Colour the countdown as a warning from this many working days before the end.
    #[serde(default)]
    pub warn_days: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// Roles that may withdraw.
    pub roles: Vec<String>,
    #[serde(default)]
    pub effects: Vec<Effect>,
}

/// A user task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub title: String,
    /// Who may do it: holders of one of these roles whose place covers the record.
    pub roles: Vec<String>,
    /// The caseworker of this earlier step may not do this one (four eyes).
    #[serde(default)]
    pub not_by: Option<String>,
    /// Whether a task must be signed for before it is worked on; others then no longer see it (M023).
    #[serde(default)]
    pub claim: bool,
    #[serde(default)]
    pub due: Option<Due>,
    /// What is done when the step begins, e.g. setting the record's status.
    #[serde(default)]
    pub on_enter: Vec<Effect>,
    /// What the caseworker fills in, written to the record's fields of the same name unless `variable`.
    #[serde(default)]
    pub form: IndexMap<String, StepField>,
    pub outcomes: IndexMap<String, Outcome>,
    /// Earlier steps this one may be returned to (退回).
    #[serde(default)]
    pub return_to: Vec<String>,
    /// Page that shows the case at this step; default is the entity's detail page.
    #[serde(default)]
    pub page: Option<String>,
    /// Help for the caseworker.
    #[serde(default)]
    pub help: Option<String>,
}

/// One input of a step's form.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepField {
    /// Only asked for with these outcomes; empty: always.
    #[serde(default)]
    pub outcomes: Vec<String>,
    #[serde(default)]
    pub required: bool,
    /// A field that only lives in the process, defined here; absent: the entity's field of that name.
    #[serde(default)]
    pub variable: Option<Field>,
    /// Initial value; `=` starts a ZEN expression.
    #[serde(default)]
    pub default: Option<Value>,
    /// Least length in characters of the answer (M033: reasons of 15 characters and more).
    #[serde(default)]
    pub length_min: Option<usize>,
}

/// A way to complete a step. The process variable `outcome` holds its key afterwards.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    pub title: String,
    /// ZEN expression over `record` and `vars`: offered and allowed when true.
    #[serde(default)]
    pub when: Option<String>,
    /// Why it is refused when `when` is false.
    #[serde(default)]
    pub otherwise: Option<String>,
    /// Whether an opinion must be written.
    #[serde(default)]
    pub opinion_required: bool,
    /// Shown as the dangerous choice.
    #[serde(default)]
    pub negative: bool,
    #[serde(default)]
    pub effects: Vec<Effect>,
}

/// A service task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    #[serde(default)]
    pub title: Option<String>,
    /// The token stays until a command or connector answer signals the element.
    #[serde(default)]
    pub wait: bool,
    pub effects: Vec<Effect>,
}
