//! Which definitions a start begins with.

use std::collections::HashMap;

use anju_definitions::Source;
use anju_definitions::overlay::{compose, upgrade};
use anju_records::Actor;
use anju_store::Store;

use super::PublishError;
use super::assemble::{Files, files_of};
use super::carry_out::{Publisher, Strictness};
use super::publications::{self, PublicationKind};
use super::texts::Manifest;
use crate::{
    Error, Result, Runtime,
    inspection::{Inspected, Inspector},
};

/// The definitions in force when the program is started, before what it ships itself is taken over.
pub(crate) struct Origin {
    pub number: i64,
    files: Files,
    pub inspected: Inspected,
    shipped: Vec<Source>,
}

impl Origin {
    /// Reads the newest publication; before the first one, what is shipped is all there is.
    pub(crate) async fn read(store: &Store, inspector: &Inspector, shipped: Vec<Source>) -> Result<Self> {
        let mut reader = store.reader();
        let number = publications::newest_number(&mut reader).await?;
        let files = match number {
            0 => Files { number, shipped: shipped.clone(), site: Vec::new(), generations: HashMap::new() },
            _ => files_of(&mut reader, number).await?,
        };
        let mut inspected = inspector.inspect(&compose(&files.shipped, &files.site));
        inspected.catalog.generations = files.generations.clone();
        let origin = Self { number, files, inspected, shipped };
        if !origin.is_outdated() && !origin.inspected.is_sound() {
            let errors = origin.inspected.report(0).errors;
            return Err(Error::Definitions(errors.join("\n")));
        }
        Ok(origin)
    }

    /// Whether what the program ships is what the database has.
    pub(crate) fn is_in_force(&self) -> bool {
        self.number > 0 && !self.is_outdated()
    }

    /// Whether the program ships something else than what is in force.
    fn is_outdated(&self) -> bool {
        let digest = |files: &[Source]| Manifest::of(files, &[]).shipped_digest();
        digest(&self.shipped) != digest(&self.files.shipped)
    }
}

impl Runtime {
    /// Puts what this program ships in force, the site's own definitions carried over to it.
    pub(crate) async fn take_over_release(&self, origin: Origin) -> Result<()> {
        if origin.is_in_force() {
            return Ok(());
        }
        let _turn = self.following.turn().await;
        let Origin { files, shipped, .. } = origin;
        let upgraded = upgrade(&files.shipped, &shipped, &files.site);
        for conflict in &upgraded.conflicts {
            tracing::warn!(
                file = conflict.file,
                path = conflict.path,
                message = conflict.message,
                "conflict"
            );
        }
        let first = files.number == 0;
        let kind = if first { PublicationKind::Initial } else { PublicationKind::Release };
        let mut candidate = self.candidate(kind, shipped, upgraded.site);
        candidate.conflicts = upgraded.conflicts;
        let actor = Actor::system("平台启动");
        let reason = if first { "首次启动" } else { "启动了新版本的程序" };
        let publisher = Publisher { actor: &actor, reason, once: None };
        match self.carry_out(&publisher, &files, candidate, Strictness::TablesOnly).await {
            Ok(_) => Ok(()),
            // Another replica of the same release was faster.
            Err(PublishError::Overtaken { .. }) => self.catch_up().await.map_err(of_start),
            Err(error) => Err(of_start(error)),
        }
    }
}

fn of_start(error: PublishError) -> Error {
    match error {
        PublishError::Problems(problems) => {
            let errors: Vec<String> =
                problems.iter().filter(|problem| problem.is_error()).map(ToString::to_string).collect();
            Error::Definitions(errors.join("\n"))
        }
        PublishError::Refused(refusals) => {
            let lines: Vec<String> = refusals
                .iter()
                .map(|refusal| format!("{}: {}（{}）", refusal.entity, refusal.message, refusal.way))
                .collect();
            Error::Definitions(lines.join("\n"))
        }
        PublishError::Records(anju_records::Error::Store(error)) => Error::Store(error),
        PublishError::Records(error) => Error::Records(error),
        other => Error::Definitions(other.to_string()),
    }
}
