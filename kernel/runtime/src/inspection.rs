//! Everything wrong with the definitions, before any of them is used.

use anju_decisions::{Decisions, Expression};
use anju_definitions::{Catalog, Effect, Kind, Place, Problem, Source, load};

use crate::{App, Registry};

/// What is wrong with the definitions, one line for each problem: `file:line: message`.
#[derive(Debug, Default)]
pub struct DefinitionReport {
    pub definitions: usize,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// Checks all definitions of the applications: shape, references, processes, decisions with their cases,
/// connectors, expressions, and that every command they name is registered.
pub fn verify_definitions(apps: &[Box<dyn App>]) -> DefinitionReport {
    let mut registry = Registry::default();
    apps.iter().for_each(|app| app.register(&mut registry));
    let (commands, _) = registry.into_parts();
    inspect(apps, |key| commands.contains_key(key)).2
}

pub(crate) fn inspect(
    apps: &[Box<dyn App>],
    is_command: impl Fn(&str) -> bool,
) -> (Catalog, Decisions, DefinitionReport) {
    let sources: Vec<Source> = apps.iter().flat_map(|app| app.sources()).collect();
    let (catalog, problems) = load(&sources);
    let mut report = DefinitionReport { definitions: sources.len(), ..DefinitionReport::default() };
    for problem in &problems {
        let list = if problem.is_error() { &mut report.errors } else { &mut report.warnings };
        list.push(problem.to_string());
    }
    let decisions = Decisions::from(&catalog);
    report.errors.extend(decisions.problems().iter().map(ToString::to_string));
    report.errors.extend(anju_process::check(&catalog).iter().map(ToString::to_string));
    report.errors.extend(anju_connectors::check(&catalog).iter().map(ToString::to_string));
    for named in named_commands(&catalog) {
        if !is_command(named.command) {
            report.errors.push(named.problem(&catalog).to_string());
        }
    }
    for placed in anju_definitions::expressions(&catalog) {
        if let Err(error) = Expression::compile(&placed.text) {
            report.errors.push(placed.problem(&error.to_string()).to_string());
        }
    }
    report.errors.extend(anju_records::check(&catalog).iter().map(ToString::to_string));
    (catalog, decisions, report)
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
        // A definition that did not come from a file has its key instead.
        let nowhere = || Place { file: self.key.to_owned(), line: 1 };
        let place = catalog.place(self.kind, self.key, &self.path).unwrap_or_else(nowhere);
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
