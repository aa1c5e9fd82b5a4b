//! The tables of the engine. Definitions and the trail are only ever added to; what the trail says of a record goes
//! when the record's term has ended.

use anju_store::{ColumnKind, IndexSpec, Select, TableSpec};

pub(crate) const DEFINITION: &str = "process_definition";
pub(crate) const INSTANCE: &str = "process_instance";
pub(crate) const TOKEN: &str = "process_token";
pub(crate) const TASK: &str = "process_task";
pub(crate) const CANDIDATE: &str = "process_candidate";
pub(crate) const TRAIL: &str = "process_trail";
pub(crate) const WAIT: &str = "process_wait";
pub(crate) const HELD: &str = "process_held";
pub(crate) const SUBSTITUTE: &str = "process_substitute";
pub(crate) const PHRASE: &str = "process_phrase";

use ColumnKind::{Bool, Int, Text};

pub(crate) type Column = (&'static str, ColumnKind, Nullable);

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Nullable {
    Yes,
    No,
}
use Nullable::{No, Yes};

pub(crate) const DEFINITION_COLUMNS: &[Column] = &[
    ("process", Text, No),
    ("version", Text, No),
    ("xml", Text, No),
    ("bindings", Text, No),
    ("created_at", Int, No),
];

/// `running_key`: process and record while the instance runs, so that a record has one at most. The last four: to whom the
/// record belonged when the instance was started; unknown of older ones.
pub(crate) const INSTANCE_COLUMNS: &[Column] = &[
    ("id", Text, No),
    ("process", Text, No),
    ("definition_version", Text, No),
    ("revision", Int, No),
    ("entity", Text, No),
    ("record_id", Text, No),
    ("record_display", Text, No),
    ("state", Text, No),
    ("outcome", Text, Yes),
    ("vars", Text, No),
    ("visits", Int, No),
    ("trail_seq", Int, No),
    ("started_at", Int, No),
    ("started_by", Text, No),
    ("started_by_name", Text, No),
    ("ended_at", Int, Yes),
    ("due_on", Text, Yes),
    ("running_key", Text, Yes),
    ("parent_instance", Text, Yes),
    ("parent_token", Text, Yes),
    ("suspended_at", Int, Yes),
    ("started_org", Text, Yes),
    ("shared", Bool, Yes),
    ("district", Text, Yes),
    ("subdistrict", Text, Yes),
    ("operator", Text, Yes),
];

pub(crate) const TOKEN_COLUMNS: &[Column] = &[
    ("id", Text, No),
    ("instance_id", Text, No),
    ("element", Text, No),
    ("visit", Int, No),
    ("waiting", Bool, No),
    ("entered_at", Int, No),
    ("parent", Text, Yes),
    ("via", Text, Yes),
    ("item", Int, Yes),
    ("total", Int, Yes),
    ("begun", Int, Yes),
    ("done", Int, Yes),
    ("back_to", Text, Yes),
    ("items", Text, Yes),
    ("outcomes", Text, Yes),
];

/// What a token waits for besides timers. `token_id` and `visit` are empty and 0 for an event sub-process of the
/// instance itself; `key` tells messages of one name apart.
pub(crate) const WAIT_COLUMNS: &[Column] = &[
    ("instance_id", Text, No),
    ("token_id", Text, No),
    ("visit", Int, No),
    ("element", Text, No),
    ("kind", Text, No),
    ("name", Text, No),
    ("key", Text, No),
];

/// `open_token`: the token while the task is open, so that a token has one open task at most; of a task that helps
/// another, its own id. `helps` to `asked_why`: see [`crate::help`]. `acted_for`: the absent one for whom a substitute
/// did it. `claimed_at`: when whoever has or had it last signed
/// for it.
pub(crate) const TASK_COLUMNS: &[Column] = &[
    ("id", Text, No),
    ("instance_id", Text, No),
    ("token_id", Text, No),
    ("open_token", Text, Yes),
    ("process", Text, No),
    ("definition_version", Text, No),
    ("step", Text, No),
    ("title", Text, No),
    ("entity", Text, No),
    ("record_id", Text, No),
    ("record_display", Text, No),
    ("state", Text, No),
    ("claim", Bool, No),
    ("assignee", Text, Yes),
    ("assignee_name", Text, Yes),
    ("excluded_account", Text, Yes),
    ("shared", Bool, No),
    ("district", Text, Yes),
    ("subdistrict", Text, Yes),
    ("operator", Text, Yes),
    ("created_at", Int, No),
    ("due_on", Text, Yes),
    ("completed_at", Int, Yes),
    ("outcome", Text, Yes),
    ("outcome_title", Text, Yes),
    ("opinion", Text, Yes),
    ("helps", Text, Yes),
    ("help", Text, Yes),
    ("asked_by", Text, Yes),
    ("asked_by_name", Text, Yes),
    ("asked_why", Text, Yes),
    ("acted_for", Text, Yes),
    ("acted_for_name", Text, Yes),
    ("assignee_org", Text, Yes),
    ("urged_on", Text, Yes),
    ("urges", Int, Yes),
    ("claimed_at", Int, Yes),
];

/// What a suspended instance will hear of when it goes on: its timers, and what it was told meanwhile.
pub(crate) const HELD_COLUMNS: &[Column] = &[
    ("instance_id", Text, No),
    ("key", Text, No),
    ("kind", Text, No),
    ("payload", Text, No),
    ("run_at", Int, No),
];

/// Who stands in for whom, from day to day, both included.
pub(crate) const SUBSTITUTE_COLUMNS: &[Column] = &[
    ("id", Text, No),
    ("account", Text, No),
    ("account_name", Text, No),
    ("substitute", Text, No),
    ("substitute_name", Text, No),
    ("from_day", Text, No),
    ("to_day", Text, No),
    ("reason", Text, No),
    ("ended_at", Int, Yes),
];

/// A person's standard opinions.
const PHRASE_COLUMNS: &[Column] = &[("account", Text, No), ("position", Int, No), ("text", Text, No)];

pub(crate) const TRAIL_COLUMNS: &[Column] = &[
    ("instance_id", Text, No),
    ("seq", Int, No),
    ("element", Text, No),
    ("title", Text, No),
    ("kind", Text, No),
    ("token_id", Text, Yes),
    ("visit", Int, Yes),
    ("at", Int, No),
    ("actor_id", Text, No),
    ("actor_name", Text, No),
    ("outcome", Text, Yes),
    ("outcome_title", Text, Yes),
    ("opinion", Text, Yes),
    ("detail", Text, Yes),
    ("for_id", Text, Yes),
];

/// All tables of the engine.
pub fn tables() -> Vec<TableSpec> {
    vec![
        table(DEFINITION, DEFINITION_COLUMNS, &["process", "version"]).append_only(),
        table(INSTANCE, INSTANCE_COLUMNS, &["id"])
            .index(IndexSpec::unique_on(["running_key"]))
            .index(IndexSpec::on(["record_id"]))
            .index(IndexSpec::on(["started_by", "started_at"]))
            .index(IndexSpec::on(["parent_token"]))
            .index(IndexSpec::on(["state", "process", "definition_version"]))
            .index(IndexSpec::on(["process", "started_at"]))
            .index(IndexSpec::on(["process", "ended_at"])),
        table(TOKEN, TOKEN_COLUMNS, &["id"]).index(IndexSpec::on(["instance_id"])),
        table(WAIT, WAIT_COLUMNS, &["instance_id", "token_id", "visit", "element"])
            .index(IndexSpec::on(["kind", "name", "key"])),
        table(HELD, HELD_COLUMNS, &["instance_id", "key"]),
        table(SUBSTITUTE, SUBSTITUTE_COLUMNS, &["id"])
            .index(IndexSpec::on(["substitute", "to_day"]))
            .index(IndexSpec::on(["account", "to_day"])),
        table(PHRASE, PHRASE_COLUMNS, &["account", "position"]),
        table(TASK, TASK_COLUMNS, &["id"])
            .index(IndexSpec::unique_on(["open_token"]))
            .index(IndexSpec::on(["instance_id"]))
            .index(IndexSpec::on(["record_id"]))
            .index(IndexSpec::on(["state", "district", "due_on"]))
            .index(IndexSpec::on(["state", "operator", "due_on"]))
            .index(IndexSpec::on(["assignee", "state", "completed_at"])),
        TableSpec::new(CANDIDATE)
            .column("task_id", Text)
            .column("role", Text)
            .primary_key(["task_id", "role"])
            .index(IndexSpec::on(["role"]))
            .authenticated(),
        table(TRAIL, TRAIL_COLUMNS, &["instance_id", "seq"]).erasable(),
    ]
}

/// All columns of a table, in the order of its list.
pub(crate) fn select(table: &str, columns: &[Column]) -> Select {
    columns.iter().fold(Select::from(table), |select, (name, kind, _)| select.column(*name, *kind))
}

fn table(name: &str, columns: &[Column], key: &[&str]) -> TableSpec {
    let spec = columns.iter().fold(TableSpec::new(name), |spec, (name, kind, nullable)| match nullable {
        No => spec.column(*name, *kind),
        Yes => spec.nullable(*name, *kind),
    });
    spec.primary_key(key.iter().copied()).authenticated()
}
