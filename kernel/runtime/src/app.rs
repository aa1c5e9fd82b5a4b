use std::{collections::HashMap, sync::Arc};

use anju_definitions::Source;
use anju_records::{Hook, Hooks};
use rust_embed::RustEmbed;

use crate::Command;

/// A business application: its definitions, and the code it hooks in at named places.
pub trait App: Send + Sync {
    /// Folder name, first part of all its keys.
    fn name(&self) -> &'static str;

    fn sources(&self) -> Vec<Source>;

    fn register(&self, registry: &mut Registry);
}

/// Where applications hook in.
#[derive(Default)]
pub struct Registry {
    commands: HashMap<&'static str, Arc<dyn Command>>,
    hooks: Hooks,
}

impl Registry {
    /// A command by its key `app.name`.
    ///
    /// # Panics
    /// When two commands share a key: a fault of the program, found at its start.
    pub fn command(&mut self, key: &'static str, command: impl Command + 'static) {
        let earlier = self.commands.insert(key, Arc::new(command));
        assert!(earlier.is_none(), "command `{key}` is registered twice");
    }

    pub fn hook(&mut self, entity: &str, hook: impl Hook + 'static) {
        self.hooks = std::mem::take(&mut self.hooks).on(entity, Arc::new(hook));
    }

    pub(crate) fn into_parts(self) -> (HashMap<&'static str, Arc<dyn Command>>, Hooks) {
        (self.commands, self.hooks)
    }
}

/// The definitions an application embeds, with the paths that problems name: `folder/entities/case.yaml`.
pub fn embedded_sources<E: RustEmbed>(folder: &str) -> Vec<Source> {
    E::iter()
        .filter_map(|path| {
            let file = E::get(&path)?;
            Some(Source::new(format!("{folder}/{path}"), String::from_utf8_lossy(&file.data)))
        })
        .collect()
}
