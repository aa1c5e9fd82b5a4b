//! Everything wrong with the definitions, before any of them is used.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anju_decisions::{Decisions, Expression};
use anju_definitions::{Catalog, Effect, Kind, Place, Problem, Source, load};

use crate::runtime::kernel_tables;
use crate::{App, Command, Registry};

/// What is wrong with the definitions, one line for each problem: `file:line: message`.
#[derive(Debug, Default)]
pub struct DefinitionReport {
    pub definitions: usize,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// What the program itself brings, for definitions to fit.
#[derive(Debug)]
pub(crate) struct Inspector {
    commands: HashSet<String>,
    /// Tables of the kernel: an entity must not have one of their names.
    tables: HashSet<String>,
}

/// Definitions that were looked at.
pub(crate) struct Inspected {
    pub catalog: Catalog,
    pub decisions: Decisions,
    pub problems: Vec<Problem>,
}

/// Checks all definitions of the applications: shape, references, processes, decisions with their cases,
/// connectors, expressions, and that every command they name is registered.
pub fn verify_definitions(apps: &[Box<dyn App>]) -> DefinitionReport {
    let mut registry = Registry::default();
    apps.iter().for_each(|app| app.register(&mut registry));
    let (commands, _) = registry.into_parts();
    let sources: Vec<Source> = apps.iter().flat_map(|app| app.sources()).collect();
    Inspector::of(&commands).inspect(&sources).report(sources.len())
}

impl Inspector {
    pub(crate) fn of(commands: &HashMap<&'static str, Arc<dyn Command>>) -> Self {
        Self {
            commands: commands.keys().map(|key| (*key).to_owned()).collect(),
            tables: kernel_tables().into_iter().map(|table| table.name).collect(),
        }
    }

    pub(crate) fn inspect(&self, sources: &[Source]) -> Inspected {
        let (catalog, mut problems) = load(sources);
        let decisions = Decisions::from(&catalog);
        for problem in decisions.problems() {
            problems.push(at(&catalog, Kind::Decision, &problem.decision, "decision", problem));
        }
        for problem in anju_process::check(&catalog) {
            problems.push(at(&catalog, Kind::Process, &problem.process, "process", &problem));
        }
        problems.extend(anju_connectors::check(&catalog));
        problems.extend(anju_records::check(&catalog));
        for named in named_commands(&catalog) {
            if !self.commands.contains(named.command) {
                problems.push(named.problem(&catalog));
            }
        }
        for placed in anju_definitions::expressions(&catalog) {
            if let Err(error) = Expression::compile(&placed.text) {
                problems.push(placed.problem(&error.to_string()));
            }
        }
        for key in catalog.entities.keys().filter(|key| self.is_taken(&key.replace('.', "_"))) {
            let message = format!("“{key}”与平台自身的数据表重名，请换一个名称");
            problems.push(at(&catalog, Kind::Entity, key, "table_name", &message));
        }
        Inspected { catalog, decisions, problems }
    }

    fn is_taken(&self, table: &str) -> bool {
        table.starts_with("sys_") || self.tables.contains(table)
    }
}

impl Inspected {
    pub(crate) fn is_sound(&self) -> bool {
        !self.problems.iter().any(Problem::is_error)
    }

    pub(crate) fn report(&self, definitions: usize) -> DefinitionReport {
        let mut report = DefinitionReport { definitions, ..DefinitionReport::default() };
        for problem in &self.problems {
            let list = if problem.is_error() { &mut report.errors } else { &mut report.warnings };
            list.push(problem.to_string());
        }
        report
    }
}

/// A problem of a definition as a whole.
fn at(
    catalog: &Catalog,
    kind: Kind,
    key: &str,
    code: &'static str,
    cause: &dyn std::fmt::Display,
) -> Problem {
    let place = place(catalog, kind, key, "");
    Problem::error(&place.file, place.line, code, cause.to_string())
}

/// A definition that did not come from a file has its key instead.
fn place(catalog: &Catalog, kind: Kind, key: &str, path: &str) -> Place {
    catalog.place(kind, key, path).unwrap_or_else(|| Place { file: key.to_owned(), line: 1 })
}

/// A command that an effect of a definition names.
struct NamedCommand<'a> {
    kind: Kind,
    key: &'a str,
    /// Where in the definition.
    path: String,
    command: &'a str,
}

impl NamedCommand<'_> {
    fn problem(&self, catalog: &Catalog) -> Problem {
        let place = place(catalog, self.kind, self.key, &self.path);
        let message = format!("没有命令“{}”", self.command);
        Problem::error(&place.file, place.line, "unknown_command", message)
    }
}

fn named_commands(catalog: &Catalog) -> Vec<NamedCommand<'_>> {
    let mut found = Vec::new();
    for (key, entity) in &catalog.entities {
        for (name, action) in &entity.actions {
            collect(&mut found, Kind::Entity, key, &format!("actions/{name}/effects"), &action.effects);
        }
    }
    for (key, process) in &catalog.processes {
        let mut add = |path: &str, effects| collect(&mut found, Kind::Process, key, path, effects);
        for (step, definition) in &process.steps {
            add(&format!("steps/{step}/on_enter"), &definition.on_enter);
            for (outcome, definition) in &definition.outcomes {
                add(&format!("steps/{step}/outcomes/{outcome}/effects"), &definition.effects);
            }
        }
        for (service, definition) in &process.services {
            add(&format!("services/{service}/effects"), &definition.effects);
        }
        for (end, effects) in &process.ends {
            add(&format!("ends/{end}"), effects);
        }
        if let Some(withdraw) = &process.withdraw {
            add("withdraw/effects", &withdraw.effects);
        }
    }
    found
}

fn collect<'a>(
    found: &mut Vec<NamedCommand<'a>>,
    kind: Kind,
    key: &'a str,
    path: &str,
    effects: &'a [Effect],
) {
    for (index, effect) in effects.iter().enumerate() {
        if let Effect::Command { command, .. } = effect {
            found.push(NamedCommand { kind, key, path: format!("{path}/{index}"), command });
        }
    }
}
