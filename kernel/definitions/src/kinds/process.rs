//! Processes: a BPMN 2.0 file and what its elements mean here.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Effect, Field, Filter};

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
    /// The user task at which whoever started the case puts it right; `starter` in `return_to` means it. Besides its
    /// roles the person who started the case may do it.
    #[serde(default)]
    pub correction: Option<String>,
    /// The variables that are data objects of the diagram, by BPMN id, with their types.
    #[serde(default)]
    pub variables: IndexMap<String, Field>,
    /// What messages are told apart by, by their name: a ZEN expression over `record` and `vars`. The record's id
    /// where nothing is said.
    #[serde(default)]
    pub messages: IndexMap<String, String>,
    /// Records on which a timer starts the process, by the BPMN id of the start event.
    #[serde(default)]
    pub starts: IndexMap<String, TimedStart>,
    /// User tasks by BPMN id.
    #[serde(default)]
    pub steps: IndexMap<String, Step>,
    /// Service, script, business-rule and send tasks, and events that tell something, by BPMN id.
    #[serde(default)]
    pub services: IndexMap<String, Service>,
    /// Call activities by BPMN id, where more is to be said than which process.
    #[serde(default)]
    pub calls: IndexMap<String, CallBinding>,
    /// What to do when an end event is reached, by BPMN id.
    #[serde(default)]
    pub ends: IndexMap<String, Vec<Effect>>,
    /// The BPMN XML itself; filled by the loader.
    #[serde(default, skip_deserializing)]
    #[schemars(skip)]
    pub xml: String,
}

/// The records that a timer takes up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimedStart {
    /// Of the process's entity; all where nothing is said.
    #[serde(default, rename = "where")]
    pub filter: Option<Filter>,
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
    #[serde(default)]
    pub roles: Vec<String>,
    /// Who may do it besides, found when the step opens, wherever the record lies.
    #[serde(default)]
    pub candidates: Vec<Candidates>,
    /// Several decide together (会签): the step opens once for each of them.
    #[serde(default)]
    pub countersign: Option<Countersign>,
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
    /// Earlier steps this one may be returned to (退回); `starter` is the process's `correction`.
    #[serde(default)]
    pub return_to: Vec<String>,
    /// Opinions that are offered to whoever does the step (常用意见).
    #[serde(default)]
    pub opinions: Vec<String>,
    /// Page that shows the case at this step; default is the entity's detail page.
    #[serde(default)]
    pub page: Option<String>,
    /// Help for the caseworker.
    #[serde(default)]
    pub help: Option<String>,
}

/// People who may do a step: by where they work as seen from somebody, by district, or named. Just one of `at`,
/// `district` and `list`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidates {
    /// Their roles, with `at` and `district`.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Where they work, as seen from the organisation of a handler.
    #[serde(default)]
    pub at: Option<Relation>,
    /// The step whose latest handler is meant by `at`; whoever started the process where nothing is said.
    #[serde(default)]
    pub of: Option<String>,
    /// ZEN expression over `record` and `vars`: code of the district of their post, e.g. the applicant's.
    #[serde(default)]
    pub district: Option<String>,
    /// ZEN expression: the key of a role (whose place has to cover the record), `account:` and an account's id, or a
    /// list of such.
    #[serde(default)]
    pub list: Option<String>,
}

/// How two organisations stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The handler's own organisation.
    Own,
    /// The organisation above the handler's.
    Superior,
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

/// How the opinions of several become one outcome.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Countersign {
    /// The signers: keys of roles, or `=` and a ZEN expression that gives a list of roles or of `account:` and an
    /// account's id. The diagram's own list where nothing is said.
    #[serde(default)]
    pub each: Option<Value>,
    pub rule: CountersignRule,
    /// With `share`: the part of all signers that must agree, above 0 and up to 1.
    #[serde(default)]
    pub share: Option<f64>,
    /// The outcome that counts as agreement, and what the step comes to when enough agree.
    pub pass: String,
    /// What the step comes to otherwise.
    pub fail: String,
    /// Everybody is heard, even when the outcome is certain before.
    #[serde(default)]
    pub all_opinions: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountersignRule {
    /// Everybody agrees.
    All,
    /// One agrees.
    Any,
    /// At least `share` of all agree.
    Share,
    /// More than half agree.
    Vote,
}

/// A call activity.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBinding {
    /// Key of the process; what the diagram names where nothing is said.
    #[serde(default)]
    pub process: Option<String>,
    /// ZEN expression: id of the record it works on; the same record where nothing is said.
    #[serde(default)]
    pub record: Option<String>,
    /// Variables given along; `=` starts a ZEN expression.
    #[serde(default)]
    pub vars: IndexMap<String, Value>,
    /// Variables taken back: the name here, the name there.
    #[serde(default)]
    pub back: IndexMap<String, String>,
}
