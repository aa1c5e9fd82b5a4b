//! What the platform really executes: sqlx tells every statement as a tracing event, and this listens.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer, Registry, layer::Context, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

/// sqlx tells a statement when its connection is done with it, which may be just after the answer has left.
const STRAGGLERS: Duration = Duration::from_millis(100);

/// Hears statements when asked to; costs nothing otherwise.
pub struct Listener {
    heard: Arc<Mutex<Vec<String>>>,
    ear: reload::Handle<Ear, Registry>,
}

impl Listener {
    /// Installs itself for the whole process.
    pub fn install() -> Self {
        let heard = Arc::default();
        let (layer, ear) = reload::Layer::new(Ear { heard: Arc::clone(&heard), open: false });
        tracing_subscriber::registry().with(layer).init();
        Self { heard, ear }
    }

    /// The statements that `work` executes, in order.
    pub async fn hear<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(T, Vec<String>)> {
        self.ear.modify(|ear| ear.open = true)?;
        let outcome = work.await;
        tokio::time::sleep(STRAGGLERS).await;
        self.ear.modify(|ear| ear.open = false)?;
        Ok((outcome?, std::mem::take(&mut *locked(&self.heard))))
    }
}

fn locked(heard: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Ear {
    heard: Arc<Mutex<Vec<String>>>,
    open: bool,
}

impl<S: Subscriber> Layer<S> for Ear {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.open && metadata.target() == "sqlx::query"
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.open { LevelFilter::DEBUG } else { LevelFilter::OFF })
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        // BEGIN and COMMIT are told too, but they are not statements of the platform's own.
        if ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| text.0.starts_with(verb)) {
            locked(&self.heard).push(text.0);
        }
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "db.statement" {
            self.0 = value.trim().to_owned();
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}
